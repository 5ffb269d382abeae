"""Labels of kits: how much a score counts, and that embeddings and labels never count one kit twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.clips import clip, walkers

from reid_solve.solver.constraints.roles import roles
from reid_solve.solver.cues.team import beyond_the_kit, label_ratio, team
from reid_solve.solver.graph import build
from reid_solve.solver.looks import learn_looks
from reid_solve.solver.pairs import Pairs
from reid_solve.tracklets.describe import Tracklets, describe

ROWS = 30


def ratio(a: str | None, b: str | None, score: float | None) -> float:
    """Evidence between two of four tracklets; the two others have a label each, surely."""
    labels = [a, b, "home", "away"]
    columns: dict[str, Any] = {"team": pa.array(np.repeat(np.array(labels, object), ROWS), pa.string())}
    if score is not None:
        columns["team_score"] = pa.array(np.repeat([score, score, 1.0, 1.0], ROWS))
    frame = np.concatenate([np.arange(ROWS) + 40 * k for k in range(4)])
    (tracklets,) = describe(clip(frame, np.repeat(np.arange(4), ROWS), 500.0, **columns))
    scorer = label_ratio(tracklets, "team")
    assert scorer is not None
    return float(scorer(Pairs(np.zeros(1, int), np.ones(1, int), np.ones(1, int)))[0])


def test_a_label_counts_by_its_score() -> None:
    assert ratio("home", "home", None) == ratio("home", "home", 1.0) > ratio("home", "home", 0.7) > 0
    assert ratio("home", "away", None) == ratio("home", "away", 1.0) < ratio("home", "away", 0.7) < 0
    assert ratio("home", "away", 0.0) == pytest.approx(0)
    assert ratio("home", None, 1.0) == pytest.approx(0)


def dressed(seed: int = 0) -> Tracklets:
    """Walkers of two teams whose embeddings know the kit well and the person a little, and whose labels are right."""
    tracks, person = walkers(seed, people=10, frames=400, cut=0.01)
    rng = np.random.default_rng(seed)
    kit = np.where(person % 2, 3.0, -3.0)[:, None] * np.eye(12)[0]
    look = kit + rng.normal(size=(10, 12))[person] * 0.5 + rng.normal(0, 0.7, (len(person), 12))
    labels = np.array(["home", "away"])[person % 2]
    ids = tracks.canonical["track_id"].to_numpy()
    labelled = clip(tracks.frame, ids, *tracks.boxes.T, team=labels)
    (tracklets,) = describe(labelled, appearance=(np.arange(len(person)), look.astype(np.float32)))
    return tracklets


def test_of_kit_and_label_the_stronger_counts() -> None:
    tracklets = dressed()
    looks, seen = learn_looks(tracklets), tracklets.appearance
    assert looks is not None
    assert seen is not None
    i, j = np.triu_indices(len(tracklets), 1)
    pairs = Pairs(i, j, np.ones(len(i), int))
    alone, beyond = label_ratio(tracklets, "team"), team(tracklets)
    assert alone is not None
    assert beyond is not None
    kit = looks.kit * looks.model.ratio_of_pairs(looks.place(seen.mean), seen.seen, i, j)[0]
    label, more = alone(pairs), beyond(pairs)
    agree = np.sign(kit) == np.sign(label)
    assert 0.5 < agree.mean() < 1
    np.testing.assert_allclose(np.abs(kit + more)[agree], np.maximum(np.abs(kit), np.abs(label))[agree], atol=1e-9)
    np.testing.assert_allclose(more[~agree], label[~agree])


def test_without_embeddings_or_without_asking_them_labels_say_all() -> None:
    tracklets = dressed()
    blind = replace(tracklets, appearance=None)
    scorer = label_ratio(blind, "team")
    assert beyond_the_kit(blind, scorer) is scorer
    assert beyond_the_kit(tracklets, None) is None
    left_out = build(tracklets, cues=("motion", "team"))
    alone = build(blind, cues=("motion", "team"))
    np.testing.assert_allclose(left_out.terms["team"], alone.terms["team"])
    both = build(tracklets, cues=("motion", "team", "appearance"))
    assert np.abs(both.terms["team"]).mean() < np.abs(alone.terms["team"]).mean()


@pytest.mark.parametrize(("score", "forbidden"), [(None, 1), (0.99, 0)])
def test_a_guessed_role_forbids_nothing(score: float | None, forbidden: int) -> None:
    columns: dict[str, Any] = {"role": pa.array(np.repeat(["player", "referee"], ROWS))}
    if score is not None:
        columns["role_score"] = pa.array(np.full(2 * ROWS, score))
    frame = np.r_[np.arange(ROWS), np.arange(ROWS) + 40]
    (tracklets,) = describe(clip(frame, np.repeat([1, 2], ROWS), 500.0, **columns))
    assert len(roles(tracklets)) == forbidden
    balls = clip(frame, np.repeat([1, 2], ROWS), 500.0, **columns, class_name=np.repeat(["person", "ball"], ROWS))
    (tracklets,) = describe(balls)
    assert len(roles(tracklets)) == 1  # what the detector saw does
