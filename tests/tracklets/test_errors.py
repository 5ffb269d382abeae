"""An error is one line, whatever it quotes; and what fuzzing found to be no number of a picture."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reid_solve as rs
from reid_solve.tracklets.errors import LONGEST, InputError, OptionError, one_line
from reid_solve.tracklets.table import Note

LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@given(st.text(st.characters(exclude_categories=())))
def test_a_message_is_one_line_that_can_be_printed(text: str) -> None:
    for shown in (str(InputError(text)), str(OptionError(text)), Note("code", 1, text).text):
        assert shown.isprintable()
        assert len(shown.splitlines()) <= 1
        assert len(shown) <= 10 * len(text)


def test_what_can_be_printed_stays_and_the_rest_is_escaped() -> None:
    assert (
        one_line("t.txt, line 3: frame is 背番号 é 🥅; correct it") == "t.txt, line 3: frame is 背番号 é 🥅; correct it"
    )
    assert one_line("a\nb\x1b[31m\ud800\u202e") == r"a\nb\x1b[31m\ud800\u202e"
    assert len(LINE_ENDS.splitlines()) == len(LINE_ENDS)
    assert len(one_line(LINE_ENDS).splitlines()) == 1


def test_a_long_quotation_loses_its_middle_and_the_next_step_stays() -> None:
    shown = one_line(f"t.txt, line 3: frame is {'9' * 10**6}, not a number; correct it, or remove the row")
    assert len(shown) < LONGEST + 10
    assert shown.startswith("t.txt, line 3: frame is 999")
    assert shown.endswith("999, not a number; correct it, or remove the row")


@pytest.mark.parametrize("number", ["1e10", "-1e300", "1e308"])
def test_a_box_beyond_any_picture_is_refused_or_left_out(number: str, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text(f"1,1,10,20,30,40,1\n2,1,{number},20,30,40,1\n3,1,10,20,30,40,1\n")
    with pytest.raises(
        InputError, match=r"t\.txt, line 2: x is .*, too large for a place in a picture; correct it, or"
    ):
        rs.read(path)
    tracks = rs.read(path, drop_invalid=True)
    assert len(tracks) == 2
    assert {note.code: note.count for note in tracks.notes if note.kind == "repair"} == {"invalid-boxes": 1}


def test_an_embedding_beyond_32_bits_is_missing() -> None:
    box = {name: [1.0, 2.0] for name in "xywh"}
    vectors = pa.array([[1e300, 1.0], [0.5, 1.0]], pa.list_(pa.float64()))
    tracks = rs.read(pa.table({"frame": [1, 2], "track_id": [1, 1], **box, "embedding": vectors}))
    assert tracks.canonical["embedding"].to_pylist() == [None, [0.5, 1.0]]
    assert "missing-embeddings" in {note.code for note in tracks.notes}
