"""From what a reader found to ``Tracks``: columns mapped and cast, repairs made and counted, oddities noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reid_solve.tracklets import arrays, boxes, casts, columns, duplicates, warnings
from reid_solve.tracklets.casts import Draft
from reid_solve.tracklets.embeddings import embedding_column
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.formats.registry import Loaded, Options
from reid_solve.tracklets.table import ORDER, Clip, Note, Tracks, counted

MOST_FRAMES = 2**43  # milliseconds since 1970 fit; a tracklet and a frame make one int64 in many places
_INVALID = "correct it, or leave such rows out with --drop-invalid"


def check(loaded: Loaded, clip: Clip, options: Options) -> Tracks:
    """Make canonical, checked tracks of a loaded table.

    Args:
        loaded: the user's columns.
        clip: what is known of the recording; ``width`` and ``height`` scale normalised boxes.
        options: see ``reid_solve.tracklets.read.read``.

    Raises:
        InputError: a value that cannot be used, or, with ``strict``, any repair.
        OptionError: options that the table cannot follow.
    """
    loaded = replace(loaded, table=arrays.without_views(loaded.table))
    draft = Draft(loaded.table, clip.source, loaded.origin, notes=list(loaded.notes))
    texts = frozenset(field.name for field in loaded.table.schema if arrays.is_text(arrays.value_type(field.type)))
    metadata_format = clip.metadata.get("box_format")
    asked = options.box_format or (metadata_format if metadata_format in {"xywh", "xyxy", "cxcywh"} else None)
    mapped = columns.match(loaded.table.column_names, texts, clip.source, loaded.columns, asked)
    _optional(draft, mapped)
    if options.classes is not None:
        _only_classes(draft, options.classes)
    _frames(draft, mapped, options)
    _ids(draft, mapped)
    clip = _boxes(draft, mapped, clip, options)
    clip = _scores(draft, clip, options)
    duplicates.resolve(draft, options.on_duplicate, mapped.named["track_id"])
    if not draft.table.num_rows:
        draft.notes.append(Note("empty", 0, "no rows", "warning"))
    canonical = pa.table({name: draft.columns[name] for name in ORDER if name in draft.columns})
    clip = replace(clip, frame_base=_frame_base(draft, clip))
    tracks = Tracks(canonical, draft.table, clip)
    tracks = tracks.noted(*draft.notes, *warnings.look(tracks))
    if options.strict:
        refuse_repairs(tracks)
    return tracks


def refuse_repairs(tracks: Tracks) -> None:
    """Turn repairs into an error, for ``--strict``."""
    repairs = [note for note in tracks.notes if note.kind == "repair"]
    if repairs:
        raise InputError(
            f"{tracks.clip.source}: {'; '.join(note.text for note in repairs)}; "
            "correct the input, or run without --strict"
        )


def _optional(draft: Draft, mapped: columns.Mapped) -> None:
    for name, column in mapped.named.items():
        if name in {"frame", "track_id"}:
            continue
        try:
            if name in {"sequence", "class_name", "team", "role"}:
                draft.columns[name] = casts.labels(draft, column).dictionary_encode()
            elif name == "jersey":
                draft.columns[name] = casts.labels(draft, column)
            elif name in {"gt_id", "identity"}:
                draft.columns[name] = casts.ids(draft, name, column)[0]
            elif name == "class_id":
                whole, there = casts.integers(draft, name, column)
                draft.columns[name] = arrays.column(whole, ~there)
            elif name == "embedding":
                draft.columns[name], missing = embedding_column(draft.table[column], draft.source, column, draft.place)
                draft.note(
                    "missing-embeddings", missing, f"{counted(missing, 'embedding')} empty, NaN or zero: missing"
                )
            else:
                draft.columns[name] = _nullable(casts.numbers(draft, name, column))
        except (InputError, pa.ArrowException) as error:
            # Frame, id and box must be right; a broken column that only could have helped must not stop the work.
            if name in {"embedding", "score", "sequence"}:
                if isinstance(error, InputError):
                    raise
                kind = draft.table.schema.field(column).type
                raise InputError(
                    f"{draft.source}: column {column!r} holds {kind}, no {name}; rename it or leave it out"
                ) from error
            text = f"column {column!r} is not used as {name}: {error}"
            draft.note("column-ignored", draft.table.num_rows, text, warning=True)


def _nullable(numbers: Any) -> Any:
    return arrays.column(numbers, np.isnan(numbers))


def _only_classes(draft: Draft, classes: tuple[str | int, ...]) -> None:
    kept = np.zeros(draft.table.num_rows, np.bool_)
    found = False
    wanted = arrays.strings([str(one) for one in classes])
    for name in ("class_name", "class_id"):
        if name in draft.columns:
            found = True
            kept |= casts.truth(pc.is_in(arrays.words(draft.columns[name]), value_set=wanted))
    if not found and draft.table.num_rows:
        raise OptionError(f"{draft.source}: --classes needs a column with the class, and there is none")
    dropped = int((~kept).sum())
    if dropped:
        draft.keep(kept)
        text = f"{counted(dropped, 'row')} of other classes than {', '.join(map(str, classes))} left out"
        draft.note("classes-filtered", dropped, text, warning=True)


def _frames(draft: Draft, mapped: columns.Mapped, options: Options) -> None:
    column = mapped.named["frame"]
    frame, there = casts.integers(draft, "frame", column)
    if not there.all():
        if not options.drop_invalid:
            raise draft.fail(~there, "frame", column, "not a number", _INVALID)
        draft.keep(there)
        count = int((~there).sum())
        draft.note("invalid-frames", count, f"{counted(count, 'row')} without a frame number left out")
        frame = frame[there]
    if (frame < 0).any():
        raise draft.fail(frame < 0, "frame", column, "negative", "frames are counted from 0 or 1")
    if (frame >= MOST_FRAMES).any():
        advice = "frames are counted from 0 or 1"
        raise draft.fail(frame >= MOST_FRAMES, "frame", column, "too large for the number of a frame", advice)
    draft.columns["frame"] = arrays.column(frame)


def _ids(draft: Draft, mapped: columns.Mapped) -> None:
    column = mapped.named["track_id"]
    draft.columns["track_id"], were_floats = casts.ids(draft, "track_id", column)
    count = len(draft.columns["track_id"])
    if were_floats:
        draft.note("float-ids", count, "ids written as floats (7.0) are read as whole numbers", warning=True)
    missing = draft.columns["track_id"].null_count
    draft.note(
        "unassigned", missing, f"no id (-1 or empty) in {counted(missing, 'row')}: kept, without identity", warning=True
    )


def _boxes(draft: Draft, mapped: columns.Mapped, clip: Clip, options: Options) -> Clip:
    given = boxes.as_given(draft, mapped, words_as_nan=options.drop_invalid)
    good = boxes.finite(given)
    if not good.all() and not options.drop_invalid:
        wrong = [~boxes.possible(side) for side in given]
        at = next(at for at, rows in enumerate(wrong) if rows.any())
        number = given[at][np.flatnonzero(wrong[at])[0]]
        fact = "too large for a place in a picture" if np.isfinite(number) else "not a finite number"
        raise draft.fail(wrong[at], boxes.SIDES[at], mapped.box[at % len(mapped.box)], fact, _INVALID)
    box = boxes.to_xywh(given, mapped.box_format)
    negative = good & ((box[2] < 0) | (box[3] < 0))
    if negative.any() and not options.drop_invalid:
        raise _negative(draft, mapped, box, given)
    good &= ~negative
    if not good.all():
        draft.keep(good)
        box = [side[good] for side in box]
        count = int((~good).sum())
        draft.note("invalid-boxes", count, f"{counted(count, 'row')} with a missing, infinite or negative box left out")
    size = (clip.width, clip.height) if clip.width and clip.height else None
    if boxes.look_normalised(box):
        if size is None:
            raise InputError(
                f"{draft.source}: all box coordinates lie between 0 and 1, so they are shares of the picture; "
                "give its size in pixels: --size 1920x1080"
            )
        box = [side.astype(np.float64) * size[i % 2] for i, side in enumerate(box)]
        text = f"boxes given as shares of the picture are scaled to {size[0]}x{size[1]} pixels"
        draft.note("normalised-boxes", len(box[0]), text)
    elif mapped.box_format == "xywh" and options.box_format is None and boxes.look_like_corners(box, size):
        text = "the boxes look like x1, y1, x2, y2 rather than x, y, w, h; if they are, give --box-format xyxy"
        draft.note("looks-like-corners", len(box[0]), text, warning=True)
    for name, side in zip(boxes.SIDES, box, strict=True):
        draft.columns[name] = arrays.column(side)
    return clip if mapped.by_name == mapped.box_format else replace(clip, box_format=mapped.box_format)


def _negative(draft: Draft, mapped: columns.Mapped, box: boxes.Box, given: boxes.Box) -> InputError:
    side = 2 if (box[2] < 0).any() else 3
    name = ("width", "height")[side - 2]
    if mapped.box_format == "xyxy":
        hint = "the boxes may be x, y, w, h: try --box-format xywh"
    else:
        hint = "the boxes may be x1, y1, x2, y2: try --box-format xyxy"
    wrong = box[side] < 0
    row = int(np.flatnonzero(wrong)[0])
    others = int(wrong.sum()) - 1
    more = f" (and of {others} more)" if others else ""
    return InputError(
        f"{draft.source}, {draft.place(row)}: the {name} of the box is {box[side][row]:g}{more}, negative; "
        f"{hint}, or leave such rows out with --drop-invalid"
    )


def _scores(draft: Draft, clip: Clip, options: Options) -> Clip:
    if "score" not in draft.columns:
        return clip
    column = draft.columns["score"]
    score = arrays.floats(column)
    unknown = score == -1  # MOTChallenge's way to say that there is none
    count = int(unknown.sum())
    if count:
        kept = np.where(unknown, np.nan, score).astype(arrays.values(column).dtype)
        draft.columns["score"] = _nullable(kept)
        draft.note("unknown-score", count, f"score -1 in {counted(count, 'row')}: unknown, taken as 1", warning=True)
    percent = (options.percent or clip.metadata.get("percent") is True) and count < len(score)
    if percent:
        hundredth = np.where(unknown, np.nan, score) / 100
        draft.columns["score"] = _nullable(hundredth)
        text = f"scores of {counted(len(score) - count, 'row')} taken as percent"
        draft.note("percent-scores", len(score) - count, text, warning=True)
    empty = int(np.isnan(score).sum())
    draft.note("missing-score", empty, f"no score in {counted(empty, 'row')}: taken as 1", warning=True)
    return replace(clip, percent=percent)


def _frame_base(draft: Draft, clip: Clip) -> int | None:
    recorded = clip.metadata.get("frame_base")
    if isinstance(recorded, int) and 0 <= recorded < MOST_FRAMES:
        return recorded
    frame = arrays.values(draft.columns["frame"])
    return int(frame.min() > 0) if len(frame) else None
