"""The mean of networks is that of their weights, and the greedy one is never worse than the best of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from tests.training.loop.small import write_set

from reid_solve.cli import main
from reid_solve.tracklets.embed.networks import Embedder, build, load, save
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.training.models.soup import greedy, mean, uniform, write
from reid_solve.training.models.soup_files import soup_files

SIZE = (32, 16)
VIT: dict[str, Any] = {"patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2}


def networks(folder: Path, count: int = 3) -> list[Path]:
    out = []
    for seed in range(count):
        torch.manual_seed(seed)
        net = build("osnet:x0_25", image_size=SIZE)
        net.train()(torch.randn(4, 3, *SIZE))
        for name, value in net.named_buffers():
            if name.endswith("num_batches_tracked"):
                value += seed
        out.append(folder / f"{seed}.pt")
        save(out[-1], net)
    return out


def test_the_mean_is_that_of_float64_and_counters_are_left_alone() -> None:
    kinds = {"w": torch.float32, "h": torch.bfloat16}
    states = [{name: (torch.tensor([1.0, 1e8, k]) / 3).to(kind) for name, kind in kinds.items()} for k in range(7)]
    for k, state in enumerate(states):
        state["count"] = torch.tensor(k + 5)
    found = mean(states)
    for name, kind in kinds.items():
        want = torch.stack([state[name].double() for state in states]).mean(dim=0).to(kind)
        assert torch.equal(found[name], want)
    assert found["count"] == 5
    assert found["count"] is not states[0]["count"]
    # 2^24 + 1 does not exist in float32: a sum in float32 would lose each of the ones
    big = [{"w": torch.tensor([2.0**24])}, *[{"w": torch.tensor([1.0])}] * 4]
    assert float(mean(big)["w"]) == pytest.approx((2**24 + 4) / 5, abs=0.1)


def test_a_uniform_soup_of_files(tmp_path: Path) -> None:
    paths = networks(tmp_path)
    states = [load(path).state_dict() for path in paths]
    soup = uniform(paths)
    found = soup.embedder.state_dict()
    for name, value in found.items():
        if value.is_floating_point():
            want = torch.stack([state[name].double() for state in states]).mean(dim=0)
            assert torch.allclose(value.double(), want, atol=1e-6), name
        else:
            assert torch.equal(value, states[0][name]), name
    assert soup.names == tuple(map(str, paths))
    write(soup, tmp_path / "soup.pt")
    again = load(tmp_path / "soup.pt")
    images = torch.randn(2, 3, *SIZE)
    assert torch.equal(again.embed(images), soup.embedder.eval().embed(images))
    assert again.facts["soup"] == [str(path) for path in paths]


def test_a_greedy_soup_takes_what_helps_from_the_best_on(tmp_path: Path) -> None:
    paths = networks(tmp_path, 4)
    values = {str(path): value for path, value in zip(paths, (8.0, 1.0, 4.0, 9.0), strict=True)}
    for path in paths:
        net = load(path)
        torch.nn.init.constant_(net.backbone.out[0].bias, values[str(path)])
        save(path, net)

    def score(net: Embedder) -> float:
        return -abs(float(net.backbone.out[0].bias.detach().mean()) - 8.6)

    soup = greedy(paths, score)
    # from 9 (0.4 away): with 8 it is 8.5, nearer, taken; with 4 it would be 7, and with 1 it would be 6
    assert soup.names == (str(paths[3]), str(paths[0]))
    assert soup.score == pytest.approx(-0.1, abs=1e-5)
    assert soup.scores == pytest.approx({name: -abs(value - 8.6) for name, value in values.items()}, abs=1e-5)
    assert score(soup.embedder) == soup.score
    assert score(soup.embedder) >= max(soup.scores.values())
    one = greedy(paths[:2], lambda net: -abs(float(net.backbone.out[0].bias.detach().mean()) - 8.1))
    assert one.names == (str(paths[0]),)
    assert float(one.embedder.backbone.out[0].bias.detach().mean()) == pytest.approx(8, abs=1e-6)


def test_networks_of_several_kinds_are_refused(tmp_path: Path) -> None:
    own, twin = networks(tmp_path, 2)
    others = {
        "spec": build("timm:vit_tiny_patch16_224", image_size=SIZE, **VIT),
        "dim": build("osnet:x0_25", image_size=SIZE, dim=4),
        "image_size": build("osnet:x0_25", image_size=(64, 32)),
        "options": build("osnet:x0_25", image_size=SIZE, frozen_norm=True),
    }
    others["mean"] = load(own)
    others["mean"].mean = (0.1, 0.2, 0.3)
    others["head.weight"] = build("osnet:x0_25", image_size=SIZE, dim=512)  # as long as without it
    for what, net in others.items():
        save(tmp_path / "other.pt", net)
        with pytest.raises(InputError, match=rf"other\.pt: {what} .*average networks of one kind"):
            uniform([own, tmp_path / "other.pt"])
    with pytest.raises(InputError, match=r"0\.pt: head\.weight is not as in .*other\.pt"):
        uniform([tmp_path / "other.pt", own])
    with pytest.raises(InputError, match=r"none\.pt: cannot be read"):
        uniform([own, tmp_path / "none.pt"])
    for too_few in [own], [own, own], [own, twin, own]:
        with pytest.raises(OptionError, match="at least two networks, each given once"):
            uniform(too_few)


def test_sketches_that_were_drawn_otherwise_are_not_averaged(tmp_path: Path) -> None:
    options: dict[str, Any] = {"part": "osnet:x0_25", "part_layer": 1, "parts": 3, "length": 16}
    paths = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        save(path, build("bilinear:osnet:x0_25", image_size=SIZE, **options))
    uniform(paths)  # other seeds, the same sketches
    net = load(paths[1])
    net.backbone.sketch.first.mul_(-1)
    save(paths[1], net)
    with pytest.raises(InputError, match=r"b\.pt: backbone\.sketch\.first was drawn otherwise"):
        uniform(paths)


def test_the_command_averages_and_scores(tmp_path: Path) -> None:
    paths = [str(path) for path in networks(tmp_path, 2)]
    done = CliRunner().invoke(main, ["soup", *paths, "-o", str(tmp_path / "soup.pt")])
    assert done.exit_code == 0, done.output
    assert "the mean of 2 networks" in done.stderr
    assert load(tmp_path / "soup.pt").facts["soup"] == paths
    write_set(tmp_path / "people")
    words = [
        "soup",
        *paths,
        "-o",
        str(tmp_path / "greedy.pt"),
        "--greedy",
        "market",
        str(tmp_path / "people"),
        "--json",
    ]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert set(said["scores"]) == set(paths)
    assert said["score"] >= max(said["scores"].values())
    assert 0 < said["score"] <= 100
    before = (tmp_path / "0.pt").read_bytes()
    done = CliRunner().invoke(main, ["soup", *paths, "-o", paths[0]])
    assert done.exit_code == 2
    assert "is the input itself" in done.stderr
    assert (tmp_path / "0.pt").read_bytes() == before


def test_a_set_without_a_query_scores_nothing(tmp_path: Path) -> None:
    paths = networks(tmp_path, 2)
    write_set(tmp_path / "people")
    for part in ("query", "bounding_box_test"):
        for file in (tmp_path / "people" / part).iterdir():
            file.unlink()
        (tmp_path / "people" / part).rmdir()
    with pytest.raises(OptionError, match="has no query and gallery to score on"):
        soup_files(tuple(paths), tmp_path / "out.pt", scored_on=("market", tmp_path / "people"))
    assert not (tmp_path / "out.pt").exists()
