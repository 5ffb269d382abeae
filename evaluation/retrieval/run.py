"""What the command ``reid-evaluate`` does: features and a table of pictures to scores and a submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.evaluation.retrieval.evaluate import make_source, score
from reid_solve.evaluation.retrieval.files import read_features, read_table
from reid_solve.evaluation.retrieval.items import UNKNOWN, Items, pictures, sides
from reid_solve.evaluation.retrieval.layout import Layout
from reid_solve.evaluation.retrieval.position import (
    Placed,
    Position,
    check_apart,
    check_split,
    layout_to_learn,
    learn,
    places_of,
)
from reid_solve.evaluation.retrieval.protocols.registry import rules_of, submission_of
from reid_solve.evaluation.retrieval.ranks import Source
from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.evaluation.retrieval.scores import RANKS, Retrieval
from reid_solve.evaluation.retrieval.space import Floats, Rows
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import BoolArray, Note
from reid_solve.tracklets.write import atomically, check_place

SEVERAL = 2  # pictures of a person, of which each can support the other
LONELY = Note(
    "lonely-pictures",
    1,
    "the gallery has one picture of most people, so their neighbours are strangers: re-ranking mostly lowers mAP then",
    "warning",
)


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What came out.

    Attributes:
        result: the scores; None where the people are not known, and only a submission was written.
        facts: protocol, metric, sizes, seconds; and the submission, if there is one.
        ranks: the k of Rank-k that were asked for.
    """

    result: Retrieval | None
    facts: dict[str, Any]
    ranks: Sequence[int] = RANKS

    def to_dict(self) -> dict[str, Any]:
        """Scores in per cent, and facts."""
        return {**(self.result.to_dict(self.ranks) if self.result else {}), **self.facts}


def read_models(paths: Sequence[Path], table: Path | None) -> tuple[list[Floats], Any, str]:
    """Features of one model a file, the table of their rows, and its name.

    Raises:
        InputError: files that cannot be used or do not fit together.
        OptionError: no table anywhere.
    """
    read = [read_features(path) for path in paths]
    found, name = (read_table(table), str(table)) if table else (None, "")
    if found is None:
        found, name = next(((t, str(p)) for p, (_, t) in zip(paths, read, strict=True) if t is not None), (None, ""))
    if found is None:
        raise OptionError("features alone do not say whose they are; give --table with columns split, pid, camid, ...")
    for path, (features, _) in zip(paths, read, strict=True):
        if len(features) != found.num_rows:
            raise InputError(f"{path}: {len(features)} features for the {found.num_rows} rows of {name}; one a row")
    return [features for features, _ in read], found, name


def evaluate_table(
    models: Sequence[Floats],
    table: Any,
    source: str = "table",
    *,
    protocol: str = "market",
    metric: str = "cosine",
    rerank: Rerank | None = None,
    weights: Sequence[float] | None = None,
    position: str | None = None,
    ranks: Sequence[int] = RANKS,
    missing: str = "error",
    submission: Path | None = None,
) -> Evaluated:
    """Score features of pictures that a table describes.

    Args:
        models: (n, D) features of every row; several for an ensemble.
        table: pa.Table with split (query, gallery; others are not looked at), pid, and what the protocol needs of
            camid, action, id, path.
        source: its name, for messages.
        protocol: market, soccernet, deepsportradar.
        metric, rerank, weights, missing: see ``evaluate``.
        rerank: see ``metric``.
        weights: see ``metric``.
        position: split to learn from what position is worth, which then counts beside the features, see ``position``;
            None: it does not count. The table has clip, time, x, y and height then.
        ranks: the k of Rank-k.
        missing: see ``metric``.
        submission: file to write for the protocol's challenge.

    Raises:
        InputError: the table does not say what is needed, or the features cannot be compared.
        OptionError: an option that does not exist or does not fit.
        OutputError: the submission cannot be written.
    """
    start = perf_counter()
    rules = rules_of(protocol)
    writer = None if submission is None else submission_of(protocol, submission)
    if submission is not None:
        check_place(submission)
    if position is not None:
        check_split(position, rerank is not None)
    query, everything = sides(table, source)
    gallery = rules.gallery(everything)
    people = all(_known(side).all() for side in (query, gallery))
    if writer is None and query.pid is not None and not any(_known(side).any() for side in (query, gallery)):
        raise InputError(f"{source}: the people are not told, so there are no scores; --submission writes the rankings")
    labels = rules.labels(query, gallery, people or writer is None)
    layout = labels.layout()
    pairs = [(Rows(features, query.row), Rows(features, gallery.row)) for features in models]
    distances, learnt = make_source(layout, pairs, metric, rerank, weights), None
    if position is not None:
        others = pictures(table, source, position)
        distances, learnt = _placed(distances, layout, table, (query, gallery), others, models, metric, weights)
    result = score(distances, layout, labels, missing) if people else None
    if result is not None and rerank is not None and float(np.median(result.positives[result.answered])) < SEVERAL:
        result = replace(result, notes=(*result.notes, LONELY))
    if writer is not None and submission is not None:
        atomically(submission, lambda stream: writer.write(stream, distances, layout, query, gallery))
    facts = {
        "protocol": protocol,
        "metric": metric,
        "rerank": None if rerank is None else {"k1": rerank.k1, "k2": rerank.k2, "lambda": rerank.weight},
        "position": None if learnt is None else {"split": position, **learnt.to_dict()},
        "models": len(models),
        "query_pictures": len(query),
        "gallery_pictures": len(gallery),
        "submission": None if submission is None else str(submission),
        "seconds": perf_counter() - start,
    }
    return Evaluated(result, facts, ranks)


def _placed(
    source: Source, layout: Layout, table: Any, scored: tuple[Items, Items], others: Items, models: Sequence[Floats],
    metric: str, weights: Sequence[float] | None,
) -> tuple[Source, Position]:  # fmt: skip
    """Distances with what position says, learnt from other pictures; and what was learnt."""
    name = others.source
    if others.pid is None:
        others.need("pid", "position is learnt from known people")
    here = places_of(table, name, np.concatenate([side.row for side in scored]))
    known = others.take(_known(others))
    there = places_of(table, name, known.row)
    check_apart(there, here)
    among = layout_to_learn(there)
    rows = [(Rows(features, known.row), Rows(features, known.row)) for features in models]
    learnt = learn(make_source(among, rows, metric, weights=weights), among, there, known.need("pid", "it is known"))
    return Placed(source, layout, here.take(layout.order), learnt), learnt


def validate(path: Path, protocol: str, table: Any = None, source: str = "table") -> dict[str, Any]:
    """Check a submission; against the pictures of a table where one is given.

    Args:
        path: of the submission.
        protocol: whose challenge it is for.
        table: pa.Table as for ``evaluate_table``; None checks only what the file says by itself.
        source: the table's name, for messages.

    Raises:
        InputError: one line that names the first wrong place.
        OptionError: the protocol has no submissions.
    """
    checker = submission_of(protocol, path)
    wanted = None if table is None else sides(table, source)
    return {"valid": str(path), "protocol": protocol, **checker.validate(path, wanted)}


def _known(items: Items) -> BoolArray:
    """Of which pictures the people are told, (n,)."""
    return np.zeros(len(items), np.bool_) if items.pid is None else items.pid != UNKNOWN
