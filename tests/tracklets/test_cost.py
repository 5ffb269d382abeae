"""What stands in a file fills no memory and takes no time that its size does not account for."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import unpack
from reid_solve.tracklets.read import read

METHODS = ("auto", "cluster", "exact", "flow", "greedy", "hdbscan")
FAR = 2_000_000_000
# (frame, id) of rows that stand side by side; every file is some hundred bytes.
SPARSE = {
    "one": [(1, 1), (2, 1), (FAR, 1)],
    "ids": [(1, 3 * 10**10), (FAR, 2**53 + 1), (FAR, 7)],
    "over": [(1, 1), (FAR // 2 + 1, 1), (FAR // 4, 2), (FAR, 2), (FAR // 4, 3), (FAR, 3)],
    "two": [(frame, who) for frame in (1, 2, 3, FAR, FAR + 1, FAR + 2) for who in (1, 2, 3)],
    "late": [(2**43 - 1, 1), (2**43 - 2, 1), (1, 2)],
}
# Runs commands in a process that has not much memory left beyond what it holds after doing the same with a good file.
RUNNER = """
import json, resource, sys, time
from click.testing import CliRunner
from reid_solve.cli import main
jobs, room = json.loads(sys.stdin.read())
run = lambda arguments: CliRunner().invoke(main, arguments)
for job in jobs["warm"]:
    done = run(job)
    assert done.exit_code == 0, (job, done.output)
held = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (held + room, held + room))
out = []
for job in jobs["try"]:
    begin = time.perf_counter()
    done = run(job)
    out.append([done.exit_code, done.output, time.perf_counter() - begin])
print(json.dumps(out))
"""
ROOM = 400 << 20  # far less than a byte for each frame of the far files
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


def mot(rows: list[tuple[int, int]]) -> str:
    """Everybody in a place of their own, walking a little."""
    return "".join(f"{f},{i},{100 + 60 * (i % 7) + k},{200 + k},40,90,0.9,-1,-1,-1\n" for k, (f, i) in enumerate(rows))


def commands(source: Path, out: Path) -> list[list[str]]:
    """Everything that is done to a file without a video."""
    solved = out / "solved.parquet"
    every = [["solve", str(source), "-o", str(solved), "--method", method, "--force"] for method in METHODS]
    ids = list(dict.fromkeys(line.split(",")[1] for line in source.read_text().splitlines()))
    return [
        ["info", str(source), "--json"],
        *every,
        ["solve", str(source), "-o", str(out / "fast.csv"), "--fps", "99999", "--fill", "smooth"],
        ["solve", str(source), "-o", str(out / "filled.csv"), "--fill", "linear"],
        ["evaluate", str(solved), "--gt", str(source), "--ceiling"],
        ["timeline", str(solved), "-o", str(out / "time.svg"), "--gt", str(source)],
        ["graph", str(source), "-o", str(out / "graph.parquet"), "--conflicts"],
        ["graph", str(source), "-o", str(out / "graph.graphml")],
        *([["explain", str(source), "--tracks", *ids[:2]]] if len(ids) > 1 else []),
        ["convert", str(source), str(out / "again.txt")],
    ]


def limited(warm: list[list[str]], jobs: list[list[str]]) -> list[Any]:
    """Exit code, output and seconds of each job."""
    given = json.dumps([{"warm": warm, "try": jobs}, ROOM])
    done = subprocess.run([sys.executable, "-c", RUNNER], input=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@linux
def test_frames_and_ids_of_any_size_cost_no_memory_and_no_time(tmp_path: Path) -> None:
    good = [(frame, who) for frame in range(1, 30) for who in (1, 2, 3)]
    (tmp_path / "good.txt").write_text(mot(good))
    jobs = []
    for name, rows in SPARSE.items():
        (tmp_path / f"{name}.txt").write_text(mot(rows))
        (tmp_path / name).mkdir()
        jobs += commands(tmp_path / f"{name}.txt", tmp_path / name)
    for job, (code, output, seconds) in zip(
        jobs, limited(commands(tmp_path / "good.txt", tmp_path), jobs), strict=True
    ):
        assert code == 0, (job, output)
        assert seconds < 10, job


@linux
def test_pictures_and_crops_of_far_rows_cost_nothing(tmp_path: Path, mini_clip: Any) -> None:
    tracks = read(mini_clip.tracks).source
    far = tracks.slice(0, 1).set_column(tracks.column_names.index("frame"), "frame", pa.array([FAR]))
    pq.write_table(pa.concat_tables([tracks, far.cast(tracks.schema)]), tmp_path / "far.parquet")
    video = str(mini_clip.video)

    def jobs(source: str) -> list[list[str]]:
        return [
            ["render", video, source, "-o", str(tmp_path / "out.mp4"), "--trails", "--timeline", "--compare", source],
            ["embed", video, source, "-o", str(tmp_path / "seen.parquet"), "--backend", "color"],
            ["team", video, source, "-o", str(tmp_path / "team.parquet")],
        ]

    told = limited(jobs(str(mini_clip.tracks)), jobs(str(tmp_path / "far.parquet")))
    for job, (code, output, seconds) in zip(jobs("far.parquet"), told, strict=True):
        assert code == 0, (job, output)
        assert seconds < 60, job


def test_a_video_that_does_not_say_how_long_it_is(
    mini_clip: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Then no row lies beyond it, and nothing may be laid out by frames."""
    from dataclasses import replace

    from reid_solve.report.pen import Pen
    from reid_solve.report.side import side_of
    from reid_solve.report.strip import Strip
    from reid_solve.report.trails import Trails
    from reid_solve.tracklets.video import probe

    (tmp_path / "far.txt").write_text(mot(SPARSE["two"]))
    film = replace(probe(mini_clip.video), count=0, exact=False)
    begin = time.perf_counter()
    drawn = side_of(read(tmp_path / "far.txt"), "track_id", film, (640, 360), None, None).marks
    pen = Pen(drawn, (640, 360), Trails(drawn, (640, 360), 25.0))
    strip = Strip(drawn, FAR + 3, 640, 360, 25.0)
    canvas = np.zeros((360, 640, 3), np.uint8)
    pen.draw(canvas, 0)
    pen.draw(canvas, FAR)
    strip.draw(np.zeros((strip.height, 640, 3), np.uint8), 5)
    assert pen.drawn == 6
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize("facts", [{"fps": 1e300}, {"fps": 1e9, "length": 1e300}, {"width": 1e300, "height": 5}])
def test_absurd_metadata_is_named_and_not_used(facts: dict[str, Any], tmp_path: Path) -> None:
    table = pa.table({"frame": [1, 2, FAR], "track_id": [1] * 3} | {name: [9.0, 9.0, 9.0] for name in "xywh"})
    held = {b"reid_solve": json.dumps({**facts, "frame_base": 10**30}).encode()}
    pq.write_table(table.replace_schema_metadata(held), tmp_path / "odd.parquet")
    tracks = read(tmp_path / "odd.parquet")
    assert [note.code for note in tracks.notes].count("metadata") >= 1
    clip = tracks.clip
    assert (clip.fps, clip.length, clip.width) == (None, None, None)
    assert clip.frame_base == 1


@pytest.mark.parametrize("level", [1, 9])
def test_a_gzip_bomb_is_stopped_early(level: int, tmp_path: Path) -> None:
    zeros = gzip.compress(bytes(300 << 20), level)
    bomb = tmp_path / "bomb.txt.gz"
    bomb.write_bytes(zeros)
    begin = time.perf_counter()
    with pytest.raises(InputError, match=r"unpacks to more than 200 times its size and 64 MiB.*gunzip"):
        read(bomb)
    assert time.perf_counter() - begin < 5
    newlines = gzip.compress(b"\n" * (80 << 20))
    with pytest.raises(InputError, match="200 times"):
        unpack(newlines, "newlines", salvage=True)


def test_what_tracks_pack_to_is_read(tmp_path: Path) -> None:
    """Even rows that repeat far better than real ones."""
    rows = "".join(f"{f},1,100,100,40,90,0.9,-1,-1,-1\n" for f in range(1, 200_001))
    packed = gzip.compress(rows.encode())
    (tmp_path / "many.txt.gz").write_bytes(packed)
    assert len(rows) / len(packed) > 10
    assert len(read(tmp_path / "many.txt.gz")) == 200_000


def test_many_small_gzip_members_take_no_quadratic_time() -> None:
    members = gzip.compress(b"1,1,1,1,5,5\n") * 40_000
    begin = time.perf_counter()
    assert unpack(members, "members")[0].count(b"\n") == 40_000
    assert time.perf_counter() - begin < 5


def test_a_parquet_file_of_nothing_but_repeats_is_refused(tmp_path: Path) -> None:
    one = pa.array(np.ones(1 << 20, np.int8))
    table = pa.table(dict.fromkeys(("frame", "track_id", "x", "y", "w", "h"), one))
    with pq.ParquetWriter(tmp_path / "bomb.parquet", table.schema, compression="zstd") as writer:
        for _ in range(5):
            writer.write_table(table)
    with pytest.raises(InputError, match=r"5,242,880 rows and [\d,]+ bytes, packed into [\d,]+, which tracks never"):
        read(tmp_path / "bomb.parquet")


def test_one_long_line_does_not_make_all_lines_long(tmp_path: Path) -> None:
    short = "1,1,1,1,5,5\n"
    path = tmp_path / "long.txt"
    path.write_text(short * 50_000 + "2,1,1,1,5,5" + ",1" * 9_000 + "\n" + short)
    with pytest.raises(InputError, match="9,006 values, and most have far fewer"):
        read(path)
    path.write_text(short + "2,1,1,1,5,5" + ",1" * 200_000 + "\n")
    with pytest.raises(InputError, match=r"line 2: 200006 values; at most 10,000"):
        read(path)
    path.write_text("1" + ",1" * 200_000 + "\n")
    with pytest.raises(InputError, match="more than 10,000 values a line; write one row"):
        read(path)


@linux
def test_a_small_text_is_not_parsed_in_threads(tmp_path: Path) -> None:
    """A process that ends soon after Arrow's threads began may crash as they end: 2 of 60 did."""
    (tmp_path / "small.txt").write_text(mot(SPARSE["two"]))
    code = (
        "import sys; from pathlib import Path; from reid_solve.tracklets.read import read;"
        "count = lambda: len(list(Path('/proc/self/task').iterdir()));"
        "before = count(); read(sys.argv[1]); print(count() - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "small.txt")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) <= 1  # Arrow's own that reads ahead
