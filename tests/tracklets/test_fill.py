"""Filling gaps: where boxes appear, where they must not, and what the files say about them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clips import clip, identities, walkers

import reid_solve as rs
from reid_solve.tracklets import arrays
from reid_solve.tracklets.describe import describe
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.fill import fill
from reid_solve.tracklets.table import Tracks


def filled(tracks: Tracks, how: str = "linear", gap: float = 1.0) -> Tracks:
    """Filled, with the tracker's ids as identities."""
    code = tracks.codes("track_id")[0] + 1
    known = tracks.with_identity(arrays.column(code), arrays.column(np.ones(len(tracks))))
    return fill(known, list(describe(known)), how, gap)


def crowd(holes: dict[int, tuple[int, int]], pan: float = 0.0, frames: int = 60, step: int = 1) -> Tracks:
    """Eight people who run to the right under a panning camera; some are not seen from one frame to before another."""
    rows = [
        (f, who)
        for who in range(8)
        for f in range(1, frames + 1, step)
        if not holes.get(who, (0, 0))[0] <= f < holes.get(who, (0, 0))[1]
    ]
    frame, who = np.array(rows).T
    return clip(frame, who, 300.0 + 150 * who + 2 * who * frame / 8 - pan * frame, 500 + 20 * who)


def new_rows(tracks: Tracks) -> np.ndarray:
    return np.flatnonzero(np.asarray(tracks.source["interpolated"].to_pylist()))


@pytest.mark.parametrize("how", ["linear", "smooth"])
def test_a_hole_is_filled_where_the_person_went_under_a_moving_camera(how: str) -> None:
    full, holed = crowd({}, pan=5.0), crowd({3: (20, 30)}, pan=5.0)
    out = filled(holed, how)
    new = new_rows(out)
    np.testing.assert_array_equal(out.frame[new], np.arange(20, 30))
    true = full.boxes[(full.codes("track_id")[0] == 3) & (full.frame >= 20) & (full.frame < 30)]
    np.testing.assert_allclose(out.boxes[new], true, atol=1.5)


def test_a_pan_inside_the_gap_is_followed() -> None:
    """The camera swings out and back while somebody is hidden; a straight line in the picture would stay put."""
    full, holed = crowd({}), crowd({3: (20, 30)})
    swing = 80 * np.clip(1 - np.abs(np.arange(62) - 25) / 5, 0, 1)

    def moved(t: Tracks) -> Tracks:
        x, y, w, h = t.boxes.T
        return clip(t.frame, t.codes("track_id")[0], x + swing[t.frame], y, w, h)

    out = filled(moved(holed))
    full = moved(full)
    true = full.boxes[(full.codes("track_id")[0] == 3) & (full.frame >= 20) & (full.frame < 30)]
    assert np.ptp(true[:, 0]) > 50
    np.testing.assert_allclose(out.boxes[new_rows(out)][:, 0], true[:, 0], atol=3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), how=st.sampled_from(["linear", "smooth"]), gap=st.sampled_from([0.2, 1.0, 5.0]))
def test_old_rows_stay_and_no_frame_has_an_identity_twice(seed: int, how: str, gap: float) -> None:
    tracks, _ = walkers(seed, frames=120, cut=0.05)
    before, after = rs.solve(tracks).tracks, rs.solve(tracks, fill=how, fill_gap=gap).tracks
    assert after.source.slice(0, len(before)).drop_columns(["interpolated"]).equals(before.source)
    new = new_rows(after)
    np.testing.assert_array_equal(new, np.arange(len(before), len(after)))
    assert len(np.unique(np.column_stack([after.frame, identities(after)]), axis=0)) == len(after)
    assert (after.boxes[new][:, 2:] > 0).all()
    key = after.frame[new] * 10**6 + identities(after)[new]
    assert (np.diff(key) > 0).all()
    assert after.canonical["track_id"].slice(len(before)).null_count == len(new)


def test_a_gap_that_is_too_long_stays() -> None:
    holed = crowd({3: (10, 40)})
    assert not len(new_rows(filled(holed, gap=1.0)))
    assert len(new_rows(filled(holed, gap=1.2))) == 30


def test_a_tracker_that_saw_every_third_frame_gets_every_third() -> None:
    out = filled(crowd({3: (20, 30)}, step=3))
    np.testing.assert_array_equal(out.frame[new_rows(out)], [22, 25, 28])


def test_nothing_is_filled_across_a_cut() -> None:
    frame, who = np.tile(np.arange(1, 41), 8), np.repeat(np.arange(8), 40)
    late = frame > 20
    seen = (frame <= 18) | (frame > 22)
    x = np.where(late, 1700 - 110 * who, 200 + 100 * who) + frame
    tracks = clip(frame[seen], np.where(late, 50 + who, who)[seen], x[seen])
    same = np.where(late, 50 + who, who)[seen] % 50 + 1  # whoever solved it thinks that both shots show the same people
    known = tracks.with_identity(arrays.column(same), arrays.column(np.ones(len(tracks))))
    assert len(fill(known, list(describe(known)), "linear")) == len(tracks)


def test_nobody_is_drawn_outside_the_picture() -> None:
    frame = np.r_[1:21, 31:51]
    still = clip(np.tile(np.arange(1, 51), 5), np.repeat(np.arange(5), 50), 0.0)
    swing = -600 * np.clip(1 - np.abs(np.arange(52) - 25.5) / 6, 0, 1)
    x = np.r_[300 + swing[frame], np.repeat(500 + 300 * np.arange(5), 50) + swing[np.tile(np.arange(1, 51), 5)]]
    tracks = clip(np.r_[frame, still.frame], np.r_[np.full(40, 9), np.repeat(np.arange(5), 50)], x)
    out = filled(tracks)
    new = out.boxes[new_rows(out)]
    assert 0 < len(new) < 10
    assert (new[:, 0] + new[:, 2] / 2 >= 0).all()


def test_what_the_files_say(tmp_path: Path) -> None:
    lines = [
        f"{f},{w},{100 * w + f},300,40,90,0.9,-1,-1,-1" for w in range(6) for f in range(1, 60) if (w, f // 5) != (2, 4)
    ]
    (tmp_path / "t.txt").write_text("\n".join(lines))
    result = rs.solve(tmp_path / "t.txt", fps=25, size=(1920, 1080), fill="linear")
    assert result.summary()["interpolated"] == 5
    result.write(tmp_path / "out.txt")
    out = (tmp_path / "out.txt").read_text().splitlines()
    assert len(out) == len(lines) + 5
    assert all(line.split(",")[6:] == ["0", "-1", "-1", "-1"] for line in out[-5:])
    assert {len(line.split(",")) for line in out} == {10}
    result.write(tmp_path / "out.parquet")
    again = rs.read(tmp_path / "out.parquet")
    assert again.source["interpolated"].to_pylist().count(True) == 5
    assert rs.solve(again, fill="linear").tracks.source["interpolated"].to_pylist().count(True) >= 5


@pytest.mark.parametrize("kind", ["xyxy", "cxcywh", "list", "normalised"])
def test_boxes_are_written_the_way_the_user_writes_them(kind: str) -> None:
    t = crowd({3: (20, 30)})
    x, y, w, h = t.boxes.T
    table: dict[str, Any] = {"frame": t.frame, "id": t.codes("track_id")[0]}
    if kind == "xyxy":
        table |= {"x1": x, "y1": y, "x2": x + w, "y2": y + h}
    elif kind == "cxcywh":
        table |= {"xc": x + w / 2, "yc": y + h / 2, "w": w, "h": h}
    elif kind == "list":
        table |= {"bbox_ltwh": list(t.boxes)}
    else:
        table |= {"x": x / 1920, "y": y / 1080, "w": w / 1920, "h": h / 1080}
    read = rs.read(
        pa.table({k: v if k != "bbox_ltwh" else pa.array(v) for k, v in table.items()}), size=(1920, 1080), fps=25
    )
    out = filled(read)
    assert len(out) == len(t) + 10
    again = rs.read(out.source.drop_columns(["interpolated"]), size=(1920, 1080), fps=25)
    np.testing.assert_allclose(again.boxes, out.boxes, atol=1e-6)


def test_class_and_sequence_go_along_and_nothing_else() -> None:
    t = crowd({3: (20, 30)})
    n = len(t)
    extra = {
        "sequence": pa.array(["a"] * n).dictionary_encode(), "class_name": pa.array(["player"] * n),
        "team": pa.array(["left"] * n), "note": pa.array(["hello"] * n),
    }  # fmt: skip
    table = t.canonical
    for name, column in extra.items():
        table = table.append_column(name, column)
    out = filled(Tracks(table, table, t.clip)).source.slice(n)
    assert out["sequence"].to_pylist() == ["a"] * 10
    assert out["class_name"].to_pylist() == ["player"] * 10
    assert out["team"].null_count == out["note"].null_count == out["track_id"].null_count == 10


def test_wrong_options_are_refused() -> None:
    tracks = crowd({})
    with pytest.raises(OptionError, match="linear, smooth"):
        rs.solve(tracks, fill="cubic")
    with pytest.raises(OptionError, match="positive"):
        rs.solve(tracks, fill="linear", fill_gap=0)


def test_more_rows_than_anybody_wants_are_refused_before_they_are_made() -> None:
    """A long gap and a rate of frames that is wrong by far: ten million rows between eleven."""
    tracks = clip([*range(10), 10**7], [1] * 11, 100.0)
    with pytest.raises(OptionError, match=r"9,999,990 rows would be interpolated between 11; .*--fill-gap.*--fps"):
        filled(tracks, gap=1e6)
