"""Batches of people who are together, with crops of each that lie apart."""

from __future__ import annotations

import numpy as np
import pytest

from reid_solve.training.loop.config import Sampler
from reid_solve.training.self_supervised.moments import Moments
from reid_solve.training.self_supervised.pieces import Pieces


@pytest.fixture
def pieces() -> Pieces:
    """Forty pieces of 100 frames, one beginning every 10 frames: ten at a time."""
    span = np.array([[10 * k, 10 * k + 99] for k in range(40)])
    frame = np.concatenate([np.arange(first, last + 1, 5) for first, last in span])
    return Pieces(np.arange(len(frame)), frame, np.repeat(np.arange(40), 20), span)


def test_a_moment_is_of_people_who_were_seen_together(pieces: Pieces) -> None:
    together = pieces.together()
    for batch in Moments(pieces, Sampler(p=8, k=4), 3):
        who = np.unique(pieces.piece[batch])
        assert 1 <= len(who) <= 8
        assert len(batch) == 4 * len(who)
        assert (together[np.ix_(who, who)] | np.eye(len(who), dtype=bool)).all()


def test_several_moments_share_a_batch(pieces: Pieces) -> None:
    sizes, apart = [], 0
    for batch in Moments(pieces, Sampler(p=12, k=2, options={"moments": 3}), 3):
        who = np.unique(pieces.piece[batch])
        assert len(batch) == 2 * len(who)
        sizes.append(len(who))
        apart += int((~pieces.together()[np.ix_(who, who)]).sum() > len(who))
    assert max(sizes) == 12
    assert apart > len(sizes) / 2


def test_crops_of_a_piece_lie_apart(pieces: Pieces) -> None:
    for batch in Moments(pieces, Sampler(p=8, k=4), 3):
        parts = (np.array(batch) % 20 // 5).reshape(-1, 4)
        assert (parts == [0, 1, 2, 3]).all()


def test_a_piece_with_few_crops_repeats_some() -> None:
    few = Pieces(np.arange(4), np.array([0, 5, 0, 5]), np.array([0, 0, 1, 1]), np.array([[0, 5], [0, 5]]))
    (batch,) = Moments(few, Sampler(p=8, k=4), 0)
    assert sorted(batch) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_same_epoch_is_the_same_and_another_is_not(pieces: Pieces) -> None:
    one, other = Moments(pieces, Sampler(p=8, k=4), 3), Moments(pieces, Sampler(p=8, k=4), 3)
    assert list(one) == list(other)
    assert len(list(one)) == len(one)
    other.set_epoch(1)
    assert list(one) != list(other)


def test_of_a_crowd_everybody_is_asked(pieces: Pieces) -> None:
    """Twelve who are always there, four at a time."""
    span, frame = np.tile([0, 99], (12, 1)), np.tile(np.arange(0, 100, 5), 12)
    crowd = Pieces(np.arange(240), frame, np.repeat(np.arange(12), 20), span)
    seen = [len(np.unique(crowd.piece[batch])) for batch in Moments(crowd, Sampler(p=4, k=2), 0)]
    assert set(seen) == {4}
    assert len(np.unique([crowd.piece[row] for batch in Moments(crowd, Sampler(p=4, k=2), 0) for row in batch])) == 12


def test_everybody_has_a_turn(pieces: Pieces) -> None:
    sampler, seen = Moments(pieces, Sampler(p=8, k=4), 3), set()
    for epoch in range(5):
        sampler.set_epoch(epoch)
        seen |= {row for batch in sampler for row in batch}
    assert len(seen) > 0.9 * len(pieces.rows)
