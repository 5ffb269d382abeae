"""The solver's constants that were set by hand, and what the clips score with other values. This file is no command."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np
from measured import Job, in_parallel, read, share

import reid_solve as rs

PACKAGE = "reid_solve"
BATCH = 100  # outputs between two writings of the cache
Setting = Mapping[str, Any]  # value by "module CONSTANT" or "module CONSTANT.field"; the package's own where not named
Key = tuple[tuple[str, Any], ...]
Output = tuple[str, str]  # clip and tracker


def current(constant: str) -> Any:
    """The value that the package has now; arrays as lists."""
    module, name, field = _parts(constant)
    value = getattr(module, name)
    value = getattr(value, field) if field else value
    return value.tolist() if isinstance(value, np.ndarray) else value


@contextmanager
def applied(setting: Setting) -> Iterator[None]:
    """Have these values wherever the package holds the constants, imported by name or not; then the old ones again."""
    undo: list[tuple[Any, str, Any]] = []
    try:
        for constant, value in setting.items():
            module, name, field = _parts(constant)
            old = getattr(module, name)
            new = replace(old, **{field: value}) if field else _like(old, value)
            for holder in [m for key, m in sys.modules.items() if key.split(".")[0] == PACKAGE]:
                if getattr(holder, name, None) is old:
                    undo.append((holder, name, old))
                    setattr(holder, name, new)
        yield
    finally:
        for holder, name, old in reversed(undo):
            setattr(holder, name, old)


def _parts(constant: str) -> tuple[Any, str, str]:
    where, name = constant.split()
    name, _, field = name.partition(".")
    return import_module(f"{PACKAGE}.{where}"), name, field


def _like(old: Any, value: Any) -> Any:
    """The value in the old one's type."""
    return np.asarray(value, old.dtype) if isinstance(old, np.ndarray) else type(old)(value)


def key_of(setting: Setting) -> Key:
    """A setting that can be looked up, without what the package has anyway; lists as tuples."""
    return tuple(
        (c, tuple(v) if isinstance(v, list) else v) for c, v in sorted(setting.items()) if v != current(c)
    )  # fmt: skip


def solve_with(work: tuple[Key, Job]) -> dict[str, float]:
    """HOTA of one output by level, with these constants."""
    key, job = work
    tracks, truth, _ = read(job.folder, job.tracker)
    with applied({c: list(v) if isinstance(v, tuple) else v for c, v in key}):
        return {
            level: rs.evaluate(rs.solve(tracks, embeddings=sidecar), truth).to_dict()["HOTA"]
            for level, sidecar in job.sidecars.items()
        }


def limits(job: Job) -> dict[str, float]:
    """HOTA of the input and of its ceiling."""
    found = read(job.folder, job.tracker)[2]
    return {"before": found["HOTA"], "ceiling": found["ceiling"]["merge_only"]["HOTA"]}


class Scores:
    """HOTA of every output under every setting that was asked for.

    Args:
        jobs: every output, with its sidecars.
        pool: processes; nothing is shut down here.
        cache: a file that keeps what is known, so that a run can go on where it was stopped.

    Raises:
        click.UsageError: the cache was made by other code.
    """

    def __init__(self, jobs: list[Job], pool: Executor, cache: Path | None = None) -> None:
        self.jobs = {(job.folder.name, job.tracker): job for job in jobs}
        self.cache, self.pool, self.solved = cache, pool, 0
        self.levels = list(jobs[0].sidecars)
        self.code = code_digest()
        known: Any = json.loads(cache.read_text()) if cache is not None and cache.exists() else {"code": self.code}
        if known["code"] != self.code:
            raise click.UsageError(f"{cache} was made by another version of the package; delete it or give another")
        self.hota: dict[str, dict[str, float]] = known.get("hota", {})
        self.limits: dict[str, dict[str, float]] = known.get("limits", {})
        missing = [job for name, job in self.jobs.items() if self._name((), name) not in self.limits]
        for job, found in zip(missing, in_parallel(limits, missing, pool, "inputs"), strict=True):
            self.limits[self._name((), (job.folder.name, job.tracker))] = found

    @staticmethod
    def _name(key: Key, output: Output) -> str:
        return json.dumps([*output, key])

    def need(self, wanted: Iterable[tuple[Setting, Output]], levels: Sequence[str], why: str) -> None:
        """Solve what is not known yet."""
        work: dict[str, tuple[Key, Job]] = {}
        for setting, output in wanted:
            key, job = key_of(setting), self.jobs[output]
            name = self._name(key, output)
            missing = [level for level in levels if level not in self.hota.get(name, ())]
            if missing:
                work[name] = (key, replace(job, sidecars={level: job.sidecars[level] for level in missing}))
        names = list(work)
        for begin in range(0, len(names), BATCH):
            some = names[begin : begin + BATCH]
            done = in_parallel(solve_with, [work[n] for n in some], self.pool, why, 5)
            for name, found in zip(some, done, strict=True):
                self.hota.setdefault(name, {}).update(found)
            self.save()
        self.solved += len(names)

    def save(self) -> None:
        """Write all that is known, whole or not at all."""
        if self.cache is None:
            return
        draft = self.cache.with_suffix(".part")
        draft.write_text(json.dumps({"code": self.code, "hota": self.hota, "limits": self.limits}))
        draft.replace(self.cache)

    def of(self, setting: Setting, output: Output, level: str) -> tuple[float, float, float]:
        """HOTA before, after and at most."""
        limit = self.limits[self._name((), output)]
        return limit["before"], self.hota[self._name(key_of(setting), output)][level], limit["ceiling"]

    def gained(self, chosen: Sequence[tuple[Setting, Output]], level: str) -> float:
        """Share of the headroom over these outputs, in per cent: all their distances in one."""
        return share(*(sum(column) for column in zip(*(self.of(s, o, level) for s, o in chosen), strict=True)))

    def summary(self, chosen: Sequence[tuple[Setting, Output]], level: str, limit: float) -> tuple[float, int]:
        """Share of the headroom, mean over trackers, and how many outputs were hurt by more than a limit."""
        trackers = dict.fromkeys(output[1] for _, output in chosen)
        by = [self.gained([c for c in chosen if c[1][1] == tracker], level) for tracker in trackers]
        found = [self.of(setting, output, level) for setting, output in chosen]
        return sum(by) / len(by), sum(after - before < -limit for before, after, _ in found)


def code_digest() -> str:
    """A fingerprint of what solves and scores."""
    digest = hashlib.sha256()
    for folder in ("tracklets", "solver", "evaluation"):
        for path in sorted((Path(rs.__file__).parent / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return f"{PACKAGE} {digest.hexdigest()[:16]}"
