"""Position as a cue where places are missing or options contradict each other: one line."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.evaluation.retrieval.small import walkers, with_column

from reid_solve.evaluation.retrieval.rerank import Rerank
from reid_solve.evaluation.retrieval.run import evaluate_table
from reid_solve.tracklets.errors import InputError, OptionError


def spoilt(table: pa.Table, name: str, value: Any, row: int = 3) -> pa.Table:
    values = table[name].to_pylist()
    values[row] = value
    return with_column(table, name, values)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.drop_columns(["x"]), "t.csv: no column 'x', and position as a cue needs it"),
        (lambda t: t.drop_columns(["clip"]), "t.csv: no column 'clip'"),
        (lambda t: spoilt(t, "y", None), "t.csv, row 3: no y"),
        (lambda t: spoilt(t, "time", float("inf"), 150), "row 150: no time"),
        (lambda t: spoilt(t, "height", 0.0), "row 3: no height"),
        (lambda t: spoilt(t, "clip", None), "row 3: no clip"),
        (lambda t: with_column(t, "x", ["here"] * t.num_rows), "column 'x' holds string, not numbers"),
        (lambda t: spoilt(t, "clip", "c4"), "clip c4 is scored, and position would be learnt from it"),
        (lambda t: t.filter([k >= 144 or k % 6 == 0 for k in range(t.num_rows)]), "0 pairs of one person"),
        (lambda t: t.filter([k >= 144 or k < 6 for k in range(t.num_rows)]), "15 pairs of one person .* needs 50"),
        (lambda t: with_column(t, "pid", [-1 if k < 144 else k // 6 for k in range(t.num_rows)]), "0 pairs"),
    ],
)
def test_places_that_are_missing_are_one_line(change: Any, says: str) -> None:
    table = change(walkers(5)[1])
    with pytest.raises(InputError, match=says) as error:
        evaluate_table([np.random.default_rng(0).normal(size=(table.num_rows, 4))], table, "t.csv", position="train")
    assert "\n" not in str(error.value)


def test_options_that_contradict_each_other() -> None:
    features, table = walkers(6)
    for split in ("query", "gallery"):
        with pytest.raises(OptionError, match=f"from the {split}, which is scored"):
            evaluate_table([features], table, position=split)
    with pytest.raises(OptionError, match="either position or re-ranking"):
        evaluate_table([features], table, position="train", rerank=Rerank())
    with pytest.raises(InputError, match="no rows with split 'other'"):
        evaluate_table([features], table, position="other")
