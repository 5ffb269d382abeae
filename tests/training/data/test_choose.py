"""Which boxes of a track become pictures, and who is held out: the recipe, for any track."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_solve.training.data.choose import APART, cut, held_out, pick


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=60, unique=True), st.sampled_from([5.0, 25.0]))
def test_queries_and_gallery_are_apart(frames: list[int], fps: float) -> None:
    frame = np.array(sorted(frames))
    before, after = cut(frame, fps)
    assert not (before & after).any()
    if before.any() and after.any():
        assert frame[after].min() - frame[before].max() >= APART * fps
    else:
        assert frame[-1] - frame[0] < 2 * APART * fps or np.diff(frame).max() < APART * fps


def test_an_absence_is_where_a_track_is_cut() -> None:
    frame = np.concatenate([np.arange(100), np.arange(400, 420)])
    before, after = cut(frame, 25)
    assert frame[before].max() == 99
    assert frame[after].min() == 400


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=4), st.integers(0, 9))
def test_parts_of_tracks_follow_the_recipe(lengths: list[int], seed: int) -> None:
    person = np.repeat(np.arange(len(lengths)), lengths)
    frame = np.concatenate([np.arange(length) for length in lengths])
    picks = pick(person, frame, 25, False, np.random.default_rng(seed))
    for number, length in enumerate(lengths):
        parts = min(8, max(4, round(length / 100)), length)
        chosen = np.sort(frame[picks.row[person[picks.row] == number]])
        assert len(chosen) == parts
        edges = np.linspace(0, length, parts + 1).astype(int)
        assert ((chosen >= edges[:-1]) & (chosen < edges[1:])).all()


@given(st.lists(st.integers(1, 30), min_size=2, max_size=40), st.integers(0, 5))
def test_about_the_share_is_held_out_and_never_everything(people: list[int], seed: int) -> None:
    match = [f"m{number // 2}" for number in range(len(people))]
    if len(set(match)) < 2:
        return
    out = held_out(match, people, 0.1, seed)
    assert 1 <= len(out) < len(set(match))
    got = sum(n for m, n in zip(match, people, strict=True) if m in out)
    assert got <= 0.2 * sum(people) or len(out) == 1
