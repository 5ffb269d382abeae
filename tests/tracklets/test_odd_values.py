"""Values of every JSON file, pickle, XML and text replaced by what nobody expects there, one at a time.

A sample of them, the same each time; ``ODD_VALUES=100000`` takes all.
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fuzz.targets import CAREFUL, LENIENT, promised, watched
from tests.tracklets.formats.examples import EXAMPLES, reader_of

import reid_solve as rs

SAMPLE = int(os.environ.get("ODD_VALUES", "60"))  # of each example
ODD: list[Any] = [
    None, True, 0, -1, 7, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf"), "", "7", "-1", "nan",
    "x\ny", "1e999", "9" * 400, "é" * 3000, [], {}, [None], [1, 2], [1, 2, 3, 4], [[]], {"x": 1}, {"": None},
    {"id": [1]}, ["a"],
]  # fmt: skip
PICKLED: list[Any] = [b"7", (1, 2), {1, 2}, 2j, np.zeros(4), np.zeros((2, 2)), np.float32(1), {(1, 2): 3}, {None: 1}]
WORDS = [str(one) for one in ODD] + ["\t", "0x10", "1,5", "٣", "&#55357;", "&#0;", "1_000"]
Path_ = tuple[Any, ...]


def shapes(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Paths into nested data: of a list only the first and the last entry."""
    yield path
    if isinstance(value, dict):
        keys = list(value)
        for key in keys if len(keys) < 20 else keys[:1] + keys[-1:]:
            yield from shapes(value[key], (*path, key))
    elif isinstance(value, list):
        for at in sorted({0, len(value) - 1} if value else ()):
            yield from shapes(value[at], (*path, at))


def changed(value: Any, path: Path_, odd: Any, how: str) -> Any:
    """A copy with another value there, without it, or with another key for it."""
    if not path:
        return odd
    value = copy.deepcopy(value)
    inside = value
    for key in path[:-1]:
        inside = inside[key]
    if how == "value":
        inside[path[-1]] = odd
    elif how == "gone":
        del inside[path[-1]]
    elif isinstance(inside, dict) and isinstance(odd, str):
        inside[odd] = inside.pop(path[-1])
    return value


def variants(content: Any, more: list[Any]) -> list[Any]:
    """Copies of nested data, each with one thing wrong."""
    wrong = []
    for path in shapes(content):
        wrong += [(path, odd, "value") for odd in [*ODD, *more]]
        wrong += [(path, odd, "key") for odd in ODD if path and isinstance(odd, str)]
        wrong += [(path, None, "gone")] if path else []
    return [changed(content, *one) for one in sampled(wrong)]


def sampled(many: list[Any]) -> list[Any]:
    return random.Random(19).sample(many, min(SAMPLE, len(many)))


def take(path: Path, number: int, name: str) -> None:
    with watched(bytes(1 << 16)):
        promised(rs.read(path, format=reader_of(name), **(LENIENT if number % 2 else CAREFUL)))


TEXTS = [name for name in EXAMPLES if reader_of(name) in {"mot", "csv", "kitti", "boxmot"} and name != "mot six"]
JSON = [name for name in EXAMPLES if "json" in name or reader_of(name) in {"soccernet-gsr", "label-studio"}]


@pytest.mark.parametrize("name", JSON)
def test_odd_values_in_json(name: str, tmp_path: Path) -> None:
    path = EXAMPLES[name](tmp_path)
    lines = path.read_text().splitlines() if name.endswith("lines") else [path.read_text()]
    for number, odd in enumerate(variants(json.loads(lines[0]), [])):
        path.write_text("\n".join([json.dumps(odd), *lines[1:]]))
        take(path, number, name)
    assert number >= min(SAMPLE, 300) - 1


def test_odd_values_in_a_pickle(tmp_path: Path) -> None:
    path = EXAMPLES["pickle"](tmp_path)
    content = pickle.loads(path.read_bytes())
    for number, odd in enumerate(variants(content, PICKLED)):
        path.write_bytes(pickle.dumps(odd))
        take(path, number, "pickle")


def test_odd_values_in_xml(tmp_path: Path) -> None:
    path = EXAMPLES["cvat-xml"](tmp_path)
    text = path.read_text()
    places: dict[str, tuple[int, int]] = {}
    for found in re.finditer(r' (\w+)="([^"]*)"|<(\w+)>([^<>\s][^<>]*)<', text):
        places.setdefault(found[1] or f"<{found[3]}>", found.span(2 if found[1] else 4))
    assert len(places) > 15
    wrong = [(begin, end, odd) for begin, end in places.values() for odd in WORDS]
    for number, (begin, end, odd) in enumerate(sampled(wrong)):
        path.write_text(text[:begin] + odd.replace("<", "&lt;").replace('"', "&quot;") + text[end:])
        take(path, number, "cvat-xml")


@pytest.mark.parametrize("name", TEXTS)
def test_odd_cells_in_text(name: str, tmp_path: Path) -> None:
    path = EXAMPLES[name](tmp_path)
    lines = path.read_text().splitlines()
    mark = " " if "kitti" in name else ","
    wrong = [(at, k, odd) for at in (0, 1, len(lines) - 1) for k in range(lines[at].count(mark) + 1) for odd in WORDS]
    for number, (at, column, odd) in enumerate(sampled(wrong)):
        cells = lines[at].split(mark)
        cells[column] = odd
        path.write_text("\n".join([*lines[:at], mark.join(cells), *lines[at + 1 :]]) + "\n")
        take(path, number, name)
