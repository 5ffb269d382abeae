"""Options that several commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reid_solve.report.command import picture_size

Command = Callable[..., Any]

input_path = click.Path(path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else.")


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in value.split(",")) if value else None


_READING = (
    click.option(
        "--format", default="auto", show_default=True, metavar="NAME", help="mot, csv or parquet; auto goes by content."
    ),
    click.option(
        "--fps", type=click.FloatRange(0, min_open=True), help="Frames per second; else as the file says, else 25."
    ),
    click.option("--size", callback=picture_size, metavar="WxH", help="Picture size, as 1920x1080."),
    click.option("--classes", callback=_names, metavar="A,B", help="Only rows of these classes."),
    click.option("--strict", is_flag=True, help="Refuse what would need a repair."),
    click.option("--drop-invalid", is_flag=True, help="Leave out rows without a usable frame or box."),
    click.option(
        "--on-duplicate",
        type=click.Choice(["error", "keep-best", "split"]),
        default="error",
        show_default=True,
        help="What to do about one id twice in a frame.",
    ),
    click.option(
        "--box-format",
        type=click.Choice(["xywh", "xyxy", "cxcywh"]),
        help="What the box columns hold, if not x, y, w, h.",
    ),
    click.option("--salvage", is_flag=True, help="Take the whole lines of a file that was cut short."),
)


def reading(command: Command) -> Command:
    """The options of every command that reads tracks, as keywords of ``tracklets.read.read``."""
    for option in reversed(_READING):
        command = option(command)
    return command
