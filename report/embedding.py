"""Options of the command that embeds, and what it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

_OPTIONS = (
    click.option(
        "--backend", default="color", show_default=True, metavar="BACKEND", help="What looks at the crops; see above."
    ),
    click.option(
        "--per-tracklet",
        type=click.IntRange(1),
        metavar="N",
        help="Crops of a tracklet, the best of N stretches of its time; short clips: all, 12 times a second.",
    ),
    click.option(
        "--spacing",
        type=click.FloatRange(0),
        default=0.5,
        show_default=True,
        metavar="SECONDS",
        help="More crops than N where stretches would be longer than this; 0: no more.",
    ),
    click.option(
        "--every", type=click.IntRange(1), metavar="N", help="All boxes of every N-th frame instead of a sample."
    ),
    click.option(
        "--first-frame", type=int, metavar="N", help="What TRACKS calls the video's first frame, if not 1 or 0."
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."),
    click.option("--batch", type=click.IntRange(1), metavar="N", help="Crops at once; by the device if not said."),
    click.option("--threads", type=click.IntRange(1), metavar="N", help="Of the model, on the CPU."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of `random` weights."),
    click.option("--cache", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where to cache."),
    click.option("--no-cache", is_flag=True, help="Neither use nor keep what was embedded."),
)


def embedding(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ``embed``, as keywords of ``tracklets.embed.files.embed_file``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def print_embedded(summary: Mapping[str, Any], output: Path) -> None:
    """Say on stderr what was embedded."""
    kept = f", {summary['cached']:,} of them from the cache" if summary["cached"] else ""
    click.echo(
        f"{summary['crops']:,} crops{kept} of {summary['tracklets_seen']:,} of {summary['tracklets']:,} tracklets -> "
        f"{summary['dims']} numbers each by {summary['backend']} ({summary['seconds']:.1f} s)",
        err=True,
    )
    click.echo(f"written to {output}", err=True)
