"""Shirt numbers: what counts as a number, how readings vote, and a reader in a file from picture to column."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip
from tests.digits import NUMBERS as DRAWN
from tests.digits import SIDE, drawn, write_reader
from tests.onnx_file import Model

from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.jersey import NUMBERS, SURE, look_evidence, number_chances, read_numbers, torso, vote
from reid_solve.tracklets.read import read
from reid_solve.tracklets.readers import Reader, Reading, reader_of
from reid_solve.tracklets.video import write_video

pytest.importorskip("cv2", reason="cutting torsos needs the extra [video]")
RED, WHITE = (40, 40, 190), (240, 240, 240)


def says(*texts: str, sure: float = 0.99, places: int = 3) -> Any:
    """Log-probabilities (n, places, 11) of a reader that is this sure of every place of these texts."""
    out = np.full((len(texts), places, 11), (1 - sure) / 10)
    for row, text in enumerate(texts):
        for place in range(places):
            out[row, place, int(text[place]) if place < len(text) else 10] = sure
    return np.log(out)


@pytest.mark.parametrize("text", ["1", "9", "10", "45", "99"])
def test_one_and_two_digits_are_numbers(text: str) -> None:
    chance = number_chances(says(text))[0]
    assert NUMBERS[chance.argmax()] == text
    assert chance.max() > 0.95


@pytest.mark.parametrize("text", ["", "0", "00", "07", "100", "123"])
def test_what_is_no_number_is_rejected_and_never_shortened(text: str) -> None:
    assert number_chances(says(text)).sum() < 0.05


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_chances_of_all_numbers_never_exceed_one(seed: int, places: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 4, (5, places, 11))
    digits = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    chance = number_chances(digits)
    assert (chance >= 0).all()
    assert (chance.sum(axis=1) <= 1 + 1e-9).all()


def voted(*texts: str, frames: list[int] | None = None, sure: float = 0.9) -> tuple[str | None, float]:
    chance = number_chances(says(*texts, sure=sure))
    frame = np.array(frames if frames is not None else [20 * k for k in range(len(texts))])
    evidence = look_evidence(np.zeros(len(texts), int), frame, chance, 12)
    number, score = vote(np.zeros(len(texts), int), evidence, 1)
    return (None if number[0] < 0 else NUMBERS[number[0]]), float(score[0])


def test_votes_multiply_and_abstain() -> None:
    assert voted("10", "10")[0] == "10"
    assert voted("10", "10", "18", "10")[0] == "10"
    assert voted("10")[0] is None  # one look never decides
    assert voted("10", "18")[0] is None
    assert voted("10", "10", "10", frames=[0, 3, 6])[0] is None  # three readings of one look
    assert voted("10", "10", sure=0.4)[1] < voted("10", "10")[1]
    assert vote(np.zeros(0, int), np.zeros((0, 99)), 1)[0].tolist() == [-1]


def test_more_agreeing_looks_make_surer() -> None:
    scores = [voted(*["7"] * looks)[1] for looks in (1, 2, 3, 4)]
    assert scores == sorted(scores)
    assert scores[0] < SURE < scores[1]


def test_a_reader_in_a_file_reads_what_is_drawn(tmp_path: Path) -> None:
    reader = reader_of(f"onnx:{write_reader(tmp_path / 'digits.onnx')}")
    reading = reader.read([torso(drawn(text, RED, WHITE)) for text in DRAWN])
    found = [NUMBERS[k] for k in number_chances(reading.digits).argmax(axis=1)]
    assert found == DRAWN
    assert (reading.legible > 0.5).all()
    rng = np.random.default_rng(0)
    blank = [np.full((40, 30, 3), 90, np.uint8), rng.integers(0, 255, (50, 40, 3)).astype(np.uint8)]
    assert (reader.read(blank).legible < 0.5).all()
    assert reader.read([]).digits.shape == (0, 2, 11)


def test_batches_and_outputs_may_be_fixed_or_missing(tmp_path: Path) -> None:
    torsos = [torso(drawn(text, RED, WHITE)) for text in ("7", "10", "88", "23", "1")]
    readings = [
        reader_of(f"onnx:{write_reader(tmp_path / f'{legible}{batch}.onnx', legible, batch)}").read(torsos)
        for legible, batch in ((True, None), (True, 2), (False, None))
    ]
    for other in readings[1:]:
        np.testing.assert_allclose(other.digits, readings[0].digits, atol=1e-4)
    assert (readings[2].legible > 0.5).all()


def broken(path: Path, kind: str) -> Path:
    shape: tuple[int | str, ...] = ("batch", 1 if kind == "grey" else 3, SIDE, SIDE)
    model = Model(("torsos", ("batch", 3) if kind == "flat" else shape))
    model.constant("shape", np.array([-1, 3, SIDE * SIDE] if kind == "wrong" else [-1, 2, 11], np.int64))
    model.constant("zero", np.array(0, np.float32))
    model.node("Reshape", "torsos shape", "digits")
    model.node("Div", "zero zero", "nan")
    model.node("Mul", "digits nan", "none")
    path.write_bytes(b"no network" if kind == "words" else model.bytes(["none" if kind == "name" else "digits"]))
    return path


@pytest.mark.parametrize(
    ("kind", "says"),
    [("words", "not an ONNX model"), ("grey", "not one picture"), ("flat", "not one picture"),
     ("name", "needs an output digits"), ("wrong", "not (batch, places, 11)"), ("fails", "failed on a batch")],
)  # fmt: skip
def test_a_file_that_is_no_reader_gets_one_line(kind: str, says: str, tmp_path: Path) -> None:
    path = broken(tmp_path / "reader.onnx", kind)
    with pytest.raises(InputError) as error:
        reader_of(f"onnx:{path}").read([np.zeros((40, 30, 3), np.uint8)])
    assert says in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_reader_that_is_none_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="give onnx:PATH"):
        reader_of("magic")
    with pytest.raises(InputError, match="no such file"):
        reader_of(f"onnx:{tmp_path / 'nothing.onnx'}")


@pytest.fixture(scope="module")
def shirts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Three seconds of people who stand there: 10, 7, nobody's number, a small 4, and one who is 23, then 9."""
    path = tmp_path_factory.mktemp("shirts") / "video.mp4"
    boxes = np.array([[20, 20, 60, 132], [120, 20, 60, 132], [220, 20, 60, 132], [320, 20, 16, 35], [360, 20, 60, 132]])
    frames = 75

    def pictures() -> Any:
        for frame in range(frames):
            picture = np.full((180, 440, 3), (60, 130, 90), np.uint8)
            for text, (x, y, w, h) in zip(["10", "7", "", "4", "23" if frame < 38 else "9"], boxes, strict=True):
                picture[y : y + h, x : x + w] = drawn(text, RED, WHITE, w, h)
            yield picture

    write_video(path, pictures(), Fraction(25), quality=10)
    frame, who = np.tile(np.arange(1, frames + 1), 5), np.repeat(np.arange(5), frames)
    return path, clip(frame, who, *boxes[who].T.astype(float))


def with_columns(tracks: Any, **columns: Any) -> Any:
    """The rows with more columns, read as a program's table; the picture's size is not said."""
    table = tracks.source
    for name, values in columns.items():
        table = table.append_column(name, values)
    return read(table, fps=25)


def test_numbers_from_video_to_column(shirts: tuple[Path, Any], tmp_path: Path) -> None:
    path, tracks = shirts
    tracks = with_columns(tracks)
    found = read_numbers(tracks, path, reader_of(f"onnx:{write_reader(tmp_path / 'digits.onnx')}"))
    out = found.tracks.source
    assert out.column_names == [*tracks.source.column_names, "jersey", "jersey_score"]
    number = np.array(out["jersey"].to_pylist(), object).reshape(5, 75)
    assert [set(row) for row in number[:4]] == [{"10"}, {"7"}, {None}, {None}]
    assert set(number[4, :25]) == {"23"}
    assert set(number[4, 50:]) == {"9"}
    score = np.array(out["jersey_score"].to_pylist(), float).reshape(5, 75)
    assert (score[0] >= SURE).all()
    assert np.isnan(score[2]).all()
    assert found.numbered == 3
    assert found.legible < found.crops


class Oracle:
    """A reader of one's own: says of every torso the same."""

    name = "oracle"

    def __init__(self, text: str, legible: float = 1.0) -> None:
        self.text, self.legible, self.seen = text, legible, 0

    def read(self, torsos: Sequence[Any]) -> Reading:
        """Read."""
        assert torsos
        self.seen += len(torsos)
        return Reading(says(*[self.text] * len(torsos)), np.full(len(torsos), self.legible))


def test_any_object_may_read_and_known_numbers_stay(shirts: tuple[Path, Any]) -> None:
    path, tracks = shirts
    reader: Reader = Oracle("88")
    given = pa.array(np.repeat([None, "5", None, None, None], 75), pa.string())
    role = pa.array(np.repeat([None, None, "referee", None, None], 75), pa.string())
    out = read_numbers(with_columns(tracks, jersey_number=given, role=role), path, reader).tracks
    number = np.array(out.source["jersey_number"].to_pylist(), object).reshape(5, 75)
    assert [set(row) for row in number] == [{"88"}, {"5"}, {None}, {None}, {"88"}]  # a referee; a small one
    assert out.canonical["jersey"].to_pylist() == out.source["jersey_number"].to_pylist()
    assert set(np.array(out.source["jersey_score"].to_pylist(), object).reshape(5, 75)[1]) == {None}


@pytest.mark.parametrize("reader", [Oracle("88", legible=0.3), Oracle("123"), Oracle("")])
def test_nothing_legible_is_said_and_nothing_written(reader: Oracle, shirts: tuple[Path, Any]) -> None:
    path, tracks = shirts
    found = read_numbers(with_columns(tracks), path, reader)
    assert reader.seen > 0
    assert set(found.tracks.source["jersey"].to_pylist()) == {None}
    assert [note.code for note in found.tracks.notes] == ["no-numbers"]


def test_a_reader_is_not_asked_where_nobody_can_be_read(shirts: tuple[Path, Any]) -> None:
    """Nobody, nobody large enough, and nobody in the picture."""
    path, tracks = shirts
    table = tracks.source
    outside = table.set_column(table.column_names.index("x"), "x", pa.array(np.full(len(table), 5000.0)))
    for rows in (table.slice(0, 0), table.slice(225, 75), outside):
        reader = Oracle("88")
        found = read_numbers(read(rows, fps=25), path, reader)
        assert (reader.seen, found.crops, found.numbered) == (0, 0, 0)
        assert set(found.tracks.source["jersey"].to_pylist()) <= {None}
        assert "no-numbers" in [note.code for note in found.tracks.notes]


def test_the_numbers_written_feed_the_solver(shirts: tuple[Path, Any]) -> None:
    from reid_solve.solver.cues.jersey import jersey
    from reid_solve.solver.pairs import Pairs
    from reid_solve.tracklets.describe import describe

    path, tracks = shirts
    out = read_numbers(with_columns(tracks), path, Oracle("88")).tracks
    (tracklets,) = describe(out)
    scorer = jersey(tracklets)
    assert scorer is not None
    big = np.array([k for k in range(5) if tracklets.boxes[tracklets.offsets[k], 3] > 100][:2])
    assert scorer(Pairs(big[:1], big[1:], np.ones(1, int)))[0] > 1
