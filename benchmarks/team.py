"""Teams by kit: how often they are right, and what knowing them is worth to the solver.

VIDEO_FOLDER holds video.mp4, gameinfo.ini (the true team of each true id) and osnet_x0_25_bytetrack.npz, CLIP_FOLDER
gt.txt and the outputs of trackers. Nothing is learnt on a clip but by the clip itself. With --films N the same is asked
of N generated videos (fixtures/film.py), whose kits are drawn: easier pictures than any real ones.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow.parquet as pq
from rich.table import Table
from snmot116 import sidecar

import reid_solve as rs
from reid_solve.evaluation.evaluate import people_of
from reid_solve.report.tables import console
from reid_solve.tracklets.team import find_teams

LONG_SECONDS = 1.0
TRACKERS = ("bytetrack", "deep-oc-sort", "bot-sort")
SCORES = ("HOTA", "AssA", "IDF1")
FIXTURES = Path(__file__).parents[1] / "fixtures"
folder_path = click.Path(exists=True, file_okay=False, path_type=Path)


def game_info(path: Path) -> dict[int, str]:
    """What gameinfo.ini says of each id: "left", "right" for players of a team, else the role."""
    found = {}
    for number, who in re.findall(r"^trackletID_(\d+)=\s*([^;\n]*)", path.read_text(), re.MULTILINE):
        team = re.fullmatch(r"player team (\w+)", who.strip())
        found[int(number)] = team[1] if team else who.split()[0]
    return found


def truth_of_rows(tracks: Any, gt: Any, said: dict[Any, str]) -> Any:
    """What is said of who really is in each row, (n,) strings; "" where nobody is."""
    own, ids = people_of(gt, gt), gt.canonical["track_id"].to_pylist()
    names = {int(person): said[ids[row]] for person, row in zip(*np.unique(own, return_index=True), strict=True)}
    return np.array([names.get(int(person), "") for person in people_of(tracks, gt)], object)


def right(teams: Any, truth: Any, kept: Any) -> tuple[float, float, float]:
    """Accuracy and coverage in % of players' boxes, and what accuracy one right team a tracklet would have."""
    team = np.array(teams.canonical["team"].to_pylist(), object)
    names, codes = sorted(set(truth[kept])), sorted({one for one in team if one})
    given = kept & (team != None)  # noqa: E711
    hits = [[((team == code) & (truth == name) & given).sum() for name in names] for code in codes]
    best = max(hits[0][0] + hits[1][1], hits[0][1] + hits[1][0]) if len(codes) == len(names) == 2 else 0
    ids = teams.codes("track_id")[0]
    most = sum(max((truth[kept & (ids == one)] == name).sum() for name in names) for one in np.unique(ids[kept]))
    return 100 * best / max(given.sum(), 1), 100 * given.sum() / kept.sum(), 100 * most / kept.sum()


def quality_row(table: Table, name: str, tracks: Any, teams: Any, truth: Any, players: tuple[str, ...]) -> None:
    """Add how right the teams of one table are."""
    code = tracks.codes("track_id")[0]
    length = np.bincount(code[code >= 0], minlength=code.max() + 1)[code]
    kept = np.isin(truth, players) & (length >= LONG_SECONDS * (tracks.clip.fps or 25))
    accuracy, coverage, ceiling = right(teams, truth, kept)
    others = np.isin(truth, ("referee", "goalkeepers", "goalkeeper"))
    told = np.array([one is None for one in teams.canonical["team"].to_pylist()])
    wrong = f"{100 * (1 - told[others].mean()):.1f}" if others.any() else ""
    table.add_row(name, str(kept.sum()), f"{accuracy:.1f}", f"{coverage:.1f}", f"{ceiling:.1f}", wrong)


def columns(*names: str) -> Table:
    """An empty table."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name else "left")
    return table


def films(count: int, first: int, quality: Table, gain: list[Any]) -> None:
    """The same of generated videos: seeds from ``first`` on."""
    sys.path.insert(0, str(FIXTURES))
    film, make = __import__("film"), __import__("generate").generate
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as scratch:
            clip = film.make(Path(scratch), seed, 750, (1280, 720))
            tracks, truth_table = rs.read(clip.tracks), pq.read_table(clip.truth)
            pq.write_table(make(seed, 750).embeddings, Path(scratch) / "embeddings.parquet")
            said = {
                row["track_id"]: row["team"] if row["role"] == "player" else row["role"]
                for row in truth_table.select(["track_id", "team", "role"]).to_pylist()
            }
            gt = rs.read(truth_table.select(["frame", "track_id", "x", "y", "w", "h"]), fps=25)
            teams = find_teams(tracks, clip.video).tracks
            truth = truth_of_rows(tracks, gt, said)
            quality_row(quality, f"generated, seed {seed}", tracks, teams, truth, ("home", "away"))
            for k, embeddings in enumerate((None, Path(scratch) / "embeddings.parquet")):
                for at, source in enumerate((tracks, teams)):
                    gain[k][at].append(rs.evaluate(rs.solve(source, embeddings=embeddings), gt).to_dict())


@click.command()
@click.option("--data", type=folder_path, required=True, help="VIDEO_FOLDER, see above.")
@click.option("--clip", type=folder_path, required=True, help="CLIP_FOLDER, see above.")
@click.option("--films", "count", type=int, default=0, show_default=True, help="Generated videos, as well.")
@click.option("--seed", type=int, default=1000, show_default=True, help="Of the first of them.")
def main(data: Path, clip: Path, count: int, seed: int) -> None:
    """Print how right teams are, and HOTA without and with them.

    \b
    Example:
        python benchmarks/team.py --data VIDEO_FOLDER --clip CLIP_FOLDER
    """
    gt, said = rs.read(clip / "gt.txt"), game_info(data / "gameinfo.ini")
    quality = columns("", "boxes", "accuracy", "coverage", "one team a tracklet", "others with a team")
    worth = columns("", *SCORES, *(f"{name} with teams" for name in SCORES))
    with tempfile.TemporaryDirectory() as scratch:
        seen = sidecar(data / "osnet_x0_25_bytetrack.npz", Path(scratch) / "osnet.parquet")
        for name in ("gt", *TRACKERS):
            tracks = gt if name == "gt" else rs.read(clip / f"{name}.txt")
            teams = find_teams(tracks, data / "video.mp4").tracks
            label = "true boxes and ids" if name == "gt" else name
            quality_row(quality, label, tracks, teams, truth_of_rows(tracks, gt, said), ("left", "right"))
            for embeddings in (None, seen) if name == "bytetrack" else (None,) if name != "gt" else ():
                found = [rs.evaluate(rs.solve(one, embeddings=embeddings), gt).to_dict() for one in (tracks, teams)]
                label = f"{name}, {'motion only' if embeddings is None else 'OSNet embeddings'}"
                worth.add_row(label, *(f"{one[score]:.2f}" for one in found for score in SCORES))
    if count:
        gain: list[Any] = [[[], []], [[], []]]
        films(count, seed, quality, gain)
        for label, pair in zip(("motion only", "simulated embeddings"), gain, strict=True):
            means = [float(np.mean([one[score] for one in side])) for side in pair for score in SCORES]
            worth.add_row(f"{count} generated, {label}", *(f"{mean:.2f}" for mean in means))
    console().print(quality)
    console().print()
    console().print(worth)


if __name__ == "__main__":
    main()
