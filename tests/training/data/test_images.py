"""A set behind PyTorch's own loader: the right picture, class and row, and workers that can take it along."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.video import Picture
from reid_solve.training.data.images import Images
from reid_solve.training.data.reidset import ReidSet, open_set
from reid_solve.training.samplers.registry import build

cv2 = pytest.importorskip("cv2", reason="pictures need the extra [train]")
torch = pytest.importorskip("torch", reason="datasets need the extra [train]")


@pytest.fixture
def shades(tmp_path: Path) -> ReidSet:
    """Six people, each of one shade of blue, four pictures each."""
    folder = tmp_path / "bounding_box_train"
    folder.mkdir()
    for person in range(1, 7):
        for image in range(4):
            picture = np.zeros((40, 20, 3), np.uint8)
            picture[..., 0] = 40 * person
            cv2.imwrite(str(folder / f"{person:04}_c1s1_{image:06}_00.png"), picture)
    return open_set("market", tmp_path).part("train")


def brighter(picture: Picture) -> Picture:
    return np.asarray(picture + 5, np.uint8)


@pytest.mark.parametrize("sent", [False, True], ids=["here", "sent to a worker"])
def test_a_loader_gives_pictures_with_their_class(shades: ReidSet, sent: bool) -> None:
    data = Images(shades, Input((64, 32), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)), brighter)
    batches = build("random-pk", shades.numbers(), shades.levels, p=3, k=2, seed=0)
    if sent:  # as a loader's workers get it where processes are not forked
        data = pickle.loads(pickle.dumps(data))
    loader = torch.utils.data.DataLoader(data, batch_sampler=batches)
    seen = 0
    for image, target, row in loader:
        assert image.shape == (6, 3, 64, 32)
        assert image.dtype == torch.float32
        assert target.tolist() == shades.numbers()[row.numpy()].tolist()
        blue = (40 * (target + 1) + 5) / 255
        assert torch.allclose(image[:, 2, 30, 16], blue.float(), atol=1e-6)
        assert torch.allclose(image[:, 0], torch.full((6, 64, 32), 5 / 255))
        seen += len(row)
    assert seen == len(data) == 24


def test_a_file_that_is_no_picture_is_named(shades: ReidSet) -> None:
    path = shades.paths()[3]
    for spoil in (lambda: path.write_bytes(b"no picture"), lambda: path.write_bytes(b""), path.unlink):
        spoil()
        with pytest.raises(InputError, match="cannot be read as a picture") as error:
            Images(shades)[3]
        assert str(path) in str(error.value)
