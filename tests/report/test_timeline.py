"""The timeline says what is in the arrays: how many ids, where a person changes, what is left out."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from reid_solve.report.lanes import Seen, lay_out
from reid_solve.report.timeline import draw, timeline_svg
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.table import Clip, Tracks


def seen(rows: Sequence[tuple[int, int, int]], names: Sequence[str] = ()) -> Seen:
    """Rows of frame, id, person."""
    table = np.array(rows, np.int64).reshape(-1, 3)
    return Seen(table[:, 0], table[:, 1], table[:, 2], names)


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def swap() -> Seen:
    """One id that goes on as another person, and a fragment of the first.

    id 0  AAAAAAAAAABBBBBBBBBB
    id 1            AAAAAAAAAA
    """
    first = [(f, 0, 0 if f < 10 else 1) for f in range(20)]
    return seen(first + [(f, 1, 0) for f in range(10, 20)], ["17", "23"])


def test_headings_count_ids_and_changes(swap: Seen) -> None:
    after = seen([(f, 0, 0) for f in range(20)])
    words = texts(draw(swap, after, fps=25, title="A & B"))
    assert "Tracker: 2 ids" in words
    assert "reid-solve: 1 identity" in words
    assert "1 change of person inside a lane" in words
    assert "no lane changes person" in words
    assert "A & B" in words


def test_bars_break_where_the_person_changes(swap: Seen) -> None:
    panel = lay_out(swap, [0, 1], max_lanes=10)
    assert panel.swaps == 1
    bars = list(zip(panel.lane, panel.first, panel.last, panel.person, strict=True))
    assert bars == [(0, 0, 9, 0), (0, 10, 19, 1), (1, 10, 19, 0)]


def test_lanes_of_one_person_are_neighbours() -> None:
    rows = [(f, i, person) for i, person, at in ((0, 0, 0), (1, 1, 0), (2, 0, 50)) for f in range(at, at + 20)]
    panel = lay_out(seen(rows, ["a", "b", "c"]), [0, 1], max_lanes=10)
    assert panel.labels == ["a", "c", "b"]


def test_a_box_on_nobody_is_no_change_of_person() -> None:
    rows = [(f, 0, -1 if f in (0, 7, 8, 9, 10, 11, 12) else 3) for f in range(30)]
    panel = lay_out(seen(rows), [3], max_lanes=10)
    assert panel.swaps == 0
    assert set(panel.person) == {3}


def test_nothing_and_one_row() -> None:
    words = texts(draw(seen([]), seen([])))
    assert "Tracker: 0 ids" in words
    assert words.count("nothing was seen") == 2
    assert "Tracker: 1 id" in texts(draw(seen([(5, 0, -1)]), seen([(5, 0, 0)])))


def test_five_thousand_ids_are_cut_to_the_longest() -> None:
    ids = np.repeat(np.arange(5000), 10)
    frame = np.tile(np.arange(10), 5000) + ids
    many = Seen(frame, ids, ids)
    begin = time.perf_counter()
    svg = draw(many, many, fps=25, max_lanes=60)
    assert time.perf_counter() - begin < 5
    assert "and 4,940 shorter ones, not drawn" in texts(svg)
    assert len(svg) < 200_000


def test_tracks_are_drawn_by_their_columns() -> None:
    n = 30
    column = {name: pa.array(np.ones(n, np.float32)) for name in "xywh"}
    table = pa.table(
        {"frame": np.arange(n), "track_id": np.repeat([4, 9, 11], 10), "identity": np.repeat([1, 1, 2], 10), **column}
    )
    tracks = Tracks(table, table, Clip(fps=10.0))
    words = texts(timeline_svg(tracks, title="<clip>"))
    assert {"Tracker: 3 ids", "reid-solve: 2 identities", "<clip>", "0 s", "one colour, one identity"} <= set(words)
    unsolved = table.drop_columns("identity")
    with pytest.raises(InputError, match="no column identity"):
        timeline_svg(Tracks(unsolved, unsolved, Clip()))


def test_one_recording_of_several_is_drawn_and_has_to_be_named() -> None:
    n = 30
    column = {name: pa.array(np.ones(n, np.float32)) for name in "xywh"}
    ids = {"track_id": np.repeat([4, 9, 11], 10), "identity": np.repeat([1, 1, 2], 10)}
    table = pa.table({"sequence": np.repeat(["A", "B"], [20, 10]), "frame": np.arange(n), **ids, **column})
    tracks = Tracks(table, table, Clip())
    assert {"Tracker: 2 ids", "reid-solve: 1 identity"} <= set(texts(timeline_svg(tracks, sequence="A")))
    assert {"Tracker: 1 id", "reid-solve: 1 identity"} <= set(texts(timeline_svg(tracks, sequence="B")))
    with pytest.raises(OptionError, match="2 recordings; name one with --sequence: A"):
        timeline_svg(tracks)
