"""Features, people and cameras in, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reid_solve.evaluation.retrieval.layout import PAIRS, Layout, make_layout
from reid_solve.evaluation.retrieval.ranks import Direct, Source, positive_ranks
from reid_solve.evaluation.retrieval.rerank import Rerank, Reranked
from reid_solve.evaluation.retrieval.scores import Retrieval, scores
from reid_solve.evaluation.retrieval.space import Floats, Matrix, Space, Vectors, make_space
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import IntArray, Note

MISSING = ("error", "skip")
Names = npt.ArrayLike  # (n,) numbers or text


@dataclass(frozen=True, eq=False)
class Labels:
    """Who is on the pictures, and from where.

    Attributes:
        query, gallery: (Q,) and (G,) persons.
        gallery: see ``query``.
        cameras: (Q,) and (G,): a person's pictures by the query's own camera are taken out of its ranking; None
            takes none out.
        groups: (Q,) and (G,) numbers or names: queries are ranked within their group; None for one of all.
    """

    query: Names
    gallery: Names
    cameras: tuple[Names, Names] | None = None
    groups: tuple[Names, Names] | None = None

    def layout(self) -> Layout:
        """The order of places; InputError where the lengths do not fit."""
        for name, sides in (("cameras", self.cameras), ("groups", self.groups)):
            if sides is not None and [np.shape(s) for s in sides] != [np.shape(self.query), np.shape(self.gallery)]:
                raise InputError(f"{name} of shape {np.shape(sides[0])} and {np.shape(sides[1])} do not fit the ids")
        return make_layout(np.size(self.query), np.size(self.gallery), *(self.groups or (None, None)))


def evaluate(
    query_features: Floats | Sequence[Floats],
    gallery_features: Floats | Sequence[Floats],
    query_ids: Names,
    gallery_ids: Names,
    query_cams: Names | None = None,
    gallery_cams: Names | None = None,
    groups: tuple[Names, Names] | None = None,
    *,
    metric: str = "cosine",
    rerank: Rerank | None = None,
    weights: Sequence[float] | None = None,
    missing: str = "error",
    pairs: int = PAIRS,
) -> Retrieval:
    """Rank the gallery for every query and score the rankings.

    Args:
        query_features: (Q, D) float32 or float64; or a list of such, one a model, for an ensemble.
        gallery_features: (G, D), or a list of as many.
        query_ids, gallery_ids: (Q,), (G,) persons.
        gallery_ids: see ``query_ids``.
        query_cams, gallery_cams: (Q,), (G,) cameras; a person's pictures by the query's own camera are not ranked
            (Market-1501). None on both sides: all are.
        gallery_cams: see ``query_cams``.
        groups: (Q,) and (G,): rank within groups only (SoccerNet: actions).
        metric: ``cosine`` or ``euclidean``.
        rerank: settings of k-reciprocal re-ranking, done by group; None: none.
        weights: of the models of an ensemble.
        missing: a query without a picture to find is an ``error``, or ``skip``: left out of the scores, with a note.
        pairs: distances held at once.

    Raises:
        InputError: shapes that do not fit, features that cannot be compared, or a query without a picture to find.
        OptionError: an option that does not exist.
    """
    if (query_cams is None) != (gallery_cams is None):
        raise OptionError("cameras of one side only; give those of queries and gallery, or of neither")
    cameras = None if query_cams is None or gallery_cams is None else (query_cams, gallery_cams)
    labels = Labels(query_ids, gallery_ids, cameras, groups)
    layout = labels.layout()
    models = _models(query_features, gallery_features)
    for sides in models:
        if [len(side) for side in sides] != [np.size(query_ids), np.size(gallery_ids)]:
            text = f"features of {len(sides[0])} queries and {len(sides[1])} gallery pictures"
            raise InputError(f"{text}, but ids of {np.size(query_ids)} and {np.size(gallery_ids)}; give one a row")
    return score(make_source(layout, models, metric, rerank, weights, pairs), layout, labels, missing, pairs)


def evaluate_distances(distance: Floats, labels: Labels, *, missing: str = "error", pairs: int = PAIRS) -> Retrieval:
    """Score the rankings of distances that are there already.

    Args:
        distance: (Q, G), any finite numbers of which smaller is nearer.
        labels: people, cameras, groups.
        missing: see ``evaluate``.
        pairs: distances ranked at once.

    Raises:
        InputError: shapes that do not fit, numbers that are not finite, or a query without a picture to find.
    """
    layout = labels.layout()
    queries, gallery = np.size(labels.query), np.size(labels.gallery)
    if distance.shape != (queries, gallery) or not np.isfinite(distance).all():
        raise InputError(f"distances of shape {distance.shape} must be finite, and {(queries, gallery)} as the ids are")
    if distance.dtype.kind != "f":
        distance = distance.astype(np.float64)  # what is not ranked is put at infinity
    column = layout.order - queries
    space: Space = Matrix(distance, np.where(column < 0, layout.order, column))  # only queries x gallery is asked for
    return score(Direct(space, layout), layout, labels, missing, pairs)


def make_source(
    layout: Layout,
    models: Sequence[tuple[Vectors, Vectors]],
    metric: str = "cosine",
    rerank: Rerank | None = None,
    weights: Sequence[float] | None = None,
    pairs: int = PAIRS,
) -> Source:
    """Distances of queries to their gallery, by one model or several, re-ranked or not."""
    space = make_space(layout, models, metric, weights=weights, euclidean=rerank is not None)
    return Direct(space, layout) if rerank is None else Reranked(space, layout, rerank, pairs)


def score(source: Source, layout: Layout, labels: Labels, missing: str = "error", pairs: int = PAIRS) -> Retrieval:
    """Scores by query, in the order in which the queries were given; for the arguments see ``evaluate``."""
    if missing not in MISSING:
        raise OptionError(f"missing must be {' or '.join(MISSING)}, not {missing!r}")
    pid = _codes(labels.query, labels.gallery)[layout.order]
    camera = None if labels.cameras is None else _codes(*labels.cameras)[layout.order]
    query, rank = positive_ranks(source, layout, pid, camera, pairs)
    row = layout.row[query]
    order = np.argsort(row, kind="stable")
    done = scores(row[order], rank[order], layout.queries)
    lost = np.flatnonzero(~done.answered)
    if not len(lost):
        return done
    text = _unanswerable(lost, labels)
    if missing == "error" or len(lost) == layout.queries:
        raise InputError(f"{text}; leave them out of the queries (--skip-unanswerable does)")
    return replace(done, notes=(Note("unanswerable-queries", len(lost), f"{text}; in no score", "warning"),))


def _unanswerable(lost: IntArray, labels: Labels) -> str:
    where = "no picture of the person in the gallery"
    if labels.groups is not None:
        where += " of its group"
    if labels.cameras is not None:
        where += " by another camera"
    person = np.asarray(labels.query)[lost[0]]
    return f"{len(lost)} of {np.size(labels.query)} queries have {where}, the first is query {lost[0]}, person {person}"


def _codes(query: Names, gallery: Names) -> IntArray:
    """Numbers or names of both sides as numbers, (Q + G,)."""
    joined = np.concatenate([np.asarray(query).reshape(-1), np.asarray(gallery).reshape(-1)])
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _models(query: Floats | Sequence[Floats], gallery: Floats | Sequence[Floats]) -> list[tuple[Vectors, Vectors]]:
    """One pair of features a model."""
    one = isinstance(query, np.ndarray), isinstance(gallery, np.ndarray)
    if all(one):
        return [(np.asarray(query), np.asarray(gallery))]
    if any(one) or len(query) != len(gallery) or not len(query):
        raise OptionError("an ensemble needs as many arrays of query features as of gallery features")
    return [(np.asarray(q), np.asarray(g)) for q, g in zip(query, gallery, strict=True)]
