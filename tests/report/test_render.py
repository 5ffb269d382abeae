"""A rendered video: nothing of the video is lost, every box is drawn, and mistakes leave nothing."""

from __future__ import annotations

import json
import pickle
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from tests.report.black_video import FRAMES, SIZE, Draw, Row, differ, feet, near, row

import reid_solve as rs
from reid_solve.cli import main
from reid_solve.report import colours
from reid_solve.report.render import render
from reid_solve.tracklets.video import pictures, probe, write_video


def test_nothing_of_the_video_is_lost(mini_clip: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    steps: list[tuple[int, int | None]] = []
    done = render(mini_clip.video, mini_clip.truth, out, progress=lambda *step: steps.append(step))
    before, after = probe(mini_clip.video), probe(out)
    assert (after.width, after.height, after.rate, after.count) == (640, 360, before.rate, before.count)
    assert steps == [(k, 75) for k in range(1, 76)]
    assert done.frames == 75
    assert done.boxes == pq.read_metadata(mini_clip.truth).num_rows
    assert done.notes == ()
    for (_, a), (_, b) in zip(pictures(mini_clip.video), pictures(out), strict=True):
        changed = differ(a, b, 60).mean()
        assert 0.005 < changed < 0.1  # marked, and else the same picture


def test_every_box_is_drawn_where_it_is_in_its_frame(mini_clip: Any, tmp_path: Path) -> None:
    """Under every pair of feet, and nowhere where there are none: against the video itself, by the table."""
    render(mini_clip.video, mini_clip.truth, tmp_path / "out.mp4")
    truth = rs.read(mini_clip.truth)
    seen = 0
    for (number, a), (_, b) in zip(pictures(mini_clip.video), pictures(tmp_path / "out.mp4"), strict=True):
        changed = differ(a, b, 40)
        mine = truth.boxes[truth.frame == number + 1]
        for x, y, w, h in mine:
            ring = changed[int(y + h - 3) : int(y + h + 5), max(0, int(x - 3)) : int(x + w + 4)]
            seen += bool(ring.mean() > 0.05)
        for x, y, w, h in mine:  # a ring and a plate below, above or beside
            changed[max(0, int(y - 24)) : int(y + h + 26), max(0, int(x - 34)) : int(x + w + 34)] = False
        assert changed.mean() < 0.002
    assert seen == len(truth)


def test_the_rate_is_kept_exactly_and_frames_without_boxes_are_too(drawn: Draw, tmp_path: Path) -> None:
    frames, done = drawn([row(3), row(7)])
    assert probe(tmp_path / "out.mp4").rate == Fraction(30000, 1001)
    assert [bool(picture.max() > 100) for picture in frames] == [k in (2, 6) for k in range(FRAMES)]
    assert done.boxes == 2


def test_rows_that_do_not_fit_are_counted(drawn: Draw) -> None:
    rows = [row(k, 1) for k in range(3, 20)] + [row(5, 2, x=900)]
    _, done = drawn(rows, first_frame=4)
    notes = {note.code: note.count for note in done.notes}
    assert notes == {"before-the-video": 1, "beyond-the-video": 4, "boxes-outside": 1}
    assert done.boxes == 13
    _, done = drawn([row(k, x=400) for k in range(1, 13)], size=(960, 540))
    assert [note.code for note in done.notes] == ["boxes-scaled"]


def test_scaled_boxes_are_where_they_belong(drawn: Draw) -> None:
    big = [row(k, x=300, y=180, w=90) | {"h": 210.0} for k in range(1, 13)]
    frames, _ = drawn(big, size=(960, 540))
    assert near(feet(frames[5]), colours.nth(0)).sum() > 15


def test_first_frames(drawn: Draw) -> None:
    def when(rows: list[Row], **options: Any) -> list[int]:
        return [k for k, picture in enumerate(drawn(rows, **options)[0]) if picture.max() > 100]

    assert when([row(0), row(4)]) == [0, 4]
    assert when([row(1), row(4)]) == [0, 3]
    assert when([row(1), row(4)], first_frame=0) == [1, 4]
    with pytest.raises(rs.InputError, match="--first-frame"):
        when([row(1), row(4)], first_frame=100)


def test_recordings(drawn: Draw) -> None:
    rows = [row(2, sequence="a"), row(5, sequence="b")]
    with pytest.raises(rs.OptionError, match="--sequence"):
        drawn(rows)
    frames, _ = drawn(rows, sequence="b")
    assert [k for k, picture in enumerate(frames) if picture.max() > 100] == [4]
    with pytest.raises(rs.OptionError, match="no recording 'c'"):
        drawn(rows, sequence="c")
    with pytest.raises(rs.OptionError, match="has no column sequence"):
        drawn([row(2)], sequence="a")


@pytest.mark.parametrize("size", [(322, 182), (64, 48)])
def test_odd_sizes_and_people_at_every_edge(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "v.mp4"
    write_video(path, (np.zeros((size[1], size[0], 3), np.uint8) for _ in range(3)), Fraction(10))
    at = [(x, y) for x in (-40, 0, size[0] - 10, size[0] + 50) for y in (-60, 0, size[1] - 20, size[1] + 90)]
    rows = [row(k, n, x=x, y=y) for k in (1, 2, 3) for n, (x, y) in enumerate(at)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    given = {"trails": True, "timeline": True, "compare": tmp_path / "t.parquet"}
    done = render(path, tmp_path / "t.parquet", tmp_path / "o.mp4", **given)  # type: ignore[arg-type]
    assert (done.frames, done.boxes) == (3, 48)


def test_an_empty_table_leaves_the_video_as_it_is(black: Path, tmp_path: Path) -> None:
    table = pa.Table.from_pylist([row(1)]).slice(0, 0)
    pq.write_table(table, tmp_path / "t.parquet")
    done = render(black, tmp_path / "t.parquet", tmp_path / "o.mp4", timeline=True, trails=True, compare=table)
    assert (done.frames, done.boxes, done.names) == (FRAMES, 0, 0)


def test_failing_half_way_leaves_nothing_and_no_thread(black: Path, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([row(1)]), tmp_path / "t.parquet")
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(done: int, total: int | None) -> None:
        if done == 5:
            raise KeyboardInterrupt

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        render(black, tmp_path / "t.parquet", tmp_path / "o.mp4", progress=full)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert threading.active_count() == threads


def test_any_format_that_is_read(black: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("".join(f"{k},3,100,60,30,70,1,-1,-1,-1\n" for k in range(1, 13)))
    assert render(black, tmp_path / "t.txt", tmp_path / "o.mp4").boxes == 12
    table = pa.Table.from_pylist([row(k, 1, identity=4) for k in range(1, 13)])
    assert pc.count(table["frame"]).as_py() == render(black, table, tmp_path / "o.mp4").boxes


def test_the_clip_that_started_this_project(tmp_path: Path) -> None:
    """Pickles as the first demo left them: every box of the 25 frames there are pictures of is drawn."""
    seed = Path(__file__).parents[2] / ".." / "shared" / "data" / "seed-clip"
    if not seed.is_dir():
        pytest.skip("no data of the first demo beside the checkout")
    for name in ("shourya49_track_players.pkl", "shourya49_updated_track_id.pkl"):
        other = seed / "shourya49_track_players.pkl"
        done = render(
            seed / "output_1s.mp4", seed / name, tmp_path / "o.mp4", compare=other, timeline=True, allow_pickle=True
        )
        rows = rs.read(seed / name, allow_pickle=True)
        assert done.frames == 25
        assert done.boxes == int((rows.frame - (rows.clip.frame_base or 0) < 25).sum()) > 300


def test_pickles_of_the_first_demo(film: Any, tmp_path: Path) -> None:
    """A generated stand-in for that clip: players, referees and the ball by role, one dictionary a frame."""
    video = tmp_path / "v.mp4"
    film.draw_clip(video, seed=5, frames=25, size=(640, 360))
    scene = film.generate(5, 25).truth.to_pylist()
    content: dict[str, list[dict[int, Any]]] = {
        role: [{} for _ in range(25)] for role in ("players", "referees", "ball")
    }
    for person in scene:
        x, y, w, h = (person[side] / 3 for side in "xywh")
        role = "referees" if person["role"] == "referee" else "players"
        content[role][person["frame"] - 1][person["gt_id"]] = {"bbox": [x, y, x + w, y + h]}
    for frame in range(25):
        content["ball"][frame][1] = {"bbox": [300.0 + frame, 200.0, 306.0 + frame, 206.0]}
    (tmp_path / "t.pkl").write_bytes(pickle.dumps(content))
    done = render(video, tmp_path / "t.pkl", tmp_path / "o.mp4", allow_pickle=True)
    assert done.boxes == len(scene) + 25
    assert done.frames == 25
    for number, picture in pictures(tmp_path / "o.mp4"):
        assert near(picture[180:202, 290 + number : 316 + number], colours.GREEN).sum() > 10


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.mp4", "t.parquet", "-o", "o.mp4"], "no.mp4: no such video"),
        (["t.parquet", "t.parquet", "-o", "o.mp4"], "t.parquet: not a video"),
        (["black.mp4", "no.parquet", "-o", "o.mp4"], "no.parquet"),
        (["black.mp4", "t.parquet", "-o", "o.avi"], "end it in .mp4"),
        (["black.mp4", "t.parquet", "-o", "no/o.mp4"], "there is no folder no"),
        (["black.mp4", "t.parquet", "-o", "black.mp4"], "never overwritten"),
        (["black.mp4", "t.parquet", "-o", "o.mp4", "--compare", "no.txt"], "no.txt"),
        (["black.mp4", "t.parquet", "-o", "o.mp4", "--first-frame", "50"], "no row lies in the video's 12 frames"),
        (["black.mp4", "t.parquet", "-o", "o.mp4", "--sequence", "a"], "has no column sequence"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(
    arguments: list[str], says: str, black: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.Table.from_pylist([row(1)]), tmp_path / "t.parquet")
    monkeypatch.chdir(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = CliRunner().invoke(main, ["render", *arguments])
    assert done.exit_code == 2
    assert says in done.stderr.splitlines()[-1]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_command_speaks_to_people_and_programs(
    black: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq.write_table(pa.Table.from_pylist([row(k) for k in (1, 2, 40)]), tmp_path / "t.parquet")
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(main, ["render", "black.mp4", "t.parquet", "-o", "o.mp4"])
    assert said.stdout == ""
    assert "12 frames with 2 boxes of 1 id written to o.mp4" in said.stderr
    assert "1 row beyond the video's 12 frames not drawn" in said.stderr
    told = CliRunner().invoke(main, ["render", "black.mp4", "t.parquet", "-o", "o.mp4", "--json"])
    assert told.stderr == ""
    facts = json.loads(told.stdout)
    assert (facts["output"], facts["frames"], facts["boxes"], facts["names"]) == ("o.mp4", 12, 2, 1)
    assert [note["code"] for note in facts["notes"]] == ["beyond-the-video"]


@pytest.mark.parametrize("ending", ["mkv", "avi", "mov"])
def test_other_containers_even_those_that_do_not_count(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"v.{ending}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(24000, 1001))
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for _ in range(30):
            picture = av.VideoFrame.from_ndarray(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), format="bgr24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    pq.write_table(pa.Table.from_pylist([row(k) for k in range(1, 61)]), tmp_path / "t.parquet")
    done = render(path, tmp_path / "t.parquet", tmp_path / "o.mp4", timeline=True, trails=True)
    assert done.frames == 30
    assert done.boxes == 30
    assert [(note.code, note.count) for note in done.notes] == [("beyond-the-video", 30)]
    assert float(probe(tmp_path / "o.mp4").rate) == pytest.approx(24000 / 1001, abs=1e-3)
