"""A complete commented configuration, made from the settings themselves, so that it cannot be out of date."""

from __future__ import annotations

import textwrap
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from reid_solve.training.loop.config import TABLES

WIDTH = 78  # a comment beside a setting, where it fits, else above it


def example() -> str:
    """A file that `reid-solve train` takes, with every key there is; what is left out by default is commented out."""
    head = (
        "# A training for `reid-solve train`. Every key there is; those with # before them are left out by default.\n"
    )
    return head + "\n" + "\n".join(_table(name, kind) for name, kind in TABLES.items())


def _table(name: str, kind: type) -> str:
    says = " ".join((kind.__doc__ or "").split())
    lines = [f"# {line}" for line in textwrap.wrap(says, 116)]
    lines.append(f"[[{name}]]" if name == "loss" else f"[{name}]")
    for item in fields(kind):
        lines += _key(item)
    return "\n".join(lines) + "\n"


def _key(item: Field[Any]) -> list[str]:
    default = item.default if item.default_factory is MISSING else item.default_factory()
    example = item.metadata["example"]
    value = default if example is None else example
    says, out = item.metadata["says"], not (default is None or default == {}) or item.name == "epochs"
    mark = "" if out else "# "
    if value is None:
        value = 20000  # of steps, the only one without a better example
    text = f"{mark}{item.name} = {toml(value)}"
    if "\n" in text:
        return [f"# {says}", *text.splitlines()]
    if len(text) <= 40 and len(says) <= WIDTH - 2:
        return [f"{text:<40} # {says}"]
    return [f"# {says}", text]


def toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(of)}" for key, of in value.items()) + "}"
    if isinstance(value, list | tuple):
        if value and isinstance(value[0], dict):
            return "[\n" + "".join(f"    {toml(of)},\n" for of in value) + "]"
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str | Path):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
