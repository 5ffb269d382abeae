"""One file a network: it comes back as it was, whole or not at all, and only if it is one; `embed` takes it by path."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from click.testing import CliRunner
from tests import tiny_clip

from reid_solve.cli import main
from reid_solve.tracklets.embed.networks import Unit, build, load, save
from reid_solve.tracklets.embed.registry import Settings, embedder
from reid_solve.tracklets.errors import InputError, OutputError

FIXTURES = Path(__file__).parents[4] / "fixtures"
SIZE = (64, 32)
SMALL: dict[str, Any] = {"spec": "osnet:x0_25", "image_size": SIZE}


@pytest.fixture(scope="module", autouse=True)
def tiny(tmp_path_factory: pytest.TempPathFactory) -> None:
    tiny_clip.register(tmp_path_factory.mktemp("clip"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"spec": "timm:resnet10t", "layers": [1, -1], "layer_dim": 5, "last_stride": 1, "dim": 12, "letterbox": True},
        {"spec": "timm:vit_tiny_patch16_224", "embed_dim": 24, "depth": 2, "num_heads": 2},
        {"spec": f"openclip:{tiny_clip.NAME}", "projection": False, "quick_gelu": True},
        {"spec": "osnet:x0_25", "frozen_norm": True},
        {"spec": "bilinear:osnet:x0_25", "part": "osnet:x0_25", "part_layer": 1, "layers": [0], "length": 32},
        {
            "spec": "bilinear:osnet:x0_25",
            "part": f"openclip:{tiny_clip.NAME}",
            "part_layer": 1,
            "length": 32,
            "part_options": {"quick_gelu": True},
        },
    ],
)
def test_a_network_comes_back_as_it_was(wanted: dict[str, Any], tmp_path: Path) -> None:
    net = build(image_size=SIZE, **wanted)
    net.mean = (0.5, 0.4, 0.3)
    images = torch.randn(3, 3, *SIZE)
    net.train()(images)  # running statistics are no longer those of a new one
    save(tmp_path / "net.pt", net, lr=0.1, note="a", epochs=3, scores=[0.5, None])
    net.eval()
    before = torch.get_rng_state()
    again = load(tmp_path / "net.pt")
    assert torch.equal(torch.get_rng_state(), before)
    assert not again.training
    assert torch.equal(again.embed(images), net.embed(images))
    for name in ("spec", "options", "dim", "image_size", "mean", "std", "letterbox"):
        assert getattr(again, name) == getattr(net, name), name
    assert again.facts == {"lr": 0.1, "note": "a", "epochs": 3, "scores": [0.5, None]}
    assert [of.requires_grad for of in again.parameters()] == [of.requires_grad for of in net.parameters()]


def damaged(path: Path, **changes: Any) -> None:
    content = torch.load(path, weights_only=True)
    content.update(changes)
    torch.save({key: value for key, value in content.items() if value is not ...}, path)


class Evil:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("evil"),))


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("missing", "cannot be read (No such file"),
        ("empty", "no network, or a damaged one"),
        ("text", "no network, or a damaged one"),
        ("cut", "no network, or a damaged one"),
        ("code", "holds more than weights"),
        ("state_dict", "not a network that reid-solve trained; for weights alone use timm:NAME/FILE"),
        ("other kind", "reid-solve-texts/1, not a network"),
        ("newer", "use a newer reid-solve"),
        ("no spec", "spec is missing"),
        ("no weights", "weights is missing"),
        ("odd weights", "weights hold something else"),
        ("odd names", "weights hold something else"),
        ("odd options", "weights hold something else"),
        ("odd spec", "no network 'resnet'"),
        ("odd size", "damaged network file"),
        ("odd mean", "mean and std are not three numbers each"),
        ("no spread", "mean and std are not three numbers each"),
        ("endless", "damaged network file ("),
        ("names files", "it names other files"),
        ("names files in another way", "it names other files"),
        ("names files deeper", "it names other files"),
        ("another's weights", "not the weights of this network (lacks"),
    ],
)
def test_what_is_no_network_is_refused_in_a_line(
    case: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.pt"
    save(path, build(**SMALL))
    content = path.read_bytes()
    match case:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("hello")
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "code":
            torch.save({"format": Evil()}, path)
        case "state_dict":
            torch.save(build(**SMALL).state_dict(), path)
        case "other kind":
            damaged(path, format="reid-solve-texts/1")
        case "newer":
            damaged(path, format="reid-solve-embedder/2")
        case "no spec":
            damaged(path, spec=...)
        case "no weights":
            damaged(path, weights=...)
        case "odd weights":
            damaged(path, weights={"a": 1})
        case "odd names":
            damaged(path, weights={1: torch.zeros(1)})
        case "odd options":
            damaged(path, options={1: 2})
        case "odd mean":
            damaged(path, mean=["a", "b", "c"])
        case "no spread":
            damaged(path, std=[0.0, 0.2, 0.2])
        case "endless":
            damaged(path, dim=10**14)
        case "odd spec":
            damaged(path, spec="resnet")
        case "odd size":
            damaged(path, image_size=["a", "b"])
        case "names files":
            damaged(path, options={"pretrained": "other.pt"})
        case "names files in another way":
            damaged(path, spec="timm:resnet10t", options={"checkpoint_path": "other.pt"})
        case "names files deeper":
            damaged(path, options={"part_options": {1: 2, "checkpoint_path": "other.pt"}})
        case _:
            damaged(path, spec="osnet:x0_25", weights={"a": torch.zeros(1)})
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("evil").exists()
    assert pickle.dumps(Evil())  # it would have been one


def test_what_stood_there_stays_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    save(path, build(**SMALL), turn=1)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="facts of a network are numbers"):
        save(path, build(**SMALL), turn=Evil())
    with pytest.raises(OutputError, match="there is no folder"):
        save(tmp_path / "nowhere" / "net.pt", build(**SMALL))
    assert path.read_bytes() == before
    assert [of.name for of in tmp_path.iterdir()] == ["net.pt"]


def test_a_training_goes_on_from_a_network_that_was_trained(tmp_path: Path) -> None:
    path = tmp_path / "first.pt"
    first = build("osnet:x0_25", image_size=SIZE, dim=6, frozen_norm=True, layers=[1], layer_dim=4)
    first.mean = (0.5, 0.5, 0.5)
    save(path, first)
    first.eval()
    images = torch.randn(2, 3, *SIZE)
    same = build("osnet:x0_25", dim=6, pretrained=str(path)).eval()
    assert torch.equal(same(images).features, first(images).features)
    assert same.image_size == SIZE
    assert same.mean == (0.5, 0.5, 0.5)
    assert same.options == {"frozen_norm": True, "letterbox": False}  # what was folded stays frozen
    again = build("osnet:x0_25", dim=6, layers=[1], layer_dim=4, pretrained=str(path)).eval()
    assert torch.equal(again(images).layers[0], first(images).layers[0])
    other = build("osnet:x0_25", dim=9, pretrained=str(path), frozen_norm=False).eval()
    assert torch.equal(other.backbone(images)[0], first.backbone(images)[0])
    assert other.embed(images).shape == (2, 9)
    assert other.options["frozen_norm"] is False
    with pytest.raises(InputError, match=r"first\.pt: a network osnet:x0_25, not osnet:x0_5; name the network it is"):
        build("osnet:x0_5", pretrained=str(path))
    damaged(path, weights={"backbone.a": torch.zeros(1)})
    with pytest.raises(InputError, match="not the weights of this network"):
        build("osnet:x0_25", pretrained=str(path))
    damaged(path, image_size=["a", "b"])
    with pytest.raises(InputError, match="image_size"):
        build("osnet:x0_25", pretrained=str(path))


@pytest.mark.parametrize("form", ["trained:{}", "{}"])
def test_embed_takes_it_by_path(form: str, tmp_path: Path) -> None:
    net = build(**SMALL, letterbox=True)
    path = tmp_path / "mine.pt"
    save(path, net)
    made = embedder(form.format(path), Settings(device="cpu"))
    assert made.name == "trained:mine.pt"
    made.load()
    crops = [np.random.default_rng(k).integers(0, 255, (50 + k, 20, 3), np.uint8) for k in range(3)]
    batch = made.prepare(crops)
    assert batch.shape == (3, 3, *SIZE)
    found = made.embed(batch)
    mean, std = (torch.tensor(of).view(1, 3, 1, 1) for of in (net.mean, net.std))
    want = net.eval().embed((torch.from_numpy(batch) / 255 - mean) / std).detach().numpy()
    assert np.allclose(found, want, atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    stretched = build(**SMALL)
    save(path, stretched)
    other = embedder(form.format(path), Settings(device="cpu"))
    other.load()
    assert other.key != made.key  # nothing that was kept of the other is used
    assert not np.array_equal(other.prepare(crops), batch)


def test_embed_says_what_is_wrong_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pt: cannot be read"):
        embedder(str(tmp_path / "none.pt"), Settings(device="cpu"))
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(InputError, match=r"text\.pt: no network, or a damaged one"):
        embedder(str(tmp_path / "text.pt"), Settings(device="cpu")).load()


def test_the_command_embeds_with_it(derby_video: Path, tmp_path: Path) -> None:
    net = build(**SMALL, dim=10)
    path = tmp_path / "mine.pt"
    save(path, net)
    tracks = pq.read_table(FIXTURES / "derby" / "tracks.parquet")
    pq.write_table(tracks.filter(pc.field("frame") <= 20), tmp_path / "tracks.parquet")
    words = ["embed", str(derby_video), str(tmp_path / "tracks.parquet"), "--backend", str(path), "--json",
             "--cache", str(tmp_path / "cache"), "--per-tracklet", "1"]  # fmt: skip
    said = []
    for name in ("a.parquet", "b.parquet"):
        done = CliRunner().invoke(main, [*words, "-o", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        said.append(json.loads(done.stdout))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    vectors = np.stack(pq.read_table(tmp_path / "a.parquet")["embedding"].to_numpy())
    assert vectors.shape[1] == 10
    assert len(np.unique(vectors, axis=0)) > 1
    assert said[0]["cached"] == 0
    assert said[1]["cached"] == len(vectors)  # the second time nothing was run


@pytest.mark.parametrize(
    "wanted", [SMALL, {**SMALL, "spec": "bilinear:osnet:x0_25", "part": "osnet:x0_25", "part_layer": 1}]
)
def test_it_runs_in_half_precision_as_on_a_gpu(wanted: dict[str, Any]) -> None:
    net = Unit(build(**wanted)).eval()
    images = torch.randn(2, 3, *SIZE)
    with torch.inference_mode():
        full = net(images)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = net(images)
        half = net.half()(images.half())
    for found in mixed, half:
        assert found.dtype == torch.float32
        assert ((found * full).sum(dim=1) > 0.999).all()
