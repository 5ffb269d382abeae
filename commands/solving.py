"""Deciding who is who, and asking why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import as_json, deciding, embeddings, filling, input_path, output_format, reading
from reid_solve.report.progress import working

TEXT_ENDINGS = (".txt", ".csv", ".txt.gz", ".csv.gz")
IN_TEXT = {"csv", "kitti"}  # formats that .txt may hold and MOT text, which it means here, cannot


def default_output(source: Path, output_format: str = "auto", found: str = "") -> Path:
    """``tracks.identities.parquet`` beside ``tracks.parquet``; text stays text, anything else becomes parquet.

    A format that is asked for has its own ending. Where none is and IN is ``.txt``, what was ``found`` in it decides:
    KITTI text stays that, and a table with a header becomes CSV, so that nothing is lost.
    """
    text = next((e for e in sorted(TEXT_ENDINGS, key=len, reverse=True) if source.name.lower().endswith(e)), None)
    name, ending = (source.name[: -len(text)], text) if text else (source.stem, ".parquet")
    wanted, packed = output_format, ""
    if wanted == "auto" and ending.startswith(".txt") and found in IN_TEXT:
        wanted, packed, name = found, ending.removeprefix(".txt"), name.removesuffix(f".{found}")
    if wanted != "auto":
        from reid_solve.tracklets.formats.registry import WRITERS, load_all

        load_all()
        ending = WRITERS[wanted].extensions[0] + packed if wanted in WRITERS else ending
    return source.parent / f"{name}.identities{ending}"


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=input_path)
@click.option("-o", "--output", type=input_path, help="Where to write; IN.identities.EXT beside the input by default.")
@output_format
@embeddings
@deciding
@filling
@reading
@as_json
def solve(source: Path, output: Path | None, output_format: str, as_json: bool, **options: Any) -> None:
    """Decide who is who; the rows come back with an identity.

    Parquet and CSV keep every column and gain `identity` and `identity_score`; MOT and KITTI text, which have one id
    column, get the identity there.

    What a person knows is obeyed: two tracks that are one person (--must-link) or are not (--cannot-link).

    \b
    Examples:
        reid-solve solve tracks.parquet -o solved.parquet
        reid-solve solve tracks.parquet --must-link 17,29 --cannot-link 10,17 --min-confidence 0.6 --roster 11+11+3
    """
    from reid_solve.report.tables import print_notes, print_solved
    from reid_solve.solver.solve import solve
    from reid_solve.tracklets.write import check_target

    target = output or default_output(source, output_format)
    check_target(target, source, output_format)
    with working(as_json, f"solving {source.name}"):
        result = solve(source, **options)
        target = output or default_output(source, output_format, result.tracks.clip.format)
        notes = result.write(target, output_format)
    if as_json:
        left_out = {note.code: note.count for note in notes}
        click.echo(json.dumps({**result.summary(), "output": str(target), "left_out": left_out}))
    else:
        print_notes((*result.tracks.notes, *notes))
        print_solved(result.summary(), source, target)


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=input_path)
@click.option("--tracks", nargs=2, required=True, metavar="A B", help="Two track ids.")
@embeddings
@deciding
@reading
@as_json
def explain(source: Path, tracks: tuple[str, str], as_json: bool, **options: Any) -> None:
    """Say why two tracks were or were not joined.

    Every cue's evidence in nats is shown, or what stood in the way. IN is solved again, with the options given; solving
    is deterministic. An output of `solve` will do as well.

    \b
    Example:
        reid-solve explain tracks.parquet --tracks 9 31
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.report.why import print_why
    from reid_solve.solver.explain import explain
    from reid_solve.solver.solve import solve

    with working(as_json, f"solving {source.name}"):
        result = solve(source, **options)
        reasons = explain(result, *tracks)
    if as_json:
        said = {name: result.summary()[name] for name in ("repairs", "warnings")}
        click.echo(json.dumps({"tracks": list(tracks), "recordings": reasons, **said}))
    else:
        print_notes(result.tracks.notes)
        print_why(reasons)


@click.command(cls=Command)
@click.argument("source", metavar="IN", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.graphml or .parquet).")
@click.option("--conflicts", is_flag=True, help="Also write the pairs that cannot be one person.")
@embeddings
@deciding
@reading
def graph(source: Path, output: Path, conflicts: bool, **options: Any) -> None:
    """Write the graph of tracklets: who could follow whom.

    With every cue's evidence, and what was decided: GraphML for graph tools, or a table of edges in Parquet.

    \b
    Example:
        reid-solve graph tracks.parquet -o graph.graphml
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.solver.export import check_ending, write_graph
    from reid_solve.solver.solve import solve

    check_ending(output)
    with working(False, f"solving {source.name}"):
        result = solve(source, **options)
    print_notes(result.tracks.notes)
    write_graph(result, output, conflicts)
    click.echo(f"written to {output}", err=True)
