"""What is printed about what was seen in a video: tracks, looks, teams, shirt numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


def print_tracked(facts: Mapping[str, Any], output: Path) -> None:
    """Say on stderr how many boxes were linked."""
    found = f"{facts['rows']} boxes in {facts['frames']['count']} frames, {facts['tracklets']['count']} tracklets"
    click.echo(f"{found}, written to {output}", err=True)


def print_embedded(summary: Mapping[str, Any], output: Path) -> None:
    """Say on stderr what was embedded."""
    kept = f", {summary['cached']:,} of them from the cache" if summary["cached"] else ""
    click.echo(
        f"{summary['crops']:,} crops{kept} of {summary['tracklets_seen']:,} of {summary['tracklets']:,} tracklets -> "
        f"{summary['dims']} numbers each by {summary['backend']} ({summary['seconds']:.1f} s)",
        err=True,
    )
    click.echo(f"written to {output}", err=True)


def print_teams(found: Mapping[str, Any], output: Path) -> None:
    """Say on stderr how many tracklets are of which team, and what its shirt looks like."""
    kits = found["kits"]
    parts = [
        f"{count} {name}" + (f" ({kits[name]})" if name in kits else "") for name, count in found["tracklets"].items()
    ]
    click.echo(f"tracklets: {', '.join(parts)}; kits found by {found['how']}", err=True)
    click.echo(f"written to {output}", err=True)


def print_numbers(found: Mapping[str, Any], output: Path) -> None:
    """Say on stderr how many tracklets got a number, and out of how many legible crops."""
    click.echo(
        f"numbers for {found['numbered']} of {found['tracklets']} tracklets; {found['legible']} of {found['crops']} "
        f"crops were legible to {found['reader']}",
        err=True,
    )
    click.echo(f"written to {output}", err=True)
