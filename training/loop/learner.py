"""One step: batches, losses, gradients, the optimiser, the average. Everything that changes while it learns is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from reid_solve.tracklets.embed.networks import Outputs, build
from reid_solve.tracklets.errors import OptionError, ReidSolveError
from reid_solve.training.loop.average import averaged
from reid_solve.training.loop.batches import Batch
from reid_solve.training.loop.checkpoint import seed
from reid_solve.training.loop.config import Config, Loss, beside
from reid_solve.training.loop.narrow import widen_narrow
from reid_solve.training.loop.optimise import optimiser
from reid_solve.training.loop.processes import Processes
from reid_solve.training.loop.schedule import factor

FILES = ("texts", "pretrained")  # options of losses that name one
PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Learner:
    """A network, its losses, and how they are changed.

    Attributes:
        embedder: the network as the last step left it.
        best: the average of its weights where there is one, else the network: what is evaluated and saved.
    """

    def __init__(self, config: Config, classes: int, ours: Processes) -> None:
        """Build everything, from the configuration's seed.

        Args:
            config: network, losses, optimiser, precision.
            classes: of the training set.
            ours: this process.

        Raises:
            ReidSolveError: no such network or loss, or a precision that the device has not.
        """
        self.config, self.ours = config, ours
        train, model, device = config.train, config.model, ours.device
        if train.amp == "fp16" and device.type != "cuda":
            raise OptionError(f"{config.source}: [train] amp fp16 is for CUDA, this is {device.type}; use bf16 or off")
        seed(train.seed)
        letterbox = config.augment.resize == "letterbox"
        self.embedder = _placed(f"{config.source}: [model]", lambda: build(
            model.spec, dim=model.dim, image_size=model.image_size, pretrained=model.pretrained, letterbox=letterbox,
            **model.options,
        )).to(device)  # fmt: skip
        if device.type == "cuda":
            self.embedder = self.embedder.to(memory_format=torch.channels_last)
        if device.type == "cpu" and train.amp == "bf16":
            widen_narrow(self.embedder)
        self.losses = losses(config, classes, self.embedder.dim).to(device)
        self.weights = [loss.weight for loss in config.loss]
        self.terms = tuple(loss.name for loss in config.loss)
        self.optimiser = optimiser(config.optimizer, self.embedder, self.losses)
        self.scaler = torch.amp.GradScaler(device.type, enabled=train.amp == "fp16")
        self.average = averaged(self.embedder, train.ema) if train.ema else None
        self.network: Any = self.embedder
        if ours.world > 1 and any(weight.requires_grad for weight in self.embedder.parameters()):
            if device.type == "cuda":  # elsewhere torch has none: there each process normalises its own part
                self.embedder = self.network = nn.SyncBatchNorm.convert_sync_batchnorm(self.embedder)
            self.network = DistributedDataParallel(self.embedder, [device] if device.type == "cuda" else None)
        mean, std = (torch.tensor(of, device=device).view(1, 3, 1, 1) * 255
                     for of in (self.embedder.mean, self.embedder.std))  # fmt: skip
        self.mean, self.std = mean, std
        if not ours.first:  # dropout differs between processes, everything else is the same
            seed((train.seed + 1) * 1000 + ours.rank)

    @property
    def best(self) -> Any:
        """See the class."""
        return self.embedder if self.average is None else self.average.module

    def learning(self) -> None:
        """Switch dropout and the like on; a frozen backbone stays as it is, running means included."""
        self.network.train()
        self.losses.train()
        if self.config.optimizer.backbone == 0:
            self.embedder.backbone.eval()

    def step(self, group: Sequence[Batch], progress: float) -> dict[str, Tensor]:
        """Take one step of the optimiser.

        Args:
            group: batches whose gradients are added, each by its share of the pictures.
            progress: of the training in the middle of this step, 0 < progress < 1.

        Returns:
            each term of the loss and ``loss``, their weighted sum, as tensors that nothing waited for.
        """
        rate = factor(self.config.schedule, progress)
        for settings in self.optimiser.param_groups:
            settings["lr"] = settings["highest"] * rate
        total = sum(len(batch.target) for batch in group)
        means: dict[str, Tensor] = {}
        for number, batch in enumerate(group, 1):
            with self._apart(number < len(group)):
                terms = self._terms(batch)
                loss = torch.stack([w * terms[name] for w, name in zip(self.weights, self.terms, strict=True)]).sum()
                part = len(batch.target) / total
                self.scaler.scale(loss * part if part < 1 else loss).backward()
            for name, value in (("loss", loss), *terms.items()):
                means[name] = means.get(name, 0) + value.detach() * part
        self._move()
        return means

    def vectors(self, pixels: Tensor) -> Tensor:
        """Unit vectors (n, D) of pictures (n, 3, H, W), uint8, by the network that is evaluated."""
        with torch.inference_mode(), self._precision():
            return self.best.embed(self._normalised(pixels)).float()

    def agree(self) -> None:
        """Let all processes have the first one's running means, before they evaluate."""
        if self.ours.world > 1:
            for buffer in self.best.buffers():
                torch.distributed.broadcast(buffer, 0)

    def state(self) -> dict[str, Any]:
        """Everything that changes, for ``resume``."""
        return {
            "embedder": self.embedder.state_dict(),
            "losses": self.losses.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "average": {} if self.average is None else self.average.state_dict(),
        }

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go back to a state."""
        self.embedder.load_state_dict(state["embedder"])
        self.losses.load_state_dict(state["losses"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])

    def _terms(self, batch: Batch) -> dict[str, Tensor]:
        device, count = self.ours.device, len(batch.target)
        with self._precision():
            out = self.network(self._normalised(batch.pixels))
        # losses see the whole batch of all processes, in full precision
        features, *layers = (self.ours.whole(one.float(), count) for one in (out.features, *out.layers))
        out = Outputs(features, tuple(layers))
        target = batch.target.to(device, non_blocking=True)
        found = {name: loss(out, target) for name, loss in zip(self.terms, self.losses, strict=True)}
        if self.network is not self.embedder:  # DDP wants a gradient for everything that came out
            rest = torch.stack([one.sum() for one in (out.features, *out.layers)]).sum()
            found[self.terms[0]] = found[self.terms[0]] + 0 * rest
        return found

    def _normalised(self, pixels: Tensor) -> Tensor:
        pixels = pixels.to(self.ours.device, non_blocking=True)
        if pixels.device.type == "cuda":
            pixels = pixels.contiguous(memory_format=torch.channels_last)
        return (pixels.float() - self.mean) / self.std

    def _move(self) -> None:
        learnt = [weight for settings in self.optimiser.param_groups for weight in settings["params"]]
        self.ours.mean_gradients(list(self.losses.parameters()))
        if self.config.train.clip_grad:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(learnt, self.config.train.clip_grad)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update_parameters(self.embedder)

    def _precision(self) -> AbstractContextManager[Any]:
        kind = PRECISIONS.get(self.config.train.amp)
        return nullcontext() if kind is None else torch.autocast(self.ours.device.type, dtype=kind)

    def _apart(self, more: bool) -> AbstractContextManager[Any]:
        """Processes exchange gradients once a step."""
        return self.network.no_sync() if more and self.network is not self.embedder else nullcontext()


def losses(config: Config, classes: int, dim: int) -> nn.ModuleList:
    """The losses of a configuration.

    Raises:
        OptionError: no such loss, or an option that it has not.
    """
    from reid_solve.training.losses.registry import build

    def make(of: Loss) -> nn.Module:
        found = {key: beside(config, value) for key, value in of.options.items()
                 if key in FILES and isinstance(value, str)}  # fmt: skip
        return build(of.name, classes=classes, dim=dim, **{**of.options, **found})

    every = enumerate(config.loss, 1)
    return nn.ModuleList(_placed(f"{config.source}: [[loss]] {n}", partial(make, of)) for n, of in every)


def _placed(place: str, make: Callable[[], Any]) -> Any:
    """Make something; what is wrong with it is said with the place in the file."""
    try:
        return make()
    except ReidSolveError as error:
        raise type(error)(f"{place}: {error}") from error
