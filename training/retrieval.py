"""Retrieval scores of files of features, or of a folder of pictures and a backend that embeds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.evaluation.retrieval.files import read_table
from reid_solve.evaluation.retrieval.position import check_split, places_of
from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.evaluation.retrieval.run import Evaluated, evaluate_table, read_models, validate
from reid_solve.evaluation.retrieval.scores import RANKS
from reid_solve.tracklets.embed.registry import Embedder, Settings, Vectors, embedder
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.training.data.images import read_picture
from reid_solve.training.data.reidset import ReidSet, open_set

READERS = 4  # threads that decode pictures
LAYOUT, BACKEND = "market", ("color",)  # of a folder, where nothing is said
OF_LAYOUT = {"soccernet": "soccernet", "deepsport": "deepsportradar"}  # protocols; all others: market


def reid_evaluate(
    sources: Sequence[Path],
    *,
    table: Path | None = None,
    layout: str = LAYOUT,
    backend: Sequence[str] = BACKEND,
    device: str = "auto",
    protocol: str | None = None,
    metric: str = "cosine",
    rerank: tuple[int, int, float] | None = None,
    weights: Sequence[float] | None = None,
    position: str | None = None,
    ranks: Sequence[int] = RANKS,
    skip_unanswerable: bool = False,
    submission: Path | None = None,
) -> Evaluated:
    """Score one model or an ensemble.

    Args:
        sources: files of features, one a model; or one folder of pictures.
        table: pictures of the rows of the files; see ``evaluation.retrieval.run.evaluate_table``.
        layout: of the folder, see ``training.data.reidset.open_set``.
        backend: what embeds the folder's pictures, see ``tracklets.embed.registry.embedder``; several for an ensemble.
        device: where a backend runs.
        protocol: market, soccernet, deepsportradar; None: as the layout goes, market for files.
        metric, weights, ranks, submission: see ``evaluate_table``.
        rerank: k1, k2, λ; None: no re-ranking.
        weights: see ``metric``.
        position: split to learn from what position is worth beside the features; see ``evaluate_table``.
        ranks: see ``metric``.
        skip_unanswerable: leave queries without a picture to find out of the scores, instead of refusing them.
        submission: see ``metric``.

    Raises:
        InputError: files or pictures that cannot be used.
        OptionError: options that do not exist or do not fit.
        OutputError: the submission cannot be written.
    """
    settings = None if rerank is None else Rerank(*rerank)
    found = _set_of(sources, table, layout)
    if position is not None:
        check_split(position, rerank is not None)
    if found is None:
        if sources[0].is_file() and (layout != LAYOUT or tuple(backend) != BACKEND):
            raise OptionError(f"{sources[0]}: --layout and --backend are for a folder of pictures; leave them out")
        models, pictures, source = read_models(sources, table)
    else:
        found = found.part("query", "gallery", *([] if position is None else [position]))
        if position is not None:
            places_of(found.table, str(found.root), np.arange(len(found)))  # before pictures are embedded for nothing
        made = [embedder(spec, Settings(device)) for spec in backend]
        models = [embed_pictures(found.paths(), model) for model in made]
        pictures, source = found.table, str(found.root)
    return evaluate_table(
        models,
        pictures,
        source,
        protocol=protocol or _protocol(found, layout),
        metric=metric,
        rerank=settings,
        weights=weights,
        position=position,
        ranks=ranks,
        missing="skip" if skip_unanswerable else "error",
        submission=submission,
    )


def check_submission(
    path: Path, sources: Sequence[Path], table: Path | None = None, layout: str = "market", protocol: str | None = None
) -> dict[str, Any]:
    """Check a submission: by itself, or against the pictures of a table or of a folder.

    Raises:
        InputError: one line that names the first wrong place.
        OptionError: the protocol has no submissions.
    """
    found = _set_of(sources, table, layout)
    name = protocol or _protocol(found, layout)
    if found is not None:
        return validate(path, name, found.part("query", "gallery").table, str(found.root))
    if sources:
        raise OptionError(f"{sources[0]}: --validate needs no features; give --table or the folder of the set")
    return validate(path, name, None if table is None else read_table(table), str(table))


def embed_pictures(paths: Sequence[Path], model: Embedder) -> Vectors:
    """Embed picture files, (n, D), in their order.

    Args:
        paths: of the pictures.
        model: a backend of ``embed``.

    Raises:
        InputError: a file that is no picture, or a model that gives numbers that are not finite.
    """

    def embed(crops: list[npt.NDArray[np.uint8]]) -> Vectors:
        return model.embed(model.prepare(crops))

    model.load()
    parts: list[Vectors] = []
    with ThreadPoolExecutor(READERS) as readers, ThreadPoolExecutor(max(model.workers, 1)) as workers:
        running = []
        for batch in _batches(paths, max(model.batch, 1)):
            running.append(workers.submit(embed, list(readers.map(read_picture, batch))))
            if len(running) > 2 * max(model.workers, 1):  # pictures wait in memory no longer than needed
                parts.append(running.pop(0).result())
        parts += [job.result() for job in running]
    vectors = np.concatenate(parts)
    bad = ~np.isfinite(vectors).all(axis=1)
    if bad.any():
        raise InputError(f"{paths[int(np.argmax(bad))]}: {model.name} gives no finite numbers; is the file whole?")
    return vectors


def _set_of(sources: Sequence[Path], table: Path | None, layout: str) -> ReidSet | None:
    """The set of pictures, where a folder is given."""
    folders = [path for path in sources if path.is_dir()]
    if not folders:
        return None
    if len(sources) > 1:
        raise OptionError(f"{folders[0]}: is a folder of pictures; give it alone, and --backend for each model")
    if table is not None:
        raise OptionError(f"{table}: a folder of pictures says itself what is in it; leave --table out")
    return open_set(layout, folders[0])


def _protocol(found: ReidSet | None, layout: str) -> str:
    return "market" if found is None else OF_LAYOUT.get(layout.partition(":")[0], "market")


def _batches(paths: Sequence[Path], size: int) -> Iterator[list[Path]]:
    left = iter(paths)
    while batch := list(islice(left, size)):
        yield batch
