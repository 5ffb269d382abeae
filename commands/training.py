"""Teaching networks that embed people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from reid_solve.commands.group import Command
from reid_solve.commands.options import as_json, input_path
from reid_solve.report.progress import frames_bar

TRUTHS = ("sportsmot", "mot", "soccernet-tracking")


@click.command(cls=Command)
@click.argument("config", required=False, type=input_path, metavar="[CONFIG]")
@click.option(
    "-o", "--output", "folder", type=input_path, metavar="DIR", help="Where to; CONFIG's name.train if not said."
)
@click.option("--resume", is_flag=True, help="Go on from DIR's checkpoint, as if it had never stopped.")
@click.option("--print-config", is_flag=True, help="Print a commented CONFIG with every key, and train nothing.")
@click.option(
    "--self-supervised",
    "match",
    nargs=2,
    type=input_path,
    metavar="TRACKS VIDEO",
    help="Learn from one match without labels; CONFIG may be left out.",
)
@click.option("--start", metavar="NETWORK", help="embedder.pt, SPEC or SPEC=WEIGHTS; with --self-supervised.")
@click.option(
    "--steps", type=click.IntRange(1), metavar="N", help="Over CONFIG's; with --self-supervised, there 200 if not said."
)
@click.option("--first-frame", "first", type=int, metavar="N", help="What TRACKS calls the video's first frame.")
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
    """Teach a network to tell people apart.

    On labelled pictures, as CONFIG (TOML) says. In DIR: embedder.pt, for `embed --backend`, log.csv, and checkpoint.pt
    for --resume. In full: `reid-solve train people.toml -o runs/people`; with two GPUs `torchrun --nproc-per-node 2
    --no-python reid-solve train people.toml`.

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


@click.command(cls=Command)
@click.argument("networks", metavar="NETWORK...", nargs=-1, required=True, type=input_path)
@click.option("-o", "--output", type=input_path, required=True, help="Where to write the mean (.pt).")
@click.option("--greedy", nargs=2, metavar="KIND ROOT", help="Only networks that raise mAP on this set, best first.")
@as_json
def soup(networks: tuple[Path, ...], output: Path, greedy: tuple[str, str] | None, as_json: bool) -> None:
    """Average networks that were trained from one start.

    The mean of their weights is often better than each, at the price of one. The networks are embedder.pt of trainings
    that differ in seed, data order or settings, but not in architecture. --greedy market people looks at the query and
    gallery of a set; use one that is not the final test.

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


@click.command("reid-data", cls=Command)
@click.argument("kind", type=click.Choice(TRUTHS))
@click.argument("root", type=input_path)
@click.argument("output", metavar="OUT", type=input_path)
@click.option("--seed", type=int, default=0, show_default=True, metavar="N", help="Of all lots.")
@click.option(
    "--held-out",
    type=float,
    default=0.1,
    show_default=True,
    metavar="SHARE",
    help="Share of people to test on, by match.",
)
@as_json
def reid_data(kind: str, root: Path, output: Path, seed: int, held_out: float, as_json: bool) -> None:
    """Make a re-identification set from tracking truth.

    People are cut out of the clips in ROOT, where their ground truth is. A clip is a folder with gt/gt.txt (or gt.txt)
    and img1/, or a video (CLIP/video.mp4, CLIP.mp4). Four to eight pictures of each person and clip are taken. Tests
    are of whole matches: SportsMOT names a clip MATCH_cNUMBER, SoccerNet's gameinfo.ini has the game, elsewhere each
    clip is a match. Queries are 2 seconds and more from the gallery's pictures of the same person. places.csv keeps
    where and when each was seen.

    \b
    Example:
        reid-solve reid-data mot . reid-set --held-out 0
    """
    from reid_solve.report.tables import print_notes
    from reid_solve.training.data.make import make_set

    with frames_bar(as_json, f"cutting people out of {root.name}", "clips") as progress:
        made = make_set(kind, root, output, seed=seed, share=held_out, progress=progress)
    if as_json:
        click.echo(json.dumps(made.to_dict()))
    else:
        print_notes(made.notes)
        click.echo(f"{made}, written to {output}", err=True)
