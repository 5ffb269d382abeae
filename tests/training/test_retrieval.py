"""Scoring a folder of pictures: the command embeds them with a backend and ranks them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from reid_solve.cli import main
from reid_solve.tracklets.embed.registry import embedder
from reid_solve.tracklets.errors import InputError
from reid_solve.training.data.reidset import open_set
from reid_solve.training.retrieval import embed_pictures, reid_evaluate

cv2 = pytest.importorskip("cv2", reason="pictures need the extra [video]")
CAMERAS = 2


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people in shirts of their own, each by two cameras of other brightness, in Market-1501's layout."""
    root = tmp_path_factory.mktemp("market")
    rng = np.random.default_rng(4)
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        (root / folder).mkdir()
    for person in range(1, 7):
        shirt, shorts = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
        for camera in range(1, CAMERAS + 1):
            for frame in range(3):
                picture = np.full((64, 32, 3), (70, 140, 70), float)
                picture[4:34, 9:23], picture[34:60, 10:22] = shirt, shorts
                picture = picture * (0.9 + 0.1 * camera) + rng.normal(0, 12, picture.shape)
                folder = "query" if frame == 0 and camera == 1 else "bounding_box_test"
                name = f"{person:04d}_c{camera}s1_{frame:06d}_00.png"
                cv2.imwrite(str(root / folder / name), np.clip(picture, 0, 255).astype(np.uint8))
    return root


def run(*args: str) -> Result:
    return CliRunner().invoke(main, ["reid-evaluate", *args])


def test_a_folder_is_embedded_and_scored(market: Path) -> None:
    found = json.loads(run(str(market), "--backend", "color", "--json").stdout)
    assert (found["protocol"], found["query_pictures"], found["models"]) == ("market", 6, 1)
    assert found["positives"] == 6 * 3  # three by the other camera; the query's own camera does not count
    assert found["mAP"] > 90
    two = json.loads(run(str(market), "--backend", "color", "--backend", "color", "--json").stdout)
    assert two["models"] == 2
    assert two["mAP"] == pytest.approx(found["mAP"])


def test_pictures_of_a_set_keep_their_order(market: Path) -> None:
    pictures = open_set("market", market).part("query", "gallery")
    model = embedder("color")
    model.batch = 5  # several batches, the last one short
    together = embed_pictures(pictures.paths(), model)
    model.batch = 1
    assert together.shape[0] == len(pictures)
    np.testing.assert_allclose(together, embed_pictures(pictures.paths(), model), rtol=0, atol=1e-6)


def test_a_broken_picture_is_named(market: Path, tmp_path: Path) -> None:
    copy = tmp_path / "market"
    shutil.copytree(market, copy)
    broken = sorted((copy / "query").iterdir())[2]
    broken.write_bytes(b"no picture")
    with pytest.raises(InputError, match=f"{broken.name}: cannot be read as a picture"):
        reid_evaluate([copy])


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--table", "a.csv"], "leave --table out"),
        (["--layout", "nothing"], "no layout 'nothing'"),
        (["--backend", "magic"], "no backend 'magic'"),
        (["--submission", "a.json"], "market has no submissions"),
        (["x.npy"], "give it alone"),
    ],
)
def test_mistakes_get_one_line(args: list[str], says: str, market: Path) -> None:
    done = run(str(market), *args)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("Error: ")


def test_a_submission_for_a_folder_is_checked_against_it(tmp_path: Path) -> None:
    """The names of SoccerNet's secret part: boxes and actions, and nobody's number."""
    rng = np.random.default_rng(0)
    number = 0
    for split in ("query", "gallery"):
        for action in (11, 12):
            place = tmp_path / "challenge" / split / "league" / "2016" / "2016-01-01 - 20-45 A 1 - 0 B" / str(action)
            place.mkdir(parents=True)
            for _ in range(2):
                picture = rng.integers(0, 256, (40, 20, 3), np.uint8)
                cv2.imwrite(str(place / f"{number}-{action}-40x20.png"), picture)
                number += 1
    out = tmp_path / "answer.json"
    layout = ["--layout", "soccernet:challenge"]
    done = run(str(tmp_path), *layout, "--submission", str(out))
    assert done.exit_code == 0, done.output
    assert "mAP" not in done.stdout
    answer = json.loads(out.read_text())
    assert {query: sorted(gallery) for query, gallery in answer.items()} == {
        "0": [4, 5], "1": [4, 5], "2": [6, 7], "3": [6, 7],
    }  # fmt: skip
    assert run(str(tmp_path), *layout, "--validate", str(out)).exit_code == 0
    out.write_text(json.dumps({**answer, "3": [6, 4]}))
    wrong = run(str(tmp_path), *layout, "--validate", str(out))
    assert wrong.exit_code == 2
    assert "query 3, place 2: gallery 4 is of action" in wrong.stderr
