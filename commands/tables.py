"""Files of tracks: what is in them, and other formats of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import as_json, input_path, output_format, reading


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=input_path)
@reading
@as_json
def info(source: Path, as_json: bool, **options: Any) -> None:
    """Say what is in a file, and what would be repaired.

    Rows, frames, ids and columns, and the repairs that `solve` would make.

    \b
    Example:
        reid-solve info tracks.parquet
    """
    from reid_solve.report.tables import print_info, print_notes
    from reid_solve.tracklets.info import info
    from reid_solve.tracklets.read import read

    tracks = read(source, **options)
    if as_json:
        click.echo(json.dumps(info(tracks)))
    else:
        print_info(info(tracks))
        print_notes(tracks.notes)


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=input_path)
@click.argument("output", metavar="OUT", type=input_path)
@output_format
@reading
def convert(source: Path, output: Path, output_format: str, **options: Any) -> None:
    """Write a file in another format.

    OUT's ending says which: .parquet, .csv, .txt (MOT), .kitti.txt, .xml (CVAT for video, to correct by hand) or .json
    (SoccerNet game state); the texts also with .gz after it.

    \b
    Example:
        reid-solve convert tracks.parquet tracks.txt
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write

    tracks = read(source, **options)
    print_notes((*tracks.notes, *write(tracks, output, output_format)))
    click.echo(f"{len(tracks)} rows written to {output}", err=True)


@click.command(cls=Command)
@as_json
def formats(as_json: bool) -> None:
    """List the formats that are read and written.

    By the names that --format and --to take.

    \b
    Example:
        reid-solve formats
    """
    from reid_solve.report.formats import print_formats
    from reid_solve.tracklets.formats.registry import catalogue

    if as_json:
        click.echo(json.dumps({"formats": catalogue()}))
    else:
        print_formats(catalogue())
