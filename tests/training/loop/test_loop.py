"""What the loop does, part by part: batches, rates, averages, accumulation, precision, freezing, logs, what is kept."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tests.training.loop.small import Noise, Rounds, write_config, write_set

from reid_solve.cli import main
from reid_solve.report.training import line
from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.networks import load
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.average import averaged
from reid_solve.training.loop.batches import Batch, Order, Place, Reader
from reid_solve.training.loop.config import Config, Schedule, read_config
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.material import HeldOut, Material
from reid_solve.training.loop.processes import Processes
from reid_solve.training.loop.progress import Progress
from reid_solve.training.loop.run import train
from reid_solve.training.loop.schedule import factor
from reid_solve.training.loop.sets import material_of, with_direction
from reid_solve.training.losses.registry import LOSSES
from reid_solve.training.losses.triplet import Triplet

CPU = Processes(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loop")
    write_set(folder / "people")
    return folder


def configured(place: Path, *losses: str, **changes: dict[str, object]) -> Config:
    return read_config(write_config(place / "x.toml", *losses, **changes))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_rates_rise_and_fall() -> None:
    cosine = Schedule("cosine", warmup=0.2, end=0.1)
    assert factor(cosine, 0.1) == pytest.approx(0.5)
    assert factor(cosine, 0.2) == pytest.approx(1.0)
    assert factor(cosine, 0.6) == pytest.approx(0.55)  # half way down
    assert factor(cosine, 1.0) == pytest.approx(0.1)
    assert factor(cosine, 0.4) > 1 - 0.9 * 0.25  # slow at first, unlike a line
    line = Schedule("polynomial", warmup=0.0, end=0.0, power=1.0)
    assert [factor(line, at) for at in (0.0, 0.25, 1.0)] == pytest.approx([1.0, 0.75, 0.0])
    assert factor(replace(line, power=2.0), 0.5) == pytest.approx(0.25)
    assert factor(replace(line, power=None), 0.5) == pytest.approx(0.25)
    constant = Schedule("constant", warmup=0.5)
    assert [factor(constant, at) for at in (0.25, 0.5, 1.0)] == pytest.approx([0.5, 1.0, 1.0])


def test_the_log_shows_the_rates_of_the_steps(place: Path, tmp_path: Path) -> None:
    schedule: dict[str, object] = {"name": "polynomial", "warmup": 0.5, "power": 1.0, "end": 0.0}
    config = configured(place, schedule=schedule, train={"epochs": None, "steps": 4})
    train(config, tmp_path)
    assert [float(row["lr"]) for row in rows(tmp_path)] == pytest.approx([0.00075, 0.00225, 0.00225, 0.00075])


def test_averages_move_as_they_should() -> None:
    model = torch.nn.Linear(1, 1)
    average = averaged(model, 0.9)
    expected = None
    for n, value in enumerate((1.0, 5.0, -3.0, 2.0, 2.0, 7.0, *[4.0] * 200)):
        torch.nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        share = min(0.9, (1 + n) / (10 + n))
        expected = value if expected is None else share * expected + (1 - share) * value
    assert float(average.module.weight.detach()) == pytest.approx(expected, rel=1e-6)
    assert float(average.module.weight.detach()) == pytest.approx(4.0, abs=1e-6)


def test_what_is_evaluated_and_saved_is_the_average(place: Path, tmp_path: Path) -> None:
    config = configured(place, train={"epochs": 2, "ema": 0.97}, optimizer={"lr": 0.01})
    train(config, tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["learner"]
    saved = load(tmp_path / "last.pt").state_dict()
    assert all(torch.equal(saved[name], state["average"][f"module.{name}"]) for name in saved)
    assert any(not torch.equal(saved[name], state["embedder"][name]) for name in saved)


def batches(learner: Learner, sizes: tuple[int, ...]) -> list[Batch]:
    height, width = learner.embedder.image_size
    rng = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (sum(sizes), 3, height, width), generator=rng, dtype=torch.uint8)
    target = torch.arange(sum(sizes)) % 4
    parts = zip(pixels.split(sizes), target.split(sizes), strict=True)
    return [Batch(Place(0, n, len(sizes)), some, classes, 0) for n, (some, classes) in enumerate(parts)]


@pytest.mark.parametrize("sizes", [(4, 4, 4), (6, 4, 2)])
def test_accumulated_batches_are_one_large_one(place: Path, sizes: tuple[int, ...]) -> None:
    """For a mean over pictures; parts need not be of one size."""
    config = configured(place, optimizer={"name": "sgd", "lr": 0.1}, train={"clip_grad": 0.5})
    together, apart, lost = (Learner(config, 4, CPU) for _ in range(3))
    large = together.step(batches(together, (sum(sizes),)), 0.5)
    small = apart.step(batches(apart, sizes), 0.5)
    assert float(small["loss"]) == pytest.approx(float(large["loss"]), rel=1e-5)
    lost.step(batches(lost, sizes)[:1], 0.5)
    weights = [dict(learner.embedder.named_parameters()) for learner in (together, apart, lost)]
    for name, weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], weight, rtol=1e-4, atol=1e-6)
    assert any(not torch.allclose(weights[2][name], weight, atol=1e-4) for name, weight in weights[0].items())


def test_accumulating_takes_fewer_steps_and_never_mixes_epochs(place: Path, tmp_path: Path) -> None:
    counted = len(list(material_of(configured(place)).batches))
    config = configured(place, train={"epochs": 2, "accumulate": 3, "evaluate_every": 0})
    train(config, tmp_path)
    assert counted % 3  # the last step of an epoch has fewer batches
    assert [int(row["epoch"]) for row in rows(tmp_path)].count(2) == 1
    assert len(rows(tmp_path)) == 2 * -(-counted // 3)


def test_gradients_are_clipped(place: Path) -> None:
    config = configured(place, optimizer={"name": "sgd", "lr": 1.0}, schedule={"name": "constant"})
    free, held = Learner(config, 4, CPU), Learner(replace(config, train=replace(config.train, clip_grad=1e-3)), 4, CPU)
    before = [weight.detach().clone() for weight in free.embedder.parameters()]
    moved = []
    for learner in (free, held):
        learner.step(batches(learner, (8,)), 0.5)
        learnt = [*learner.embedder.parameters(), *learner.losses.parameters()]
        moves = [(now - then).detach().flatten() for now, then in zip(learnt, before, strict=False)]
        moved.append(float(torch.cat(moves).norm()))
    assert moved[1] < 2.1e-3 < moved[0]  # Nesterov's momentum adds 0.9 of the step


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_rates_and_decay_go_to_whom_they_belong(place: Path, name: str) -> None:
    config = configured(place, model={"dim": 8}, optimizer={
        "name": name, "lr": 0.01, "weight_decay": 0.1, "backbone": 0.1, "heads": 2.0})  # fmt: skip
    learner = Learner(config, 4, CPU)
    by_weight = {id(weight): group for group in learner.optimiser.param_groups for weight in group["params"]}
    assert type(learner.optimiser).__name__.lower() == name
    for key, weight in [*learner.embedder.named_parameters(), *learner.losses.named_parameters()]:
        group = by_weight[id(weight)]
        assert group["highest"] == pytest.approx(0.001 if key.startswith("backbone.") else 0.02)
        assert group["weight_decay"] == (0.1 if weight.ndim > 1 else 0.0)


def test_a_frozen_backbone_stays_as_it_is_running_means_included(place: Path, tmp_path: Path) -> None:
    model: dict[str, object] = {"spec": "timm:resnet10t", "dim": 8, "options": {"channels": [8, 8, 16, 16]}}
    config = configured(place, "cross-entropy", model=model, optimizer={"backbone": 0, "lr": 0.01}, train={"epochs": 1})
    start = Learner(config, 8, CPU).embedder.state_dict()
    train(config, tmp_path)
    end = load(tmp_path / "last.pt").state_dict()
    assert [name for name in start if not torch.equal(start[name], end[name])] == ["head.weight", "head.bias"]
    train(replace(config, optimizer=replace(config.optimizer, backbone=1.0)), tmp_path / "free")
    free = load(tmp_path / "free" / "last.pt").state_dict()
    assert not torch.equal(free["backbone.model.bn1.running_mean"], start["backbone.model.bn1.running_mean"])


def test_half_precision_is_near_and_not_the_same(place: Path, tmp_path: Path) -> None:
    logs = []
    for amp in ("off", "bf16"):
        train(configured(place, train={"epochs": 1, "amp": amp}), tmp_path / amp)
        logs.append([float(row["loss"]) for row in rows(tmp_path / amp)])
    assert logs[0] != logs[1]
    assert logs[1] == pytest.approx(logs[0], rel=0.02)
    assert all(value.dtype == torch.float32 for value in load(tmp_path / "bf16" / "last.pt").state_dict().values())


def test_a_loss_that_is_no_number_stops_with_a_line(place: Path, tmp_path: Path) -> None:
    config = configured(place, optimizer={"name": "sgd", "lr": 1e30})
    with pytest.raises(OptionError, match=r"the loss is nan at step \d+; lower \[optimizer\] lr"):
        train(config, tmp_path)


def test_it_learns_and_the_best_is_kept(place: Path, tmp_path: Path) -> None:
    shown: list[Progress] = []
    config = configured(place, "triplet", "cross-entropy", train={"epochs": 12}, sampler={"p": 8})
    result = train(config, tmp_path / "out", watch=shown.append)
    log = rows(tmp_path / "out")
    assert float(log[-1]["loss"]) < 0.7 * float(log[0]["loss"])
    for row in log:
        assert float(row["loss"]) == pytest.approx(float(row["triplet"]) + float(row["cross-entropy"]), rel=1e-6)
    scores = {int(row["step"]): float(row["mAP"]) for row in log if row["mAP"]}
    assert len(scores) == 12
    assert result.best == max(scores.values()) == scores[result.best_step]
    best = load(result.embedder)
    assert best.facts["step"] == result.best_step
    assert best.facts["scores"]["mAP"] == result.best
    assert best.facts["config"]["model"]["spec"] == "timm:vit_tiny_patch16_224"
    assert load(tmp_path / "out" / "last.pt").facts["step"] == result.steps == shown[-1].step == int(log[-1]["step"])
    assert [now.share for now in shown] == sorted(now.share for now in shown)
    assert shown[-1].share == 1
    assert "mAP" in line(shown[-1], shown[-1].means)


def test_the_held_out_people_are_scored_with_the_set_s_cameras(place: Path) -> None:
    held = material_of(configured(place)).held_out
    assert held is not None
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(held.count, 4)).astype(np.float32)
    query, gallery = held.scores.query, held.scores.gallery  # type: ignore[attr-defined]
    pid, camera = np.concatenate([query.pid, gallery.pid]), np.concatenate([query.camid, gallery.camid])
    near = vectors @ vectors.T / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors, axis=1)[:, None]
    precisions = []
    for row in range(len(query)):
        ranked = np.argsort(-near[row, len(query) :]) + len(query)
        ranked = ranked[(pid[ranked] != pid[row]) | (camera[ranked] != camera[row])]
        hits = pid[ranked] == pid[row]
        precisions.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    assert held.scores(vectors)["mAP"] == pytest.approx(100 * np.mean(precisions))


def test_pictures_without_a_direction_are_like_each_other_and_nobody_else(place: Path) -> None:
    vectors = np.array([[1, 0], [0, 0], [0.6, 0.8], [0, 0]], np.float32)
    found = with_direction(vectors)
    assert (found @ found.T)[1].tolist() == [0, 1, 0, 1]
    assert (found @ found.T)[0] == pytest.approx([1, 0, 0.6, 0])
    assert with_direction(vectors[[0, 2]]).shape == (2, 2)
    held = material_of(configured(place)).held_out
    assert held is not None
    dead = held.scores(np.zeros((held.count, 4), np.float32))  # an early network may be; training goes on
    assert 0 < dead["mAP"] < 100


def test_other_material_plugs_in(place: Path, tmp_path: Path) -> None:
    """Crops of tracklets, say: pictures by row, a sampler, a key; no set, and a score of one's own."""
    classes = np.arange(6) // 2
    tops = HeldOut(4, Noise(), lambda vectors: {"score": -float(abs(vectors).max())}, ("score",))
    material = Material(classes, Noise(), Rounds(6, 4), "tracks", tops, {"clip": "derby"})
    config = configured(place, "triplet", data={"kind": "none", "root": "none"}, train={"epochs": 2})
    result = train(config, tmp_path / "with", material=material)
    assert set(result.scores) == {"score"}
    assert load(result.embedder).facts["clip"] == "derby"
    without = train(config, tmp_path / "without", material=replace(material, held_out=None))
    assert (without.best, without.scores) == (None, {})
    assert (tmp_path / "without" / "embedder.pt").read_bytes() == (tmp_path / "without" / "last.pt").read_bytes()
    assert list(rows(tmp_path / "without")[0]) == ["step", "epoch", "lr", "loss", "triplet"]


def test_what_a_loss_learnt_for_the_next_stage_is_kept(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Words(Triplet):  # stands for clip-prompt, whose towers are large
        def save_texts(self, path: Path) -> None:
            path.write_text("words")

    monkeypatch.setitem(LOSSES, "words", Words)
    train(configured(place, "words", train={"epochs": 1}), tmp_path)
    assert (tmp_path / "texts.pt").read_text() == "words"


def test_deterministic_holds_while_it_trains_and_no_longer(place: Path, tmp_path: Path) -> None:
    seen = set()
    for wanted in (True, False):
        config = configured(place, train={"epochs": 1, "deterministic": wanted})
        train(config, tmp_path / str(wanted), watch=lambda _: seen.add(torch.are_deterministic_algorithms_enabled()))
        assert seen == {wanted}
        assert not torch.are_deterministic_algorithms_enabled()
        seen.clear()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory\nTried"),
            "12 pictures at once are too many for the device's memory",
        ),
        (RuntimeError("x_cuda does not have a deterministic implementation"), "deterministic cannot be kept: x_cuda"),
    ],
)
def test_what_torch_says_in_many_lines_is_one(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Learner, "step", fail)
    with pytest.raises(OptionError, match=says) as found:
        train(configured(place), tmp_path)
    assert "\n" not in str(found.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of protobuf, which TensorBoard imports
def test_tensorboard_has_the_log(place: Path, tmp_path: Path) -> None:
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no TensorBoard")
    train(configured(place, train={"epochs": 2, "tensorboard": True}), tmp_path)
    events = loader.EventAccumulator(str(tmp_path))
    events.Reload()
    for name in ("loss", "lr", "mAP"):
        log = [(int(row["step"]), float(row[name])) for row in rows(tmp_path) if row[name]]
        assert [event.step for event in events.Scalars(name)] == [step for step, _ in log]
        assert [event.value for event in events.Scalars(name)] == pytest.approx([value for _, value in log], rel=1e-6)


def test_the_command_trains_and_speaks_one_language(place: Path, tmp_path: Path) -> None:
    config = write_config(place / "c.toml", train={"epochs": 1})
    done = CliRunner().invoke(main, ["train", str(config), "-o", str(tmp_path / "a"), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["embedder"] == str(tmp_path / "a" / "embedder.pt")
    assert found["scores"].keys() == {"mAP", "mINP", "Rank-1", "Rank-5"}
    done = CliRunner().invoke(main, ["train", str(config), "-o", str(tmp_path / "a")])
    assert done.exit_code == 2
    assert "holds a training" in done.stderr
    done = CliRunner().invoke(main, ["train", str(config), "-o", str(tmp_path / "a"), "--resume"])
    assert done.exit_code == 0
    assert f"written to {tmp_path / 'a' / 'embedder.pt'}" in done.stderr.replace("\n", "")
    assert CliRunner().invoke(main, ["train"]).exit_code == 2


def test_the_network_embeds_a_video_s_people(place: Path, tmp_path: Path) -> None:
    """The file that training leaves is a backend, prepared as it was trained: letterboxed here."""
    from reid_solve.tracklets.embed.registry import embedder

    result = train(configured(place, train={"epochs": 1}, augment={"resize": "letterbox"}), tmp_path)
    network = load(result.embedder)
    assert network.letterbox
    crops = [Noise()(row) for row in range(3)]
    backend = embedder(f"trained:{result.embedder}")
    backend.load()
    found = backend.embed(backend.prepare(crops))
    reader = Reader(Noise(), Input((32, 16), network.mean, network.std, letterbox=True))
    learner = Learner(configured(place, augment={"resize": "letterbox"}), 8, CPU)
    learner.embedder.load_state_dict(network.state_dict())
    learner.embedder.eval()
    batch = reader.read(Order(Place(0, 0, 1), [0, 1, 2], [0, 0, 0], [0, 0, 0], 0))
    expected = learner.vectors(batch.pixels).numpy()
    np.testing.assert_allclose(found / np.linalg.norm(found, axis=1, keepdims=True), expected, atol=2e-3)
