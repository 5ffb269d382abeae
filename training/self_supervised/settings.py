"""How a network learns from one match: what is said where the user says nothing, and what the user says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.training.loop.config import Config, config_of
from reid_solve.training.self_supervised.pieces import Pieces
from reid_solve.training.settings import read_toml

LOSS, SAMPLER = "seen-together", "moments"
DEFAULTS: dict[str, Any] = {
    "model": {},
    "sampler": {"name": SAMPLER, "p": 16, "k": 4, "options": {"moments": 1}},
    "loss": [{"name": LOSS, "options": {"temperature": 0.1}}],
    "optimizer": {"name": "adamw", "lr": 3e-4},
    "schedule": {"name": "cosine", "warmup": 0.1},
    "augment": {
        "steps": [
            {"name": "flip"},
            {"name": "pad-crop", "pixels": 10},
            # light changes little within seconds, and the colour of a kit is what the solver lives on
            {"name": "jitter", "brightness": 0.15, "contrast": 0.15, "saturation": 0.15},
            {"name": "erase", "p": 0.5},
        ]
    },
    "train": {"steps": 200, "ema": 0.98, "workers": 0},
}


def configured(video: Path, start: str | None, source: Path | None = None, **train: Any) -> Config:
    """The settings of a training: ``DEFAULTS``, then those of a file, then what the command says.

    Args:
        video: of the match.
        start: see ``begun_with``.
        source: a file as of `train`, of which everything may be left out.
        **train: keys of [train] that are said; None for those that are not.

    Raises:
        InputError: the file cannot be read.
        OptionError: the file says something that cannot be, or that has no place here.
    """
    said = {} if source is None else read_toml(source)
    place = "--self-supervised" if source is None else str(source)
    if "data" in said:
        raise OptionError(f"{place}: [data] has no place beside --self-supervised, which says what to learn from")
    tables = {**said, **{name: _over(of, said.get(name, {})) for name, of in DEFAULTS.items()}}
    if start is not None:
        named, known = begun_with(start)
        for name in {**named, **known}:
            tables[name] = _over(_over(known.get(name, {}), tables[name]), named.get(name, {}))
    if not tables["model"]:
        raise OptionError(f"{place}: nothing to start from; say --start embedder.pt, or --start osnet:x0_25=WEIGHTS")
    given = {name: value for name, value in train.items() if value is not None}
    if isinstance(tables["train"], dict):
        if "epochs" in tables["train"] and "steps" not in said["train"]:
            tables["train"].pop("steps")
        if "steps" in given:
            tables["train"].pop("epochs", None)
        tables["train"].update(given)
    config = config_of({**tables, "data": {"kind": "self-supervised", "root": str(video)}}, place)
    for loss in config.loss:
        if loss.name != LOSS:
            raise OptionError(f"{place}: [[loss]] {loss.name!r} takes everybody for somebody else; use {LOSS} alone")
    unknown, moments = set(config.sampler.options) - {"moments"}, config.sampler.options.get("moments", 1)
    if config.sampler.name != SAMPLER or unknown or type(moments) is not int or moments < 1:
        raise OptionError(f"{place}: [sampler] here is {SAMPLER!r} with one option, moments = 1 or more; correct it")
    weights = config.model.pretrained
    if start is None and weights and source is not None and (source.parent / weights).is_file():
        config = replace(config, model=replace(config.model, pretrained=str(source.parent / weights)))
    return config


def begun_with(start: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a start says: tables that stand whatever a file says, and tables that stand where it says nothing.

    Args:
        start: an ``embedder.pt``; or a specification, as ``osnet:x0_25``, with random weights; or ``SPEC=WEIGHTS``.

    Raises:
        InputError: the file is missing or damaged.
    """
    if "=" not in start and Path(start).suffix.lower() == ".pt":
        found = optional("reid_solve.tracklets.embed.networks.file", "train", "a trained network").contents(start)
        known = {"image_size": found["image_size"], **({} if found["dim"] is None else {"dim": found["dim"]})}
        resize = "letterbox" if found["letterbox"] else "stretch"
        return {"model": {"spec": found["spec"], "pretrained": start}}, {"model": known, "augment": {"resize": resize}}
    spec, _, weights = start.partition("=")
    return {"model": {"spec": spec, **({"pretrained": weights} if weights else {})}}, {}


def knowing(config: Config, pieces: Pieces) -> Config:
    """The same settings, with a loss that knows which pieces were seen together."""
    spans = pieces.span.tolist()
    return replace(config, loss=tuple(replace(of, options={**of.options, "spans": spans}) for of in config.loss))


def _over(below: Any, above: Any) -> Any:
    """A table over another one. What is no table stands: whoever reads it will say what is wrong with it."""
    return {**below, **above} if isinstance(below, dict) and isinstance(above, dict) else above or below
