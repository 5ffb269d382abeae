"""From tracking ground truth to a re-identification set: who, from where, how far apart, and when it stops."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from reid_solve.cli import main
from reid_solve.tracklets.errors import ReidSolveError
from reid_solve.training.data import make as making
from reid_solve.training.data.choose import APART
from reid_solve.training.data.images import read_picture
from reid_solve.training.data.make import make_set
from reid_solve.training.data.reidset import open_set

cv2 = pytest.importorskip("cv2", reason="cutting out pictures needs the extra [video]")
WIDTH, HEIGHT, FPS = 320, 120, 5


def colour(clip: int, person: int) -> tuple[int, int, int]:
    return 40 + 50 * (clip % 4), 40 + 60 * (person % 3), 250 - 40 * (person // 3)


def write_clip(folder: Path, number: int, frames: int, people: int, extra: str = "", video: bool = False) -> None:
    """A clip of coloured blocks that stand side by side, the last one absent in the middle third."""
    (folder / "gt").mkdir(parents=True)
    lines, pictures = [], []
    for frame in range(1, frames + 1):
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for person in range(people):
            if person == people - 1 and frames / 3 < frame < 2 * frames / 3:
                continue
            x = 10 + 40 * person
            picture[20:100, x : x + 30] = colour(number, person)
            lines.append(f"{frame},{person + 1},{x},20,30,80,1,1,1")
        pictures.append(picture)
    (folder / "gt" / "gt.txt").write_text("\n".join(lines) + "\n" + extra)
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nframeRate={FPS}\nimWidth={WIDTH}\nimHeight={HEIGHT}\nseqLength={frames}\n"
    )
    if video:
        from fractions import Fraction

        from reid_solve.tracklets.video import write_video

        write_video(folder / "video.mp4", pictures, Fraction(FPS), quality=5)
        return
    (folder / "img1").mkdir()
    for frame, picture in enumerate(pictures, 1):
        cv2.imwrite(str(folder / "img1" / f"{frame:06}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 95])


@pytest.fixture(scope="module")
def sportsmot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four matches of two clips, named as SportsMOT names them, in its train and val folders."""
    root = tmp_path_factory.mktemp("sportsmot")
    for number in range(8):
        name = f"v_-6Os86Hzw_{number // 2}s_c00{number % 2 + 1}"
        write_clip(root / "dataset" / ("train" if number < 4 else "val") / name, number, 60, 5, video=number == 3)
    return root


def test_a_set_from_sportsmot(sportsmot: Path, tmp_path: Path) -> None:
    made = make_set("sportsmot", sportsmot, tmp_path / "set", seed=3, share=0.25)
    assert (made.clips, made.matches, made.held_out) == (8, 4, 1)
    found = open_set("lists", tmp_path / "set")
    assert found.splits == ("train", "query", "gallery")
    info = json.loads((tmp_path / "set" / "gid2info.json").read_text())
    assert len(info) == len(set(found.pid)) == 40
    assert info["1"] == {"match": "v_-6Os86Hzw_0s", "clip": "v_-6Os86Hzw_0s_c001"}
    train, test = found.part("train"), found.part("query", "gallery")
    assert len(set(train.levels["match"])) == 3
    assert not set(train.levels["match"]) & set(test.levels["match"])
    assert set(np.bincount(train.pid)[np.unique(train.pid)]) == {4}  # 60 boxes: four parts
    assert set(found.part("query").camid) == {1}
    assert set(found.part("gallery").camid) == {0}
    assert set(found.part("query").pid) == set(found.part("gallery").pid)
    for path, pid in zip(found.paths(), found.pid, strict=True):
        clip, person = divmod(pid - 1, 5)
        mean = read_picture(path).reshape(-1, 3).mean(0)
        assert np.abs(mean - colour(clip, person)).max() < 12, path
    frames: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for path, pid, split in zip(test.paths(), test.pid, test.table["split"].to_pylist(), strict=True):
        frames[pid][split].append(int(path.stem.split("_")[1]))
    for sides in frames.values():
        assert min(sides["gallery"]) - max(sides["query"]) >= APART * FPS
    assert not list(tmp_path.glob("*.part"))


def test_the_same_seed_makes_the_same_set_and_another_one_another(sportsmot: Path, tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_set("sportsmot", sportsmot, tmp_path / name, seed=seed)
        texts.append((tmp_path / name / "train.txt").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_an_interrupted_run_goes_on_and_ends_as_one_that_never_stopped(
    sportsmot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out, begun = tmp_path / "whole", tmp_path / "set", []
    make_set("sportsmot", sportsmot, whole)
    run = making._Job.run

    def counted(self: Any, part: Path) -> Any:
        begun.append(self.clip.name)
        if len(begun) == 4:
            run(self, part)  # all pictures are written, but the clip is not noted as done
            raise KeyboardInterrupt
        return run(self, part)

    monkeypatch.setattr(making._Job, "run", counted)
    with pytest.raises(KeyboardInterrupt):
        make_set("sportsmot", sportsmot, out)
    assert not out.exists()
    with pytest.raises(ReidSolveError, match="no such folder"):
        open_set("lists", out)
    with pytest.raises(ReidSolveError, match=r"no train\.txt"):
        open_set("lists", tmp_path / "set.part")
    make_set("sportsmot", sportsmot, out)
    assert len(begun) == 4 + 5
    for path in (p for p in whole.rglob("*") if p.is_file()):
        assert (out / path.relative_to(whole)).read_bytes() == path.read_bytes()
    assert len(list(out.rglob("*"))) == len(list(whole.rglob("*")))


def test_a_half_of_another_seed_is_not_gone_on_with(sportsmot: Path, tmp_path: Path) -> None:
    part = tmp_path / "set.part"
    (part / "done").mkdir(parents=True)
    (part / "done" / ".plan").write_text("of another run")
    (part / "images").mkdir()
    (part / "images" / "old.jpg").write_bytes(b"")
    make_set("sportsmot", sportsmot, tmp_path / "set")
    assert not (tmp_path / "set" / "images" / "old.jpg").exists()


def test_soccernet_tracking_leaves_the_ball_out_and_knows_the_game(tmp_path: Path) -> None:
    for number in range(3):
        folder = tmp_path / "in" / "train" / f"SNMOT-06{number}"
        write_clip(folder, number, 40, 3, extra="".join(f"{f},9,300,50,8,8,1,-1,-1,-1\n" for f in range(1, 41)))
        text = (folder / "gt" / "gt.txt").read_text().replace(",1,1,1\n", ",1,-1,-1,-1\n")
        (folder / "gt" / "gt.txt").write_text(text)
        (folder / "gameinfo.ini").write_text(
            f"[Sequence]\nname=SNMOT-06{number}\ngameID={number // 2}\nnum_tracklets=4\n"
            "trackletID_1= player team left;4\ntrackletID_9= ball;1\n"
        )
    made = make_set("soccernet-tracking", tmp_path / "in", tmp_path / "set", share=0.4)
    found = open_set("lists", tmp_path / "set")
    assert set(found.levels["match"]) == {"game 0", "game 1"}
    assert len(set(found.pid)) == 9
    (note,) = [note for note in made.notes if note.code == "not-people"]
    assert note.count == 120
    assert "of the ball" in note.text


def test_mot17s_three_copies_of_a_clip_are_one(tmp_path: Path) -> None:
    for name in ("MOT17-02-SDP", "MOT17-02-DPM", "MOT17-04-DPM", "MOT20-01"):
        write_clip(tmp_path / "in" / "train" / name, 0, 30, 2)
    made = make_set("mot", tmp_path / "in", tmp_path / "set")
    assert (made.clips, made.matches, made.held_out) == (3, 3, 1)
    (note,) = [note for note in made.notes if note.code == "copies"]
    assert note.text == "MOT17-02-SDP is MOT17-02-DPM with other detections; left out"


def test_a_video_beside_the_clip_or_the_one_called_video(tmp_path: Path) -> None:
    root = tmp_path / "in"
    write_clip(root / "a", 0, 30, 2, video=True)
    (root / "a" / "video.mp4").rename(root / "a.mp4")
    write_clip(root / "b", 1, 30, 2, video=True)
    shutil.copy(root / "a.mp4", root / "b" / "drawn.mp4")
    made = make_set("mot", root, tmp_path / "set", share=0)
    assert made.pictures["train"] == 16
    found = open_set("lists", tmp_path / "set")
    for path, pid in zip(found.paths(), found.pid, strict=True):
        clip, person = divmod(pid - 1, 2)
        assert np.abs(read_picture(path).reshape(-1, 3).mean(0) - colour(clip, person)).max() < 12
    (root / "b" / "video.mp4").rename(root / "b" / "other.mp4")
    with pytest.raises(ReidSolveError, match=r"2 videos for gt\.txt; leave one there, or call it video\.mp4"):
        make_set("mot", root, tmp_path / "again", share=0)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    extra = "3,50,9000,20,30,80,1,1,1\n70,1,10,20,30,80,1,1,1\n5,51,10,20,30,80,0,1,1\n6,52,10,20,30,80,1,7,1\n"
    write_clip(tmp_path / "in" / "MOT17-02", 0, 60, 2, extra=extra)
    made = make_set("mot", tmp_path / "in", tmp_path / "set", share=0)
    notes = {note.code: note for note in made.notes}
    assert notes["outside"].count == 1
    assert notes["no-picture"].count == 1
    assert notes["people-lost"].count == 1
    assert "unmarked" in notes["not-people"].text
    assert notes["not-people"].count == 2
    assert made.people == {"train": 2, "query": 0, "gallery": 0}


@pytest.mark.parametrize(
    ("break_it", "text"),
    [
        (
            lambda root: (root / "a" / "gt" / "gt.txt").unlink(),
            "no clip with ground truth in it; expected CLIP/gt/gt.txt",
        ),
        (lambda root: [p.unlink() for p in (root / "a" / "img1").iterdir()], "no images named by their frame"),
        (lambda root: (root / "a" / "img1").rename(root / "a" / "images"), "no img1/ and no video for gt.txt"),
        (lambda root: (root / "a" / "img1" / "000001.jpg").write_bytes(b"?"), "cannot be read as a picture"),
        (
            lambda root: [p.rename(p.with_name(f"9{p.name}")) for p in (root / "a" / "img1").iterdir()],
            "no picture of any",
        ),
        (lambda root: (root / "a" / "gt" / "gt.txt").write_text("1,2,3\n"), "expected 6 to 10"),
    ],
)
def test_a_bad_tree_gives_one_line_and_no_set(break_it: Any, text: str, tmp_path: Path) -> None:
    write_clip(tmp_path / "in" / "a", 0, 6, 2)
    break_it(tmp_path / "in")
    done = CliRunner().invoke(
        main, ["reid-data", "mot", str(tmp_path / "in"), str(tmp_path / "set"), "--held-out", "0"]
    )
    assert done.exit_code == 2
    assert text in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4  # click's usage lines and the error
    assert not (tmp_path / "set").exists()


def test_nothing_is_written_over_and_one_match_cannot_be_divided(tmp_path: Path) -> None:
    write_clip(tmp_path / "in" / "m_c001", 0, 6, 2)
    write_clip(tmp_path / "in" / "m_c002", 1, 6, 2)
    with pytest.raises(ReidSolveError, match=r"all clips are of one match \(m\).*--held-out 0"):
        make_set("sportsmot", tmp_path / "in", tmp_path / "set")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ReidSolveError, match="is there already"):
        make_set("sportsmot", tmp_path / "in", tmp_path / "full", share=0)
    (tmp_path / "set.part").mkdir()
    with pytest.raises(ReidSolveError, match="in the way"):
        make_set("sportsmot", tmp_path / "in", tmp_path / "set", share=0)
