"""The command line: parse, call one function, print. Nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.report.command import OneLineErrors, default_output, quiet_or_bar
from reid_solve.report.embedding import embedding
from reid_solve.report.options import (
    as_json,
    classes,
    deciding,
    drawing,
    filling,
    input_path,
    one_match,
    output_format,
    reading,
    reading_boxes,
    tracking,
)
from reid_solve.report.retrieval import scoring

TRUTHS = ("sportsmot", "mot", "soccernet-tracking")
TRACKERS = ("auto", "bytetrack", "botsort")
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
@output_format
@deciding(METHODS, CUES)
@filling
@reading
@as_json
def solve(source: Path, output: Path | None, output_format: str, as_json: bool, **options: Any) -> None:
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
    check_target(target, source, output_format)
    with quiet_or_bar(as_json, f"solving {source.name}"):
        result = solve(source, **options)
        notes = result.write(target, output_format)
    if as_json:
        left_out = {note.code: note.count for note in notes}
        click.echo(json.dumps({**result.summary(), "output": str(target), "left_out": left_out}))
    else:
        print_notes((*result.tracks.notes, *notes))
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
    from reid_solve.report.tables import print_notes
    from reid_solve.report.why import print_why
    from reid_solve.solver.explain import explain
    from reid_solve.solver.solve import solve

    with quiet_or_bar(as_json, f"solving {source.name}"):
        result = solve(source, **options)
        reasons = explain(result, *tracks)
    if as_json:
        said = {name: result.summary()[name] for name in ("repairs", "warnings")}
        click.echo(json.dumps({"tracks": list(tracks), "recordings": reasons, **said}))
    else:
        print_notes(result.tracks.notes)
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
    from reid_solve.report.tables import print_notes
    from reid_solve.solver.export import check_ending, write_graph
    from reid_solve.solver.solve import solve

    check_ending(output)
    with quiet_or_bar(False, f"solving {source.name}"):
        result = solve(source, **options)
    print_notes(result.tracks.notes)
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
@output_format
@reading
def convert(source: Path, output: Path, output_format: str, **options: Any) -> None:
    """Read IN and write OUT in the format of its extension: .parquet, .csv, .txt (MOT), .kitti.txt, .xml (CVAT for
    video, to correct by hand) or .json (SoccerNet game state); the texts also with .gz after it.

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


@main.command()
@as_json
def formats(as_json: bool) -> None:
    """List the formats that are read and written, by the names that --format and --to take.

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


@main.command()
@click.argument("video", required=False, type=input_path)
@click.option(
    "-o", "--output", type=input_path, required=True, help="Where to write (.parquet, .csv, .txt, .xml, ...)."
)
@output_format
@tracking(TRACKERS)
@reading
@as_json
def track(video: Path | None, output: Path, output_format: str, as_json: bool, **options: Any) -> None:
    """Make tracks of a VIDEO: find people with a model, or take --detections, and link them from frame to frame.

    The tracks are short and pure, as `solve` wants them. People and roles are known by the names of the model's
    classes (player, goalkeeper, referee); --classes keeps others. A .pt file is a program: load only those you trust.
    In full: `reid-solve track match.mp4 --model yolo11m.pt -o tracks.parquet`. The options about reading (--format,
    --size, --strict and so on) are for --detections, which need no VIDEO; with it, the camera's motion is measured.

    \b
    Example:
        reid-solve track --detections tracks.parquet -o tracklets.parquet
    """
    from reid_solve.report.progress import frames_bar
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
        found = f"{facts['rows']} boxes in {facts['frames']['count']} frames, {facts['tracklets']['count']} tracklets"
        click.echo(f"{found}, written to {output}", err=True)


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
    from reid_solve.report.tables import print_notes
    from reid_solve.report.timeline import timeline_svg
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write_text

    tracks = read(solved)
    print_notes(tracks.notes)
    truth = None if gt is None else people_of(tracks, read(gt))
    write_text(timeline_svg(tracks, tracks, truth, title=title), output)
    click.echo(f"written to {output}", err=True)


@main.command()
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.parquet or .csv).")
@reading
@as_json
def team(video: Path, source: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Tell the teams apart by their kits, and write `team`, `role` and their scores beside the rows.

    Who is in neither kit (officials, goalkeepers, others) and who cannot be told gets no team. What the table says
    already stays; its names for the teams are used.

    \b
    Example:
        reid-solve team video.mp4 tracks.parquet -o teams.parquet
    """
    from reid_solve.report.shirts import print_teams
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.labels import check_label_target
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.team import find_teams
    from reid_solve.tracklets.write import write

    check_label_target(output, source)
    with quiet_or_bar(as_json, f"looking at {video.name}"):
        found = find_teams(read(source, **options), video)
        notes = (*found.tracks.notes, *write(found.tracks, output))
    if as_json:
        click.echo(json.dumps({**found.summary(), "output": str(output)}))
    else:
        print_notes(notes)
        print_teams(found.summary(), output)


@main.command()
@click.argument("video", type=input_path)
@click.argument("identities", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the video (.mp4).")
@click.option("--compare", type=input_path, metavar="TRACKS", help="Other tracks, drawn on the left.")
@drawing
@click.option("--first-frame", type=int, metavar="N", help="The tables' number of the video's first frame.")
@click.option("--sequence", metavar="NAME", help="Which recording, of a table that has several.")
@reading_boxes
@as_json
def render(video: Path, identities: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Draw IDENTITIES on their VIDEO: a ring under everybody, and a plate in a colour and with a number of their own.

    Rings have the team's colour if there are teams; referees' are yellow. Dashes and a question mark: probably somebody
    else. A thin ring: interpolated. With the same file for --compare, its track ids are on the left.

    \b
    Example:
        reid-solve render video.mp4 tracks.identities.parquet -o out.mp4 --compare tracks.parquet --timeline
    """
    from reid_solve.report.progress import frames_bar
    from reid_solve.report.render import render
    from reid_solve.report.tables import print_notes

    with frames_bar(as_json, f"drawing on {video.name}") as progress:
        done = render(video, identities, output, progress=progress, **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_notes(done.notes)
        click.echo(f"{done} written to {output} ({done.frames / done.seconds:.0f} frames/s)", err=True)


@main.command()
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the embeddings (.parquet).")
@embedding
@reading
@as_json
def embed(video: Path, source: Path, output: Path, as_json: bool, **options: Any) -> None:
    """Describe what the people in TRACKS look like in VIDEO, as vectors for `solve --embeddings`.

    BACKEND is `color` (no weights needed), `onnx:PATH`, `openvino:PATH`, `openclip:MODEL/WEIGHTS`,
    `timm:NAME[/WEIGHTS]` or `trained:PATH`, a .pt that `reid-solve train` wrote (its path alone will do); WEIGHTS is a
    name that the library knows, a file, or `random`. One row is written for each crop; `solve` pools them itself, since
    it also compares the parts of a tracklet. What was embedded is cached: an interrupted run goes on where it stopped.

    \b
    Example:
        reid-solve embed video.mp4 tracks.parquet -o seen.parquet
    """
    from reid_solve.report.embedding import print_embedded
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.embed.files import embed_file

    with quiet_or_bar(as_json, f"looking at {video.name}"):
        done = embed_file(video, source, output, **options)
    if as_json:
        click.echo(json.dumps({**done.summary, "output": str(output)}))
    else:
        print_notes((*done.tracks.notes, *done.notes))
        print_embedded(done.summary, output)


@main.command()
@click.argument("video", type=input_path)
@click.argument("source", metavar="TRACKS", type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write (.parquet or .csv).")
@click.option("--reader", required=True, metavar="onnx:PATH", help="Network that reads digits; see docs/formats.md.")
@reading
@as_json
def jersey(video: Path, source: Path, output: Path, reader: str, as_json: bool, **options: Any) -> None:
    """Read shirt numbers, and write `jersey` and `jersey_score` beside the rows of every tracklet that voted clearly.

    No reader is shipped: any network that gives digits by place will do. Numbers in the table already stay.

    \b
    Example:
        reid-solve jersey video.mp4 tracks.parquet -o numbers.parquet --reader onnx:digits.onnx
    """
    from reid_solve.report.shirts import print_numbers
    from reid_solve.report.tables import print_notes
    from reid_solve.tracklets.jersey import read_numbers
    from reid_solve.tracklets.labels import check_label_target
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.readers import reader_of
    from reid_solve.tracklets.write import write

    check_label_target(output, source)
    with quiet_or_bar(as_json, f"reading shirts in {video.name}"):
        found = read_numbers(read(source, **options), video, reader_of(reader))
        notes = (*found.tracks.notes, *write(found.tracks, output))
    if as_json:
        click.echo(json.dumps({**found.summary(), "output": str(output)}))
    else:
        print_notes(notes)
        print_numbers(found.summary(), output)


@main.command()
@click.argument("video", type=input_path)
@click.option(
    "-o", "--output", "folder", type=input_path, metavar="DIR", help="Where to; VIDEO's name.reid if not said."
)
@tracking(TRACKERS)
@classes
@click.option("--backend", default="color", show_default=True, metavar="B", help="As for `embed`; none: do not embed.")
@click.option("--no-teams", is_flag=True, help="Do not tell the teams apart.")
@click.option("--no-video", is_flag=True, help="Do not draw.")
@drawing
@click.option("--compare", is_flag=True, help="Draw the tracker's ids on the left.")
@deciding(METHODS, CUES, embeddings=False)
@filling
@as_json
def run(video: Path, folder: Path | None, as_json: bool, **options: Any) -> None:
    """Take a VIDEO all the way: track, embed, tell teams apart, solve, and draw who is who.

    In DIR: tracks.parquet (rows with identities), annotated.mp4, summary.json, and what each stage made, in stages/.
    A run that was interrupted goes on where it stopped; with other options it repeats only what depends on them.

    \b
    Examples:
        reid-solve run video.mp4 --detections tracks.parquet
        reid-solve run video.mp4 --detections tracks.parquet --no-video --backend none -o out
    """
    from reid_solve.pipeline.printed import DOING, print_run
    from reid_solve.pipeline.run import run
    from reid_solve.report.progress import frames_bar

    done = run(video, folder, watch=lambda stage: frames_bar(as_json, DOING[stage]), **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_run(done)


@main.command()
@click.argument("config", required=False, type=input_path, metavar="CONFIG")
@click.option(
    "-o", "--output", "folder", type=input_path, metavar="DIR", help="Where to; CONFIG's name.train if not said."
)
@click.option("--resume", is_flag=True, help="Go on from DIR's checkpoint, as if it had never stopped.")
@click.option("--print-config", is_flag=True, help="Print a commented CONFIG with every key, and train nothing.")
@one_match
@as_json
def train(
    config: Path | None,
    folder: Path | None,
    resume: bool,
    print_config: bool,
    as_json: bool,
    match: tuple[Path, Path] | None,
    **options: Any,
) -> None:
    """Teach a network to tell people apart, on labelled pictures and as CONFIG (TOML) says.

    In DIR: embedder.pt, for `embed --backend`, log.csv, and checkpoint.pt for --resume. In full: `reid-solve train
    people.toml -o runs/people`; with two GPUs `torchrun --nproc-per-node 2 --no-python reid-solve train people.toml`.

    Without labels: `reid-solve train --self-supervised tracks.parquet video.mp4 --start osnet:x0_25=WEIGHTS` adapts a
    network to one match. A tracklet between two crossings is one person, people seen together are different people,
    and nothing else is used. Where that does not help on a part of the match held out, embedder.pt is the start.

    \b
    Example:
        reid-solve train --print-config
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.report.training import print_taught, print_trained, training_bar
    from reid_solve.training.loop.example import example
    from reid_solve.training.loop.run import train
    from reid_solve.training.self_supervised.files import teach_files

    if print_config:
        click.echo(example(), nl=False)
        return
    if match is not None:
        with training_bar(as_json, f"learning from {match[1].name}") as watch:
            taught = teach_files(match, folder, config=config, resume=resume, watch=watch, **options)
        if as_json:
            click.echo(json.dumps(taught.to_dict()))
        else:
            print_notes(taught.notes)
            print_taught(taught.to_dict())
        return
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(
                f"--{name.replace('first', 'first-frame')} is for --self-supervised; say it in CONFIG"
            )
    if config is None:
        raise click.UsageError("CONFIG is missing; `reid-solve train --print-config` prints one to begin with")
    with training_bar(as_json, f"training {config.stem}") as watch:
        done = train(config, folder, resume=resume, watch=watch)
    if done.first and as_json:
        click.echo(json.dumps(done.to_dict()))
    elif done.first:
        print_notes(done.notes)
        print_trained(done.to_dict())


@main.command()
@click.argument("networks", metavar="NETWORK...", nargs=-1, required=True, type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the mean (.pt).")
@click.option("--greedy", nargs=2, metavar="KIND ROOT", help="Only networks that raise mAP on this set, best first.")
@as_json
def soup(networks: tuple[Path, ...], output: Path, greedy: tuple[str, str] | None, as_json: bool) -> None:
    """Average the weights of networks that were trained from one start: often better than each, at the price of one.

    The networks are embedder.pt of trainings that differ in seed, data order or settings, but not in architecture.
    --greedy market people looks at the query and gallery of a set; use one that is not the final test.

    \b
    Example:
        reid-solve soup seed1.pt seed2.pt -o soup.pt
    """
    from reid_solve.training.models.soup_files import soup_files

    done = soup_files(networks, output, scored_on=None if greedy is None else (greedy[0], Path(greedy[1])))
    if as_json:
        click.echo(json.dumps({**done.to_dict(), "output": str(output)}))
    else:
        click.echo(f"{done}, written to {output}", err=True)


@main.command("reid-evaluate")
@click.argument("sources", metavar="FEATURES...", nargs=-1, type=input_path)
@scoring
@as_json
def reid_evaluate(sources: tuple[Path, ...], check: Path | None, as_json: bool, **options: Any) -> None:
    """Score a re-identification model: mAP, Rank-k and mINP of queries ranked against a gallery.

    FEATURES are an array of a row a picture (.npy, .npz with `features`, .parquet with a column of them), and --table
    (.parquet, .csv), or columns beside them, say of each row: split (query or gallery), pid, and camid (market), action
    (soccernet), id or path (submissions). Several files are an ensemble: the mean of their distances.
    Or FEATURES is one folder of pictures, and --layout and --backend say how to read and embed it.

    \b
    Examples:
        reid-solve reid-evaluate features.npy --table pictures.csv
        reid-solve reid-evaluate features.npz --protocol soccernet --rerank 6,3,0.3 --submission answer.json
        reid-solve reid-evaluate --validate answer.json --protocol soccernet --table pictures.csv
    """
    from reid_solve.report.retrieval import print_retrieval
    from reid_solve.report.tables import print_notes
    from reid_solve.training.retrieval import check_submission, reid_evaluate

    if check is not None:
        facts = check_submission(check, sources, options["table"], options["layout"], options["protocol"])
        text = f"{check}: valid, {facts['queries']:,} queries"
        click.echo(json.dumps(facts) if as_json else text)
        return
    if not sources:
        raise click.UsageError("FEATURES are missing; give a file of features, or a folder of pictures")
    with quiet_or_bar(as_json, f"ranking {sources[0].name}"):
        done = reid_evaluate(sources, **options)
    if as_json:
        click.echo(json.dumps(done.to_dict()))
    else:
        print_notes(() if done.result is None else done.result.notes)
        print_retrieval(done.to_dict())


@main.command("reid-data")
@click.argument("kind", type=click.Choice(TRUTHS))
@click.argument("root", type=input_path)
@click.argument("output", metavar="OUT", type=input_path)
@click.option("--seed", type=int, default=0, show_default=True, help="Of all lots.")
@click.option("--held-out", type=float, default=0.1, show_default=True, help="Share of people to test on, by match.")
@as_json
def reid_data(kind: str, root: Path, output: Path, seed: int, held_out: float, as_json: bool) -> None:
    """Make a re-identification set from the ground truth of tracking: people cut out of the clips in ROOT.

    A clip is a folder with gt/gt.txt (or gt.txt) and img1/, or a video (CLIP/video.mp4, CLIP.mp4). Four to eight
    pictures of each person and clip are taken. Tests are of whole matches: SportsMOT names a clip MATCH_cNUMBER,
    SoccerNet's gameinfo.ini has the game, elsewhere each clip is a match. Queries are 2 seconds and more from the
    gallery's pictures of the same person.

    \b
    Example:
        reid-solve reid-data mot . reid-set --held-out 0
    """
    from reid_solve.report.progress import frames_bar
    from reid_solve.report.tables import print_notes
    from reid_solve.training.data.make import make_set

    with frames_bar(as_json, f"cutting people out of {root.name}", "clips") as progress:
        made = make_set(kind, root, output, seed=seed, share=held_out, progress=progress)
    if as_json:
        click.echo(json.dumps(made.to_dict()))
    else:
        print_notes(made.notes)
        click.echo(f"{made}, written to {output}", err=True)


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
