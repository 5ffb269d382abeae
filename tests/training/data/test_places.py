"""Where and when pictures were taken: kept by `reid-data`, read with the lists, used by `reid-evaluate --position`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from reid_solve.cli import main
from reid_solve.tracklets.table import IntArray
from reid_solve.training.data.make import make_set
from reid_solve.training.data.places import FILE
from reid_solve.training.data.reidset import open_set

cv2 = pytest.importorskip("cv2", reason="cutting out pictures needs the extra [video]")
WIDTH, HEIGHT, FPS, FRAMES, PEOPLE, PAN = 400, 120, 5, 60, 8, 2


def standing(rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Where people stand, (n, 2) left and top, apart, and how tall they are, (n,)."""
    left = 20 + 28 * np.arange(PEOPLE) + rng.integers(0, 5, PEOPLE)
    return np.column_stack([left, rng.integers(5, 60, PEOPLE)]), rng.integers(30, 50, PEOPLE)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People who look like noise stand about before a camera that pans to the right."""
    root = tmp_path_factory.mktemp("clips")
    for number in range(4):
        folder = root / f"clip-{number}"
        (folder / "gt").mkdir(parents=True)
        (folder / "img1").mkdir()
        place, tall = standing(np.random.default_rng(number))
        noise = np.random.default_rng(100 + number)
        lines = []
        for frame in range(1, FRAMES + 1):
            picture = np.full((HEIGHT, WIDTH, 3), 80, np.uint8)
            for person, ((x, y), h) in enumerate(zip(place, tall, strict=True)):
                x = x + PAN * (FRAMES - frame)  # the camera goes right, and what it sees left
                picture[y : y + h, x : x + 20] = noise.integers(0, 256, (h, 20, 3))
                lines.append(f"{frame},{person + 1},{x},{y},20,{h},1,1,1")
            cv2.imwrite(str(folder / "img1" / f"{frame:06}.png"), picture)
        (folder / "gt" / "gt.txt").write_text("\n".join(lines) + "\n")
        facts = f"frameRate={FPS}\nimWidth={WIDTH}\nimHeight={HEIGHT}\nseqLength={FRAMES}"
        (folder / "seqinfo.ini").write_text(f"[Sequence]\nname={folder.name}\n{facts}\n")
    return root


@pytest.fixture(scope="module")
def made(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("made") / "set"
    make_set("mot", clips, output, share=0.25)
    return output


def test_who_stands_still_is_in_one_place_though_the_camera_pans(made: Path) -> None:
    found = open_set("lists", made)
    columns = {name: np.array(found.table[name].to_pylist()) for name in ("time", "x", "y", "height")}
    clip = found.words("clip")
    for number in range(4):
        place, tall = standing(np.random.default_rng(number))
        rows = np.flatnonzero(clip == f"clip-{number}")
        person = (found.pid[rows] - 1) % PEOPLE
        frame = np.array([int(path.stem.split("_")[1]) for path in found.paths()])[rows]
        np.testing.assert_allclose(columns["time"][rows], frame / FPS)
        np.testing.assert_allclose(columns["height"][rows], tall[person], rtol=0.02)
        start = place + np.array([PAN * (FRAMES - 1) + 10, 0])  # as the first frame shows it
        np.testing.assert_allclose(columns["x"][rows], start[person, 0], atol=2)
        np.testing.assert_allclose(columns["y"][rows], (start[:, 1] + tall)[person], atol=2)


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["reid-evaluate", *args])


def test_the_command_finds_people_who_look_alike_by_their_places(made: Path) -> None:
    scores = [json.loads(run(str(made), "--layout", "lists", *more, "--json").stdout) for more in
              ([], ["--position", "train"])]  # fmt: skip
    assert scores[0]["mAP"] < 70
    assert scores[1]["mAP"] > 95
    assert scores[1]["gallery_pictures"] == scores[0]["gallery_pictures"]
    assert scores[1]["position"]["split"] == "train"
    assert scores[0]["position"] is None


def test_a_set_without_places_or_with_damaged_ones_is_one_line(made: Path) -> None:
    file = made / FILE
    text = file.read_text()
    try:
        for content, says in (
            (None, "no column 'time', and position as a cue needs it"),
            (text.replace("x,y", "x,z", 1), f"{file}: no column y; needed: path, time, x, y, height"),
            (text.rpartition("\n")[0].rpartition("\n")[0] + "\n", "no time"),  # less the last picture
            (text.replace("\n", "\nimages/more.jpg,a,b,c,d\n", 1), f"{file}: column 'time' holds string, not numbers"),
        ):
            file.unlink(missing_ok=True)
            if content is not None:
                file.write_text(content)
            done = run(str(made), "--layout", "lists", "--position", "train")
            assert done.exit_code == 2, done.output
            error = done.stderr.strip().splitlines()[-1]
            assert error.startswith("Error: ")
            assert says in error
    finally:
        file.write_text(text)
