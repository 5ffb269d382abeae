"""Position as a cue: equal to plain loops pair by pair, and learnt from others only."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from tests.evaluation.retrieval import plain
from tests.evaluation.retrieval.small import walkers, with_column

from reid_solve.cli import main
from reid_solve.evaluation.retrieval import position as module
from reid_solve.evaluation.retrieval.evaluate import make_source
from reid_solve.evaluation.retrieval.layout import make_layout
from reid_solve.evaluation.retrieval.position import Placed, Places, Position, layout_to_learn, learn
from reid_solve.evaluation.retrieval.run import evaluate_table
from reid_solve.evaluation.retrieval.scores import Retrieval

Array = npt.NDArray[Any]


def random_places(rng: np.random.Generator, count: int, clips: int = 2) -> Places:
    clip = np.array([f"c{k}" for k in rng.integers(0, clips, count)])
    return Places(clip, rng.integers(0, 900, count) / 25, 9 * rng.normal(size=(count, 2)), rng.uniform(1, 3, count))


def taught(rng: np.random.Generator, count: int = 50) -> tuple[Position, Places, Array, Array]:
    """What is learnt from random pictures, and these: places, persons, features."""
    places, pid, x = random_places(rng, count), rng.integers(0, 6, count), rng.normal(size=(count, 5))
    layout = layout_to_learn(places)
    return learn(make_source(layout, [(x, x)]), layout, places, pid), places, pid, x


def pairs_to_learn(places: Places, pid: Array, x: Array) -> tuple[list[Array], list[float], Array, Array]:
    """Displacement, gap, distance and whether it is one person, of every pair at two times of one clip."""
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    moved, gap, distance, same = [], [], [], []
    for i in range(len(pid)):
        for j in range(i + 1, len(pid)):
            if places.clip[i] == places.clip[j] and places.time[i] != places.time[j]:
                moved.append((places.feet[j] - places.feet[i]) / ((places.height[i] + places.height[j]) / 2))
                gap.append(abs(places.time[j] - places.time[i]))
                distance.append(1 - unit[i] @ unit[j])
                same.append(pid[i] == pid[j])
    return moved, gap, np.array(distance), np.array(same)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_learnt_is_what_plain_loops_learn(seed: int) -> None:
    found, places, pid, x = taught(np.random.default_rng(seed))
    moved, gap, distance, same = pairs_to_learn(places, pid, x)
    assert found.pairs == (same.sum(), (~same).sum())
    expected = []
    for chosen, spread in ((same, found.same), (~same, found.other)):
        rows = np.flatnonzero(chosen)
        stretches = min(len(rows) // 50, 8)
        at, scale = plain.spread([moved[k] for k in rows], [gap[k] for k in rows], stretches)
        np.testing.assert_allclose(spread.gap, at, rtol=0, atol=1e-12)
        np.testing.assert_allclose(spread.scale, scale, rtol=0, atol=1e-12)
        expected.append([plain.student(m, g, at, scale) for m, g in zip(moved, gap, strict=True)])
    odds = np.array(expected[0]) - np.array(expected[1])

    def loss(weights: Array) -> float:
        return plain.balanced_loss(weights, distance, odds, same)

    def of_offset(offset: Array) -> float:
        return loss(np.array([found.distance, found.log_odds, offset[0]]))

    bounds = [(0, None), (0, None), (None, None)]
    best = minimize(loss, np.array([0.5, 0.5, 0.0]), method="SLSQP", bounds=bounds)
    offset = minimize(of_offset, np.zeros(1), method="SLSQP")
    assert best.success
    assert offset.success
    assert offset.fun <= best.fun + 1e-6


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), grouped=st.booleans(), pairs=st.integers(1, 300))
def test_distances_are_those_of_plain_loops(seed: int, grouped: bool, pairs: int) -> None:
    rng = np.random.default_rng(seed)
    learnt, *_ = taught(rng)
    places, x = random_places(rng, 30), rng.normal(size=(30, 5))
    groups = (places.clip[:10], places.clip[10:]) if grouped else ()
    layout = make_layout(10, 20, *groups)
    source = make_source(layout, [(x[:10], x[10:])])
    found = Placed(source, layout, places.take(layout.order), learnt)
    flat = np.concatenate([found.flat(lo, hi) for lo, hi in layout.chunks(pairs)])
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = []
    for q in layout.row.tolist():
        for g in range(10, 30):
            together = places.clip[q] == places.clip[g]
            if grouped and not together:
                continue
            value = learnt.distance * (1 - unit[q] @ unit[g])
            if together:
                moved = (places.feet[g] - places.feet[q]) / ((places.height[g] + places.height[q]) / 2)
                gap = max(abs(places.time[g] - places.time[q]), 1e-3)
                one, two = (
                    plain.student(moved, gap, list(s.gap), [list(row) for row in s.scale])
                    for s in (learnt.same, learnt.other)
                )
                value -= learnt.log_odds * (one - two)
            expected.append(value)
    np.testing.assert_allclose(flat, expected, rtol=0, atol=1e-9)


def result(features: Array, table: pa.Table, **options: Any) -> tuple[Retrieval, dict[str, Any]]:
    done = evaluate_table([features], table, "t.csv", **options)
    assert done.result is not None
    return done.result, done.facts


@pytest.mark.parametrize("protocol", ["market", "soccernet"])
def test_both_are_better_than_each(protocol: str) -> None:
    scores = []
    for seed in range(4):
        features, table = walkers(seed, noise=1.3)
        alone = result(features, table, protocol=protocol)[0].mAP
        placed = result(np.ones((len(features), 1)), table, protocol=protocol, position="train")[0].mAP
        scores.append((alone, placed, result(features, table, protocol=protocol, position="train")[0].mAP))
    appearance, position, both = np.mean(scores, axis=0)
    assert both > max(appearance, position) + 0.04
    assert position > 0.4  # by lot: 5 of 30 or fewer


def test_features_or_places_that_say_nothing_get_no_weight_and_none_gets_a_negative_one() -> None:
    features, table = walkers(1, noise=0.5)
    lost = table
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        lost = with_column(lost, name, rng.normal(size=len(features)))
    weights = result(features, lost, position="train")[1]["position"]["weights"]
    assert 0 <= weights["position"] < 0.5
    assert weights["distance"] > 5
    against = np.where(np.arange(len(features))[:, None] % 2, features, -features)  # a person is unlike himself
    assert result(against, table, position="train")[1]["position"]["weights"]["distance"] == 0


def test_people_who_never_move_are_found_by_where_they_are() -> None:
    features, table = walkers(3)
    _, first, row = np.unique(table["pid"].to_numpy(), return_index=True, return_inverse=True)
    for name in ("x", "y"):
        table = with_column(table, name, table[name].to_numpy()[first][row])
    found, facts = result(features, table, position="train", protocol="soccernet")
    assert found.mAP == 1
    assert facts["position"]["weights"]["position"] > 0


def test_nothing_is_learnt_from_what_is_scored() -> None:
    features, table = walkers(2)
    split = np.array(table["split"].to_pylist())
    rng = np.random.default_rng(3)
    other, changed = features.copy(), table
    other[split != "train"] = rng.normal(size=other[split != "train"].shape)
    for name in ("x", "y", "time", "height"):
        values = np.where(split == "train", table[name].to_numpy(), rng.uniform(1, 2, len(split)))
        changed = with_column(changed, name, values)
    before, after = (result(x, t, position="train")[1]["position"] for x, t in ((features, table), (other, changed)))
    assert before == after
    half = np.flatnonzero((split != "train") | (np.arange(len(split)) % 3 > 0))
    assert result(features[half], table.take(half), position="train")[1]["position"] != before


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_neither_the_unit_nor_the_origin_of_a_clip_nor_the_order_of_rows_matters(seed: int) -> None:
    features, table = walkers(seed % 50)
    rng = np.random.default_rng(seed)
    columns = {name: table[name].to_numpy().copy() for name in ("time", "x", "y", "height")}
    clip = table["clip"].to_numpy()
    for name in np.unique(clip):
        unit, origin = rng.uniform(0.01, 100), rng.normal(size=3) * 50
        for column, start in (("x", origin[0]), ("y", origin[1]), ("height", 0)):
            columns[column][clip == name] = unit * columns[column][clip == name] + start
        columns["time"][clip == name] += origin[2]
    moved = table
    for column, values in columns.items():
        moved = with_column(moved, column, values)
    order = rng.permutation(len(features))
    before, one = result(features, table, position="train")
    after, two = result(features[order], moved.take(order), position="train")
    assert np.sort(after.AP) == pytest.approx(np.sort(before.AP), abs=1e-12)
    assert two["position"]["pairs"] == one["position"]["pairs"]
    assert list(two["position"]["weights"].values()) == pytest.approx(list(one["position"]["weights"].values()))


def test_many_pairs_are_learnt_from_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    features, table = walkers(4)
    whole = result(features, table, position="train")[1]["position"]
    monkeypatch.setattr(module, "MOST", 2000)
    some = result(features, table, position="train")[1]["position"]
    assert some["pairs"]["same"] == whole["pairs"]["same"]
    assert some["pairs"]["other"] < 0.6 * whole["pairs"]["other"]
    assert some["weights"]["position"] == pytest.approx(whole["weights"]["position"], rel=0.3)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    features, table = walkers(7)
    np.save("features.npy", features)
    pq.write_table(table, "pictures.parquet")
    columns: dict[str, Any] = {name: np.array(table[name].to_pylist()) for name in table.column_names}
    np.savez("features.npz", features=features, **columns)
    expected = result(features, table, position="train")
    for args in (["features.npz"], ["features.npy", "--table", "pictures.parquet"]):
        done = CliRunner().invoke(main, ["reid-evaluate", *args, "--position", "train", "--json"])
        assert done.exit_code == 0, done.output
        assert f'"mAP": {100 * expected[0].mAP}' in done.stdout
    done = CliRunner().invoke(main, ["reid-evaluate", "features.npz", "--position", "train"])
    assert "where and when counts, too, as learnt from train" in done.stdout
    done = CliRunner().invoke(main, ["reid-evaluate", "features.npz", "--position", "train", "--rerank", "6,3,0.3"])
    assert done.exit_code == 2
    assert done.stderr.strip().splitlines()[-1].startswith("Error: position joins plain distances")
