"""What position is worth beside appearance: `reid-evaluate --position`, on people who are asked for 2 s later and more.

Pictures are chosen as `reid-data` does it: queries from before, gallery from after, four to eight of a person in all.
*appearance* ranks by features, *position* by where and when alone (features that are the same for everybody), *both* as
the command does. Everything that is learnt, the weights too, is learnt from other clips: those of --data in two halves,
each scored with what the other teaches. *own clip*: a query is ranked against the gallery of its clip; *all*: against
that of every clip that is scored, as the command does by default, where position only speaks within a clip.

Where people are comes from ground truth, with the camera's motion taken out as the ground truth's tracks show it; in
*picture* coordinates it is left in; *camera by TRACKER* takes it out as that tracker's tracks show it, to see that what
ground truth knows of the scored people is not what helps.

--films draws clips (fixtures/film.py), cuts people out of them with `reid-data`, and embeds the pictures: everything is
made up, people, camera and looks. With --data, positions, camera and gaps are real; appearance is SIMULATED from the
ground truth (benchmarks/embeddings.py --tracker gt).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
from measured import FOLDER, embeddings_option
from rich.progress import track
from rich.table import Table

import reid_solve as rs
from reid_solve.evaluation.retrieval.run import evaluate_table
from reid_solve.report.tables import console
from reid_solve.tracklets.camera import estimate_camera, feet, reference_from_camera
from reid_solve.tracklets.describe import describe, group_rows
from reid_solve.tracklets.embed.registry import Settings, Vectors, embedder
from reid_solve.tracklets.embeddings import attach, read_embeddings
from reid_solve.tracklets.table import FloatArray, IntArray, Tracks
from reid_solve.training.data.choose import pick
from reid_solve.training.data.clips import find_clips
from reid_solve.training.data.make import make_set
from reid_solve.training.data.places import places
from reid_solve.training.data.reidset import open_set
from reid_solve.training.retrieval import embed_pictures

SIZE = (640, 360)
WAYS = ("appearance", "position", "both")
KIND = "soccernet-tracking"
Found = dict[tuple[str, str], list[Any]]  # ranked against whom, way -> scores


def three_ways(features: Vectors, table: Any, found: Found) -> None:
    """Score appearance, position and both against the own clip's gallery and against all."""
    nothing = np.ones((len(features), 1))
    for against, protocol in (("own clip", "soccernet"), ("all", "market")):
        for way, given, split in zip(WAYS, (features, nothing, features), (None, "train", "train"), strict=True):
            done = evaluate_table([given], table, protocol=protocol, position=split, missing="skip")
            found.setdefault((against, way), []).append(done.result)


def cells(found: Found) -> Iterator[tuple[str, str, list[str]]]:
    """Ranked against whom, how many queries, and mAP and Rank-1 of each way, over the queries of all halves."""
    for against in ("own clip", "all"):
        texts = []
        for way in WAYS:
            answered = [result.answered for result in found[against, way]]
            ap, first = (
                np.concatenate([getattr(r, name)[a] for r, a in zip(found[against, way], answered, strict=True)])
                for name in ("AP", "first")
            )
            texts += [f"{100 * ap.mean():.1f}", f"{100 * (first == 1).mean():.1f}"]
        yield against, f"{len(ap):,}", texts


def seen_by(tracker: Tracks, tracks: Tracks, fps: float, size: tuple[float, float]) -> FloatArray:
    """Places as ``training.data.places`` has them, (n, 4), by the camera that a tracker's tracks show."""
    code = tracker.codes("track_id")[0]
    order, offsets = group_rows(code, tracker.frame, tracker.boxes)
    node = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    camera = estimate_camera(tracker.frame[order], node, tracker.boxes[order], size)
    kept = np.flatnonzero(np.isin(tracks.frame, camera.frame))
    found = reference_from_camera(camera, tracks.frame[kept], tracks.boxes[kept], size)
    out = np.full((len(tracks), 4), np.nan)
    out[kept] = np.column_stack([tracks.frame[kept] / fps, found.position, found.unit])
    return out


def chosen(person: IntArray, frame: IntArray, fps: float, number: int) -> tuple[IntArray, list[str]]:
    """Rows of a clip to learn from and to ask for, and the split of each; of its half it is one or the other."""
    parts = [pick(person, frame, fps, test, np.random.default_rng([number, test])) for test in (False, True)]
    return np.concatenate([p.row for p in parts]), [str(word) for p in parts for word in p.split]


def real(data: Path, embeddings: Path, level: str, coordinates: str) -> Found:
    """Both halves of a folder of clips: real places, simulated appearance."""
    rows: list[pa.Table] = []
    features = []
    clips = find_clips(data, KIND)[0]
    for number, clip in enumerate(clips):
        tracks = clip.tracks(KIND)
        (about,) = describe(tracks)
        fps, size = about.fps, about.size
        if coordinates == "picture":
            where = np.column_stack([tracks.frame / fps, feet(tracks.boxes), tracks.boxes[:, 3]])
        elif coordinates == "still":
            where = places(tracks, fps, size)
        else:
            where = seen_by(rs.read(clip.folder / f"{coordinates}.txt"), tracks, fps, size)
        looks = attach(tracks, read_embeddings(embeddings / f"{clip.name}-gt-{level}.parquet"))
        good = np.isfinite(where[looks.rows]).all(axis=1)
        row, vector = looks.rows[good], np.asarray(looks.vectors, np.float32)[good]
        person = np.unique(tracks.codes("track_id")[0][row], return_inverse=True)[1]
        at, split = chosen(person, tracks.frame[row], fps, number)
        columns = dict(zip(("time", "x", "y", "height"), where[row[at]].T, strict=True))
        name, half = [clip.name] * len(at), [number % 2] * len(at)
        camera = [int(word == "query") for word in split]
        facts = {"pid": 1000 * number + person[at], "camid": camera, "split": split, "clip": name, "action": name}
        rows.append(pa.table({**facts, **columns, "half": half}))
        features.append(vector[at])
    table, vectors = pa.concat_tables(rows), np.concatenate(features)
    half, test = table["half"].to_numpy(), table["split"].to_numpy() != "train"
    found: Found = {}
    for scored in (0, 1):
        kept = np.flatnonzero(np.where(test, half == scored, half != scored))
        three_ways(vectors[kept], table.take(kept), found)
    return found


def drawn(count: int, frames: int, backend: str) -> Found:
    """Clips from fixtures/film.py, a fifth of them scored: a set made and embedded as the commands do it."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "fixtures"))
    from film import make

    found: Found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in track(range(1, count + 1), "drawing clips", transient=True, console=console(stderr=True)):
            folder = Path(scratch) / "clips" / f"film-{seed:03}"
            folder.mkdir(parents=True)
            truth = rs.read(make(folder, seed, frames, SIZE).truth)
            boxes = np.column_stack([truth.frame, truth.codes("track_id")[0] + 1, truth.boxes])
            np.savetxt(folder / "gt.txt", boxes, "%d,%d,%.2f,%.2f,%.2f,%.2f,1,-1,-1,-1")
            facts = f"frameRate=25\nimWidth={SIZE[0]}\nimHeight={SIZE[1]}\nseqLength={frames}"
            (folder / "seqinfo.ini").write_text(f"[Sequence]\nname={folder.name}\n{facts}\n")
        output = Path(scratch) / "set"
        make_set(KIND, Path(scratch) / "clips", output, share=0.2)
        made = open_set("lists", output).part("train", "query", "gallery")
        vectors = embed_pictures(made.paths(), embedder(backend, Settings("cpu")))
        three_ways(vectors, made.table.append_column("action", made.table["clip"]), found)
    return found


@click.command()
@click.option("--data", type=FOLDER, help="Folder of real clips, and --embeddings of what is in gt.txt.")
@embeddings_option
@click.option("--level", "levels", multiple=True, default=("generic", "finetuned"), show_default=True)
@click.option("--tracker", default="bytetrack", show_default=True, help="Whose tracks show the camera's motion, too.")
@click.option("--films", default=20, show_default=True, help="Clips to draw; 0 for none.")
@click.option("--frames", default=750, show_default=True, help="Of a drawn clip.")
@click.option("--backend", "backends", multiple=True, default=("color",), show_default=True, help="For drawn clips.")
def main(data: Path | None, embeddings: Path | None, levels: tuple[str, ...], tracker: str, films: int, frames: int,
         backends: tuple[str, ...]) -> None:  # fmt: skip
    """Print mAP and Rank-1 by appearance, position and both.

    \b
    Example:
        python benchmarks/position.py --data ../shared/data/soccernet-dev --embeddings embeddings
    """
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("appearance", "places", "against", "queries"):
        table.add_column(name, justify="right" if name == "queries" else "left", no_wrap=True)
    for way in WAYS:
        for score in ("mAP", "Rank-1"):
            table.add_column(f"{way if score == 'mAP' else ''}\n{score}", justify="right", no_wrap=True)
    if data is not None and embeddings is not None:
        for level in levels:
            for coordinates, name in (("still", "still"), ("picture", "picture"), (tracker, f"camera by {tracker}")):
                for against, count, texts in cells(real(data, embeddings, level, coordinates)):
                    table.add_row(f"simulated, {level}", name, against, count, *texts)
    for backend in backends if films else ():
        for against, count, texts in cells(drawn(films, frames, backend)):
            table.add_row(f"drawn, {backend}", "still", against, count, *texts)
    console().print(table)


if __name__ == "__main__":
    main()
