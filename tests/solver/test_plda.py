"""The two-covariance model and its calibration, on people who are known."""

import numpy as np
import pyarrow as pa
from tests.clips import walkers

import reid_solve as rs
from reid_solve.solver.calibrate import logistic
from reid_solve.solver.plda import TwoCovariance, learn
from reid_solve.tracklets.appearance import Appearance


def gallery(
    seed: int, people: int = 30, dims: int = 12, noise: float = 0.6
) -> tuple[Appearance, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two tracklets of each person, 60 embeddings each; two kits."""
    rng = np.random.default_rng(seed)
    kit = rng.normal(size=(2, dims)) * 2
    person = kit[np.arange(people) % 2] + rng.normal(size=(people, dims))
    who = np.repeat(np.arange(people), 2)
    node = np.repeat(np.arange(2 * people), 60)
    slow = np.repeat(rng.normal(0, noise, (len(node) // 10, dims)), 10, axis=0)
    vector = person[who[node]] + slow + rng.normal(0, noise, (len(node), dims))
    seen = Appearance(np.arange(len(node)), node, (vector - vector.mean(axis=0)).astype(np.float32), 2 * people)
    frame = np.tile(np.arange(60) * 2, 2 * people)
    return seen, frame, np.zeros(2 * people, np.int64), np.full(2 * people, 119), who


def test_the_ratio_tells_people_apart_also_within_a_team() -> None:
    seen, frame, first, last, who = gallery(0)
    model = learn(seen, frame, first, last)
    assert model is not None
    i, j = np.triu_indices(len(who), 1)
    looks = np.full(len(i), 120)
    place = model.place(seen.mean)
    kit, person = model.ratio(place[i], looks, place[j], looks)
    same, team = who[i] == who[j], who[i] % 2 == who[j] % 2
    assert kit[same].mean() > 1
    assert kit[~team].mean() < kit[team].mean() - 5
    assert person[same].mean() > 1
    assert person[team & ~same].mean() < -1


def test_fewer_embeddings_say_less() -> None:
    model = TwoCovariance(np.eye(3), np.zeros(3), np.array([4.0, 1.0]), 0.5, 1.0, 1.0)
    x = np.array([[2.0, 1.0, 0.7]])
    short, long = (model.ratio(x, np.array([t]), x, np.array([t]))[1][0] for t in (1.0, 100.0))
    assert 0 < short < long


def test_too_few_tracklets_teach_nothing() -> None:
    seen, frame, first, last, _ = gallery(0, people=2)
    assert learn(seen, frame, first, last) is None


def test_logistic_leaves_no_prior_in_and_stays_within_bounds() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(20_000) < 400
    x = np.where(positive, 1.0, -1.0) + rng.normal(0, 2**0.5, len(positive))  # log-likelihood ratio of x is x itself
    weight, useless, offset = logistic(
        np.column_stack([x, rng.normal(size=len(x))]), positive, np.array([0.3, 0.3, 0.0])
    )
    assert abs(weight - 1.0) < 0.12
    assert useless < 0.1
    assert abs(offset) < 0.15
    against = logistic(np.column_stack([-x]), positive, np.array([0.3, 0.0]))
    assert against[0] == 0


def test_the_noise_law_is_that_of_the_embeddings() -> None:
    rng = np.random.default_rng(0)
    tracklets, each, dims = 40, 32, 16
    node = np.repeat(np.arange(tracklets), each)
    frame, first, last = np.tile(np.arange(each), tracklets), np.zeros(tracklets, int), np.full(tracklets, each - 1)
    people = rng.normal(size=(tracklets, dims)) * 2

    def falls(noise: np.ndarray) -> float:
        vector = (people[node] + noise).astype(np.float32)
        model = learn(Appearance(np.arange(len(node)), node, vector, tracklets), frame, first, last)
        assert model is not None
        single, sixteen = model.own_variance(np.array([1, 16]))
        return float(single / sixteen)

    slow = np.repeat(rng.normal(size=(tracklets * 2, dims)), each // 2, axis=0)  # one look for each half
    assert 10 < falls(rng.normal(size=(len(node), dims))) <= 16.01  # the mean of sixteen varies a sixteenth
    assert falls(slow + 0.1 * rng.normal(size=slow.shape)) < 2  # more of the same look says nothing new


def test_one_vector_for_all_rows_of_a_tracklet_teaches_nothing_and_breaks_nothing() -> None:
    """As scripts leave them that embed a tracklet once: nothing says how much the looks of one person vary."""
    tracks, _ = walkers(0, people=8, frames=200)
    track = tracks.canonical["track_id"].to_numpy()
    look = np.random.default_rng(0).normal(size=(track.max() + 1, 12))[track]
    for vectors in (look, np.ones((len(track), 3))):
        column = pa.array(list(vectors), pa.list_(pa.float32()))
        result = rs.solve(tracks.canonical.append_column("embedding", column), fps=25, size=(1920, 1080))
        assert "appearance" not in result.summary()["cues"]
        assert result.summary()["warnings"] == {"unused-embeddings": len(track)}
        assert np.isfinite(result.tracks.canonical["identity_score"].to_numpy()).all()
