"""What the loop does: logs, evaluates, keeps the best, says what is wrong, and learns from other material."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tests.training.loop.small import CPU, Noise, Rounds, configured, rows, write_config

from reid_solve.cli import main
from reid_solve.report.training import line
from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.networks import load
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.batches import Order, Place, Reader
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.material import HeldOut, Material
from reid_solve.training.loop.progress import Progress
from reid_solve.training.loop.run import train
from reid_solve.training.loop.sets import material_of


def test_the_log_shows_the_rates_of_the_steps(place: Path, tmp_path: Path) -> None:
    schedule: dict[str, object] = {"name": "polynomial", "warmup": 0.5, "power": 1.0, "end": 0.0}
    config = configured(place, schedule=schedule, train={"epochs": None, "steps": 4})
    train(config, tmp_path)
    assert [float(row["lr"]) for row in rows(tmp_path)] == pytest.approx([0.00075, 0.00225, 0.00225, 0.00075])


def test_a_line_of_the_log_is_the_mean_since_the_line_before(place: Path, tmp_path: Path) -> None:
    found = []
    for every in (1, 2):
        how: dict[str, object] = {"epochs": None, "steps": 5, "evaluate_every": 0, "log_every": every}
        train(configured(place, train=how), tmp_path / str(every))
        found.append({int(row["step"]): float(row["loss"]) for row in rows(tmp_path / str(every))})
    each, two = found
    assert two == pytest.approx({2: (each[1] + each[2]) / 2, 4: (each[3] + each[4]) / 2, 5: each[5]}, rel=1e-6)


def test_what_is_evaluated_and_saved_is_the_average(place: Path, tmp_path: Path) -> None:
    config = configured(place, train={"epochs": 2, "ema": 0.97}, optimizer={"lr": 0.01})
    train(config, tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["learner"]
    saved = load(tmp_path / "last.pt").state_dict()
    assert all(torch.equal(saved[name], state["average"][f"module.{name}"]) for name in saved)
    assert any(not torch.equal(saved[name], state["embedder"][name]) for name in saved)


def test_accumulating_takes_fewer_steps_and_never_mixes_epochs(place: Path, tmp_path: Path) -> None:
    counted = len(list(material_of(configured(place)).batches))
    config = configured(place, train={"epochs": 2, "accumulate": 3, "evaluate_every": 0})
    train(config, tmp_path)
    assert counted % 3  # the last step of an epoch has fewer batches
    assert [int(row["epoch"]) for row in rows(tmp_path)].count(2) == 1
    assert len(rows(tmp_path)) == 2 * -(-counted // 3)


def test_a_loss_that_is_no_number_stops_with_a_line(place: Path, tmp_path: Path) -> None:
    config = configured(place, optimizer={"name": "sgd", "lr": 1e30})
    with pytest.raises(OptionError, match=r"the loss is nan at step \d+; lower \[optimizer\] lr"):
        train(config, tmp_path)
    config = configured(place, optimizer={"name": "sgd", "lr": 1e30}, train={"epochs": None, "steps": 1})
    with pytest.raises(OptionError, match=r"vectors that are not finite; lower \[optimizer\] lr") as error:
        train(config, tmp_path / "last")
    assert "\n" not in str(error.value)


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


def test_it_goes_on_learning_after_an_evaluation(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, learning = Learner.step, []

    def step(learner: Learner, *rest: Any) -> Any:
        learning.append((learner.embedder.training, learner.losses.training))
        return plain(learner, *rest)

    monkeypatch.setattr(Learner, "step", step)
    train(configured(place, train={"epochs": 2}), tmp_path)
    assert set(learning) == {(True, True)}


def test_the_best_stays_when_later_ones_are_worse(place: Path, tmp_path: Path) -> None:
    scores = iter((1.0, 3.0, 3.0, 2.0))
    tops = HeldOut(4, Noise(), lambda _: {"score": next(scores)}, ("score",))
    material = Material(np.arange(6) // 2, Noise(), Rounds(6, 3), "tracks", tops)
    result = train(configured(place, "triplet", train={"epochs": 4}), tmp_path, material=material)
    assert (result.best, result.best_step, result.scores["score"]) == (3, 4, 2)
    assert load(result.embedder).facts["step"] == 4  # the first of two that are as good


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
