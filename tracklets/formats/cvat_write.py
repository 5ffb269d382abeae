"""Tracks as CVAT for video 1.1, to be loaded into CVAT and corrected by hand: a track for each identity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow.compute as pc

from reid_solve.tracklets import arrays
from reid_solve.tracklets.casts import truth
from reid_solve.tracklets.formats import row_text
from reid_solve.tracklets.formats.registry import writer
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks, counted

# What a box can carry besides its corners: the annotator sees it, and gets it back.
ATTRIBUTES = (
    "score", "class_name", "class_id", "role", "role_score", "team", "team_score", "jersey", "jersey_score",
    "pitch_x", "pitch_y", "gt_id", "identity_score",
)  # fmt: skip
_OWN = frozenset({"occluded", "keyframe", "source", "group_id", "interpolated"})  # said by the file, or by a score of 0
_LABEL = "person"  # of a track of which nothing is said
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def text_of(word: str) -> str:
    """A word as the content of an element."""
    return escape(_ILLEGAL.sub("\ufffd", word), {"\r": "&#13;"})


def quoted(word: str) -> str:
    """A word as the value of an attribute, quotes included."""
    return quoteattr(_ILLEGAL.sub("\ufffd", word))


@writer("cvat-xml", extensions=(".xml",), about="a track for each identity, to correct by hand")
def write_cvat(tracks: Tracks, stream: BinaryIO) -> tuple[Note, ...]:
    """Write a track for each identity (each track id, where there are none), labelled by role or class.

    Boxes are in the order of tracks and frames. Rows in no track become tracks of one box without id. Wherever a track
    is not seen, a box with ``outside="1"`` says so. With identities, the tracker's own id is the attribute
    ``tracker_id``.

    Raises:
        OutputError: rows of several recordings.
    """
    row_text.one_video(tracks, "a CVAT file")
    base = row_text.first_frame(tracks)
    frame = tracks.frame - base
    size = max(tracks.clip.length or 0, int(frame.max(initial=-1)) + 1)
    group, ids, again = _groups(tracks)
    order = np.lexsort((frame, group))
    first = np.diff(group[order], prepend=-1) != 0
    last = np.append(first[1:], True)[: len(order)]
    after = frame[order] + 1
    unseen = (last | (np.append(frame[order][1:], 0)[: len(order)] != after)) & (after < size)
    label, labels, bare = _labels(tracks, group[order], order, int(group.max(initial=-1)) + 1)
    opening = row_text.joined(
        ["  <track", row_text.optional([" id=", ids], len(ids)), " label=", label, ' source="auto">\n'], len(ids)
    )
    attributes = _attributes(tracks)
    stream.write(_head(tracks, size, labels, [name for name, _ in attributes]).encode())
    x, y, w, h = tracks.boxes.T
    corners = {"xtl": x, "ytl": y, "xbr": x + w, "ybr": y + h}
    hidden = _occluded(tracks)

    def lines(at: IntArray) -> Any:
        rows, n = order[at], len(at)
        sides = [
            part
            for name, side in corners.items()
            for part in (f'" {name}="', row_text.plain(arrays.column(side[rows])))
        ]
        said = [
            row_text.optional(
                [f"      <attribute name={quoted(name)}>", row_text.of_rows(values, rows), "</attribute>\n"], n
            )
            for name, values in attributes
        ]
        shown = ['    <box frame="', row_text.plain(arrays.column(frame[rows])), *sides, '" outside="0" occluded="']
        shown += [row_text.chosen(hidden[rows], "1", "0"), '" keyframe="1">\n', *said, "    </box>\n"]
        away = ['    <box frame="', row_text.plain(arrays.column(after[at], ~unseen[at])), *sides]
        away += ['" outside="1" occluded="0" keyframe="1">\n    </box>\n']
        start = row_text.optional([opening.take(arrays.column(group[rows], ~first[at]))], n)
        end = row_text.chosen(last[at], "  </track>\n")
        return row_text.joined([start, *shown, row_text.optional(away, n), end], n)

    row_text.write_blocks(stream, order, lines)
    stream.write(b"</annotations>\n")
    return tuple(_notes(tracks, base, again, bare, [name for name, _ in attributes]))


def _groups(tracks: Tracks) -> tuple[IntArray, Any, int]:
    """Which track of the file each row is in.

    Returns:
        numbers (n,), from 0 in order of first appearance; the id of each, quoted, null where it has none; and how many
        rows have an identity that another row of their frame has already, and stand for themselves.
    """
    code, names = tracks.codes("identity" if "identity" in tracks else "track_id")
    fallback = tracks.codes("track_id")[0]
    code = np.where(code >= 0, code, np.where(fallback >= 0, len(names) + fallback, -1))
    order = np.lexsort((tracks.frame, code))
    twice = (np.diff(code[order]) == 0) & (np.diff(tracks.frame[order]) == 0) & (code[order[1:]] >= 0)
    again = order[1:][twice]
    code[again] = -1
    alone = code < 0
    code[alone] = int(code.max(initial=-1)) + 1 + np.arange(int(alone.sum()))
    kinds, where, group = np.unique(code, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(where))
    named = kinds[np.argsort(where)]
    named = np.where(named < len(names), named, -1)
    words = row_text.mapped(names, quoted) if len(names) else arrays.strings([""])
    return rank[group.reshape(-1)], words.take(arrays.column(np.maximum(named, 0), named < 0)), len(again)


def _labels(tracks: Tracks, group: IntArray, order: IntArray, count: int) -> tuple[Any, list[str], int]:
    """The label of each track, quoted, (count,): the first role or else class that its rows give.

    Args:
        tracks: rows.
        group: track of each row, (n,), sorted.
        order: the row itself, (n,).
        count: tracks.

    Returns:
        the labels; the different ones; and how many tracks have neither role nor class.
    """
    words, label = [_LABEL], np.zeros(count, np.int64)
    for name in ("class_name", "role"):  # the role wins
        if name in tracks:
            code, names = tracks.codes(name)
            known = code[order] >= 0
            tracks_with, at = np.unique(group[known], return_index=True)
            label[tracks_with] = len(words) + code[order][known][at]
            words += [word or _LABEL for word in names.cast("string").to_pylist()]
    used = sorted({words[k] for k in np.unique(label).tolist()})
    labels = arrays.strings([quoted(word) for word in words]).take(arrays.column(label))
    return labels, used, int((label == 0).sum())


def _attributes(tracks: Tracks) -> list[tuple[str, Any]]:
    """What the table says of its rows, as contents of elements; the tracker's id too where tracks are identities."""
    given = [(name, tracks.canonical[name]) for name in ATTRIBUTES if name in tracks]
    if "identity" in tracks:
        given.append(("tracker_id", tracks.canonical["track_id"]))
    return [(name, row_text.mapped(values, text_of)) for name, values in given]


def _occluded(tracks: Tracks) -> BoolArray:
    if "occluded" not in tracks.source.column_names:
        return np.zeros(len(tracks), np.bool_)
    words = row_text.plain(tracks.source["occluded"])
    return truth(pc.is_in(words, value_set=arrays.strings(["1", "true", "True"])))


def _head(tracks: Tracks, size: int, labels: list[str], attributes: list[str]) -> str:
    """What CVAT says of a task: frames, labels with their attributes, and the size of the picture."""
    clip = tracks.clip
    name = PurePath(str(clip.metadata.get("source") or clip.source)).stem or "tracks"
    fields = "".join(
        f"<attribute><name>{text_of(one)}</name><mutable>True</mutable><input_type>text</input_type>"
        "<default_value></default_value><values></values></attribute>"
        for one in attributes
    )
    kinds = "".join(
        f"        <label><name>{text_of(one)}</name><attributes>{fields}</attributes></label>\n" for one in labels
    )
    picture = (
        f"      <original_size><width>{clip.width}</width><height>{clip.height}</height></original_size>\n"
        if clip.width and clip.height
        else ""
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
        f"      <name>{text_of(name)}</name>\n      <size>{size}</size>\n      <mode>interpolation</mode>\n"
        f"      <start_frame>0</start_frame>\n      <stop_frame>{max(size - 1, 0)}</stop_frame>\n"
        f"      <labels>\n{kinds}      </labels>\n{picture}    </task>\n  </meta>\n"
    )


def _notes(tracks: Tracks, base: int, again: int, bare: int, attributes: list[str]) -> Iterator[Note]:
    if base:
        text = f"CVAT counts frames from 0: {base} less than in the table"
        yield Note("frames-shifted", len(tracks), text, "warning")
    if again:
        text = f"{counted(again, 'row')} with an identity that is in the frame already: a track without id each"
        yield Note("identity-twice", again, text, "warning")
    if bare:
        text = f"{counted(bare, 'track')} without role and class: CVAT wants a label, so it is {_LABEL}"
        yield Note("label-assumed", bare, text, "warning")
    changed = sum(
        len(_ILLEGAL.findall(word))
        for name in (*ATTRIBUTES, "track_id", "identity")
        if name in tracks and arrays.is_text(tracks.codes(name)[1].type)
        for word in tracks.codes(name)[1].to_pylist()
    )
    if changed:
        text = f"{counted(changed, 'character')} that XML cannot hold: replaced by U+FFFD"
        yield Note("characters-replaced", changed, text, "warning")
    held = {*attributes, "frame", "track_id", "identity"}
    yield from row_text.facts_left_out(tracks, ("width", "height", "length", "frame_base"), "a CVAT file")
    yield from row_text.columns_left_out(tracks, held, _OWN, "a CVAT file")
