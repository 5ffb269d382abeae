"""Options that several commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from reid_solve.report.command import picture_size

Command = Callable[..., Any]

input_path = click.Path(path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else.")


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in value.split(",")) if value else None


output_format = click.option(
    "--output-format",
    "--to",
    default="auto",
    metavar="NAME",
    help="What to write; auto goes by the ending (.json: soccernet-gsr). See `reid-solve formats`.",
)
classes = click.option("--classes", callback=_names, metavar="A,B", help="Only rows of these classes.")
_FPS = click.option(
    "--fps", type=click.FloatRange(0, min_open=True), help="Frames per second; else as the file says, else 25."
)
_READING = (
    click.option(
        "--format",
        default="auto",
        show_default=True,
        metavar="NAME",
        help="As `reid-solve formats` names them; auto goes by content.",
    ),
    _FPS,
    click.option("--size", callback=picture_size, metavar="WxH", help="Picture size, as 1920x1080."),
    classes,
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
    click.option("--percent", is_flag=True, help="Scores are in percent."),
    click.option("--salvage", is_flag=True, help="Take the whole lines of a file that was cut short."),
    click.option("--allow-pickle", is_flag=True, help="Read pickles (data only); for files from people you trust."),
)


def _pairs(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = [tuple(name.strip() for name in value.split(",")) for value in values]
    for value, pair in zip(values, pairs, strict=True):
        if len(pair) != 2 or not all(pair):
            raise click.BadParameter(f"{value!r} is not a pair of track ids; write it as 12,57")
    return tuple((pair[0], pair[1]) for pair in pairs)


_EMBEDDINGS = click.option(
    "--embeddings", type=input_path, metavar="FILE", help="Sidecar parquet: frame, id (or track_id), embedding."
)


def deciding(methods: tuple[str, ...], cues: tuple[str, ...], embeddings: bool = True) -> Callable[[Command], Command]:
    """The options of every command that solves, as keywords of ``solver.solve.solve``."""
    options = (
        *((_EMBEDDINGS,) if embeddings else ()),
        click.option("--method", type=click.Choice(methods), default="auto", show_default=True, help="How to solve."),
        click.option("--without", type=click.Choice(cues), multiple=True, help="Leave out a cue; repeatable."),
        click.option(
            "--must-link", metavar="A,B", multiple=True, callback=_pairs, help="Two tracks are one person; repeatable."
        ),
        click.option(
            "--cannot-link", metavar="A,B", multiple=True, callback=_pairs, help="Two tracks are not; repeatable."
        ),
        click.option("--constraints", type=input_path, metavar="FILE", help="JSON with must_link and cannot_link."),
        click.option(
            "--min-confidence", type=click.FloatRange(0, 1), metavar="P", help="Make no link less probable than P."
        ),
        click.option("--roster", metavar="11+11+3", help="Team sizes, or one number: more identities cost."),
        click.option(
            "--force", is_flag=True, help="Solve even where the tracker's own ids are expected to be the better ones."
        ),
    )

    return _all(options)


def tracking(trackers: tuple[str, ...]) -> Callable[[Command], Command]:
    """The options of every command that tracks, as keywords of ``tracklets.detect.track``."""
    return _all(
        (
            click.option(
                "--model", type=input_path, metavar="FILE", help="A detector of Ultralytics, .pt (trusted!) or .onnx."
            ),
            click.option(
                "--detections",
                type=input_path,
                metavar="FILE",
                help="Boxes that are there already, instead of a model.",
            ),
            click.option(
                "--tracker", type=click.Choice(trackers), default="auto", help="auto: botsort where there is a video."
            ),
            click.option(
                "--conf", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Ignore less certain boxes."
            ),
            click.option(
                "--device", default="auto", show_default=True, help="Where the model runs: auto, cpu, cuda:0, ..."
            ),
            click.option(
                "--imgsz", type=click.IntRange(32), metavar="PIXELS", help="Longer side of the pictures for the model."
            ),
        )
    )


def drawing(command: Command) -> Command:
    """The options of every command that draws, as keywords of ``report.render.render``."""
    return _all(
        (
            click.option("--trails", is_flag=True, help="Draw where everybody came from."),
            click.option("--timeline", is_flag=True, help="Draw a lane for each identity under the picture."),
        )
    )(command)


def _all(options: Sequence[Callable[[Command], Command]]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def reading(command: Command) -> Command:
    """The options of every command that reads tracks, as keywords of ``tracklets.read.read``."""
    return _all(_READING)(command)


def reading_boxes(command: Command) -> Command:
    """The same for a command that has the frame rate from a video."""
    return _all([option for option in _READING if option is not _FPS])(command)


_FILLING = (
    click.option(
        "--fill", type=click.Choice(["linear", "smooth"]), help="Add interpolated rows where an identity is unseen."
    ),
    click.option(
        "--fill-gap",
        type=click.FloatRange(0, min_open=True),
        default=1.0,
        show_default=True,
        metavar="SECONDS",
        help="Longest gap that --fill fills.",
    ),
)


def filling(command: Command) -> Command:
    """The options for filling gaps, as keywords of ``solver.solve.solve``."""
    return _all(_FILLING)(command)


_ONE_MATCH = (
    click.option(
        "--self-supervised",
        "match",
        nargs=2,
        type=click.Path(path_type=Path),
        metavar="TRACKS VIDEO",
        help="Learn from one match without labels; CONFIG may be left out.",
    ),
    click.option("--start", metavar="NETWORK", help="embedder.pt, SPEC or SPEC=WEIGHTS; with --self-supervised."),
    click.option(
        "--steps", type=click.IntRange(1), help="Over CONFIG's; with --self-supervised, there 200 if not said."
    ),
    click.option("--first-frame", "first", type=int, metavar="N", help="What TRACKS calls the video's first frame."),
)


def one_match(command: Command) -> Command:
    """The options of `train` for one match, as keywords of ``training.self_supervised.files.teach_files``."""
    return _all(_ONE_MATCH)(command)
