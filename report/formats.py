"""The table of ``reid-solve formats``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from reid_solve.report.tables import console


def print_formats(formats: Sequence[dict[str, Any]]) -> None:
    """Every format, on stdout: what ``tracklets.formats.registry.catalogue`` gives."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "reads", "writes", "endings", "what it is"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"name", "reads", "writes"})
    for one in formats:
        reads = "" if not one["reads"] else "folder" if one["folder"] else "file"
        endings = "" if one["folder"] else " ".join(one["extensions"])
        table.add_row(one["name"], reads, "yes" if one["writes"] else "", endings, escape(one["about"]))
    console().print(table)
