"""Filling short gaps inside an identity with interpolated boxes, as new rows after the old ones.

The way is interpolated in coordinates in which the camera stands still and is mapped back to the picture frame by
frame, so that a pan inside the gap is followed. ``linear`` goes straight; ``smooth`` is the cubic Hermite curve that
leaves and arrives with the velocities at both ends (de Boor 1978, chapter IV). Boxes that were seen are not touched,
unlike in Gaussian-smoothed interpolation (StrongSORT's GSI: Du et al. 2023), which moves them, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.camera import Camera, estimate_camera, reference_from_camera
from reid_solve.tracklets.columns import match
from reid_solve.tracklets.cuts import cut_between, cuts
from reid_solve.tracklets.describe import Tracklets
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray, Note, Tracks, counted

FILLS = ("linear", "smooth")
FILL_GAP_SECONDS = 1.0
MOST_FILLED = 1_000_000, 100  # rows that may be added: so many, or so many for each that is there
COLUMN = "interpolated"
CARRIED = ("sequence", "class_id", "class_name", "identity", "identity_score")  # what a new row is; the rest is unseen


@dataclass(frozen=True)
class Filled:
    """New rows of one recording: a row (m,) of ``tracks`` that each continues, its frame (m,) and box (m, 4)."""

    after: IntArray
    frame: IntArray
    boxes: FloatArray


def fill(tracks: Tracks, recordings: Sequence[Tracklets], how: str, gap: float = FILL_GAP_SECONDS) -> Tracks:
    """Add interpolated rows where an identity is unseen for a short while.

    Old rows stay as they are, in their order, with false in a new column ``interpolated``; new rows follow, sorted by
    sequence, frame and identity, with true there. They have a frame, a box, the score 0, and the sequence,
    class and identity of the row before the gap; all else is null, ``track_id`` too, because no tracker saw them. MOT
    text says the same with the identity as the id and a confidence of 0.

    Never across a camera cut, never where the identity has a row, never outside the picture.

    Args:
        tracks: rows with ``identity``.
        recordings: the same rows, described.
        how: "linear" or "smooth".
        gap: longest time without a row that is filled, in seconds.

    Raises:
        OptionError: an unknown ``how``, or a gap that is not positive.
    """
    check_fill(how, gap)
    identity = arrays.whole(tracks.canonical["identity"])
    who = np.where(arrays.present(identity), arrays.values(identity), -1)
    parts = [interpolate(tracklets, who, how, gap) for tracklets in recordings if len(tracklets)]
    nothing = Filled(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4)))
    parts = [nothing, *parts]
    after, frame, boxes = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("after", "frame", "boxes")
    )
    order = np.lexsort((who[after], frame, tracks.sequence[after]))
    return _append(tracks, Filled(after[order], frame[order], boxes[order]))


def check_fill(how: str | None, gap: float) -> None:
    """Refuse options of ``fill`` before the work begins; None is no filling.

    Raises:
        OptionError: see ``fill``.
    """
    if how is not None and how not in FILLS:
        raise OptionError(f"no way to fill called {how!r}; try one of: {', '.join(FILLS)}")
    if not gap > 0:
        raise OptionError(f"a gap of {gap:g} s cannot be filled; give a positive number of seconds")


def interpolate(tracklets: Tracklets, who: IntArray, how: str, gap: float) -> Filled:
    """Boxes for the short gaps of one recording; ``who`` is the identity of every row of the table, -1 for nobody."""
    still, camera = _standing_still(tracklets)
    own = who[tracklets.rows]
    order = np.lexsort((tracklets.frame, own))
    a, b = order[:-1], order[1:]
    missing = (tracklets.frame[b] - tracklets.frame[a] - 1) // tracklets.step
    short = tracklets.frame[b] - tracklets.frame[a] <= gap * tracklets.fps + tracklets.step
    good = (own[a] == own[b]) & (own[a] >= 0) & (missing > 0) & short & tracklets.usable[a] & tracklets.usable[b]
    good &= ~cut_between(cuts(tracklets), tracklets.frame[a], tracklets.frame[b])
    a, b, missing = a[good], b[good], missing[good]
    if missing.sum() > max(MOST_FILLED[0], MOST_FILLED[1] * len(own)):
        raise OptionError(
            f"{tracklets.tracks.clip.source}: {missing.sum():,} rows would be interpolated between {len(own):,}; "
            "fill shorter gaps (--fill-gap), or correct the frame rate (--fps)"
        )
    which = np.repeat(np.arange(len(a)), missing)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(missing) - missing, missing) + 1
    a, b = a[which], b[which]
    frame = tracklets.frame[a] + nth * tracklets.step
    boxes = _to_picture(still, camera, a, b, frame, how)
    inside = _centre_inside(boxes, tracklets.size)
    return Filled(tracklets.rows[a[inside]], frame[inside], boxes[inside])


def _standing_still(tracklets: Tracklets) -> tuple[Tracklets, Camera]:
    """The tracklets in coordinates that lead back to the picture (those of a pitch do not), and the camera."""
    camera = estimate_camera(tracklets.frame, tracklets.node, tracklets.boxes, tracklets.size)
    reference = reference_from_camera(camera, tracklets.frame, tracklets.boxes, tracklets.size)
    return replace(tracklets, reference=reference), camera


def _to_picture(still: Tracklets, camera: Camera, a: IntArray, b: IntArray, frame: IntArray, how: str) -> FloatArray:
    """Boxes (m, 4) in the frames (m,) between rows a and b (m,)."""
    reference, boxes = still.reference, still.boxes
    frames = (still.frame[b] - still.frame[a]).astype(float)[:, None]
    t = (frame - still.frame[a])[:, None] / frames
    p, q = reference.position[a], reference.position[b]
    place = p + (q - p) * t
    if how == "smooth":
        # What the Hermite curve adds to the straight line: velocities beyond the mean one, fading from either end.
        leave, arrive = still.velocity_before(a) * frames - (q - p), still.velocity_after(b) * frames - (q - p)
        place = place + t * (1 - t) ** 2 * leave - t**2 * (1 - t) * arrive
    share = t[:, 0]
    unit = np.exp((1 - share) * np.log(reference.unit[a]) + share * np.log(reference.unit[b]))
    slim = (1 - share) * boxes[a, 2] / boxes[a, 3] + share * boxes[b, 2] / boxes[b, 3]
    scale = np.exp(np.interp(frame, camera.frame, np.log(camera.scale)))
    shift = np.column_stack([np.interp(frame, camera.frame, camera.shift[:, axis]) for axis in range(2)])
    feet, h = (place - shift) / scale[:, None], unit / scale
    w = slim * h
    return np.column_stack([feet[:, 0] - w / 2, feet[:, 1] - h, w, h])


def _centre_inside(boxes: FloatArray, size: tuple[float, float]) -> BoolArray:
    """Boxes (m,) whose centre is in the picture: a person whom a pan leaves behind is not to be seen."""
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    return np.asarray(((centre >= 0) & (centre <= np.array(size))).all(axis=1))


def _append(tracks: Tracks, new: Filled) -> Tracks:
    """Both tables with the new rows below."""
    count = len(new.frame)
    text = f"{counted(count, 'row')} interpolated in short gaps; their column {COLUMN} is true"
    note = Note("interpolated", count, text, "warning")
    canonical = _longer(tracks.canonical, _canonical(tracks, new), new)
    source = _longer(tracks.source, _source(tracks, new), new)
    if count and "score" not in tracks:  # MOT text needs one: unknown (null) for the old rows, 0 for the new
        score = arrays.column(np.zeros(len(canonical)), np.arange(len(canonical)) < len(tracks))
        canonical = canonical.append_column("score", score)
    return replace(tracks, canonical=canonical, source=source, notes=(*tracks.notes, *[note] * bool(count)))


def _canonical(tracks: Tracks, new: Filled) -> dict[str, Any]:
    """What the new rows say, by canonical name."""
    said = {name: arrays.column(new.boxes[:, at].copy()) for at, name in enumerate(("x", "y", "w", "h"))}
    said |= {"frame": arrays.column(new.frame), "score": arrays.column(np.zeros(len(new.frame)))}
    return said | {name: _carried(tracks.canonical[name], new) for name in CARRIED if name in tracks}


def _source(tracks: Tracks, new: Filled) -> dict[str, Any]:
    """The same by the user's own names, boxes the way the user writes them."""
    table, box_format = tracks.source, tracks.clip.box_format
    texts = frozenset(field.name for field in table.schema if arrays.is_text(_plain(field.type)))
    mapped = match(table.column_names, texts, tracks.clip.source, {}, box_format)
    said = _canonical(tracks, new)
    out = {column: said[name] for name, column in mapped.named.items() if name in said and name not in CARRIED}
    carried = {mapped.named.get(name, name) for name in CARRIED} & set(table.column_names)
    out |= {name: _carried(table[name], new) for name in carried}
    x, y, w, h = new.boxes.T
    if mapped.box_format == "xyxy":
        w, h = x + w, y + h
    elif mapped.box_format == "cxcywh":
        x, y = x + w / 2, y + h / 2
    sides = np.column_stack([x, y, w, h])
    if any(note.code == "normalised-boxes" for note in tracks.notes):
        sides = sides / np.tile([tracks.clip.width or 1, tracks.clip.height or 1], 2)
    if len(mapped.box) == 4:
        return out | {column: arrays.column(sides[:, at].copy()) for at, column in enumerate(mapped.box)}
    ends = arrays.column(np.arange(0, sides.size + 1, 4, dtype=np.int32))
    return out | {mapped.box[0]: pa.ListArray.from_arrays(ends, arrays.column(sides.ravel()))}


def _carried(column: Any, new: Filled) -> Any:
    """Values of the rows before the gaps."""
    return arrays.whole(column).take(arrays.column(new.after))


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _longer(table: Any, said: dict[str, Any], new: Filled) -> Any:
    """A table with new rows below; null where nothing is said, and the column ``interpolated``."""
    count = len(new.frame)
    fields, columns = [], []
    for field in table.schema:
        values = said.get(field.name)
        below = pa.nulls(count, field.type) if values is None else _cast(values, field.type)
        fields.append(field.with_nullable(True))
        columns.append(pa.chunked_array([*table[field.name].chunks, below], type=field.type))
    out = pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=table.schema.metadata))
    is_new = np.arange(out.num_rows) >= table.num_rows
    at = table.schema.get_field_index(COLUMN)
    if at < 0:
        return out.append_column(COLUMN, arrays.column(is_new))
    if not pa.types.is_boolean(table.schema.field(at).type):
        raise OptionError(f"there is a column {COLUMN!r} already; rename it, or do without --fill")
    before = pc.fill_null(table[COLUMN], False).chunks  # rows that an earlier run has filled stay marked
    return out.set_column(at, COLUMN, pa.chunked_array([*before, arrays.column(np.ones(count, bool))], pa.bool_()))


def _cast(values: Any, kind: Any) -> Any:
    if values.type == kind:
        return values
    if pa.types.is_dictionary(kind):
        return values.cast(kind.value_type, safe=False).dictionary_encode().cast(kind)
    return values.cast(kind, safe=False)
