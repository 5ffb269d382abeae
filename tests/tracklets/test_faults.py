"""Whatever goes wrong while a file is written: there is the old file, or the new one, and nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reid_solve.tracklets.read import read

FAULTS = Path(__file__).with_name("faults.py")
PARTIAL = re.compile(r"\.[0-9a-f]{16}\.part")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@dataclass(frozen=True)
class Job:
    """A command that writes one file, and whether such a file is whole."""

    name: str
    arguments: tuple[str, ...]  # {tracks}, {solved}, {video}, {out} are paths
    whole: Callable[[Path], bool]
    kills: int = 2  # at a random moment
    video: bool = False
    thorough: bool = False  # every call fails in every way


def same_rows(path: Path) -> bool:
    """A table of tracks, checksums and all."""
    return len(read(path)) == 90


def parquet(path: Path) -> bool:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return bool(file.read().num_rows > 0)


def ends_in(text: str) -> Callable[[Path], bool]:
    return lambda path: path.read_text().rstrip().endswith(text)


def plays(path: Path) -> bool:
    from reid_solve.tracklets.video import pictures

    return sum(1 for _ in pictures(path)) == 75


JOBS = [
    Job("convert.parquet", ("convert", "{tracks}", "{out}"), same_rows, kills=12, thorough=True),
    Job("convert.txt.gz", ("convert", "{tracks}", "{out}"), same_rows),
    Job("solve.parquet", ("solve", "{tracks}", "-o", "{out}"), same_rows, kills=15),
    Job("solve.csv", ("solve", "{tracks}", "-o", "{out}"), same_rows),
    Job("graph.graphml", ("graph", "{tracks}", "-o", "{out}", "--conflicts"), ends_in("</graphml>")),
    Job("graph.parquet", ("graph", "{tracks}", "-o", "{out}", "--conflicts"), parquet),
    Job("timeline.svg", ("timeline", "{solved}", "-o", "{out}"), ends_in("</svg>")),
    Job("render.mp4", ("render", "{video}", "{moving}", "-o", "{out}"), plays, video=True),
    Job(
        "embed.parquet",
        ("embed", "{video}", "{moving}", "-o", "{out}", "--backend", "color", "--no-cache"),
        parquet,
        video=True,
    ),
]


def places(tmp_path: Path) -> dict[str, str]:
    rows = "".join(
        f"{f},{i},{100 + 150 * i + 2 * f},{200 + 10 * i},40,90,0.9,-1,-1,-1\n" for f in range(1, 31) for i in (1, 2, 3)
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "notes").mkdir()
    tracks, solved = tmp_path / "in" / "tracks.txt", tmp_path / "in" / "solved.parquet"
    tracks.write_text(rows)
    table = read(tracks)
    ids = pa.array(np.tile([1, 2, 3], 30), pa.int64())
    from reid_solve.tracklets.write import write

    write(table.with_identity(ids, pa.array(np.ones(90), pa.float32())), solved)
    return {"tracks": str(tracks), "solved": str(solved)}


def carried_out(job: dict[str, Any], timeout: float = 600) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(FAULTS)], input=json.dumps(job), capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def check(trials: list[dict[str, Any]], whole: Callable[[Path], bool], one_line: bool = True) -> None:
    """The promises, over all trials."""
    first, last = trials[0], trials[-1]
    assert (first["code"], first["state"], first["extra"]) == (0, "new", []), first
    assert {"before open", "before fsync", "before replace", "replace"} <= set(first["steps"])
    assert first["steps"].count("fsync") == 2  # the file, and after the renaming its folder
    replaced = first["steps"].index("replace")
    assert first["steps"].index("fsync") < replaced < len(first["steps"]) - 1 - first["steps"][::-1].index("fsync")
    for one in trials:
        assert one["state"] in {"old", "new"}, one
        assert one["state"] == "old" or whole(Path(one["file"])), one
        killed = one["action"] in {"kill", "SIGKILL"}
        assert all(PARTIAL.fullmatch(name) for name in one["extra"]), one
        assert len(one["extra"]) <= int(killed), one
        if one["at"] is not None:
            assert one["state"] == ("new" if one["at"] >= replaced else "old"), one
            late = one["at"] >= replaced and one["action"] != "Ctrl-C"  # the file is there, and that is what counts
            codes = {"kill": {-9}, "Ctrl-C": {1, 130}}.get(one["action"], {0, 2} if late else {2})
            assert one["code"] in codes, one
        if one["code"] == 2 and one_line:
            said = [line for line in one["said"].splitlines() if not line.startswith(("warning: ", "note: "))]
            assert [line[:7] for line in said] == ["Error: "], one
            assert "cannot be written" in one["said"], one
        assert "Traceback" not in one["said"], one
        assert "mistake in reid-solve" not in one["said"], one
    assert trials[-2]["extra"] != []  # killed before it was done
    assert (last["code"], last["state"], last["extra"]) == (0, "new", [])  # and the next run tidied up


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_command(job: Job, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    named = places(tmp_path)
    if job.video:
        clip = request.getfixturevalue("mini_clip")
        named |= {"video": str(clip.video), "moving": str(clip.tracks)}
    out = tmp_path / "out" / job.name
    arguments = [word.format(out=out, **named) for word in job.arguments]
    trials = carried_out(
        {
            "arguments": arguments,
            "output": str(out),
            "keep": [],
            "place": str(tmp_path / "notes"),
            "seed": 5,
            "thorough": job.thorough,
            "actions": ["kill", "ENOSPC", "EACCES", "EIO", "Ctrl-C"]
            if job.thorough
            else ["kill"]
            if job.video
            else ["kill", "ENOSPC"],
            "signals": {"SIGKILL": job.kills, "SIGINT": job.kills // 2, "SIGTERM": job.kills // 2},
        }
    )
    check(trials, job.whole)
    shutil.rmtree(tmp_path / "notes")


LEDGER = """
from pathlib import Path
from reid_solve.pipeline.ledger import Ledger
folder = Path({folder!r})
ledger = Ledger(folder)
ledger.record("solve", "key", folder.parent / "in" / "tracks.txt", {{"rows": 90}})
assert Ledger(folder).done("solve", "key", folder.parent / "in" / "tracks.txt") == {{"rows": 90}}
"""
CACHE = """
from pathlib import Path
import numpy as np
from reid_solve.tracklets.embed.cache import Cache
Cache(Path({folder!r})).put("abcd", {{"a": np.arange(2000)}})
"""


def test_the_ledger_of_run(tmp_path: Path) -> None:
    places(tmp_path)
    job = {
        "code": LEDGER.format(folder=str(tmp_path / "out")), "output": str(tmp_path / "out" / "stages.json"),
        "keep": [], "place": str(tmp_path / "notes"), "seed": 6, "thorough": True, "actions": ["kill"],
        "signals": {"SIGKILL": 10},
    }  # fmt: skip
    check(carried_out(job), lambda path: list(json.loads(path.read_text())) == ["solve"], one_line=False)


def test_what_is_remembered_of_crops(tmp_path: Path) -> None:
    places(tmp_path)
    out = tmp_path / "out" / "embeddings" / "ab" / "abcd.npz"
    out.parent.mkdir(parents=True)
    job = {
        "code": CACHE.format(folder=str(tmp_path / "out")), "output": str(out), "keep": [],
        "place": str(tmp_path / "notes"), "seed": 7, "thorough": False, "actions": ["kill"], "signals": {"SIGKILL": 5},
    }  # fmt: skip
    check(carried_out(job), lambda path: bool((np.load(path)["a"] == np.arange(2000)).all()), one_line=False)


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.svg", "out.mp4"])
def test_a_disk_that_is_really_full(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The operating system itself refuses to write more than so many bytes."""
    named = places(tmp_path)
    out = tmp_path / "out" / name
    out.write_bytes(b"old")
    arguments = ["solve", named["tracks"]]
    if name.endswith("mp4"):
        clip = request.getfixturevalue("mini_clip")
        arguments = ["render", str(clip.video), str(clip.tracks)]
    elif name.endswith("svg"):
        arguments = ["timeline", named["solved"]]
    code = (
        "import resource, signal, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500));"
        "from reid_solve.cli import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "-o", str(out)], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert re.fullmatch(rf"Error: {re.escape(str(out))}: cannot be written: .*\n", done.stderr), done.stderr
    assert out.read_bytes() == b"old"
    assert [path.name for path in out.parent.iterdir()] == [name]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_without_permission(there: bool, tmp_path: Path) -> None:
    named = places(tmp_path)
    out = tmp_path / "out" / "out.parquet"
    if there:
        out.write_bytes(b"old")
        out.chmod(0o444)
    out.parent.chmod(0o555)
    code = "import sys; from reid_solve.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "solve", named["tracks"], "-o", str(out)]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root is refused nothing, and there is no setpriv to give that up")
        rights = "-dac_override,-dac_read_search"
        command = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}", *command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    finally:
        out.parent.chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"Error: .*out\.parquet: cannot be written: permission denied: .* is read-only\n", done.stderr)
    assert [path.read_bytes() for path in out.parent.iterdir()] == ([b"old"] if there else [])
