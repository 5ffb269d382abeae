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
from tests.tracklets.bad_cases import GOOD, first, ids
from tests.tracklets.bad_files import generate

from reid_solve.tracklets.errors import ReidSolveError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import Tracks

text, put = generate.text, generate.put  # twelve rows, three players in four frames


@dataclass(frozen=True)
class Case:
    """One input and what it gets: notes by code and count, or words of the error; ``then`` looks at the tracks."""

    name: str
    content: str | bytes
    notes: dict[str, int] = field(default_factory=dict)
    error: tuple[str, ...] = ()
    rows: int = 12
    options: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Tracks], bool] = lambda tracks: True


SEMI = {"separator": 1}
CASES = [
    Case(
        "keep-best that makes a jump", text() + "2,1,500,900,40,90,0.95,-1,-1,-1\n",
        {"duplicates-dropped": 1, "split-candidate": 2}, options={"on_duplicate": "keep-best"},
    ),
    Case(
        "nine columns", text(lambda r: [*r[:7], "1", "0.5"]),
        then=lambda t: t.source.column_names[7:] == ["class_id", "visibility"],
    ),
    Case("ragged, all with scores", text(lambda r: r[:7] if int(r[0]) > 2 else r), {"ragged-lines": 6}),
    Case("one space", text(separator=" "), SEMI),
    Case("a space at the beginning", text(separator="   ").replace("\n1", "\n  1"), SEMI),
    Case("id 1.5", put(1, "1.5", 4), error=("line 5", "1.5", "whole")),
    Case("frame in words", put(0, "one", 4), error=("line 5", "frame is one", "not a number")),
    Case("box in words", put(3, "12a", 4), error=("line 5", "y is 12a", "not a number")),
    Case("word, dropped", put(3, "12a", 4), {"invalid-boxes": 1}, rows=11, options={"drop_invalid": True}),
    Case("float ids above 2^53", put(1, "9007199254740993.0", 0), then=lambda t: ids(t)[:2] == [2**53 + 1, 2]),
    Case("ids above 2^64", put(1, "9" * 20, 0), then=lambda t: ids(t)[:2] == ["9" * 20, "2"]),
    Case("only comments", "# nothing\n", {"empty": 0}, rows=0),
    Case("only a header", "frame,id,x,y,w,h\n", {"empty": 0}, rows=0),
    Case(
        "corners, told", text(generate.corners), options={"box_format": "xyxy"},
        then=lambda t: first(t) == GOOD and t.source.column_names[4] == "x2",
    ),
    Case("UTF-16 cut in a character", text().encode("utf-16")[:-1], error=("utf-16", "UTF-8")),
    Case("old Mac newlines", text().replace("\n", "\r")),
    Case("blank line inside", text().replace("\n", "\n\n", 1)),
    Case("truncated in the last value", text()[:-2], error=("line 12", "cut short")),
    Case("no newline at the end", text()[:-1]),
    Case("a comment after spaces", text() + "  # end\n", {"comments": 1}),
    Case("error after comments", "# a\n\n" + put(4, "-40", 6), error=("line 9", "width")),
    Case("score -1", put(6, "-1"), {"unknown-score": 12}, then=lambda t: t.score[0] == 1),
    Case("outside, some rows", put(2, "-4889", 6, 7, 8, 9, 10, 11), {"boxes-outside": 6, "split-candidate": 3}),
    Case("gzip by no name", gzip.compress(text().encode()), then=lambda t: first(t) == GOOD),
    Case("a pickle by no name", pickle.dumps({"players": []}), error=("pickle", "--allow-pickle")),
    Case("JSON", '[{"id": 1}]', error=("JSON", "reid-solve formats")),
    Case("XML", "<annotations/>", error=("XML", "reid-solve formats")),
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
