"""Stages without a video: what is kept, what is done again, and that an interruption anywhere changes no result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from reid_solve.pipeline.ledger import FILE, Ledger, key_of
from reid_solve.pipeline.stages import Progress, Run, Stage, carry_out
from reid_solve.tracklets.table import Note
from reid_solve.tracklets.write import write_text

NAMES = ("one", "two", "three")


class Chain:
    """Three stages, each of which writes down what it read from the one before it; one may be interrupted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.did = folder, list[str]()
        self.at, self.when = "", ""
        (folder / "stages").mkdir(parents=True, exist_ok=True)

    def work(self, number: int) -> Callable[[Path, Progress | None], tuple[dict[str, Any], Sequence[Note]]]:
        def work(output: Path, _: Progress | None) -> tuple[dict[str, Any], Sequence[Note]]:
            name = NAMES[number]
            if (self.at, self.when) == (name, "before"):
                raise KeyboardInterrupt
            before = (self.folder / f"{NAMES[number - 1]}.json").read_text() if number else ""
            write_text(f"{before}{name} ", output)
            if (self.at, self.when) == (name, "unrecorded"):
                raise KeyboardInterrupt
            self.did.append(name)
            return {"letters": len(before)}, [Note("read", number, f"{name} has read", "warning")]

        return work

    def go(self, at: str = "", when: str = "", settings: Mapping[str, int] = MappingProxyType({})) -> Run:
        self.did, self.at, self.when = [], at, when
        stages = [
            Stage(name, self.folder / f"{name}.json", self.work(k), {"size": settings.get(name)}, needs=NAMES[:k][-1:])
            for k, name in enumerate(NAMES)
        ]
        return carry_out(self.folder, stages, lambda _: nullcontext())


@pytest.mark.parametrize("when", ["before", "unrecorded"])
@pytest.mark.parametrize("at", NAMES)
def test_an_interruption_anywhere_costs_one_stage_and_changes_nothing(at: str, when: str, tmp_path: Path) -> None:
    """Before a stage has written, or after that and before it is recorded; anew, and over an older result."""
    whole = Chain(tmp_path / "whole").go()
    for first in (False, True):
        chain = Chain(tmp_path / f"{first}")
        if first:
            chain.go(settings=dict.fromkeys(NAMES, 7))
        with pytest.raises(KeyboardInterrupt):
            chain.go(at, when)
        assert chain.did == list(NAMES[: NAMES.index(at)])
        done = chain.go()
        assert chain.did == list(NAMES[NAMES.index(at) :])
        assert [s.output.read_text() for s in done.stages] == [s.output.read_text() for s in whole.stages]
        assert [(s.facts, s.notes) for s in done.stages] == [(s.facts, s.notes) for s in whole.stages]


def test_a_setting_repeats_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.go()
    for name, again in (("three", ["three"]), ("two", ["two", "three"]), ("one", list(NAMES))):
        chain.go(settings={name: 5})
        assert chain.did == again
        chain.go()
        chain.go()
        assert chain.did == []


@pytest.mark.parametrize("harm", ["gone", "changed", "of another stage"])
def test_an_output_that_is_not_what_the_stage_left_is_made_again(harm: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.go()
    path = tmp_path / "two.json"
    if harm == "gone":
        path.unlink()
    else:
        path.write_text("one twO " if harm == "changed" else (tmp_path / "one.json").read_text())
    chain.go()
    assert chain.did == ["two"]  # its output is the same again, and with it what the next one needs
    assert path.read_text() == "one two "


@pytest.mark.parametrize("content", ["", "{ broken", "[]", '{"one": 1, "two": {}, "three": {"key": "k"}}', "null"])
def test_a_ledger_that_cannot_be_read_counts_as_empty(content: str, tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.go()
    (tmp_path / "stages" / FILE).write_text(content)
    chain.go()
    assert chain.did == list(NAMES)
    assert list(json.loads((tmp_path / "stages" / FILE).read_text())) == list(NAMES)


def key(tmp_path: Path, path: Path | None, **settings: Any) -> str:
    return key_of("embed", settings, {"weights": path}, ["k"], tmp_path / "own")


def test_the_content_of_files_counts_not_their_name(tmp_path: Path) -> None:
    path, other = tmp_path / "weights.onnx", tmp_path / "other.onnx"
    path.write_bytes(b"one")
    first = key(tmp_path, path)
    path.rename(other)
    assert key(tmp_path, other) == first
    other.write_bytes(b"two")
    keys = {first, key(tmp_path, other), key(tmp_path, other, a=2), key(tmp_path, None), key(tmp_path, tmp_path)}
    keys |= {key_of(name, {}, {"weights": other}, needs, tmp_path) for name, needs in (("embed", ["l"]), ("e", ["k"]))}
    assert len(keys) == 7


def test_the_files_of_a_folder_count_but_not_the_runs_own(tmp_path: Path) -> None:
    file = tmp_path / "det" / "det.txt"
    file.parent.mkdir()
    file.write_text("1,1,1,1,5,5\n")
    keys = [key(tmp_path, tmp_path)]
    (tmp_path / "own" / "stages").mkdir(parents=True)
    (tmp_path / "own" / "stages" / "track.parquet").write_bytes(b"made by the run")
    assert key(tmp_path, tmp_path) == keys[0]
    file.write_text("2,1,1,1,5,5\n")
    os.utime(file, ns=(1, 1))  # the same size; a time that a clock of coarse steps cannot have given before
    keys.append(key(tmp_path, tmp_path))
    (tmp_path / "more.txt").write_text("")
    keys.append(key(tmp_path, tmp_path))
    assert len(set(keys)) == 3


def test_what_was_recorded_is_given_back_and_may_be_changed(tmp_path: Path) -> None:
    output = tmp_path / "out.json"
    output.write_text("{}")
    Ledger(tmp_path).record("solve", "key", output, {"rows": 90})
    again = Ledger(tmp_path)
    (again.done("solve", "key", output) or {}).pop("rows")
    assert again.done("solve", "key", output) == {"rows": 90}
    assert again.done("solve", "other", output) is None
    assert again.done("track", "key", output) is None
