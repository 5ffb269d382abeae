"""What is taken for known: one person in a piece, two people in pieces that share a frame, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from tests.clips import SIZE, clip

from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.video import Video
from reid_solve.training.self_supervised.pieces import Pieces, find

FILM = Video(Path("none.mp4"), *SIZE, Fraction(25), 1000)


def two(frames: int, apart: np.ndarray) -> Tracks:
    """A person who stands, and one so many pixels to the right of him in each frame."""
    frame = np.tile(np.arange(1, frames + 1), 2)
    who = np.repeat([1, 2], frames)
    return clip(frame, who, np.where(who == 1, 500.0, 500 + np.tile(apart, 2)))


def ids(tracks: Tracks, pieces: Pieces) -> list[set[object]]:
    names = np.array(tracks.canonical["track_id"].to_pylist())
    return [set(names[pieces.rows[pieces.piece == k]].tolist()) for k in range(len(pieces))]


def test_people_who_stay_apart_are_a_piece_each_and_known_to_be_two() -> None:
    tracks = two(100, np.full(100, 300.0))
    found = find(tracks, FILM)
    assert sorted(map(tuple, ids(tracks, found))) == [(1,), (2,)]
    assert found.together().tolist() == [[False, True], [True, False]]
    assert (np.diff(found.frame[found.piece == 0]) == 5).all()  # five a second of 25 frames


def test_a_crossing_parts_what_was_before_from_what_comes_after() -> None:
    """Whoever comes out of it may be the other one: the pieces of one track are neither one person nor two."""
    apart = np.abs(np.linspace(-300, 300, 150))
    tracks = two(150, apart)
    found = find(tracks, FILM)
    assert len(found) == 4
    close = np.flatnonzero(apart < 40 * (1 - 0.2) / 1.2 - 2) + 1
    assert not set(found.frame.tolist()) & set(close.tolist())
    early = found.span[:, 1] < 75
    assert sorted(early.tolist()) == [False, False, True, True]
    assert not found.together()[np.ix_(early, ~early)].any()
    assert found.together()[np.ix_(early, early)].sum() == 2


def test_a_hole_and_a_jump_part_a_track() -> None:
    frame = np.concatenate([np.arange(1, 51), np.arange(60, 111)])
    assert len(find(clip(frame, np.ones(len(frame)), 500.0), FILM)) == 2
    x = np.where(np.arange(1, 102) < 51, 500.0, 700.0)  # two body heights in a frame
    assert len(find(clip(np.arange(1, 102), np.ones(101), x), FILM)) == 2
    assert (
        len(find(clip(np.arange(1, 102), np.ones(101), np.linspace(500, 1300, 101)), FILM)) == 1
    )  # 2 heights a second


def test_a_camera_cut_parts_a_track_that_goes_on_over_it() -> None:
    """Ten people are replaced by ten others, and a tracker carries on with the one who stands where somebody stood."""
    frame = np.concatenate([np.tile(np.arange(1, 51), 10), np.tile(np.arange(51, 101), 10)])
    place = np.repeat(np.arange(20), 50)
    x = np.where(place < 10, 100.0 + 110 * place, 155.0 + 110 * (place - 10))
    x[place == 10] = 100.0
    tracks = clip(frame, np.where(place == 10, 0, place), x)
    found = find(tracks, FILM)
    assert len(found) == 20
    assert (found.span[:, 1] <= 50).sum() == (found.span[:, 0] > 50).sum() == 10


def test_short_pieces_and_hidden_people_are_left_out() -> None:
    assert len(find(clip(np.arange(1, 11), np.ones(10), 500.0), FILM)) == 0
    assert len(find(two(100, np.full(100, 10.0)), FILM)) == 0
    frame, who = np.arange(1, 101), np.ones(100)
    assert len(find(clip(frame, who, 500.0, h=40.0), FILM)) == 1
    for unclear in clip(frame, who, -25.0), clip(frame, who, 500.0, h=20.0):  # mostly outside the picture; too small
        assert len(find(unclear, FILM)) == 0


def test_time_is_that_of_the_tracks_or_else_of_the_video() -> None:
    for fps, apart in (50.0, 10), (None, 5):
        found = find(clip(np.arange(1, 101), np.ones(100), 500.0, fps=fps), FILM)
        assert set(np.diff(found.frame)) == {apart}


def test_rows_in_another_order_are_the_same_pieces() -> None:
    tracks = two(150, np.abs(np.linspace(-300, 300, 150)))
    order = np.random.default_rng(1).permutation(len(tracks))
    turned = Tracks(tracks.canonical.take(order), tracks.source.take(order), tracks.clip)
    one, other = find(tracks, FILM), find(turned, FILM)
    assert (order[other.rows] == one.rows).all()
    assert (one.span == other.span).all()


def test_a_part_of_the_time_has_its_own_pieces() -> None:
    found = find(two(100, np.full(100, 300.0)), FILM)
    part = found.within(40, 60)
    assert part.span.tolist() == [[40, 60], [40, 60]]
    assert part.frame.min() >= 40
    assert part.frame.max() <= 60
    assert len(found.within(40, 42)) == 0  # no two crops


def test_of_a_long_recording_a_part_is_taken_that_is_spread_over_it() -> None:
    found = find(two(5000, np.full(5000, 300.0)), FILM)
    some = found.spread(400, 250)
    assert 300 <= len(some.rows) <= 400
    assert some.frame.min() < 250
    assert some.frame.max() > 4750
    assert (np.diff(some.span, axis=1) < 250).all()
    assert (some.frame >= some.span[some.piece, 0]).all()
    assert (some.frame <= some.span[some.piece, 1]).all()
    assert some.together().any(axis=1).all()
    assert found.spread(10**6, 250) is found
