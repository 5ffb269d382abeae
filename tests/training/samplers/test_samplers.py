"""What every sampler owes: whole batches, nobody left out, nobody twice, the same plan for the same seed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_solve.tracklets.errors import OptionError
from reid_solve.training.samplers.registry import BatchSampler, build
from reid_solve.training.samplers.safety import risky

NAMES = ("random-pk", "match-aware", "hierarchical", "once")
Levels = dict[str, np.ndarray[Any, Any]]


def league(
    seed: int, matches: int, clips: int, people: tuple[int, int], images: tuple[int, int]
) -> tuple[np.ndarray[Any, Any], Levels]:
    """Rows (N,) of people numbered clip by clip, in shuffled order, and the levels of each row."""
    rng = np.random.default_rng(seed)
    who: list[int] = []
    levels: dict[str, list[str]] = {"clip": [], "match": [], "league": []}
    person = 0
    for match in range(matches):
        for clip in range(clips):
            for _ in range(int(rng.integers(people[0], people[1] + 1))):
                shown = int(rng.integers(images[0], images[1] + 1))
                who += [person] * shown
                levels["clip"] += [f"m{match}_c{clip}"] * shown
                levels["match"] += [f"m{match}"] * shown
                levels["league"] += [f"league {match % 2}"] * shown
                person += 1
    order = rng.permutation(len(who))
    return np.array(who)[order], {name: np.array(words)[order] for name, words in levels.items()}


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, np.ndarray[Any, Any], Levels, dict[str, int]]:
    low = draw(st.integers(2, 5))
    shape = draw(st.integers(2, 5)), draw(st.integers(1, 4)), (low, low + draw(st.integers(0, 4)))
    few = draw(st.integers(1, 4))
    classes, levels = league(draw(st.integers(0, 99)), *shape, (few, few + draw(st.integers(0, 9))))
    numbers = {"p": draw(st.integers(1, low * 2)), "k": draw(st.integers(1, 5)), "seed": draw(st.integers(0, 9))}
    return draw(st.sampled_from(NAMES)), classes, levels, numbers


def persons(batch: list[int], classes: np.ndarray[Any, Any], k: int) -> np.ndarray[Any, Any]:
    return np.asarray(classes[batch].reshape(-1, k))


@settings(max_examples=150, deadline=None)
@given(asked(), st.integers(0, 3))
def test_batches_are_whole_and_nobody_is_left_out(case: Any, epoch: int) -> None:
    name, classes, levels, numbers = case
    sampler = build(name, classes, levels, **numbers)
    sampler.set_epoch(epoch)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    p, k = numbers["p"], numbers["k"]
    have = np.bincount(classes)
    for batch in batches:
        who = persons(batch, classes, k)
        assert who.shape == (p, k)
        assert (who == who[:, :1]).all()
        assert len(set(who[:, 0])) == p
        for row in np.array(batch).reshape(p, k):
            assert len(set(row)) == min(k, have[classes[row[0]]])  # nothing twice before all were shown
    assert set(classes[np.concatenate(batches)]) == set(classes)
    again = build(name, classes, levels, **numbers)
    again.set_epoch(epoch)
    assert list(again) == batches


@settings(max_examples=60, deadline=None)
@given(asked(), st.booleans())
def test_no_pair_that_may_be_one_human(case: Any, near: bool) -> None:
    _, classes, levels, numbers = case
    options: dict[str, Any] = {"safe": True} if near else {}
    name = "hierarchical" if near else "match-aware"
    for batch in build(name, classes, levels, **numbers, **options):
        scene: dict[str, set[str]] = {}
        for row in batch:
            scene.setdefault(str(levels["match"][row]), set()).add(str(levels["clip"][row]))
        assert all(len(clips) == 1 for clips in scene.values())


def test_epochs_and_seeds_differ() -> None:
    classes, levels = league(1, 6, 3, (6, 9), (3, 8))
    for name in NAMES:
        plans = []
        for seed, epoch in ((0, 0), (0, 1), (1, 0)):
            sampler = build(name, classes, levels, p=4, k=2, seed=seed)
            sampler.set_epoch(epoch)
            plans.append(list(sampler))
        assert plans[0] != plans[1] != plans[2] != plans[0]


@pytest.mark.parametrize("name", ["random-pk", "match-aware"])
def test_everybody_is_drawn_as_often_as_anybody(name: str) -> None:
    classes, levels = league(2, 45, 5, (10, 14), (4, 8))
    sampler = build(name, classes, levels, p=16, k=4, seed=3, rounds=3)
    drawn = np.bincount(classes[np.concatenate(list(sampler))]) / 4
    assert drawn.min() == 3
    assert drawn.max() <= 4
    assert len(sampler) <= np.ceil(len(drawn) * 3 / 16) + 2  # next to nothing is drawn again to fill a batch


def test_the_default_epoch_draws_as_many_pictures_as_there_are() -> None:
    classes, levels = league(2, 12, 3, (10, 14), (8, 8))
    sampler = build("random-pk", classes, levels, p=16, k=4, seed=0)
    rows = np.concatenate(list(sampler))
    assert len(classes) <= len(rows) < len(classes) + 64
    assert len(set(rows)) == len(classes)  # 8 pictures each, dealt 4 and 4


def test_once_shows_every_picture_however_many_somebody_has() -> None:
    classes, levels = league(5, 4, 2, (5, 8), (1, 12))
    sampler = build("once", classes, levels, p=6, k=2, seed=0)
    rows = np.concatenate(list(sampler))
    assert set(rows) == set(range(len(classes)))
    assert len(rows) < 1.5 * len(classes)


def test_random_batches_hold_risky_pairs_and_match_aware_ones_none() -> None:
    """The share is what the clips of each match give; on SportsMOT it is 10.4 %."""
    classes, levels = league(0, 10, 4, (10, 16), (4, 8))
    first = np.unique(classes, return_index=True)[1]
    match, clip = (np.unique(levels[name][first], return_inverse=True)[1] for name in ("match", "clip"))
    share = {}
    for name in ("random-pk", "match-aware"):
        batches = np.array(list(build(name, classes, levels, p=16, k=4, seed=0)))
        share[name] = risky(match, clip, classes[batches[:, ::4]])
    n = len(match)
    same = (match[:, None] == match) & (clip[:, None] != clip)
    assert share["random-pk"] == pytest.approx(same.sum() / (n * (n - 1)), abs=0.01)
    assert share["random-pk"] > 0.05
    assert share["match-aware"] == 0


def test_hierarchical_batches_come_from_as_near_as_they_can() -> None:
    classes, levels = league(4, 6, 4, (5, 5), (2, 4))
    first = np.unique(classes, return_index=True)[1]
    match, clip = (levels[name][first] for name in ("match", "clip"))
    for p, same_clip in ((4, 4), (8, 5), (12, 5)):
        for batch in build("hierarchical", classes, levels, p=p, k=1, seed=0):
            who = classes[batch]
            assert (clip[who] == clip[who[0]]).sum() == same_clip
            assert (match[who] == match[who[0]]).all()
    wide = build("hierarchical", classes, levels, p=30, k=1, seed=0)
    for batch in wide:
        who = classes[batch]
        assert (match[who] == match[who[0]]).sum() == 20
        assert len(set(levels["league"][first][who])) == 1
    skipping = build("hierarchical", classes, levels, p=12, k=1, seed=0, widen=("clip", "league"))
    assert any(len(set(match[classes[batch]])) > 1 for batch in skipping)


def test_where_actions_number_people_they_are_what_counts() -> None:
    """SoccerNet: no clips, but actions; two actions of one match never meet."""
    classes, levels = league(7, 5, 3, (4, 6), (2, 3))
    actions = {"action": levels["clip"], "match": levels["match"]}
    for batch in build("match-aware", classes, actions, p=8, k=2, seed=0):
        seen = set(zip(levels["match"][batch], levels["clip"][batch], strict=True))
        assert len(seen) == len({match for match, _ in seen})


def test_a_person_of_one_picture_can_be_left_out() -> None:
    classes = np.array([0, 1, 1, 2, 2, 2, -1, -1, -1])
    for name in ("random-pk", "once"):
        rows = np.concatenate(list(build(name, classes, {}, p=2, k=2, seed=0, min_images=2)))
        assert set(classes[rows]) == {1, 2}
        rows = np.concatenate(list(build(name, classes, {}, p=2, k=2, seed=0)))
        assert set(classes[rows]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("psk", {}, "no sampler 'psk'; one of: hierarchical, match-aware, once, random-pk"),
        ("once", {"widen": ["clip"]}, "sampler 'once' has no option 'widen'"),
        ("random-pk", {"p": 99}, "99 persons a batch, but the set has only 8; lower p"),
        ("random-pk", {"k": 0}, "k must be a whole number, 1 or more, not 0"),
        ("random-pk", {"rounds": 1.5}, "rounds must be a whole number, 1 or more, not 1.5"),
        ("random-pk", {"min_images": "2"}, "min_images must be a whole number, 1 or more, not '2'"),
        ("hierarchical", {"widen": 3}, "sampler 'hierarchical': "),
        ("random-pk", {"min_images": 9, "p": 2}, "only 0 with 9 pictures or more"),
        ("match-aware", {"p": 5}, "5 persons a batch, but only 4 of clip 'm0_c0' and other matches can meet"),
        ("match-aware", {"scope": "action"}, "need the column 'action'"),
        ("hierarchical", {"widen": ["season"]}, "need the column 'season'; the set's levels are: clip, match, league"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(name: str, change: dict[str, Any], text: str) -> None:
    classes, levels = league(0, 2, 2, (2, 2), (2, 2))
    with pytest.raises(OptionError) as error:
        build(name, classes, levels, **{"p": 2, "k": 2, "seed": 0, **change})
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_match_aware_refuses_people_of_two_clips_and_of_none() -> None:
    classes = np.array([0, 0, 1, 1])
    match, clip = np.array(["m", "m", "n", "n"]), np.array(["a", "b", "c", "c"])
    with pytest.raises(OptionError, match="more than one clip"):
        build("match-aware", classes, {"match": match, "clip": clip}, p=2, k=1, seed=0)
    with pytest.raises(OptionError, match="1 persons have none"):
        build("match-aware", classes, {"match": match, "clip": np.array(["a", "a", "", ""])}, p=2, k=1, seed=0)


def test_hundred_thousand_persons_take_seconds() -> None:
    rng = np.random.default_rng(0)
    people = 100_000
    classes = np.repeat(np.arange(people), 3)
    clip = np.repeat(rng.integers(0, 8000, people), 3)
    levels = {"clip": clip.astype(str), "match": (clip // 8).astype(str), "league": (clip // 2000).astype(str)}
    for name in NAMES:
        begun = time.process_time()
        sampler: BatchSampler = build(name, classes, levels, p=16, k=4, seed=0)
        assert len(sampler) >= people // 16
        assert time.process_time() - begun < 20  # it takes one or two; a loop over rows or pairs would take minutes
