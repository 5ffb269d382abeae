"""Scores without labels against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from reid_solve.training.self_supervised.check import Ranking
from reid_solve.training.self_supervised.pieces import Pieces

FPS = 25.0


def drawn(seed: int) -> Pieces:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 200, 9)
    span = np.column_stack([first, first + rng.integers(20, 120, 9)])
    frame = [np.arange(low, high + 1, 6) for low, high in span]
    piece = np.repeat(np.arange(9), [len(of) for of in frame])
    return Pieces(np.arange(len(piece)), np.concatenate(frame), piece, span)


@pytest.mark.parametrize("seed", range(4))
def test_the_scores_are_those_of_a_loop(seed: int) -> None:
    pieces = drawn(seed)
    vectors = np.random.default_rng(seed).normal(size=(len(pieces.rows), 4)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    precision, area = [], []
    for i, own in enumerate(pieces.piece):
        frames = set(range(pieces.span[own, 0], pieces.span[own, 1] + 1))
        met = [k for k, (a, b) in enumerate(pieces.span) if k != own and frames & set(range(a, b + 1))]
        mine = [j for j in np.flatnonzero(pieces.piece == own) if abs(pieces.frame[i] - pieces.frame[j]) >= FPS]
        others = [j for j, k in enumerate(pieces.piece) if k in met]
        if not mine or not others:
            continue
        ranked = sorted([*mine, *others], key=lambda j: -float(unit[i] @ unit[j]))
        hits = [n for n, j in enumerate(ranked, 1) if j in mine]
        precision.append(np.mean([k / n for k, n in enumerate(hits, 1)]))
        area.append(np.mean([unit[i] @ unit[a] > unit[i] @ unit[b] for a in mine for b in others]))
    found = Ranking.of(pieces, FPS)(vectors)
    assert found["mAP"] == pytest.approx(100 * np.mean(precision), abs=1e-4)
    assert found["AUC"] == pytest.approx(100 * np.mean(area), abs=1e-4)
    assert len(Ranking.of(pieces, FPS).asking) == len(precision)


def test_the_perfect_and_the_blind() -> None:
    pieces = drawn(1)
    ranking = Ranking.of(pieces, FPS)
    assert ranking(np.eye(9, dtype=np.float32)[pieces.piece]) == {"mAP": 100, "AUC": 100}
    blind = ranking(np.ones((len(pieces.rows), 3), np.float32))  # ties are no merit
    assert blind["AUC"] == 0
    assert blind["mAP"] < 50


def test_a_gain_is_counted_by_pieces() -> None:
    pieces = drawn(2)
    ranking = Ranking.of(pieces, FPS)
    best = np.eye(9, dtype=np.float32)[pieces.piece]
    noise = np.random.default_rng(0).normal(size=(len(pieces.rows), 9)).astype(np.float32)
    gain, error = ranking.gain(noise, best)
    before = ranking.each(noise)[0]
    asking = pieces.piece[ranking.asking]
    rises = [1 - before[asking == k].mean() for k in np.unique(asking)]
    assert gain == pytest.approx(np.mean(rises))
    assert error == pytest.approx(np.std(rises, ddof=1) / len(rises) ** 0.5)
    assert ranking.gain(best, best) == (0, 0)
