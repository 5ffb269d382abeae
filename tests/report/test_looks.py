"""What is drawn in a rendered video: every mark says what it should, in the colour that it should have."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.report.black_video import SIZE, Draw, differ, feet, near, row

import reid_solve as rs
from reid_solve.report import colours
from reid_solve.report.marks import marks
from reid_solve.report.render import render
from reid_solve.tracklets.video import Picture, pictures, probe


def test_colours_are_the_identitys_and_stay(drawn: Draw) -> None:
    """The tracker's ids change; the identities, and with them the colours, do not."""
    rows = [row(k, 100 + k, identity=1) for k in range(1, 13)] + [row(k, k, x=220, identity=2) for k in range(1, 13)]
    frames, done = drawn(rows)
    assert done.names == 2
    for picture in frames:
        assert near(feet(picture), colours.nth(0)).sum() > 15
        assert near(feet(picture, x=220), colours.nth(1)).sum() > 15
        assert not near(feet(picture), colours.nth(1)).any()


def test_kinds_of_marks(drawn: Draw) -> None:
    def first(**more: Any) -> Picture:
        return drawn([row(k, identity=1, **more) for k in range(1, 13)])[0][5]

    plain, unsure = first(identity_score=0.9), first(identity_score=0.2)
    thin, referee = first(interpolated=True), first(role="referee")
    mine = colours.nth(0)
    full = near(feet(plain), mine).sum()
    assert 0.2 * full < near(feet(unsure), mine).sum() < 0.8 * full  # dashes
    assert near(feet(thin), mine).sum() < 0.8 * full
    assert near(feet(referee), colours.YELLOW).sum() > 15
    assert not near(feet(referee), mine).any()
    plates = [(picture[141:] > 90).any(axis=-1).any(axis=0).sum() for picture in (plain, unsure)]
    assert plates[1] > plates[0]  # a question mark more


def test_a_ball_has_a_triangle_above_and_nobody_a_grey_ring(
    drawn: Draw,
) -> None:
    rows = [row(k, None, class_name="ball", w=10) | {"h": 10.0} for k in range(1, 13)]
    rows += [row(k, None, x=220, class_name="player") for k in range(1, 13)]
    frames, done = drawn(rows)
    assert done.boxes == 24
    assert done.names == 0
    assert near(frames[5][40:62, 90:120], colours.GREEN).sum() > 10
    assert frames[5][75:, :150].max() < 60
    assert near(feet(frames[5], x=220), colours.GREY).sum() > 15


def test_rings_have_the_teams_colours_and_plates_the_persons(
    drawn: Draw,
) -> None:
    """On a black video all shirts look alike, so that the teams get colours of their own."""
    rows = [row(k, p, x=20 + 60 * p, team="ab"[p % 2]) for k in range(1, 13) for p in range(4)]
    frames, _ = drawn(rows)
    for person in range(4):
        x = 20 + 60 * person
        assert near(feet(frames[5], x), colours.TEAMS[person % 2]).sum() > 15
        plate = frames[5][136:160, x : x + 30]
        assert near(plate, colours.nth(person)).sum() > 20


def test_rings_have_the_colour_of_the_shirts(mini_clip: Any, tmp_path: Path) -> None:
    from reid_solve.report.kit_colours import kit_colours

    truth = rs.read(mini_clip.truth)
    home, away = (kit_colours(truth, truth.frame > 0, probe(mini_clip.video), 1)[name] for name in ("home", "away"))
    assert home[0] > 150 > 90 > max(home[1:])  # red
    assert away[2] > away[1] > away[0]  # blue and white
    swapped = truth.canonical.set_column(
        truth.canonical.schema.get_field_index("team"), "team", pa.array(["x"] * len(truth))
    )
    pq.write_table(swapped, tmp_path / "one.parquet")
    assert kit_colours(rs.read(tmp_path / "one.parquet"), truth.frame < 0, probe(mini_clip.video), 1) == {}


def test_comparing_shows_both_sides_and_one_colour_for_the_main_part(
    drawn: Draw,
) -> None:
    """The tracker loses somebody after eight frames of twelve: the id with more boxes has the identity's colour."""
    rows = [row(k, 5 if k <= 8 else 6, identity=1) for k in range(1, 13)]
    frames, done = drawn(rows, compare=None)
    alone = frames[0].shape[1]
    frames, done = drawn(rows, compare=Path(done.output).with_name("rows.parquet"))
    assert frames[0].shape[1] == 2 * alone
    left, right = ([feet(picture[:, s]) for picture in frames] for s in (slice(None, alone), slice(alone, None)))
    mine = colours.nth(0)
    assert all(near(part, mine).sum() > 15 for part in right)
    assert [bool(near(part, mine).sum() > 15) for part in left] == [k < 8 for k in range(12)]
    assert all((part > 90).any() for part in left)  # the other id has a ring, too
    caption = frames[0][:20, :alone]
    assert (caption > 180).any()


def test_another_trackers_boxes_are_matched_by_place(black: Path, tmp_path: Path) -> None:
    for name, shift in (("a", 0.0), ("b", 4.0)):
        rows = [row(k, 7 if name == "a" else 90, x=100 + shift) for k in range(1, 13)]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    render(black, tmp_path / "a.parquet", tmp_path / "o.mp4", compare=tmp_path / "b.parquet")
    for _, picture in pictures(tmp_path / "o.mp4"):
        assert near(feet(picture[:, :320], x=104), colours.nth(0)).sum() > 15


def test_the_timeline_has_a_lane_for_each_and_a_cursor_that_moves(
    drawn: Draw,
) -> None:
    rows = [row(k, 1) for k in range(1, 13)] + [row(k, 2, x=220) for k in range(7, 13)]
    frames, _ = drawn(rows, timeline=True)
    strip = [picture[SIZE[1] :] for picture in frames]
    assert strip[0].shape[0] >= 20
    cursor = [int((part.min(axis=-1) > 150).sum(axis=0).argmax()) for part in strip]
    assert all(b > a for a, b in pairwise(cursor))
    last = strip[-1]
    both = [near(last, colours.nth(k), 60) for k in range(2)]
    lanes = [np.flatnonzero(part.any(axis=1)) for part in both]
    assert lanes[0].max() < lanes[1].min()
    wide = [np.ptp(np.flatnonzero(part.any(axis=0))) for part in both]
    assert wide[1] == pytest.approx(wide[0] / 2, rel=0.15)


def test_trails_are_on_the_ground_and_not_on_the_picture(drawn: Draw) -> None:
    """The camera pans over five people who stand; only the sixth runs. A trail of pixels would be behind them all."""
    stand = [row(k, p, x=30 + 45 * p + 4 * k, y=20 + 10 * (p % 3), w=20) for k in range(1, 13) for p in range(5)]
    run = [row(k, 9, x=200 - 12 * k, y=100, w=20) for k in range(1, 13)]
    frames, _ = drawn([*stand, *run], trails=True)
    without, _ = drawn([*stand, *run])
    added = differ(frames[11], without[11], 60)
    assert added[160:, 80:200].sum() > 60
    assert added[:120].sum() < 0.2 * added.sum()


def test_a_mark_of_a_person_does_not_flicker(tmp_path: Path) -> None:
    """One row of twelve says referee; the kind is what most rows say."""
    rows = [row(k, role="referee" if k == 4 else "player") for k in range(1, 13)]
    tracks = rs.read(pa.Table.from_pylist(rows))
    assert len(set(marks(tracks, "track_id", 1, (1.0, 1.0), tracks.frame > 0).kind.tolist())) == 1
