"""Every layout is taken by its own reader, by that alone, and gives every row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.tracklets.formats.examples import EXAMPLES, ROWS, SIZE, people, reader_of

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.tracklets.formats import registry
from reid_solve.tracklets.formats.sources import open_source

registry.load_all()
FALLBACKS = {"unsupported", "csv", "mot"}  # asked last, since they would take much


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_its_own_reader_takes_an_example(name: str, tmp_path: Path) -> None:
    source = open_source(EXAMPLES[name](tmp_path))
    chosen = registry.recognise(source)
    assert chosen is not None
    assert chosen.name == reader_of(name)
    kind = registry.kind_of(source)
    takers = {one.name for one in registry.READERS.values() if one.takes == kind and one.recognises(source)}
    assert takers - FALLBACKS <= {reader_of(name)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_of_an_example_comes_in(name: str, tmp_path: Path) -> None:
    tracks = rs.read(EXAMPLES[name](tmp_path), size=SIZE, allow_pickle=True)
    assert len(tracks) == ROWS
    assert tracks.clip.format == reader_of(name)
    assert tracks.clip.frame_base == tracks.frame.min()
    seen = tracks.boxes[np.lexsort((tracks.boxes[:, 0], tracks.frame))]
    expected = np.array([row[2:6] for row in people(int(tracks.frame.min()))], float)
    unlabelled = ROWS - 3 if name == "kitti" else ROWS  # KITTI's last row is of nobody
    np.testing.assert_allclose(seen[:unlabelled], expected[:unlabelled], atol=0.51)


def test_every_reader_of_files_and_folders_has_an_example() -> None:
    assert {reader_of(name) for name in EXAMPLES} == set(registry.file_formats()) - {"auto"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_naming_the_format_gives_the_same(name: str, tmp_path: Path) -> None:
    path = EXAMPLES[name](tmp_path)
    named = rs.read(path, format=reader_of(name), size=SIZE, allow_pickle=True)
    assert named.canonical.equals(rs.read(path, size=SIZE, allow_pickle=True).canonical)


@pytest.mark.parametrize("name", EXAMPLES)
def test_any_beginning_of_a_file_is_read_or_gets_one_line(name: str, tmp_path: Path) -> None:
    given = EXAMPLES[name](tmp_path)
    cut = (
        given if given.is_file() else max(filter(Path.is_file, given.rglob("*")), key=lambda path: path.stat().st_size)
    )
    whole = cut.read_bytes()
    for end in np.linspace(0, len(whole) - 1, 60).astype(int):
        cut.write_bytes(whole[:end])
        done = CliRunner().invoke(main, ["info", str(given), "--size", "1920x1080", "--allow-pickle", "--json"])
        if done.exit_code:
            assert done.exit_code == 2
            assert done.stderr.count("\n") == 1
            assert str(tmp_path) in done.stderr
        else:
            assert json.loads(done.stdout)["rows"] <= ROWS


def test_a_folder_of_something_else_gets_one_line(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "t_1.txt").write_text("1,1,10,20,30,40,1\n")
    done = CliRunner().invoke(main, ["info", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.strip().endswith(
        f"{tmp_path}: a folder in no layout that is read (`reid-solve formats` lists those); give one of its files"
    )
    done = CliRunner().invoke(main, ["info", str(tmp_path), "--format", "mot"])
    assert "is for files, not for the folder" in done.stderr


def test_no_output_goes_into_a_folder_that_is_the_input(tmp_path: Path) -> None:
    path = EXAMPLES["ultralytics-folder"](tmp_path)
    before = (path / "match_3.txt").read_bytes()
    done = CliRunner().invoke(main, ["convert", str(path), str(path / "match_3.txt"), "--size", "1920x1080"])
    assert done.exit_code == 2
    assert "in the input" in done.stderr
    assert (path / "match_3.txt").read_bytes() == before


def test_formats_lists_every_reader_and_writer_with_what_it_is() -> None:
    listed = json.loads(CliRunner().invoke(main, ["formats", "--json"]).stdout)["formats"]
    assert {one["name"] for one in listed if one["reads"]} == set(registry.file_formats()) - {"auto"}
    assert {one["name"] for one in listed if one["writes"]} == set(registry.WRITERS)
    assert all(one["about"] and "\n" not in one["about"] for one in listed)
    printed = CliRunner().invoke(main, ["formats"]).stdout
    assert all(one["name"] in printed for one in listed)


def test_reading_text_loads_nothing_of_video(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("1,1,10,20,30,40,1\n")
    code = f"import os, sys, reid_solve as rs; rs.read({str(tmp_path / 't.txt')!r}); print(*sys.modules, flush=True)"
    code += "; os._exit(0)"  # Arrow's threads may abort an early end on a busy machine: apache/arrow 34314
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "cv2", "av", "ultralytics", "pandas"} & set(out)


@pytest.mark.parametrize("odd", ["2  1 11 20 30 40", "2 1 11  20 30 40", " 2 1 11 20 30 40"])
@pytest.mark.parametrize("first", [True, False])
def test_two_blanks_part_two_values_as_one_does(odd: str, first: bool, tmp_path: Path) -> None:
    lines = ["1 1 10 20 30 40 0.5", "3 1 12 20 30 40 nan"]
    lines.insert(0 if first else 1, odd)
    (tmp_path / "t.txt").write_text("\n".join(lines) + "\n")
    tracks = rs.read(tmp_path / "t.txt")
    rows = zip(tracks.frame.tolist(), tracks.boxes[:, 0].tolist(), tracks.canonical["score"].to_pylist(), strict=True)
    assert sorted(rows, key=lambda row: row[0]) == [(1, 10, 0.5), (2, 11, None), (3, 12, None)]
