"""CLIP-ReID through the whole loop: first texts are learnt, then the network, from that network and those texts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests import tiny_clip
from tests.training.loop.small import CPU, rows, write_config

from reid_solve.tracklets.embed.networks import load
from reid_solve.tracklets.errors import ReidSolveError
from reid_solve.training.loop.config import read_config
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.run import train


def test_both_stages_by_their_files_alone(place: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    name = tiny_clip.register(tmp_path_factory.mktemp("clip"))
    model: dict[str, object] = {"spec": f"openclip:{name}", "image_size": [32, 32], "options": {}}
    prompt: dict[str, object] = {"options": {"model": name, "scale": 20.0}}
    first = write_config(
        place / "one.toml",
        ("clip-prompt", prompt),
        model=model,
        optimizer={"lr": 0.02, "backbone": 0},
        train={"epochs": 8},
    )
    start = Learner(read_config(first), 8, CPU).embedder.state_dict()
    done = train(first)
    assert done.folder == place / "one.train"
    kept = load(done.folder / "last.pt").state_dict()
    assert all(torch.equal(kept[key], value) for key, value in start.items())  # words are learnt, not the network
    assert float(rows(done.folder)[-1]["loss"]) < 0.9 * float(rows(done.folder)[0]["loss"])
    texts = torch.load(done.folder / "texts.pt", weights_only=True)
    assert texts["texts"].shape == (8, tiny_clip.DIM)

    # names of files are from the folder of the configuration, wherever it is called from
    model["pretrained"] = "one.train/last.pt"
    options: dict[str, object] = {"options": {"texts": "one.train/texts.pt"}}
    second = write_config(place / "two.toml", ("clip-reid", options), model=model, train={"epochs": 8})
    learner = Learner(read_config(second), 8, CPU)
    assert all(torch.equal(value, kept[key]) for key, value in learner.embedder.state_dict().items())
    assert learner.losses[0].scale == 20
    torch.testing.assert_close(learner.losses[0].texts, texts["texts"])
    after = train(second)
    assert float(rows(after.folder)[-1]["loss"]) < 0.9 * float(rows(after.folder)[0]["loss"])
    assert not (after.folder / "texts.pt").exists()
    (place / "one.train" / "texts.pt").rename(place / "texts.pt")
    with pytest.raises(ReidSolveError, match=r"two.toml: \[\[loss\]\] 1: .*texts.pt: "):
        train(second, place / "again")
