"""Constants are changed wherever they are used, and put back; what is chosen for a clip has not seen it."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import pytest
from tests.benchmarks.load import load

from reid_solve.solver import graph, harm, switches
from reid_solve.solver.cues import returns

crossval, sensitivity, settings = load("crossval"), load("sensitivity"), load("settings")


@pytest.mark.parametrize("how", sensitivity.HOWS)
def test_every_constant_that_is_varied_exists_and_changes(how: str) -> None:
    for (line, _), setting in sensitivity.variants(list(sensitivity.CONSTANTS)).items():
        for constant, value in setting.items():
            before = settings.current(constant)
            with settings.applied(setting):
                assert settings.current(constant) == value, line
            assert settings.current(constant) == before != value, line
    assert sensitivity.changed(0.5, how, share=True) == {"halved": 0.25, "doubled": 0.75}[how]


def test_every_value_of_the_cross_validation_can_be_had() -> None:
    for constant, values in crossval.VALUES.items():
        assert len({str(v) for v in values}) == len(values) > 1
        for value in values:
            with settings.applied({constant: value}):
                assert settings.current(constant) == value


def test_a_constant_changes_in_every_module_that_imports_it() -> None:
    before = switches.KEPT
    with settings.applied({"solver.switches KEPT": 1.0}):
        assert [vars(module)["KEPT"] for module in (switches, graph, harm)] == [1.0] * 3
    assert [vars(module)["KEPT"] for module in (switches, graph, harm)] == [before] * 3


def test_two_fields_of_one_constant_change_together_and_come_back_after_an_error() -> None:
    before = returns.EXIT

    def fail() -> None:
        with settings.applied({"solver.cues.returns EXIT.share": 0.1, "solver.cues.returns EXIT.median": 7.0}):
            assert (returns.EXIT.share, returns.EXIT.median) == (0.1, 7.0)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert returns.EXIT is before


class Told:
    """Scores that a function of setting and clip tells, and which clips were asked for."""

    levels = ("none",)

    def __init__(self, worth: Any) -> None:
        self.worth, self.asked = worth, set()  # type: Any, set[str]

    def need(self, wanted: Any, levels: Any, why: str) -> None:
        self.asked |= {output[0] for _, output in wanted}

    def gained(self, chosen: Any, level: str) -> float:
        return float(sum(self.worth(setting, output[0]) for setting, output in chosen))


def test_the_clip_held_out_has_no_say() -> None:
    constant = "solver.graph PRIZE"

    def worth(setting: Any, clip: str) -> float:
        return 100.0 * (setting[constant] > 0) if clip == "odd" else -float(setting[constant])

    search = crossval.Search(Told(worth), ["a", "b", "odd"], ["some"])
    (chosen,) = search.sweeps(crossval.NEUTRAL, 1)
    assert chosen["odd"][constant] == 0.0  # its own wish would be another
    assert chosen["a"][constant] > 0
    assert chosen[None][constant] > 0  # in hindsight
    assert search.one_change(crossval.NEUTRAL)["odd"][constant] == 0.0


def test_a_cache_of_other_code_is_refused(tmp_path: Path) -> None:
    cache = tmp_path / "cache.json"
    cache.write_text('{"code": "another", "hota": {}, "limits": {}}')
    with ProcessPoolExecutor(1) as pool, pytest.raises(click.UsageError, match="another version"):
        settings.Scores([load("measured").Job(tmp_path, "some", {"none": None})], pool, cache)
