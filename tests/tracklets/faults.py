"""Runs a command many times, each time in a process of its own, and lets something go wrong at another moment.

As a script it takes a job as JSON on stdin (see ``Job`` in test_faults.py) and prints what each trial left behind.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import reid_solve.cli
import reid_solve.report.tables
import reid_solve.report.timeline
import reid_solve.solver.export
import reid_solve.solver.solve
import reid_solve.tracklets.write

HARM: dict[str, Callable[[], BaseException]] = {
    "ENOSPC": lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "EACCES": lambda: PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    "EIO": lambda: OSError(errno.EIO, os.strerror(errno.EIO)),
    "Ctrl-C": KeyboardInterrupt,
}


def arm(at: int | None, action: str, log: Path) -> None:
    """Make the system calls that a file goes through count, and the one that is meant go wrong.

    Args:
        at: number of the call; None: only write down what is called.
        action: "kill", or a name in ``HARM``.
        log: where the names of the calls are written down.
    """
    calls = 0
    names = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    opened, chmod, fsync, replace, unlink = Path.open, os.chmod, os.fsync, os.replace, Path.unlink

    def step(name: str) -> None:
        nonlocal calls
        os.write(names, f"{name}\n".encode())
        calls += 1
        if at is not None and calls - 1 == at:
            if action == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise HARM[action]()

    class Watched(io.BufferedWriter):
        def write(self, data: Any) -> int:
            step("write")
            return super().write(data)

    def watched_open(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if mode != "xb":
            return opened(self, mode, *rest, **more)
        step("before open")
        stream = Watched(io.FileIO(self, "xb"))
        step("open")
        return stream

    def watched(call: Any, name: str) -> Any:
        def run(*arguments: Any, **more: Any) -> Any:
            step(f"before {name}")
            done = call(*arguments, **more)
            step(name)
            return done

        return run

    Path.open = watched_open  # type: ignore[method-assign]
    os.chmod, os.fsync, os.replace = watched(chmod, "chmod"), watched(fsync, "fsync"), watched(replace, "replace")

    def watched_unlink(self: Path, missing_ok: bool = False) -> None:
        step("before unlink")
        unlink(self, missing_ok=missing_ok)

    Path.unlink = watched_unlink  # type: ignore[method-assign]


def child(job: dict[str, Any], at: int | None, action: str, log: Path, said: Path) -> None:
    """Run the command; never returns."""
    code = 1
    try:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if action != "none":
            arm(at, action, log)
        if "code" in job:
            exec(job["code"], {})
            code = 0
        else:
            reid_solve.cli.main(job["arguments"], prog_name="reid-solve")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        try:  # a signal may still come here, after the command
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
        finally:
            os._exit(code)


def trial(job: dict[str, Any], at: int | None, action: str, after: float | None, place: Path) -> dict[str, Any]:
    """One run: what came of the file, and what else lies in its folder.

    Args:
        after: seconds until the process gets the signal ``action``; None: none comes from outside.
        place: an empty folder for notes.
    """
    output, log, said = Path(job["output"]), place / "log", place / "said"
    for path in list(output.parent.iterdir()):
        if path.name not in job["keep"]:
            path.unlink()
    output.write_bytes(b"old")
    log.write_bytes(b"")
    begin = time.perf_counter()
    process = os.fork()
    if process == 0:
        child(job, at, "none" if after is not None else action, log, said)
    if after is not None:
        time.sleep(after)
        os.kill(process, getattr(signal, action))
    status = os.waitpid(process, 0)[1]
    seconds = time.perf_counter() - begin
    number = len(list(place.glob("result-*")))
    held = output.read_bytes() if output.exists() else None
    result = place / f"result-{number}{''.join(output.suffixes)}"
    result.write_bytes(b"" if held is None else held)
    extra = sorted(p.name for p in output.parent.iterdir() if p.name not in {*job["keep"], output.name})
    return {
        "code": os.waitstatus_to_exitcode(status),
        "state": "gone" if held is None else "old" if held == b"old" else "new",
        "file": str(result),
        "extra": extra,
        "said": said.read_text(),
        "steps": log.read_text().split("\n")[:-1],
        "seconds": seconds,
        "at": at,
        "action": action,
    }


def chosen(steps: list[str], thorough: bool) -> list[int]:
    """Which calls are to fail: every one, or one of each kind; of many writes in a row only some."""
    writes = [k for k, name in enumerate(steps) if name == "write"]
    few = {*writes[:2], *writes[-2:], *writes[:: max(1, len(writes) // 4)]} if thorough else set(writes[-1:])
    others = {k for k, name in enumerate(steps) if name != "write" and (thorough or name not in steps[:k])}
    return sorted(few | others)


def main() -> None:
    """Do what stdin says."""
    job = json.loads(sys.stdin.read())
    place, dice = Path(job["place"]), random.Random(job["seed"])
    whole = trial(job, None, "count", None, place)
    out = [whole]
    for at in chosen(whole["steps"], job["thorough"]):
        out += [trial(job, at, action, None, place) for action in job["actions"]]
    for action, times in job["signals"].items():
        out += [trial(job, None, action, dice.uniform(0, 1.05 * whole["seconds"]), place) for _ in range(times)]
    # The last one was killed for sure and left something; a good run tidies up.
    out.append(trial(job, whole["steps"].index("before fsync"), "kill", None, place))
    job["keep"] += out[-1]["extra"]
    out.append(trial(job, None, "count", None, place))
    out[-1]["extra"] = sorted(p.name for p in Path(job["output"]).parent.glob(".*.part"))
    print(json.dumps(out))


if __name__ == "__main__":
    main()
