"""Odd text in more shapes than those of fixtures/bad: rows, a note, or one clear line; and text garbled at random."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reid_solve.tracklets.errors import InputError, ReidSolveError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Tracks

Edit = Callable[[list[list[str]]], None]


def rows() -> list[list[str]]:
    """Three players in ten frames, ten columns, ids 1 to 3, frames from 1; a player walks one pixel a frame."""
    return [
        [str(f), str(i), str(100 + 10 * i + f), str(50 + 5 * i), "40", "90", "0.9", "-1", "-1", "-1"]
        for f in range(1, 11)
        for i in range(1, 4)
    ]


def text(edit: Edit | None = None, separator: str = ",") -> str:
    lines = rows()
    if edit:
        edit(lines)
    return "".join(separator.join(line) + "\n" for line in lines)


def put(column: int, value: str, at: int | slice = slice(None)) -> Edit:
    def edit(lines: list[list[str]]) -> None:
        for line in lines[at] if isinstance(at, slice) else [lines[at]]:
            line[column] = value

    return edit


def each(change: Callable[[list[str]], list[str]]) -> Edit:
    def edit(lines: list[list[str]]) -> None:
        lines[:] = [change(line) for line in lines]

    return edit


def corners(line: list[str]) -> list[str]:
    return [*line[:4], str(int(line[2]) + 40), str(int(line[3]) + 90), *line[6:]]


def normalised(line: list[str]) -> list[str]:
    x, y, w, h = (float(cell) for cell in line[2:6])
    return [*line[:2], f"{x / 1920:.5f}", f"{y / 1080:.5f}", f"{w / 1920:.5f}", f"{h / 1080:.5f}", *line[6:]]


@dataclass(frozen=True)
class Case:
    """One input and what it gets: notes by code and count, or words of the error; ``then`` looks at the tracks."""

    name: str
    content: str | bytes
    notes: dict[str, int] = field(default_factory=dict)
    error: tuple[str, ...] = ()
    rows: int = 30
    options: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Tracks], bool] = lambda tracks: True


def ids(tracks: Tracks) -> list[Any]:
    return tracks.canonical["track_id"].to_pylist()  # type: ignore[no-any-return]


def first_box(tracks: Tracks) -> list[float]:
    return tracks.boxes[0].tolist()  # type: ignore[no-any-return]


GOOD = [111.0, 55.0, 40.0, 90.0]
DUPLICATE = text() + "5,1,500,500,40,90,0.95,-1,-1,-1\n"
NAN = text(put(2, "nan", 10))
NEGATIVE = text(put(4, "-40", 6))
XYXY = text(each(corners))
SHARES = text(each(normalised))
SEMI = {"separator": 1}
CASES = [
    Case("good", text(), then=lambda t: first_box(t) == GOOD and t.clip.frame_base == 1),
    Case(
        "zero-based frames", text(each(lambda r: [str(int(r[0]) - 1), *r[1:]])),
        then=lambda t: t.clip.frame_base == 0,
    ),
    Case("id -1", text(put(1, "-1", slice(2, None, 3))), {"unassigned": 10}, then=lambda t: ids(t)[:3] == [1, 2, None]),
    Case("id 0", text(each(lambda r: [r[0], str(int(r[1]) - 1), *r[2:]])), then=lambda t: ids(t)[0] == 0),
    Case("duplicate id", DUPLICATE, error=("line 13 and line 31", "frame 5", "id 1 twice", "--on-duplicate keep-best")),
    Case(
        "duplicate id, keep-best", DUPLICATE, {"duplicates-dropped": 1, "split-candidate": 2},
        options={"on_duplicate": "keep-best"}, then=lambda t: t.boxes[-1].tolist() == [500, 500, 40, 90],
    ),
    Case(
        "duplicate id, split", DUPLICATE, {"duplicates-split": 1}, rows=31,
        options={"on_duplicate": "split"}, then=lambda t: ids(t)[-1] == 4,
    ),
    Case("identical rows", text() + "1,1,111,55,40,90,0.9,-1,-1,-1\n" * 2, {"identical-duplicates": 2}),
    Case("negative width", NEGATIVE, error=("line 7", "width", "-40", "--box-format xyxy")),
    Case("negative width, dropped", NEGATIVE, {"invalid-boxes": 1}, rows=29, options={"drop_invalid": True}),
    Case("zero area", text(put(5, "0", slice(3))), {"zero-area": 3}, then=lambda t: int(t.usable.sum()) == 27),
    Case("NaN box", NAN, error=("line 11", "x is nan", "--drop-invalid")),
    Case("NaN box, dropped", NAN, {"invalid-boxes": 1}, rows=29, options={"drop_invalid": True}),
    Case("inf box", text(put(5, "inf", 10)), error=("line 11", "h is inf", "--drop-invalid")),
    Case("six columns", text(each(lambda r: r[:6])), then=lambda t: "score" not in t and bool((t.score == 1).all())),
    Case("five columns", text(each(lambda r: r[:5])), error=("line 1", "5 values", "frame, id, x, y, w, h")),
    Case(
        "nine columns", text(each(lambda r: [*r[:7], "1", "0.5"])),
        then=lambda t: t.source.column_names[7:] == ["class_id", "visibility"],
    ),
    Case("ragged", text(each(lambda r: r[:7] if int(r[0]) > 5 else r)), {"ragged-lines": 15}),
    Case("ragged, too short", text(each(lambda r: r[:5] if r[0] == "6" else r)), error=("line 16", "5 values")),
    Case("semicolons", text(separator=";"), SEMI),
    Case("tabs", text(separator="\t"), SEMI),
    Case("spaces", text(separator=" "), SEMI),
    Case("runs of spaces", text(separator="   ").replace("\n1", "\n  1"), SEMI),
    Case("comma and space", text(separator=", ")),
    Case(
        "header", "frame,id,bb_left,bb_top,bb_width,bb_height,conf,x,y,z\n" + text(),
        then=lambda t: first_box(t) == GOOD,
    ),
    Case(
        "header, other order", "score,y2,x2,y1,x1,tracker_id,frame_index\n0.5,145,151,55,111,7,0\n", rows=1,
        then=lambda t: first_box(t) == GOOD and ids(t) == [7] and t.clip.format == "csv",
    ),
    Case("header without a box", "frame,id,team\n1,1,a\n", error=("no column for a box", "'team'", "x, y, w, h")),
    Case(
        "floats", text(each(lambda r: [r[0] + ".0", r[1] + ".0", *r[2:]])), {"float-ids": 30},
        then=lambda t: ids(t)[0] == 1,
    ),
    Case("frame 1.5", text(put(0, "1.5", 4)), error=("line 5", "frame is 1.5", "whole")),
    Case("id 1.5", text(put(1, "1.5", 4)), error=("line 5", "1.5", "whole")),
    Case("frame in words", text(put(0, "one", 4)), error=("line 5", "frame is one", "not a number")),
    Case("word, dropped", text(put(3, "12a", 4)), {"invalid-boxes": 1}, rows=29, options={"drop_invalid": True}),
    Case("box in words", text(put(3, "12a", 4)), error=("line 5", "y is 12a", "not a number")),
    Case(
        "unsorted", "".join(reversed(text().splitlines(keepends=True))),
        then=lambda t: t.frame.tolist() == sorted(t.frame.tolist(), reverse=True),
    ),
    Case("gaps", text(lambda lines: lines.__delitem__(slice(9, 18))), rows=21, then=lambda t: t.frame.max() == 10),
    Case("huge ids", text(each(lambda r: [r[0], r[1] + "0" * 10, *r[2:]])), then=lambda t: ids(t)[1] == 2 * 10**10),
    Case("ids above 2^53", text(put(1, "9007199254740993", 0)), then=lambda t: ids(t)[0] == 2**53 + 1),
    Case("float ids above 2^53", text(put(1, "9007199254740993.0", 0)), then=lambda t: ids(t)[:2] == [2**53 + 1, 2]),
    Case("ids above 2^64", text(put(1, "99999999999999999999", 0)), then=lambda t: ids(t)[:2] == ["9" * 20, "2"]),
    Case("empty", "", {"empty": 0}, rows=0),
    Case("only newlines", "\n\n\n", {"empty": 0}, rows=0),
    Case("only comments", "# nothing\n", {"empty": 0}, rows=0),
    Case("only a header", "frame,id,x,y,w,h\n", {"empty": 0}, rows=0),
    Case("corners as sizes", XYXY, {"looks-like-corners": 30}),
    Case(
        "corners as sizes, told", XYXY, options={"box_format": "xyxy"},
        then=lambda t: first_box(t) == GOOD and t.source.column_names[4] == "x2",
    ),
    Case(
        "sizes told to be corners", text(), error=("width", "negative", "--box-format xywh"),
        options={"box_format": "xyxy"},
    ),
    Case("normalised", SHARES, error=("between 0 and 1", "--size")),
    Case(
        "normalised, size given", SHARES, {"normalised-boxes": 30}, options={"size": (1920, 1080)},
        then=lambda t: bool(np.allclose(first_box(t), GOOD, atol=0.02)),
    ),
    Case("save_txt", "0 0.06823 0.09259 0.02083 0.08333 1\n" * 3, error=("save_txt", "video frame")),
    Case(
        "class names", text(each(lambda r: [*r[:7], "person", "1"])),
        then=lambda t: t.codes("class_name")[1].to_pylist() == ["person"],
    ),
    Case("string ids", text(each(lambda r: [r[0], f"player_{r[1]}", *r[2:]])), then=lambda t: ids(t)[0] == "player_1"),
    Case("byte order mark", "\ufeff" + text()),
    Case("UTF-16", text().encode("utf-16"), {"encoding": 1}),
    Case("UTF-16 without mark", text().encode("utf-16-le"), {"encoding": 1}),
    Case("UTF-16 cut in a character", text().encode("utf-16")[:-1], error=("utf-16", "UTF-8")),
    Case("Latin-1", (text() + "11,Müller,1,1,5,5\n").encode("latin-1"), error=("line 31", "0xfc", "UTF-8")),
    Case("CRLF", text().replace("\n", "\r\n")),
    Case("old Mac newlines", text().replace("\n", "\r")),
    Case("trailing commas", text().replace("\n", ",\n")),
    Case("blank line inside", text().replace("\n", "\n\n", 1)),
    Case("truncated", text()[:-25], error=("line 30", "cut short", "--salvage")),
    Case("truncated in the last value", text()[:-2], error=("line 30", "cut short")),
    Case("truncated, salvaged", text()[:-25], {"truncated-line": 1}, rows=29, options={"salvage": True}),
    Case("no newline at the end", text()[:-1]),
    Case("comments", "# tracker v1\n" + text() + "  # end\n", {"comments": 2}),
    Case("error after comments", "# a\n\n" + NEGATIVE, error=("line 9", "width")),
    Case(
        "decimal commas", text(each(lambda r: [*r[:2], "111,5", *r[3:6]]), ";"),
        {"separator": 1, "decimal-comma": 1}, then=lambda t: t.boxes[0, 0] == 111.5,
    ),
    Case("outside", text(put(2, "-4889", slice(15))), {"boxes-outside": 15, "split-candidate": 3}),
    Case("outside a known picture", text(put(2, "4889")), {"boxes-outside": 30}, options={"size": (1920, 1080)}),
    Case("percent", text(put(6, "97.3")), {"score-over-one": 30}, then=lambda t: t.score[0] == 97.3),
    Case("score -1", text(put(6, "-1")), {"unknown-score": 30}, then=lambda t: t.score[0] == 1),
    Case("other class", text(each(lambda r: [*r[:7], "2", "1"]))),
    Case(
        "class filter", text(each(lambda r: [*r[:7], r[1], "1"])), {"classes-filtered": 20}, rows=10,
        options={"classes": [2]},
    ),
    Case("binary", bytes(range(256)) * 8, error=("not text",)),
    Case("negative frame", "-1,1,1,1,5,5\n" + text(), error=("line 1", "frame is -1", "negative")),
    Case("gzip", gzip.compress(text().encode())),
    Case("gzip cut short", gzip.compress(text().encode())[:-20], error=("gzip", "--salvage")),
    Case("null cells", text(put(2, "None", 3)), error=("line 4", "x is None", "--drop-invalid")),
    Case(
        "teleport", text(each(lambda r: [*r[:2], str(int(r[2]) + 1500 * (r[1] == "1" and int(r[0]) > 5)), *r[3:]])),
        {"split-candidate": 1},
    ),
    Case("JSON", '[{"id": 1}]', error=("JSON", "reid-solve formats")),
    Case("XML", "<annotations/>", error=("XML", "reid-solve formats")),
    Case("pickle", pickle.dumps({"players": []}), error=("pickle", "--allow-pickle")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_text(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "tracks.txt"
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    if case.error:
        with pytest.raises(ReidSolveError) as caught:
            read(path, **case.options)
        message = str(caught.value)
        assert message.startswith(str(path))
        assert "\n" not in message
        for words in case.error:
            assert words in message
        return
    tracks = read(path, **case.options)
    assert len(tracks) == case.rows == tracks.source.num_rows
    assert {note.code: note.count for note in tracks.notes} == case.notes
    assert case.then(tracks)


@pytest.mark.parametrize("case", [case for case in CASES if not case.error], ids=lambda case: case.name)
def test_strict_refuses_repairs_and_nothing_else(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "tracks.txt"
    path.write_bytes(case.content if isinstance(case.content, bytes) else case.content.encode())
    repairs = [note for note in read(path, **case.options).notes if note.kind == "repair"]
    if repairs:
        with pytest.raises(InputError, match="without --strict"):
            read(path, strict=True, **case.options)
    else:
        read(path, strict=True, **case.options)


scraps = st.sampled_from(
    [",", ";", "\t", " ", "\n", "\r\n", '"', "#", "-1", "nan", "1e400", "None", "-", "\0", "é", "9" * 25, "0.5",
     "frame", "1.0", "inf", ",,,", "-0", "1e5", "0x10", "2020-01-01", "true", "x1", "{", "'"]
)  # fmt: skip
edits = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8), scraps), min_size=1, max_size=5)
policies = st.fixed_dictionaries(
    {
        "drop_invalid": st.booleans(),
        "salvage": st.booleans(),
        "on_duplicate": st.sampled_from(["error", "keep-best", "split"]),
        "box_format": st.sampled_from([None, None, "xyxy"]),
    }
)
HEADED = "frame,id,x,y,w,h,conf,team\n1,1,2,3,4,5,0.5,red\n2,1,2,3,4,5,,\n"
beginnings = st.sampled_from([text(), HEADED, text(separator="; ")])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(beginnings, edits, policies)
def test_garbled_text_is_read_or_refused(tmp_path: Path, content: str, edits: Any, policy: dict[str, Any]) -> None:
    for at, gone, scrap in edits:
        content = content[:at] + scrap + content[at + gone :]
    path = tmp_path / "tracks.txt"
    path.write_bytes(content.encode())
    try:
        tracks = read(path, **policy)
    except ReidSolveError as error:
        assert "\n" not in str(error)  # noqa: PT017
        return
    assert np.isfinite(tracks.boxes).all()
    assert len(tracks) <= content.count("\n") + content.count("\r") + 1
