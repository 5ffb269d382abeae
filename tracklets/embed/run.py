"""A video and its tracks in, a sidecar of embeddings out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reid_solve.tracklets import arrays
from reid_solve.tracklets.crops import PER_TRACKLET, crops, every, quality, sample, tracklet
from reid_solve.tracklets.embed.cache import Arrays, Cache, fingerprint
from reid_solve.tracklets.embed.pipeline import Chunk, run
from reid_solve.tracklets.embed.plan import Plan, make_plan
from reid_solve.tracklets.embed.registry import Embedder, Settings, Vectors, embedder
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import FloatArray, IntArray, Note, Tracks
from reid_solve.tracklets.video import Video, first_frame, probe
from reid_solve.tracklets.write import atomically

DENSE = 12.5  # crops a second; see docs/embed.md
MANY = 20_000  # crops; half a minute of a small network on a processor
SECONDS = 0.5  # see docs/embed.md: what cutting at switches needs
KEY = b"reid_solve"


@dataclass(frozen=True)
class Embedded:
    """Embeddings of some rows.

    Attributes:
        tracks: the table.
        rows: (m,) rows embedded, ascending by frame.
        vectors: (m, D).
        quality: (m,) share of the crop that is the person, see ``crops.quality``.
        sharpness: (m,) variance of the Laplacian of the crop.
        summary: what was done, for people and programs.
        notes: what was left out.
    """

    tracks: Tracks
    rows: IntArray
    vectors: Vectors
    quality: FloatArray
    sharpness: FloatArray
    summary: dict[str, Any]
    notes: tuple[Note, ...]

    def table(self) -> Any:
        """As a table that ``read_embeddings`` reads: frame, track_id, (sequence,) embedding, quality, sharpness."""
        at = arrays.column(self.rows)
        names = ["frame", "track_id", *(["sequence"] if "sequence" in self.tracks else [])]
        columns = {name: arrays.whole(self.tracks.canonical[name]).take(at) for name in names}
        flat = arrays.column(np.ascontiguousarray(self.vectors, np.float32).reshape(-1))
        columns["embedding"] = pa.FixedSizeListArray.from_arrays(flat, self.vectors.shape[1])
        columns["quality"] = arrays.column(self.quality.astype(np.float32))
        columns["sharpness"] = arrays.column(self.sharpness.astype(np.float32))
        about = {"embeddings": {k: v for k, v in self.summary.items() if k not in {"seconds", "cached"}}}
        return pa.table(columns).replace_schema_metadata({KEY: json.dumps(about).encode()})

    def write(self, path: Path) -> None:
        """Write the table as parquet, whole or not at all."""
        atomically(
            path, lambda stream: pq.write_table(self.table(), stream, compression="zstd", write_page_checksum=True)
        )


def embed(tracks: Tracks, video: Path, backend: str | Embedder = "color", *, per_tracklet: int | None = None,
          seconds: float | None = SECONDS, step: int | None = None, settings: Settings | None = None,
          cache: Path | None = None, first: int | None = None) -> Embedded:  # fmt: skip
    """Embed crops of every tracklet.

    Args:
        tracks: boxes with ids of one recording.
        video: the pictures they are of.
        backend: a specification, see ``registry.embedder``, or an embedder.
        per_tracklet: crops of a tracklet, spread over its time; more where ``seconds`` asks for it. By default a clip
            that is short enough for it (``MANY``) is embedded ``DENSE`` times a second, any other by 16.
        seconds: longest time of a tracklet without a crop; None for no such rule.
        step: all detections of every ``step``-th frame, instead of a sample.
        settings: how to run the model.
        cache: folder that keeps what was embedded; None keeps nothing.
        first: number that the table gives to the video's first frame; else as its format says.

    Raises:
        InputError: tracks, video and model do not fit together, or cannot be read.
        OptionError: no such backend or device.
    """
    start = perf_counter()
    film = probe(video)
    model = embedder(backend, settings) if isinstance(backend, str) else backend
    recordings = int(tracks.sequence.max(initial=-1)) + 1
    if recordings > 1:
        raise InputError(f"{tracks.clip.source}: holds {recordings} recordings, {video} is one; embed each on its own")
    if step is None and per_tracklet is None:
        dense = max(round(film.fps / DENSE), 1)
        step = dense if len(every(tracks, film, dense)) <= MANY else None
    per_tracklet = per_tracklet or PER_TRACKLET
    rows = sample(tracks, film, per_tracklet, seconds) if step is None else every(tracks, film, step)
    if not len(rows):
        raise InputError(f"{tracks.clip.source}: no box with an id lies in the picture of {video}; nothing to embed")
    plan = make_plan(tracks, film, rows, twins=step is None)
    store = Cache(cache)
    parts, remembered = _parts(tracks, film, model, plan, store, first_frame(tracks) if first is None else first)
    chosen, sharp, vectors = (np.concatenate([getattr(p, n) for p in parts]) for n in ("row", "sharp", "vector"))
    notes = [] if store.refused is None else [Note("not-cached", 1, f"nothing was cached: {store.refused}", "warning")]
    if len(chosen) < len(rows):
        lost = len(rows) - len(chosen)
        text = f"{video}: has not the frames of {lost} of the {len(rows)} boxes chosen; left out"
        notes.append(Note("boxes-beyond-video", lost, text, "warning"))
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        lost = int((~finite).sum())
        text = f"{model.name}: {lost} of {len(vectors)} embeddings are not finite; left out"
        notes.append(Note("broken-embeddings", lost, text, "warning"))
    if not finite.any():
        raise InputError(
            f"{model.name}: gives no finite number for any crop; is the file whole? (--device cpu is exact)"
        )
    chosen, sharp, vectors = chosen[finite], sharp[finite], vectors[finite]
    order = np.lexsort((chosen, tracks.frame[chosen]))
    summary = {
        **_counts(tracks, chosen),
        "backend": model.name,
        "dims": int(vectors.shape[1]),
        "per_tracklet": per_tracklet if step is None else None,
        "seconds_between": seconds if step is None else None,
        "step": step,
        "cached": remembered,
        "seconds": perf_counter() - start,
    }
    good = quality(tracks, film)[chosen]
    return Embedded(tracks, chosen[order], vectors[order], good[order], sharp[order], summary, tuple(notes))


def _parts(
    tracks: Tracks, film: Video, model: Embedder, plan: Plan, store: Cache, base: int
) -> tuple[list[Chunk], int]:
    """All chunks of a plan, and how many crops of them were remembered."""
    asked = f"embeddings 1; first frame {base}; {fingerprint(film.path)}; {model.key}"
    keys = [plan.key(chunk, tracks, asked) for chunk in range(plan.chunks)]
    parts = [_remembered(store.get(key), plan.rows_of(chunk), chunk) for chunk, key in enumerate(keys)]
    done = [part for part in parts if part is not None]
    wanted = [chunk for chunk, part in enumerate(parts) if part is None]
    fresh = []
    if wanted:
        seen = crops(film, tracks, plan.rows_of(*wanted), base)
        model.load()
        for part in run(plan, wanted, seen, model):
            candidates = plan.rows_of(part.number)
            order = np.argsort(candidates)
            at = order[np.searchsorted(candidates, part.row, sorter=order)]
            store.put(keys[part.number], {"at": at, "sharp": part.sharp, "vector": part.vector})
            fresh.append(part)
        store.prune()
    some = [part for part in (*done, *fresh) if len(part.row)]
    if not some:
        raise InputError(
            f"{film.path}: has none of the frames of {tracks.clip.source}; give the video that belongs to it"
        )
    return some, sum(len(part.row) for part in done)


def _remembered(kept: Arrays | None, candidates: IntArray, number: int) -> Chunk | None:
    """A cache entry as a chunk; None where there is none, or it is not what it should be."""
    if kept is None or set(kept) != {"at", "sharp", "vector"}:
        return None
    at, sharp, vector = kept["at"], kept["sharp"], kept["vector"]
    if at.ndim != 1 or vector.ndim != 2 or not len(at) == len(sharp) == len(vector) or at.dtype != np.int64:
        return None
    if len(at) and not 0 <= at.min() <= at.max() < len(candidates):
        return None
    return Chunk(number, candidates[at], sharp, vector)


def _counts(tracks: Tracks, rows: IntArray) -> dict[str, Any]:
    """How many crops there are, of how many tracklets, and how many of one."""
    node = tracklet(tracks)
    seen = np.unique(node[rows], return_counts=True)[1]
    return {
        "crops": len(rows),
        "tracklets": len(np.unique(node[node >= 0])),
        "tracklets_seen": len(seen),
        "crops_per_tracklet": float(np.median(seen)),
    }
