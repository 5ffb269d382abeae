"""How a network learns from one match: what is said where the user says nothing, and what the user says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.training.loop.config import TABLES, Config, config_of
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


def configured(start: str | None, source: Path | None = None, **train: Any) -> dict[str, Any]:
    """The tables of a training: ``DEFAULTS``, then those of a file, then what the command says.

    Args:
        start: see ``begun_with``.
        source: a file as of `train`, of which everything may be left out.
        **train: keys of [train] that are said; None for those that are not.

    Raises:
        InputError: the file cannot be read.
        OptionError: the file says something that has no place here.
    """
    said = {} if source is None else read_toml(source)
    place = "--self-supervised" if source is None else str(source)
    for name in said:
        if name == "data":
            raise OptionError(f"{place}: [data] has no place beside --self-supervised, which says what to learn from")
        if name not in TABLES:
            raise OptionError(f"{place}: no table [{name}] is known; allowed: {', '.join(TABLES)}")
    tables = {
        name: said.get(name, of) if name == "loss" else {**of, **said.get(name, {})} for name, of in DEFAULTS.items()
    }
    if start is not None:
        model, letterbox = begun_with(start)
        tables["model"] = {**tables["model"], **model}
        if letterbox is not None:
            tables["augment"]["resize"] = letterbox
    elif not tables["model"]:
        raise OptionError(f"{place}: nothing to start from; say --start embedder.pt, or --start osnet:x0_25=WEIGHTS")
    given = {name: value for name, value in train.items() if value is not None}
    if "steps" in given:
        tables["train"].pop("epochs", None)
    elif "epochs" in said.get("train", {}):
        tables["train"].pop("steps")
    tables["train"].update(given)
    tables["train"].setdefault("evaluate_every", 10**9)  # once, at the end: a step chosen by a score flatters it
    return tables


def begun_with(start: str) -> tuple[dict[str, Any], str | None]:
    """The table [model] of a start, and how its pictures are resized where that is known.

    Args:
        start: an ``embedder.pt``; or a specification, as ``osnet:x0_25``, with random weights; or ``SPEC=WEIGHTS``.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = Path(start)
    if path.suffix == ".pt" and "=" not in start:
        networks = optional("reid_solve.tracklets.embed.networks.file", "train", "a trained network")
        found = networks.contents(path)
        model = {"spec": found["spec"], "pretrained": start, "image_size": found["image_size"]}
        if found["dim"] is not None:
            model["dim"] = found["dim"]
        return model, "letterbox" if found["letterbox"] else "stretch"
    spec, _, weights = start.partition("=")
    return {"spec": spec, **({"pretrained": weights} if weights else {})}, None


def config_for(tables: dict[str, Any], pieces: Pieces, video: Path, source: str) -> Config:
    """The configuration of a training on these pieces.

    Raises:
        OptionError: settings that cannot be, or that would take what is not known for known.
    """
    tables = {**tables, "data": {"kind": "self-supervised", "root": str(video)}}
    if isinstance(tables["loss"], list):
        for term in tables["loss"]:
            if isinstance(term, dict) and term.get("name") != LOSS:
                raise OptionError(
                    f"{source}: [[loss]] {term.get('name')!r} takes everybody for somebody else; use {LOSS} alone"
                )
        spans = [[int(first), int(last)] for first, last in pieces.span]
        tables["loss"] = [{**term, "options": {**term.get("options", {}), "spans": spans}} for term in tables["loss"]]
    config = config_of(tables, source)
    unknown = set(config.sampler.options) - {"moments"}
    if config.sampler.name != SAMPLER or unknown:
        raise OptionError(f"{source}: [sampler] here is {SAMPLER!r}, and its only option moments; leave the rest out")
    return config
