"""Options that several commands share, as decorators; each is passed on as a keyword of the function that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from reid_solve.commands.group import Headed

Function = Callable[..., Any]
Decorator = Callable[[Function], Function]

# Spelt out, since asking the registries would load numpy before a help page; tests compare.
CUES = ("motion", "time", "edge", "size", "appearance", "team", "role", "jersey")
METHODS = ("auto", "cluster", "exact", "flow", "greedy", "hdbscan")
TRACKERS = ("auto", "bytetrack", "botsort")

_reading = partial(click.option, cls=Headed, heading="Reading")
_deciding = partial(click.option, cls=Headed, heading="Deciding")
_filling = partial(click.option, cls=Headed, heading="Filling gaps")
_tracking = partial(click.option, cls=Headed, heading="Tracking")
_drawing = partial(click.option, cls=Headed, heading="Drawing")


def _together(options: Iterable[Decorator]) -> Decorator:
    """One decorator of several options, which the help page shows in this order."""
    options = tuple(options)

    def decorate(command: Function) -> Function:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Parse ``a,b``."""
    return tuple(name.strip() for name in value.split(",")) if value else None


def picture_size(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse ``1920x1080``."""
    if value is None:
        return None
    match = re.fullmatch(r"\s*(\d+)\s*[xX×,]\s*(\d+)\s*", value)
    if not match or not int(match[1]) or not int(match[2]):
        raise click.BadParameter(f"{value!r} is not a size; write it as 1920x1080")
    return int(match[1]), int(match[2])


def pairs(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Parse ``12,57``, several times."""
    found = [tuple(name.strip() for name in value.split(",")) for value in values]
    for value, pair in zip(values, found, strict=True):
        if len(pair) != 2 or not all(pair):
            raise click.BadParameter(f"{value!r} is not a pair of track ids; write it as 12,57")
    return tuple((pair[0], pair[1]) for pair in found)


def needs_fill(context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Refuse a length of gaps where none are filled."""
    given = context.get_parameter_source("fill_gap") is ParameterSource.COMMANDLINE
    if given and context.params.get("fill") is None:
        raise click.UsageError("--fill-gap says what --fill fills; add --fill linear or --fill smooth")
    return value


def _classes(option: Callable[..., Decorator]) -> Decorator:
    return option("--classes", callback=names, metavar="A,B", help="Only rows of these classes.")


input_path = click.Path(path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else.")
output_format = click.option(
    "--output-format",
    "--to",
    default="auto",
    metavar="NAME",
    help="What to write; auto goes by the ending (.json: soccernet-gsr). See `reid-solve formats`.",
)
embeddings = click.option(
    "--embeddings", type=input_path, metavar="FILE", help="Sidecar parquet: frame, id (or track_id), embedding."
)
_format = _reading(
    "--format",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="As `reid-solve formats` names them; auto goes by content.",
)
_fps = _reading(
    "--fps",
    type=click.FloatRange(0, min_open=True),
    metavar="RATE",
    help="Frames per second; else as the file says, else 25.",
)
_as_it_is = (
    _reading("--size", callback=picture_size, metavar="WxH", help="Picture size, as 1920x1080."),
    _classes(_reading),
    _reading("--strict", is_flag=True, help="Refuse what would need a repair."),
    _reading("--drop-invalid", is_flag=True, help="Leave out rows without a usable frame or box."),
    _reading(
        "--on-duplicate",
        type=click.Choice(["error", "keep-best", "split"]),
        default="error",
        show_default=True,
        help="What to do about one id twice in a frame.",
    ),
    _reading(
        "--box-format",
        type=click.Choice(["xywh", "xyxy", "cxcywh"]),
        help="What the box columns hold, if not x, y, w, h.",
    ),
    _reading("--percent", is_flag=True, help="Scores are in percent."),
    _reading("--salvage", is_flag=True, help="Take the whole lines of a file that was cut short."),
    _reading("--allow-pickle", is_flag=True, help="Read pickles (data only); for files from people you trust."),
)

# Of ``tracklets.read.read``; and of a command that has the frame rate from a video.
reading = _together((_format, _fps, *_as_it_is))
reading_boxes = _together((_format, *_as_it_is))

# Of ``solver.solve.solve``.
deciding = _together(
    (
        _deciding("--method", type=click.Choice(METHODS), default="auto", show_default=True, help="How to solve."),
        _deciding("--without", type=click.Choice(CUES), multiple=True, help="Leave out a cue; repeatable."),
        _deciding(
            "--must-link", metavar="A,B", multiple=True, callback=pairs, help="Two tracks are one person; repeatable."
        ),
        _deciding(
            "--cannot-link", metavar="A,B", multiple=True, callback=pairs, help="Two tracks are not; repeatable."
        ),
        _deciding("--constraints", type=input_path, metavar="FILE", help="JSON with must_link and cannot_link."),
        _deciding(
            "--min-confidence", type=click.FloatRange(0, 1), metavar="P", help="Make no link less probable than P."
        ),
        _deciding("--roster", metavar="11+11+3", help="Team sizes, or one number: more identities cost."),
        _deciding(
            "--force", is_flag=True, help="Solve even where the tracker's own ids are expected to be the better ones."
        ),
    )
)
filling = _together(
    (
        _filling(
            "--fill",
            type=click.Choice(["linear", "smooth"]),
            is_eager=True,  # known when --fill-gap is looked at, whichever is written first
            help="Add interpolated rows where an identity is unseen.",
        ),
        _filling(
            "--fill-gap",
            type=click.FloatRange(0, min_open=True),
            default=1.0,
            show_default=True,
            callback=needs_fill,
            metavar="SECONDS",
            help="Longest gap that --fill fills.",
        ),
    )
)

# Of ``tracklets.detect.track``.
tracking = _together(
    (
        _tracking(
            "--model", type=input_path, metavar="FILE", help="A detector of Ultralytics, .pt (trusted!) or .onnx."
        ),
        _tracking(
            "--detections", type=input_path, metavar="FILE", help="Boxes that are there already, instead of a model."
        ),
        _tracking(
            "--tracker",
            type=click.Choice(TRACKERS),
            default="auto",
            show_default=True,
            help="auto: botsort where there is a video.",
        ),
        _tracking(
            "--conf",
            type=click.FloatRange(0, 1),
            default=0.1,
            show_default=True,
            metavar="P",
            help="Ignore less certain boxes.",
        ),
        _tracking(
            "--device",
            default="auto",
            show_default=True,
            metavar="NAME",
            help="Where the model runs: auto, cpu, cuda:0, ...",
        ),
        _tracking(
            "--imgsz", type=click.IntRange(32), metavar="PIXELS", help="Longer side of the pictures for the model."
        ),
    )
)

classes = _classes(_tracking)

# Of ``report.render.render``.
drawing = _together(
    (
        _drawing("--trails", is_flag=True, help="Draw where everybody came from."),
        _drawing("--timeline", is_flag=True, help="Draw a lane for each identity under the picture."),
    )
)
