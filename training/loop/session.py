"""A training from its first step, or from a checkpoint, to its last."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch

from reid_solve.tracklets.embed.networks import save as save_network
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.training.augment.registry import build as augmentations
from reid_solve.training.loop import checkpoint
from reid_solve.training.loop.batches import Batch, Plan, Reader, stream
from reid_solve.training.loop.config import Config, differs, facts
from reid_solve.training.loop.held import TAMER, Examiner, input_of
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.log import Log
from reid_solve.training.loop.material import Material
from reid_solve.training.loop.processes import Processes
from reid_solve.training.loop.progress import Progress, Result
from reid_solve.training.loop.run import CHECKPOINT

BEST, LAST, TEXTS = "embedder.pt", "last.pt", "texts.pt"


@dataclass
class Position:
    """How far a training is; everything about it that is not in the learner."""

    step: int = 0
    epoch: int = 0
    number: int = 0  # of the next batch in its epoch
    best: float = -math.inf
    best_step: int = 0
    log_size: int = 0
    since: int = 0  # steps since the last line of the log


class Session:
    """A training in one process of it."""

    def __init__(self, config: Config, material: Material, folder: Path, ours: Processes) -> None:
        """Build everything; nothing is written yet."""
        train = config.train
        self.config, self.material, self.folder, self.ours = config, material, folder, ours
        if train.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # as torch wants it
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = False
        self.learner = Learner(config, material.count, ours)
        self.input = input_of(self.learner.embedder)
        held = material.held_out if train.evaluate_every else None
        self.examine = None if held is None else Examiner(held, self.input, train.workers)
        self.at, self.sums, self.scores = Position(), dict[str, torch.Tensor](), dict[str, float]()

    def resume(self, path: Path) -> None:
        """Go back to a checkpoint.

        Raises:
            InputError: it is damaged, or of other pictures.
            OptionError: settings differ that change the result.
        """
        found = checkpoint.load(path)
        other = differs(self.config, found["config"])
        if other is not None:
            raise OptionError(f"{self.config.source}: {other} in {path}; change it back, or choose another -o")
        if found["key"] != self.material.key:
            raise InputError(f"{path}: its training was on other pictures; give those, or choose another -o")
        if len(found["chance"]) != self.ours.world:
            raise OptionError(f"{path}: was trained by {len(found['chance'])} processes, now {self.ours.world}; "
                              "start as many, or choose another -o")  # fmt: skip
        self.learner.resume(found["learner"])
        self.at = Position(**found["position"])
        self.sums = {name: value.to(self.ours.device) for name, value in found["sums"].items()}
        self.scores = found["scores"]
        checkpoint.set_chance(found["chance"][self.ours.rank])

    def run(self, watch: Callable[[Progress], None] | None = None) -> Result:
        """Train to the end."""
        if not self.ours.first:
            return self._run(None, watch)
        names = ("lr", "loss", *self.learner.terms, *self._score_names())
        log = Log(self.folder, names, self.at.log_size, self.at.step, self.config.train.tensorboard)
        with closing(log):
            return self._run(log, watch)

    def _run(self, log: Log | None, watch: Callable[[Progress], None] | None) -> Result:
        begin, pictures, at = perf_counter(), 0, self.at
        self.learner.learning()
        for group in self._groups():
            place = group[-1].place
            last = place.number + 1 == place.of
            before = self._progress(place.epoch, group[0].place.number, place.of)
            at.step, at.since = at.step + 1, at.since + 1
            at.epoch, at.number = (place.epoch + 1, 0) if last else (place.epoch, place.number + 1)
            progress = self._progress(at.epoch, at.number, place.of)
            for name, value in self.learner.step(group, (before + progress) / 2).items():
                self.sums[name] = self.sums.get(name, 0) + value
            pictures += sum(len(batch.target) for batch in group)
            shown = self._after(log, last, progress >= 1)
            if watch is not None:
                watch(Progress(at.step, progress, pictures, perf_counter() - begin, shown, dict(self.scores)))
            if progress >= 1:
                break
        return self._finish(pictures, perf_counter() - begin)

    def _groups(self) -> Iterator[list[Batch]]:
        """Batches of one step each; a step never takes batches of two epochs. None where all steps are done."""
        train, at = self.config.train, self.at
        if at.epoch == train.epochs or at.step == train.steps:
            return
        steps = augmentations(self.config.augment.steps)
        plan = Plan(self.material.batches, self.material.classes, self.ours.rank, self.ours.world, at.epoch, at.number)
        group: list[Batch] = []
        for batch in stream(Reader(self.material.load, self.input, steps, train.seed), plan, train.workers,
                            self.ours.device):  # fmt: skip
            group.append(batch)
            if len(group) == train.accumulate or batch.place.number + 1 == batch.place.of:
                yield group
                group = []

    def _progress(self, epoch: int, number: int, count: int) -> float:
        """Share of the training that is done, when this batch of so many in its epoch comes next."""
        if self.config.train.steps is not None:
            return self.at.step / self.config.train.steps
        assert self.config.train.epochs is not None
        return (epoch + number / count) / self.config.train.epochs

    def _after(self, log: Log | None, epoch_ends: bool, ends: bool) -> dict[str, float]:
        """Log, evaluate, keep; returns the means of the loss where a line was due."""
        at, train = self.at, self.config.train
        due = self.examine is not None and (ends or (epoch_ends and at.epoch % train.evaluate_every == 0))
        means: dict[str, float] = {}
        if due or ends or at.since >= train.log_every:
            means = {name: float(value) / at.since for name, value in self.sums.items()}
            self._check(means["loss"])
            self.sums, at.since = {}, 0
            scores = self._evaluate() if due else {}
            rate = max(group["lr"] / group["highest"] for group in self.learner.optimiser.param_groups)
            if log is not None:
                log.write(at.step, at.epoch, {"lr": rate * self.config.optimizer.lr, **means, **scores})
        if due or ends or at.step % train.checkpoint_every == 0:
            self._keep(log)
        return means

    def _check(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise OptionError(f"{self.config.source}: the loss is {loss} at step {self.at.step}; {TAMER}")

    def _evaluate(self) -> dict[str, float]:
        assert self.examine is not None
        self.scores = self.examine(self.learner)
        self.learner.learning()
        first = self.scores[self.examine.held_out.names[0]]
        if first > self.at.best:
            self.at.best, self.at.best_step = first, self.at.step
            self._save(BEST, self.scores)
        return self.scores

    def _score_names(self) -> tuple[str, ...]:
        return () if self.examine is None else self.examine.held_out.names

    def _save(self, name: str, scores: dict[str, float]) -> None:
        if self.ours.first:
            said = {"config": facts(self.config), "step": self.at.step, "scores": scores, **self.material.facts}
            save_network(self.folder / name, self.learner.best, **said)

    def _keep(self, log: Log | None) -> None:
        self._check(float(self.sums.get("loss", 0.0)))  # a checkpoint is something to go on from
        every = self.ours.together(checkpoint.chance())
        if log is not None:
            self.at.log_size = log.size()
            content = {
                "config": facts(self.config),
                "key": self.material.key,
                "learner": self.learner.state(),
                "position": vars(self.at).copy(),
                "sums": self.sums,
                "scores": self.scores,
                "chance": every,
            }
            checkpoint.save(self.folder / CHECKPOINT, content)
        self.ours.wait()

    def _finish(self, pictures: int, seconds: float) -> Result:
        scores = self.scores
        self._save(LAST, scores)
        if self.examine is None:
            self._save(BEST, scores)
        for loss in self.learner.losses:
            if self.ours.first and hasattr(loss, "save_texts"):  # what the next stage of CLIP-ReID begins with
                loss.save_texts(self.folder / TEXTS)
        self.ours.wait()
        at = self.at
        best = None if self.examine is None else at.best
        return Result(self.folder, self.folder / BEST, at.step, at.epoch, best, at.best_step, scores, pictures, seconds,
                      self.ours.first, self.material.notes)  # fmt: skip
