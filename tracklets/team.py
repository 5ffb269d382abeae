"""Who plays for which team, by the colours of shirt and shorts: `team`, `role` and their scores for every tracklet.

In a short clip the tracklets are clustered, each by the median of its crops; in a long one, where light changes and
many tracklets hold two people, the crops are clustered and vote for their tracklet. Officials, goalkeepers and mixed
tracklets get no team.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.crops import sample
from reid_solve.tracklets.kits import look, shirt_in_hex
from reid_solve.tracklets.labels import one_recording, roles_of_rows, with_labels
from reid_solve.tracklets.officials import officials
from reid_solve.tracklets.stretches import stretches
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks
from reid_solve.tracklets.video import Video, probe
from reid_solve.tracklets.wearers import TOLD_BY, Seen, inherited, learn_kits, recognise

PER_TRACKLET = 16
EVERY_SECONDS = 1.0  # longest time between two crops: who is swapped for another is noticed within it
LONG_EVERY_SECONDS = 5.0
LONG_SECONDS = 190.0  # between two minutes, where tracklets' medians are better, and five, where crops' votes are
SURE = 0.7  # least probability of a team that is written
OTHER_SURE = 0.9  # the same of a kit that is neither team's
EDGE = 2.0  # pixels; a box this near to the picture's upper or lower edge is cut off there, and the shirt elsewhere
OUT = ("ball", "referee", "goalkeeper")  # in no team's kit, where the table says so
NAMES = ("A", "B")
OWN_NAME = 0.8  # least share of a kit's labelled tracklets for the table's name of the team to be the kit's


@dataclass(frozen=True)
class Teams:
    """What was found.

    Attributes:
        tracks: the rows with `team`, `team_score`, `role` and `role_score`.
        kits: colours of the teams' shirts as #rrggbb by name, the lighter one first; empty where no two kits can be
            told apart.
        tracklets: number of tracklets with a stretch of each team or role, and under "abstained" those of which nothing
            is said.
        how: how the kits were found: "hdbscan" or "2-means", of "tracklets" or "crops".
    """

    tracks: Tracks
    kits: dict[str, str]
    tracklets: dict[str, int]
    how: str

    def summary(self) -> dict[str, Any]:
        """What was found, but for the rows, for JSON and for printing."""
        return {"rows": len(self.tracks), "kits": self.kits, "tracklets": self.tracklets, "how": self.how}


def find_teams(tracks: Tracks, video: Video | Path, first: int | None = None) -> Teams:
    """Tell two teams apart by their kits.

    Rows that have a team or a role already keep it; teams that the table names lend their names to the kits.

    Args:
        tracks: rows of one recording.
        video: what they were seen in.
        first: number that the table gives to the video's first frame; else as the table says.

    Raises:
        InputError: no such video, or not the one that the boxes are of; rows of several recordings.
    """
    one_recording(tracks, "and this is one video")
    video = video if isinstance(video, Video) else probe(video)
    code, ids = tracks.codes("track_id")
    long = len(tracks) > 0 and bool(np.ptp(tracks.frame) > LONG_SECONDS * (tracks.clip.fps or video.fps))
    rows = sample(tracks, video, PER_TRACKLET, LONG_EVERY_SECONDS if long else EVERY_SECONDS)
    kits = look(video, tracks, rows[_whole(tracks, video, rows, code)], first)
    whole = Seen(kits, code[kits.rows], len(ids))
    said = _said(tracks, code, len(ids))
    found = learn_kits(whole, long, np.isin(said, OUT))
    if found is None:
        note = Note("one-kit", len(tracks), "no two kits can be told apart: no teams are given", "warning")
        nobody, nothing = np.full(len(tracks), -1), np.zeros(len(tracks))
        out = with_labels(with_labels(tracks, "team", nobody, NAMES, nothing), "role", nobody, (), nothing)
        return Teams(out.noted(note), {}, {"abstained": len(ids)}, "none")
    noise = np.zeros_like(found.spread) if long else whole.noise(whole.median())
    parts = stretches(
        whole.node, tracks.frame[kits.rows], found.evidence(kits.colour, np.tile(noise, (len(kits.rows), 1)))
    )
    seen, said = Seen(kits, parts.of_crop, len(parts.tracklet)), said[parts.tracklet]
    part = parts.of_rows(code, tracks.frame)
    chance = recognise(found, seen, long, noise)
    team = np.where(chance[:, :2].max(axis=1) >= SURE, chance[:, :2].argmax(axis=1), -1)
    team[np.isin(said, OUT)] = -1
    other = (chance[:, 2] >= OTHER_SURE) & (seen.crops >= TOLD_BY)
    team = inherited(parts.tracklet, seen.crops, team, chance)
    role, role_score = officials(tracks, part, team, other, chance, seen.median(), found.spread)
    names = _names(tracks, part, team)
    out = with_labels(tracks, "team", np.append(team, -1)[part], names, np.append(chance[:, :2].max(axis=1), 0)[part])
    words = sorted(set(role) - {""})
    at = np.array([words.index(word) if word else -1 for word in role], np.int64)
    is_said = arrays.present(roles_of_rows(tracks))  # a class name is a role, too
    at = np.where(is_said, -1, np.append(at, -1)[part])
    out = with_labels(out, "role", at, words, np.append(role_score, 0)[part])
    colours = {name: shirt_in_hex(found.centre[k]) for k, name in enumerate(names)}
    masks = {name: team == k for k, name in enumerate(names)}
    masks |= {word: role == word for word in words if word != "player"}
    sizes = _sizes(parts.tracklet, len(ids), masks)
    return Teams(out, colours, sizes, f"{found.how} of {'crops' if long else 'tracklets'}")


def _sizes(tracklet: IntArray, count: int, masks: dict[str, BoolArray]) -> dict[str, int]:
    """Tracklets with at least a stretch of each kind, and under "abstained" those with none of any."""
    sizes = {name: len(np.unique(tracklet[mask])) for name, mask in masks.items()}
    some = np.logical_or.reduce(list(masks.values())) if masks else np.zeros(len(tracklet), bool)
    return sizes | {"abstained": count - len(np.unique(tracklet[some]))}


def _whole(tracks: Tracks, video: Video, rows: IntArray, code: IntArray) -> BoolArray:
    """Which rows (m,) show a person from head to foot, as far as the picture's edges go; all, of who has none such."""
    top, bottom = tracks.boxes[rows, 1], tracks.boxes[rows, 1] + tracks.boxes[rows, 3]
    whole = (top > EDGE) & (bottom < video.height - EDGE)
    return np.asarray(whole | ~np.isin(code[rows], code[rows[whole]]))


def _said(tracks: Tracks, code: IntArray, count: int) -> np.ndarray:
    """The role that most of a tracklet's labelled rows have in the table, (N,) strings; "" where none has."""
    words = roles_of_rows(tracks)
    names = sorted(set(pc.unique(words.drop_null()).to_pylist()))
    if not names:
        return np.full(count, "", object)
    at = pc.fill_null(pc.index_in(words, value_set=arrays.strings(names)), -1)
    role = arrays.values(at).astype(np.int64)
    votes = np.zeros((count, len(names)))
    kept = (role >= 0) & (code >= 0)
    np.add.at(votes, (code[kept], role[kept]), 1)
    return np.where(votes.max(axis=1) > 0, np.array(names, object)[votes.argmax(axis=1)], "")


def _names(tracks: Tracks, code: IntArray, team: IntArray) -> tuple[str, ...]:
    """Names of the two kits: those the table has for nearly all of their tracklets, if it has; else "A" and "B"."""
    if "team" not in tracks:
        return NAMES
    label, values = tracks.codes("team")
    kept = (label >= 0) & (code >= 0)
    kept[kept] = team[code[kept]] >= 0
    pairs = np.unique(np.column_stack([code[kept], label[kept]]), axis=0)  # a tracklet counts once
    votes = np.zeros((2, max(len(values), 1)))
    np.add.at(votes, (team[pairs[:, 0]], pairs[:, 1]), 1)
    most = votes.argmax(axis=1)
    clear = (votes.max(axis=1) >= OWN_NAME * votes.sum(axis=1)) & (votes.sum(axis=1) > 0)
    words = arrays.words(values).to_pylist()
    if clear.all() and most[0] != most[1]:
        return str(words[most[0]]), str(words[most[1]])
    return NAMES
