"""Pictures of who is who: on the video, and on a time axis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import as_json, drawing, input_path, reading_boxes
from reid_solve.report.progress import frames_bar

which = click.option("--sequence", metavar="NAME", help="Which recording, of a table that has several.")


@click.command(cls=Command)
@click.argument("video", type=input_path)
@click.argument("identities", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the video (.mp4).")
@click.option("--compare", type=input_path, metavar="TRACKS", help="Other tracks, drawn on the left.")
@drawing
@click.option("--first-frame", type=int, metavar="N", help="The tables' number of the video's first frame.")
@which
@reading_boxes
@as_json
def render(video: Path, identities: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Draw identities on their video.

    Everybody gets a ring, and a plate in a colour and with a number of their own. Rings have the team's colour if there
    are teams; referees' are yellow. Dashes and a question mark: probably somebody else. A thin ring: interpolated. With
    the same file for --compare, its track ids are on the left.

    \b
    Example:
        reid-solve render video.mp4 tracks.identities.parquet -o out.mp4 --compare tracks.parquet --timeline
    """
    from reid_solve.report.render import render
    from reid_solve.report.tables import print_notes

    with frames_bar(as_json, f"drawing on {video.name}") as progress:
        done = render(video, identities, output, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_notes(done.notes)
        click.echo(f"{done} written to {output} ({done.frames / done.seconds:.0f} frames/s)", err=True)


@click.command(cls=Command)
@click.argument("solved", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the picture (.svg).")
@click.option("--gt", type=input_path, help="Ground truth: colours are people then, and errors show.")
@which
@click.option("--title", default="Who is who", show_default=True, metavar="TEXT", help="Written above the picture.")
def timeline(solved: Path, output: Path, gt: Path | None, sequence: str | None, title: str) -> None:
    """Draw a solved clip on a time axis.

    The tracker's ids are above, the identities below.

    \b
    Example:
        reid-solve timeline tracks.identities.parquet --gt gt.txt -o timeline.svg
    """
    from reid_solve.evaluation.evaluate import people_of
    from reid_solve.report.tables import print_notes
    from reid_solve.report.timeline import timeline_svg
    from reid_solve.tracklets.errors import OptionError
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import check_place, write_text

    if output.suffix.lower() != ".svg":
        raise OptionError(f"{output}: not the name of a picture; end it in .svg")
    check_place(output, solved, *([] if gt is None else [gt]))
    tracks = read(solved)
    print_notes(tracks.notes)
    truth = None if gt is None else people_of(tracks, read(gt))
    write_text(timeline_svg(tracks, truth, sequence=sequence, title=title), output)
    click.echo(f"written to {output}", err=True)
