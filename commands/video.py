"""What a video adds: tracks, looks, teams and shirt numbers; and all of it, up to who is who."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import (
    as_json,
    classes,
    deciding,
    drawing,
    filling,
    input_path,
    output_format,
    reading,
    tracking,
)
from reid_solve.report.progress import frames_bar, working


@click.command(cls=Command)
@click.argument("video", type=input_path)
@click.option(
    "-o", "--output", "folder", type=input_path, metavar="DIR", help="Where to; VIDEO's name.reid if not said."
)
@tracking
@classes
@click.option("--backend", default="color", show_default=True, metavar="B", help="As for `embed`; none: do not embed.")
@click.option("--no-teams", is_flag=True, help="Do not tell the teams apart.")
@click.option("--no-video", is_flag=True, help="Do not draw.")
@drawing
@click.option("--compare", is_flag=True, help="Draw the tracker's ids on the left.")
@deciding
@filling
@as_json
def run(video: Path, folder: Path | None, as_json: bool, **options: Any) -> None:
    """Take a video all the way to who is who.

    Track, embed, tell the teams apart, solve and draw. In DIR: tracks.parquet (rows with identities), annotated.mp4,
    summary.json, and what each stage made, in stages/. A run that was interrupted goes on where it stopped; with other
    options it repeats only what depends on them.

    \b
    Examples:
        reid-solve run video.mp4 --detections tracks.parquet
        reid-solve run video.mp4 --detections tracks.parquet --no-video --backend none -o out
    """
    from reid_solve.pipeline.printed import DOING, print_run
    from reid_solve.pipeline.run import run

    done = run(video, folder, watch=lambda stage: frames_bar(as_json, DOING[stage]), **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_run(done)


@click.command(cls=Command)
@click.argument("video", required=False, type=input_path)
@click.option(
    "-o", "--output", type=input_path, required=True, help="Where to write (.parquet, .csv, .txt, .xml, ...)."
)
@output_format
@tracking
@reading
@as_json
def track(video: Path | None, output: Path, output_format: str, as_json: bool, **options: Any) -> None:
    """Make tracks of a video, or of detections.

    People are found in VIDEO with a --model, or taken from --detections, and linked from frame to frame. The tracks are
    short and pure, as `solve` wants them. People and roles are known by the names of the model's classes (player,
    goalkeeper, referee); --classes keeps others. A .pt file is a program: load only those you trust. In full:
    `reid-solve track match.mp4 --model yolo11m.pt -o tracks.parquet`. The options about reading (--format, --size,
    --strict and so on) are for --detections, which need no VIDEO; with it, the camera's motion is measured.

    \b
    Example:
        reid-solve track --detections tracks.parquet -o tracklets.parquet
    """
    from reid_solve.report.seen import print_tracked
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.detect import track
    from reid_solve.tracklets.info import info
    from reid_solve.tracklets.write import check_target, write

    check_target(output, options["detections"] or video, output_format)
    with frames_bar(as_json, f"tracking {(video or output).name}") as progress:
        tracks = track(video, progress=progress, **options)
    notes = write(tracks, output, output_format)
    facts = info(tracks)
    if as_json:
        click.echo(json.dumps({**facts, "output": str(output)}))
    else:
        print_notes((*tracks.notes, *notes))
        print_tracked(facts, output)


@click.command(cls=Command)
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the embeddings (.parquet).")
@click.option(
    "--backend",
    default="color",
    show_default=True,
    metavar="BACKEND",
    help="What looks at the crops; see above.",
)
@click.option(
    "--per-tracklet",
    type=click.IntRange(1),
    metavar="N",
    help="Crops of a tracklet, the best of N stretches of its time; by default 16, or in short clips 12 a second.",
)
@click.option(
    "--spacing",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="More crops than N where stretches would be longer than this; 0: no more.",
)
@click.option("--every", type=click.IntRange(1), metavar="N", help="All boxes of every N-th frame instead of a sample.")
@click.option("--first-frame", type=int, metavar="N", help="What TRACKS calls the video's first frame, if not 1 or 0.")
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--batch", type=click.IntRange(1), metavar="N", help="Crops at once; by the device if not said.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Of the model, on the CPU.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of `random` weights.")
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where to cache; the user's cache folder if not said.",
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep what was embedded.")
@reading
@as_json
def embed(video: Path, source: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Describe looks as vectors, for `solve --embeddings`.

    The looks are those of the people in TRACKS, as VIDEO shows them. BACKEND is `color` (no weights needed),
    `onnx:PATH`, `openvino:PATH`, `openclip:MODEL/WEIGHTS`, `timm:NAME[/WEIGHTS]` or `trained:PATH`, a .pt that
    `reid-solve train` wrote (its path alone will do); WEIGHTS is a name that the library knows, a file, or `random`.
    One row is written for each crop; `solve` pools them itself, since it also compares the parts of a tracklet. What
    was embedded is cached: an interrupted run goes on where it stopped.

    \b
    Example:
        reid-solve embed video.mp4 tracks.parquet -o seen.parquet
    """
    from reid_solve.report.seen import print_embedded
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.embed.files import embed_file

    with working(as_json, f"looking at {video.name}"):
        done = embed_file(video, source, output, **options)
    if as_json:
        click.echo(json.dumps({**done.summary, "output": str(output)}))
    else:
        print_notes((*done.tracks.notes, *done.notes))
        print_embedded(done.summary, output)


@click.command(cls=Command)
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.parquet or .csv).")
@reading
@as_json
def team(video: Path, source: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Tell the teams apart by their kits.

    Beside the rows `team`, `role` and their scores are written. Who is in neither kit (officials, goalkeepers, others)
    and who cannot be told gets no team. What the table says already stays; its names for the teams are used.

    \b
    Example:
        reid-solve team video.mp4 tracks.parquet -o teams.parquet
    """
    from reid_solve.report.seen import print_teams
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.labels import check_label_target
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.team import find_teams
    from reid_solve.tracklets.write import write

    check_label_target(output, source)
    with working(as_json, f"looking at {video.name}"):
        found = find_teams(read(source, **options), video)
        notes = (*found.tracks.notes, *write(found.tracks, output))
    if as_json:
        click.echo(json.dumps({**found.summary(), "output": str(output)}))
    else:
        print_notes(notes)
        print_teams(found.summary(), output)


@click.command(cls=Command)
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.parquet or .csv).")
@click.option("--reader", required=True, metavar="onnx:PATH", help="Network that reads digits; see docs/formats.md.")
@reading
@as_json
def jersey(video: Path, source: Path, output: Path, reader: str, as_json: bool, **options: Any) -> None:
    """Read shirt numbers, with a network of yours.

    `jersey` and `jersey_score` are written beside the rows of every tracklet that voted clearly. No reader is shipped:
    any network that gives digits by place will do. Numbers in the table already stay.

    \b
    Example:
        reid-solve jersey video.mp4 tracks.parquet -o numbers.parquet --reader onnx:digits.onnx
    """
    from reid_solve.report.seen import print_numbers
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.jersey import read_numbers
    from reid_solve.tracklets.labels import check_label_target
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.readers import reader_of
    from reid_solve.tracklets.write import write

    check_label_target(output, source)
    with working(as_json, f"reading shirts in {video.name}"):
        found = read_numbers(read(source, **options), video, reader_of(reader))
        notes = (*found.tracks.notes, *write(found.tracks, output))
    if as_json:
        click.echo(json.dumps({**found.summary(), "output": str(output)}))
    else:
        print_notes(notes)
        print_numbers(found.summary(), output)
