"""A training's material from a set of labelled pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.retrieval.evaluate import evaluate
from reid_solve.tracklets.errors import InputError, ReidSolveError
from reid_solve.training.data.reidset import ReidSet, open_set
from reid_solve.training.loop.config import Config
from reid_solve.training.loop.material import Files, FloatRows, HeldOut, Material, enough, key_of
from reid_solve.training.samplers.registry import build

SCORES = ("mAP", "mINP", "Rank-1", "Rank-5")  # the first chooses the best network


def material_of(config: Config) -> Material:
    """Pictures of the set that a configuration names: its part train to learn from, query and gallery to score.

    Raises:
        ReidSolveError: no such set, nobody to learn from, or a sampler that cannot be satisfied.
    """
    found = open_set(config.data.kind, config.data.root)
    part = found.part("train")
    part = part.take(np.flatnonzero(part.pid >= 0))
    classes = part.numbers()
    enough(classes, config.data.root)
    wanted, place = config.sampler, f"{config.source}: [sampler]"
    try:
        batches = build(
            wanted.name, classes, part.levels, p=wanted.p, k=wanted.k, seed=config.train.seed, **wanted.options
        )
    except ReidSolveError as error:
        raise type(error)(f"{place} {error}") from error
    names = [str(path) for path in part.table["path"].to_pylist()]
    held = held_out(found)
    if held is not None and config.train.evaluate_every:
        try:  # before the training, and not at its first evaluation
            held.scores(np.ones((held.count, 1), np.float32))
        except InputError as error:
            raise InputError(
                f"{config.data.root}: nobody of its query can be found in its gallery; mend them, or set [train] "
                "evaluate_every = 0"
            ) from error
    return Material(
        classes,
        Files(tuple(part.paths())),
        batches,
        key_of(classes, names),
        held,
        {"set": found.name, "people": len(np.unique(classes)), "pictures": len(classes)},
        found.notes,
    )


def held_out(found: ReidSet) -> HeldOut | None:
    """A set's query and gallery, scored by `evaluation.retrieval`; None where it has none, or who it is is a secret."""
    if not {"query", "gallery"} <= set(found.splits):
        return None
    query, gallery = found.part("query"), found.part("gallery")
    query = query.take(np.flatnonzero(query.pid >= 0))
    if not len(query):
        return None
    files = Files((*query.paths(), *gallery.paths()))
    return HeldOut(len(query) + len(gallery), files, Protocol(query, gallery), SCORES)


@dataclass(frozen=True)
class Protocol:
    """Scores of a query and a gallery in per cent.

    Where the set knows actions, a query is ranked within its action (SoccerNet), and cameras mean nothing; elsewhere a
    person's pictures by the query's own camera do not count (Market-1501). Queries that nobody could answer are left
    out.
    """

    query: ReidSet
    gallery: ReidSet

    def __call__(self, vectors: FloatRows) -> Mapping[str, float]:
        """From unit vectors of the query's pictures and then the gallery's, (Q + G, D)."""
        count, sides, vectors = len(self.query), (self.query, self.gallery), with_direction(vectors)
        actions = all("action" in side.levels for side in sides)
        groups = (sides[0].levels["action"], sides[1].levels["action"]) if actions else None
        query_cams, gallery_cams = (None, None) if actions else (sides[0].camid, sides[1].camid)
        found = evaluate(
            vectors[:count], vectors[count:], sides[0].pid, sides[1].pid, query_cams, gallery_cams, groups,
            missing="skip",
        ).to_dict()  # fmt: skip
        return {name: found[name] for name in SCORES}


def with_direction(vectors: FloatRows) -> FloatRows:
    """Vectors (n, D) of which some may be 0, as a network's are whose last units have died: those get a direction of
    their own, the same for all of them and at right angles to everybody else's. Others stay as they are.
    """
    lost = ~vectors.any(axis=1)
    return np.column_stack([vectors, lost.astype(vectors.dtype)]) if lost.any() else vectors
