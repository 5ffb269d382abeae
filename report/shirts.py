"""What is printed about teams and shirt numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


def print_teams(found: dict[str, Any], output: Path) -> None:
    """Say on stderr how many tracklets are of which team, and what its shirt looks like."""
    kits = found["kits"]
    parts = [
        f"{count} {name}" + (f" ({kits[name]})" if name in kits else "") for name, count in found["tracklets"].items()
    ]
    click.echo(f"tracklets: {', '.join(parts)}; kits found by {found['how']}", err=True)
    click.echo(f"written to {output}", err=True)


def print_numbers(found: dict[str, Any], output: Path) -> None:
    """Say on stderr how many tracklets got a number, and out of how many legible crops."""
    click.echo(
        f"numbers for {found['numbered']} of {found['tracklets']} tracklets; {found['legible']} of {found['crops']} "
        f"crops were legible to {found['reader']}",
        err=True,
    )
    click.echo(f"written to {output}", err=True)
