"""What a training is: the tables of its TOML file as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from reid_solve.tracklets.errors import OptionError
from reid_solve.training.settings import option, read_toml, settings, shown

Options = dict[str, Any]


@dataclass(frozen=True)
class Data:
    """What to learn from."""

    kind: str = option("layout of the folder: market, soccernet, deepsport, lists", example="market")
    root: Path = option("the folder; where it is not absolute, from this file", example=Path("Market-1501"))  # noqa: RUF009


@dataclass(frozen=True)
class Model:
    """What learns."""

    spec: str = option("network: timm:NAME, openclip:NAME, osnet:WIDTH, bilinear:NAME", example="timm:resnet50")
    pretrained: str | None = option("weights to begin with: a file, or a name that the library knows; else random",
                                    None, example="resnet50.pth", free=True)  # fmt: skip
    dim: int | None = option("length of the embedding, by a linear layer; else the network's own", None, at_least=1,
                             example=512)  # fmt: skip
    image_size: tuple[int, int] = option("height and width of pictures, pixels", (256, 128), at_least=16)
    options: Options = option("further options of this network", {}, example={"last_stride": 1})  # noqa: RUF009


@dataclass(frozen=True)
class Sampler:
    """Which pictures meet in a batch of p persons with k pictures each."""

    name: str = option("random-pk, match-aware, hierarchical, once", "random-pk")
    p: int = option("persons in a batch", 16, at_least=1)
    k: int = option("pictures of each", 4, at_least=1)
    options: Options = option("further options of this sampler", {})  # noqa: RUF009


@dataclass(frozen=True)
class Loss:
    """One term of what is made small; there may be several."""

    name: str = option("cross-entropy, triplet, contrastive, infonce, centroid, ...", example="triplet")
    weight: float = option("its weight in the sum", 1.0, above=0)
    options: Options = option("further options of this loss", {}, example={"margin": 0.3})  # noqa: RUF009


@dataclass(frozen=True)
class Optimizer:
    """How weights follow the gradient. Norms, biases and scales are never decayed."""

    name: Literal["adam", "adamw", "sgd"] = option("adam, adamw or sgd (momentum 0.9, Nesterov)", "adamw")
    lr: float = option("highest learning rate", 3e-4, above=0)
    weight_decay: float = option("decoupled for adamw, in the gradient for the others", 1e-4, at_least=0)
    backbone: float = option("learning rate of the backbone as a share of lr; 0 freezes it", 1.0, at_least=0)
    heads: float = option("the same for heads and losses", 1.0, above=0)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate goes up and down; it changes at every step."""

    name: Literal["cosine", "polynomial", "constant"] = option("cosine, polynomial or constant", "cosine")
    warmup: float = option("linear rise from 0, as a share of the whole training", 0.05, at_least=0, below=1)
    end: float | None = option("learning rate at the end as a share of the highest; not for constant", None, at_least=0,
                               at_most=1, example=0.01)  # fmt: skip
    power: float | None = option("of polynomial only: 1 is a straight line", None, above=0, example=2.0)


@dataclass(frozen=True)
class Augment:
    """What happens to a picture before the network sees it. Chance depends on seed, epoch and picture alone."""

    resize: Literal["letterbox", "stretch"] = option(
        "letterbox keeps the person's shape, stretch fills the picture; embedding does the same later", "stretch"
    )
    steps: tuple[Options, ...] = option(
        "changes, in order; each with a name and options", (),
        example=({"name": "flip", "p": 0.5, "joint": False}, {"name": "pad-crop", "pixels": 10},
                 {"name": "jitter", "brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.02},
                 {"name": "gamma", "low": 0.8, "high": 1.2}, {"name": "blur", "p": 0.2}, {"name": "erase", "p": 0.5}),
    )  # fmt: skip


@dataclass(frozen=True)
class Train:
    """How long, how exactly, and what is kept."""

    epochs: int | None = option("how long; or write steps", None, at_least=1, example=60)
    steps: int | None = option("how long, in steps of the optimizer; or write epochs", None, at_least=1)
    amp: Literal["off", "bf16", "fp16"] = option("precision of the network: off, bf16, or fp16 (CUDA only)", "off",
                                                 example="bf16")  # fmt: skip
    accumulate: int = option("batches whose gradients are one step", 1, at_least=1)
    ema: float = option("decay of the average of weights that is evaluated and saved; 0: none", 0.0, at_least=0,
                        below=1, example=0.999)  # fmt: skip
    clip_grad: float = option("largest norm of the gradient; 0: any", 0.0, at_least=0, example=5.0)
    seed: int = option("of all chance", 0, at_least=0)
    evaluate_every: int = option("epochs between evaluations on query and gallery (and one at the end); 0: none", 5,
                                 at_least=0)  # fmt: skip
    log_every: int = option("steps between lines of log.csv", 10, at_least=1)
    deterministic: bool = option("refuse operations whose result is not the same twice (slower on CUDA)", False)
    tensorboard: bool = option("also write the log for TensorBoard", False, free=True)
    checkpoint_every: int = option("steps between checkpoints; there is one at every evaluation, too", 200, at_least=1,
                                   free=True)  # fmt: skip
    workers: int = option("processes that read pictures; 0: the training process itself", 4, at_least=0, free=True)
    device: str = option("auto, cpu, cuda, cuda:1", "auto", free=True)


@dataclass(frozen=True)
class Config:
    """A whole training."""

    data: Data
    model: Model
    loss: tuple[Loss, ...]
    train: Train
    sampler: Sampler = Sampler()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    augment: Augment = Augment()
    source: str = "config"


TABLES: dict[str, type] = {
    "data": Data, "model": Model, "sampler": Sampler, "loss": Loss, "optimizer": Optimizer, "schedule": Schedule,
    "augment": Augment, "train": Train,
}  # fmt: skip
NEEDED = ("data", "model", "loss", "train")
OWN = {  # what is said in a table itself, or by the set, and not as an option
    "model": ("spec", "dim", "image_size", "size", "pretrained", "letterbox"),
    "sampler": ("name", "classes", "levels", "p", "k", "seed"),
    "loss": ("name", "classes", "dim"),
}


def read_config(path: str | Path) -> Config:
    """Read a file.

    Raises:
        InputError: missing, or not TOML.
        OptionError: a table or key that is missing, unknown, or has a value that it may not have.
    """
    path = Path(path)
    config = config_of(read_toml(path), str(path))
    data, model = replace(config.data, root=path.parent / config.data.root), config.model
    if model.pretrained:
        model = replace(model, pretrained=beside(config, model.pretrained))
    return replace(config, data=data, model=model)


def beside(config: Config, name: str) -> str:
    """A file that a configuration names: in the folder of its own file, where it is there; else as it stands."""
    there = Path(config.source).parent / name
    return str(there) if there.is_file() else name


def config_of(tables: dict[str, Any], source: str = "config") -> Config:
    """A configuration from tables as TOML gives them; paths stay as they are.

    Args:
        tables: by name.
        source: how errors name the whole.

    Raises:
        OptionError: see ``read_config``.
    """
    for name in tables:
        if name not in TABLES:
            raise OptionError(f"{source}: no table [{name}] is known; allowed: {', '.join(TABLES)}")
    for name in NEEDED:
        if not tables.get(name):
            brackets = f"[[{name}]]" if name == "loss" else f"[{name}]"
            raise OptionError(f"{source}: {brackets} is missing; `reid-solve train --print-config` shows all tables")
    losses = tables["loss"]
    if not isinstance(losses, list):
        raise OptionError(f"{source}: [loss] must be written [[loss]], since there may be several")
    made: dict[str, Any] = {
        name: settings(TABLES[name], table, f"{source}: [{name}]") for name, table in tables.items() if name != "loss"
    }
    terms = tuple(settings(Loss, table, f"{source}: [[loss]] {n}") for n, table in enumerate(losses, 1))
    config = Config(loss=terms, source=source, **made)
    _check(config)
    return config


def _check(config: Config) -> None:
    from reid_solve.training.augment.registry import build

    train, names = config.train, [loss.name for loss in config.loss]
    if (train.epochs is None) == (train.steps is None):
        raise OptionError(f"{config.source}: [train] needs either epochs or steps, and not both")
    schedule, place = config.schedule, f"{config.source}: [schedule]"
    if schedule.power is not None and schedule.name != "polynomial":
        raise OptionError(f"{place} power is for polynomial, not {schedule.name}; leave it out")
    if schedule.end is not None and schedule.name == "constant":
        raise OptionError(f"{place} end is not for constant; leave it out, or choose cosine or polynomial")
    if len(set(names)) < len(names):
        raise OptionError(f"{config.source}: [[loss]] names {', '.join(names)}: each loss once; give it another weight")
    build(config.augment.steps, f"{config.source}: [augment] steps")
    given = [("model", config.model.options), ("sampler", config.sampler.options)]
    for name, options in (*given, *(("loss", of.options) for of in config.loss)):
        for key in options:
            if key in OWN[name]:
                brackets = f"[[{name}]]" if name == "loss" else f"[{name}]"
                raise OptionError(f"{config.source}: {brackets} options: {key!r} is no option; write it in {brackets} "
                                  "itself, if it is there")  # fmt: skip


def differs(now: Config, before: dict[str, Any]) -> str | None:
    """The first setting that changes the result and is not what it was before, as a phrase."""
    after = facts(now)
    for table in sorted({*before, *after}):
        ours, theirs = after.get(table, {}), before.get(table, {})
        if table == "loss":
            if ours != theirs:
                return f"[[loss]] was {shown(theirs)}"
            continue
        for key in sorted({*ours, *theirs}):
            if ours.get(key) != theirs.get(key):
                return f"[{table}] {key} was {shown(theirs.get(key))}, is {shown(ours.get(key))}"
    return None


def facts(config: Config) -> dict[str, Any]:
    """All settings that change the result, as numbers, texts, lists and tables. The folder's place is none of them."""
    out: dict[str, Any] = {name: _plain(getattr(config, name)) for name in TABLES if name != "loss"}
    out["loss"] = [_plain(loss) for loss in config.loss]
    del out["data"]["root"]
    return out


def _plain(table: Any) -> dict[str, Any]:
    kept = {item.name: getattr(table, item.name) for item in fields(table) if not item.metadata["free"]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}
