"""Files after an accident: flipped bits, cut off, doubled, zeroed. Never a traceback, and never other data unsaid.

2,000 accidents, or as many as ``FUZZ_MUTATIONS`` says.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tests.clips import walkers
from tests.fuzz import archive
from tests.fuzz.mutations import damaged
from tests.fuzz.targets import CAREFUL, LENIENT, crashers, promised, targets, watched
from tests.tracklets.formats.examples import EXAMPLES, reader_of

import reid_solve as rs
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.write import write

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "2000"))  # of all examples together, and as many of parquet
TARGETS = targets()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_damaged_file_is_read_or_gets_one_line(name: str, tmp_path: Path) -> None:
    path = EXAMPLES[name](tmp_path)
    folder = path.is_dir()
    raw = archive.pack(path) if folder else path.read_bytes()
    rng = np.random.default_rng(len(raw))
    for number in range(-(-MUTATIONS // len(EXAMPLES))):
        wrong = damaged(raw, rng)
        if folder:
            path = tmp_path / f"n{number}"
            path.mkdir()
            archive.unpack(wrong, path)
        else:
            path.write_bytes(wrong)
        with watched(wrong):
            options = LENIENT if number % 2 else CAREFUL
            promised(rs.read(path, format=reader_of(name) if number % 3 else "auto", **options))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of ours: columns of numbers, words, dictionaries and lists, with nulls, and facts."""
    tracks, person = walkers(1, people=3, frames=60)
    words = pa.array(np.array(["left", "right", None], object)[person % 3], pa.string())
    table = tracks.canonical.append_column("team", words).append_column("role", words.dictionary_encode())
    table = table.append_column("embedding", pa.array([[float(k), 1.0] for k in person], pa.list_(pa.float32())))
    path = tmp_path_factory.mktemp("sealed") / "t.parquet"
    write(rs.read(table, fps=30, size=(1920, 1080)), path)
    return path


@pytest.mark.parametrize("kind", ["one bit", "accident"])
def test_a_damaged_parquet_file_of_ours_never_gives_other_data_unsaid(sealed: Path, tmp_path: Path, kind: str) -> None:
    raw, before = sealed.read_bytes(), rs.read(sealed)
    assert before.notes == ()
    path = tmp_path / sealed.name
    rng = np.random.default_rng(0)
    outcomes: Counter[str] = Counter()
    footer = len(raw) - 8 - int.from_bytes(raw[-8:-4], "little")
    for number in range(MUTATIONS // 2):
        if kind == "accident":
            wrong = damaged(raw, rng)
        else:
            at = int(rng.integers(footer if number % 2 else 0, len(raw)))
            wrong = raw[:at] + bytes([raw[at] ^ 1 << int(rng.integers(0, 8))]) + raw[at + 1 :]
        path.write_bytes(wrong)
        try:
            after = rs.read(path)
        except InputError as error:
            outcomes["refused"] += 1
            assert str(error).count("\n") == 0  # noqa: PT017 - thousands of files, most of which are refused
            continue
        same = after.source.equals(before.source) and after.canonical.equals(before.canonical)
        facts = {**vars(after.clip), "source": ""} == {**vars(before.clip), "source": ""}
        said = "changed-since-written" in {note.code for note in after.notes}
        assert (same and facts) or said, (number, after.clip, after.source.schema)
        outcomes["said" if said else "same"] += 1
    assert outcomes["refused"] > MUTATIONS / 8
    assert kind == "accident" or outcomes["said"] > 0


def test_rows_added_by_other_hands_are_read_and_said(sealed: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(sealed)
    pq.write_table(table.slice(0, 9), tmp_path / "t.parquet")
    tracks = rs.read(tmp_path / "t.parquet")
    assert len(tracks) == 9
    assert tracks.clip.fps == 30
    assert [note.code for note in tracks.notes] == ["changed-since-written"]
    plain = table.replace_schema_metadata({})
    pq.write_table(plain, tmp_path / "t.parquet")
    assert rs.read(tmp_path / "t.parquet").notes == ()


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_a_reader_does_so_no_more(name: str) -> None:
    for path in crashers(name):
        TARGETS[name].run(path.read_bytes())
    assert any(True for _ in TARGETS[name].seeds())


def test_a_fuzzed_folder_is_the_folder_and_leads_nowhere_else(tmp_path: Path) -> None:
    path = EXAMPLES["mot-folder"](tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    archive.unpack(archive.pack(path), again)
    assert (again / "gt" / "gt.txt").read_bytes() == (path / "gt" / "gt.txt").read_bytes()
    names = (b"../x", b"/x", b"a/../../x", b"", b"a/b/c/d", b"ok", b"ok/below")
    raw = b"".join(archive.MARK + one + b"\0" + b"content" for one in names)
    archive.unpack(raw, again / "gt")
    assert sorted(one.name for one in (again / "gt").iterdir()) == ["gt.txt", "ok"]
