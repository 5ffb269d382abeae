"""The command line: parse, call one function, print. Nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.report.command import OneLineErrors, default_output, quiet_or_bar
from reid_solve.report.options import as_json, deciding, filling, input_path, reading

METHODS = ("auto", "cluster", "exact", "flow", "greedy", "hdbscan")
CUES = ("motion", "time", "edge", "size", "appearance", "team", "role", "jersey")


@click.group(cls=OneLineErrors, default="solve", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reid-solve", prog_name="reid-solve")
def main() -> None:
    """Know who is who in a whole sports clip.

    Reads the output of any tracker, decides globally which of its tracklets are one person, and writes the rows back
    with an identity. `reid-solve tracks.parquet` is short for `reid-solve solve tracks.parquet`.

    \b
    Examples:
        reid-solve tracks.parquet
        reid-solve evaluate tracks.identities.parquet --gt gt.txt
    """


@main.command()
@click.argument("source", metavar="IN", type=input_path)
@click.option("-o", "--output", type=input_path, help="Where to write; IN.identities.EXT beside the input by default.")
@deciding(METHODS, CUES)
@filling
@reading
@as_json
def solve(source: Path, output: Path | None, as_json: bool, **options: Any) -> None:
    """Decide who is who and write the rows back with `identity` and `identity_score`.

    Parquet and CSV keep every column and gain two; MOT text, which has one id column, gets the identity there.

    What a person knows is obeyed: two tracks that are one person (--must-link) or are not (--cannot-link).

    \b
    Examples:
        reid-solve solve tracks.parquet -o solved.parquet
        reid-solve solve tracks.parquet --must-link 17,29 --cannot-link 10,17 --min-confidence 0.6 --roster 11+11+3
    """
    from reid_solve.report.tables import print_notes, print_solved
    from reid_solve.solver.solve import solve
    from reid_solve.tracklets.write import check_target

    target = output or default_output(source)
    check_target(target, source)
    with quiet_or_bar(as_json, f"solving {source.name}"):
        result = solve(source, **options)
        result.write(target)
    if as_json:
        click.echo(json.dumps({**result.summary(), "output": str(target)}))
    else:
        print_notes(result.tracks.notes)
        print_solved(result.summary(), source, target)


@main.command()
@click.argument("source", metavar="IN", type=input_path)
@click.option("--tracks", nargs=2, required=True, metavar="A B", help="Two track ids.")
@deciding(METHODS, CUES)
@reading
@as_json
def explain(source: Path, tracks: tuple[str, str], as_json: bool, **options: Any) -> None:
    """Say why two tracks were or were not joined: every cue's evidence in nats, or what stood in the way.

    IN is solved again, with the options given; solving is deterministic. An output of `solve` will do as well.

    \b
    Example:
        reid-solve explain tracks.parquet --tracks 9 31
    """
    from reid_solve.report.why import print_why
    from reid_solve.solver.explain import explain
    from reid_solve.solver.solve import solve

    with quiet_or_bar(as_json, f"solving {source.name}"):
        reasons = explain(solve(source, **options), *tracks)
    if as_json:
        click.echo(json.dumps({"tracks": list(tracks), "recordings": reasons}))
    else:
        print_why(reasons)


@main.command()
@click.argument("source", metavar="IN", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.graphml or .parquet).")
@click.option("--conflicts", is_flag=True, help="Also write the pairs that cannot be one person.")
@deciding(METHODS, CUES)
@reading
def graph(source: Path, output: Path, conflicts: bool, **options: Any) -> None:
    """Write the graph of tracklets: who could follow whom, with every cue's evidence, and what was decided.

    GraphML for graph tools, or a table of edges in Parquet.

    \b
    Example:
        reid-solve graph tracks.parquet -o graph.graphml
    """
    from reid_solve.solver.export import check_ending, write_graph
    from reid_solve.solver.solve import solve

    check_ending(output)
    with quiet_or_bar(False, f"solving {source.name}"):
        result = solve(source, **options)
    write_graph(result, output, conflicts)
    click.echo(f"written to {output}", err=True)


@main.command()
@click.argument("pred", type=input_path)
@click.option("--gt", required=True, type=input_path, help="Ground truth: a file, or a folder of clips.")
@click.option("--ceiling", is_flag=True, help="Also score what undoing each kind of identity error would give.")
@click.option("--tracker", metavar="NAME", help="In folders of clips, take the file NAME.* of each clip.")
@as_json
def evaluate(pred: Path, gt: Path, ceiling: bool, tracker: str | None, as_json: bool) -> None:
    """Score identities against ground truth: HOTA, CLEAR, IDF1, and where the identity errors come from.

    PRED and GT are two files, or two folders of clips paired by name (NAME.txt, NAME/gt.txt, NAME/gt/gt.txt).

    \b
    Example:
        reid-solve evaluate tracks.identities.parquet --gt gt.txt --ceiling
    """
    from reid_solve.evaluation.evaluate import evaluate
    from reid_solve.report.tables import print_notes, print_scores

    with quiet_or_bar(as_json, f"scoring {pred.name}"):
        evaluation = evaluate(pred, gt, ceiling=ceiling, tracker=tracker)
    if as_json:
        click.echo(json.dumps(evaluation.to_dict()))
    else:
        print_notes(evaluation.notes)
        print_scores(evaluation.to_dict())


@main.command()
@click.argument("source", metavar="IN", type=input_path)
@reading
@as_json
def info(source: Path, as_json: bool, **options: Any) -> None:
    """Say what is in a file: rows, frames, ids, columns, and the repairs that would be made.

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


@main.command()
@click.argument("source", metavar="IN", type=input_path)
@click.argument("output", metavar="OUT", type=input_path)
@reading
def convert(source: Path, output: Path, **options: Any) -> None:
    """Read IN and write OUT in the format of its extension (.parquet, .txt, .csv; the texts also .gz).

    \b
    Example:
        reid-solve convert tracks.parquet tracks.txt
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write

    tracks = read(source, **options)
    print_notes((*tracks.notes, *write(tracks, output)))
    click.echo(f"{len(tracks)} rows written to {output}", err=True)


@main.command()
@click.argument("solved", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the picture (.svg).")
@click.option("--gt", type=input_path, help="Ground truth: colours are people then, and errors show.")
@click.option("--title", default="Who is who", show_default=True)
def timeline(solved: Path, output: Path, gt: Path | None, title: str) -> None:
    """Draw a solved clip on a time axis: the tracker's ids above, the identities below.

    \b
    Example:
        reid-solve timeline tracks.identities.parquet --gt gt.txt -o timeline.svg
    """
    from reid_solve.evaluation.evaluate import people_of
    from reid_solve.report.timeline import timeline_svg
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write_text

    tracks = read(solved)
    truth = None if gt is None else people_of(tracks, read(gt))
    write_text(timeline_svg(tracks, tracks, truth, title=title), output)
    click.echo(f"written to {output}", err=True)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands and options in a shell.

    \b
    Example:
        reid-solve completion bash
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(main, {}, "reid-solve", "_REID_SOLVE_COMPLETE").source())
