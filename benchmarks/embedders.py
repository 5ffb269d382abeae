"""How well embeddings tell people apart, on a clip with pictures, ground truth and known teams.

Every tracklet of a real tracker (of a second or more) gets the mean of its embeddings and the true person that most of
its boxes show. Of pairs of tracklets that share no frame, the area under the ROC curve says how often a pair of one
person is more alike (cosine) than a pair of two; *in team*, only pairs whose people have the same role and team count.
*Centred*: less the mean embedding of the recording, as the solver compares them. Then the clip is solved with each set
of embeddings. One clip is no average. Nothing here is fitted to it.
"""

from __future__ import annotations

import tempfile
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.table import Table
from scipy.stats import rankdata
from snmot116 import sidecar

import reid_solve as rs
from reid_solve.evaluation.pairs import Rows, pair_boxes
from reid_solve.evaluation.truth import most_common, true_person
from reid_solve.report.tables import console
from reid_solve.tracklets import arrays
from reid_solve.tracklets.appearance import pool
from reid_solve.tracklets.describe import describe
from reid_solve.tracklets.embed.registry import Settings
from reid_solve.tracklets.embed.run import embed
from reid_solve.tracklets.embeddings import attach, read_embeddings
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Tracks

SCORES = ("HOTA", "AssA", "IDF1")
AUCS = ("AUC", "in team", "AUC, centred", "in team, centred")
SHORTEST = 1.0  # seconds; shorter tracklets are not compared
file_path = click.Path(exists=True, dir_okay=False, path_type=Path)


def kits(path: Path) -> dict[int, str]:
    """Role and team of each true id, from a SoccerNet ``gameinfo.ini``."""
    parser = ConfigParser()
    parser.read(path)
    prefix = "trackletid_"
    return {
        int(key.removeprefix(prefix)): value.split(";")[0].strip()
        for key, value in parser["Sequence"].items()
        if key.startswith(prefix)
    }


def auc(score: FloatArray, same: BoolArray) -> float:
    """Probability that a pair of the same person (pairs,) scores higher than one of two; ties count half."""
    rank, n = rankdata(score), int(same.sum())
    return float((rank[same].sum() - n * (n + 1) / 2) / (n * (len(same) - n)))


def true_ids(tracks: Tracks, truth: Tracks) -> IntArray:
    """True id under each tracked box, (n,), -1 for none; a folder's ground truth has whole numbers for ids."""
    ids = arrays.values(truth.canonical["track_id"]).astype(np.int64)
    pairs = pair_boxes(Rows(truth.frame, ids, truth.boxes), Rows(tracks.frame, np.arange(len(tracks)), tracks.boxes))
    name = np.zeros(len(pairs.gt_counts), np.int64)
    name[pairs.gt.id] = ids[pairs.gt_order]
    person, out = true_person(pairs), np.full(len(tracks), -1)
    out[pairs.tracker_order] = np.where(person >= 0, name[person], -1)
    return out


def tell_apart(tracks: Tracks, truth: Tracks, kit: dict[int, str], path: Path) -> dict[str, Any]:
    """AUC over all pairs, and within a team, of embeddings as they are and less the recording's mean."""
    found = attach(tracks, read_embeddings(path))
    (tracklets,) = describe(tracks, appearance=(found.rows, found.vectors))
    seen = tracklets.appearance
    assert seen is not None
    row_of = np.full(len(tracks), -1)
    row_of[tracklets.rows] = np.arange(len(tracklets.rows))
    order = np.argsort(row_of[found.rows], kind="stable")
    raw = found.vectors[order] / np.maximum(np.linalg.norm(found.vectors[order], axis=1, keepdims=True), 1e-12)
    person, _ = most_common(tracklets.node, true_ids(tracks, truth)[tracklets.rows], len(tracklets))
    long = tracklets.last - tracklets.first + 1 >= SHORTEST * tracklets.fps
    known = np.flatnonzero((person >= 0) & (seen.seen > 0) & long)
    i, j = (known[k] for k in np.triu_indices(len(known), 1))
    apart = (tracklets.last[i] < tracklets.first[j]) | (tracklets.last[j] < tracklets.first[i])
    i, j = i[apart], j[apart]
    same = person[i] == person[j]
    wears = np.array([kit.get(int(p), f"unknown {p}") for p in person])
    team = wears[i] == wears[j]
    out: dict[str, Any] = {"crops": len(raw), "dims": raw.shape[1]}
    for name, mean in (("", pool(raw, seen.node, len(tracklets))), (", centred", seen.mean)):
        unit = mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        alike = np.einsum("ij,ij->i", unit[i], unit[j])
        out[f"AUC{name}"] = auc(alike, same)
        out[f"in team{name}"] = auc(alike[team], same[team])
    return out | {"pairs": len(same), "of one": int(same.sum()), "team pairs": int(team.sum())}


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True,
              help="Folder with video.mp4, gameinfo.ini, perhaps *.npz.")  # fmt: skip
@click.option("--clip", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True,
              help="Folder with gt.txt and the tracker's output.")  # fmt: skip
@click.option("--tracker", default="bytetrack", show_default=True)
@click.option("--backend", "backends", multiple=True, default=["color", "timm:resnet18/random"], show_default=True)
@click.option("--per-tracklet", type=int, default=16, show_default=True)
@click.option("--spacing", type=float, default=0.5, show_default=True, help="Seconds; 0 for none.")
@click.option("--every", type=int, help="All detections of every n-th frame instead.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path))
def main(data: Path, clip: Path, tracker: str, backends: list[str], per_tracklet: int, spacing: float,
         every: int | None, cache: Path | None) -> None:  # fmt: skip
    """Compare embedders on one clip: AUC overall and within a team, and what solving makes of them.

    \b
    Example:
        python benchmarks/embedders.py --data VIDEO_FOLDER --clip CLIP_FOLDER --backend color --backend onnx:osnet.onnx
    """
    tracks, truth = rs.read(clip / f"{tracker}.txt"), rs.read(clip / "gt.txt")
    kit = kits(data / "gameinfo.ini")
    table = Table(box=None, pad_edge=False)
    heads = ("embeddings", "crops", "dims", *AUCS, *SCORES)
    for head in heads:
        table.add_column(head, justify="left" if head == "embeddings" else "right", no_wrap=True)

    def row(name: str, found: dict[str, Any], solved: Any) -> None:
        scores = rs.evaluate(solved, truth).to_dict()
        cells = {**found, **{s: f"{scores[s]:.2f}" for s in SCORES}}
        cells |= {k: f"{cells[k]:.3f}" for k in AUCS if k in cells}
        table.add_row(name, *(str(cells.get(head, "")) for head in heads[1:]))

    row("none: the tracker", {}, tracks)
    row("none: motion only", {}, rs.solve(tracks))
    with tempfile.TemporaryDirectory() as scratch:
        files = {p.stem: sidecar(p, Path(scratch) / f"{p.stem}.parquet") for p in sorted(data.glob("*.npz"))}
        for spec in backends:
            made = embed(tracks, data / "video.mp4", spec, per_tracklet=per_tracklet, seconds=spacing or None,
                         step=every, settings=Settings(), cache=cache)  # fmt: skip
            files[made.summary["backend"]] = Path(scratch) / f"{len(files)}.parquet"
            made.write(files[made.summary["backend"]])
        for name, path in files.items():
            found = tell_apart(tracks, truth, kit, path)
            row(name, found, rs.solve(tracks, embeddings=path))
    console().print(table)
    pairs = f"{found['pairs']} pairs, {found['of one']} of one person; in a team {found['team pairs']}"
    console().print(f"tracklets of {SHORTEST:g} s or more that share no frame: {pairs}")


if __name__ == "__main__":
    main()
