"""Pickled tracks by role, as the seeds of this project left them, and pickles that are traps."""

from __future__ import annotations

import collections
import json
import os
import pickle
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tracklets.formats.refused import Attack, refusal

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.tracklets.table import Tracks

SEEDS = Path(__file__).parents[3] / ".." / "shared" / "data" / "seed-clip"
needs_seeds = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seeds' clip is not here")


def people(frames: int = 30, ids: Any = np.int64) -> dict[str, list[dict[Any, Any]]]:
    """Three players, a referee who has the id of one, and a ball whose only id is 1, as in the seeds."""

    def box(who: int, frame: int) -> dict[str, list[float]]:
        return {"bbox": [100.0 * who + frame, 200.0, 140.0 + 100.0 * who + frame, 300.0]}

    return {
        "players": [{ids(who): box(who, f) for who in (1, 2, 7) if (f + who) % 5} for f in range(frames)],
        "referees": [{ids(2): box(9, f)} for f in range(frames)],
        "ball": [{1: {"bbox": np.array([10.0, 20, 30, 40], np.float32)}} if f % 3 else {} for f in range(frames)],
    }


def saved(content: Any, path: Path, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def column(tracks: Tracks, name: str) -> list[Any]:
    found: list[Any] = tracks.canonical[name].to_pylist()
    return found


@pytest.mark.parametrize("protocol", range(2, 6))
def test_every_box_of_a_pickle_comes_in_with_its_role(tmp_path: Path, protocol: int) -> None:
    content = people()
    tracks = rs.read(saved(content, tmp_path / "tracks.pkl", protocol), allow_pickle=True)
    expected = sorted(
        (frame, role, tuple(float(v) for v in found["bbox"]))
        for key, role in (("players", "player"), ("referees", "referee"), ("ball", "ball"))
        for frame, inside in enumerate(content[key])
        for found in inside.values()
    )
    x, y, w, h = tracks.boxes.T
    boxes = np.column_stack([x, y, x + w, y + h]).tolist()
    rows = zip(tracks.frame.tolist(), column(tracks, "role"), map(tuple, boxes), strict=True)
    assert sorted(rows) == expected
    assert tracks.clip.frame_base == 0
    assert tracks.clip.length == 30


def test_ids_of_different_roles_are_different_and_the_files_own_are_kept(tmp_path: Path) -> None:
    tracks = rs.read(saved(people(), tmp_path / "tracks.pkl"), allow_pickle=True)
    ids = collections.defaultdict(set)
    for role, track_id in zip(column(tracks, "role"), column(tracks, "track_id"), strict=True):
        ids[role].add(track_id)
    assert ids["player"] == {1, 2, 7}
    assert len(ids["referee"]) == len(ids["ball"]) == 1
    assert not ids["referee"] & ids["player"]
    assert not ids["ball"] & (ids["player"] | ids["referee"])
    (note,) = [note for note in tracks.notes if note.code == "ids-made-distinct"]
    assert note.count == 30 + 20
    given = dict(zip(column(tracks, "role"), tracks.source["id_in_file"].to_pylist(), strict=True))
    assert (given["referee"], given["ball"]) == (2, 1)


def test_ids_that_are_words_and_other_values_come_along(tmp_path: Path) -> None:
    content = {
        "players": [{"p1": {"bbox": [1, 2, 3, 4], "team": 1, "kit": np.zeros(3)}}, {"p1": {"bbox": [2, 3, 4, 5]}}]
    }
    tracks = rs.read(saved(content, tmp_path / "t.pkl"), allow_pickle=True)
    assert column(tracks, "track_id") == ["players p1"] * 2
    assert column(tracks, "team") == ["1", None]
    assert [note.code for note in tracks.notes] == ["columns-ignored"]


def test_a_pickle_without_frames_is_a_valid_empty_input(tmp_path: Path) -> None:
    tracks = rs.read(saved({"players": [], "ball": [{}]}, tmp_path / "t.pkl"), allow_pickle=True)
    assert len(tracks) == 0
    assert [note.code for note in tracks.notes] == ["empty"]


def test_a_pickle_needs_the_flag(tmp_path: Path) -> None:
    path = saved(people(), tmp_path / "tracks.pkl")
    done = CliRunner().invoke(main, ["info", str(path)])
    assert done.exit_code == 2
    assert "--allow-pickle" in done.stderr.strip().splitlines()[-1]
    done = CliRunner().invoke(main, ["info", str(path), "--allow-pickle", "--json"])
    assert json.loads(done.stdout)["rows"] == len(rs.read(path, allow_pickle=True))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("call", "named"),
    [
        ((os.system, "touch {}"), "system"),
        ((subprocess.Popen, ["touch", "{}"]), ".Popen"),
        ((eval, "open('{}', 'w')"), ".eval"),
        ((getattr, "x", "y"), ".getattr"),
        ((np.load, "{}"), "numpy.load"),
        ((np.dtype, "O"), "type 'O'"),
        ((np.ndarray, (1,), "f8", b"\0" * 8), "damaged"),
    ],
)
def test_nothing_in_a_pickle_is_called(call: tuple[Any, ...], named: str, protocol: int, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    path = saved({"players": [{1: {"bbox": [Attack(call, trap)]}}]}, tmp_path / "t.pkl", protocol)
    assert named in refusal(path, allow_pickle=True)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([1, 2], "a list, but not tracks"),
        ({"players": [[1]]}, "a dict, but not tracks"),
        ({"players": [{1: {"bbox": [1, 2, 3]}}]}, "players, frame 0, id 1: the box is [1, 2, 3], not 4 numbers"),
        ({"players": [{1: {}}]}, "players, frame 0, id 1"),
        ({1: np.ones(4), 2: np.ones(4)}, "one vector for each of 2 ids and no boxes"),
        ({"players": [{1: {"bbox": np.array([("a", 1)], "O,i4")}}]}, "numpy values of type"),
    ],
)
def test_other_pickles_get_one_line(content: Any, says: str, tmp_path: Path) -> None:
    assert says in refusal(saved(content, tmp_path / "t.pkl"), allow_pickle=True)


def test_every_cut_of_a_pickle_gets_one_line(tmp_path: Path) -> None:
    whole = pickle.dumps(people(3))
    for end in range(2, len(whole)):
        (tmp_path / "t.pkl").write_bytes(whole[:end])
        refusal(tmp_path / "t.pkl", allow_pickle=True)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 600), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_pickle_is_read_or_gets_one_line(changes: list[tuple[int, int]]) -> None:
    raw = bytearray(pickle.dumps(people(4)))
    for at, value in changes:
        raw[at % len(raw)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.pkl")
        path.write_bytes(raw)
        with suppress(rs.InputError):
            rs.read(path, allow_pickle=True, on_duplicate="split", drop_invalid=True)


@needs_seeds
@pytest.mark.parametrize(("name", "players"), [("track_players", 4572), ("updated_track_id", 3051)])
def test_no_box_of_the_seeds_pickles_is_lost_in_solving(name: str, players: int) -> None:
    solved = rs.solve(SEEDS / f"shourya49_{name}.pkl", allow_pickle=True, fps=25, size=(1280, 720))
    assert collections.Counter(column(solved.tracks, "role")) == {"player": players, "referee": 284, "ball": 202}
    pairs = {*zip(column(solved.tracks, "role"), column(solved.tracks, "identity"), strict=True)}
    assert None not in {identity for _, identity in pairs}
    assert len(pairs) == len({identity for _, identity in pairs})


def test_keys_that_make_no_column_are_named(tmp_path: Path) -> None:
    person = {"bbox": [1, 2, 30, 60], "frame": 9, 5: "five"}
    tracks = rs.read(saved({"players": [{1: person}]}, tmp_path / "t.pkl"), allow_pickle=True)
    assert tracks.frame.tolist() == [0]
    (note,) = tracks.notes
    assert note.text.startswith("frame, 5: ")
