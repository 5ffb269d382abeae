"""A trained network as one file: its specification and its weights, nothing that runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO
from zipfile import is_zipfile

import torch

from reid_solve.tracklets.embed.networks.embedder import Embedder
from reid_solve.tracklets.embed.networks.registry import build
from reid_solve.tracklets.embed.torch_model import fill, named_files, reason
from reid_solve.tracklets.errors import InputError, OutputError, ReidSolveError
from reid_solve.tracklets.write import atomically

FORMAT = "reid-solve-embedder/1"


def save(path: str | os.PathLike[str], embedder: Embedder, **facts: Any) -> None:
    """Write a network to one file, whole or not at all.

    Args:
        path: ends in .pt by custom.
        embedder: its weights are written as they are, in training or not.
        **facts: what else to know about it (numbers, texts, lists and dictionaries of them).

    Raises:
        OutputError: it cannot be written, or a fact is something that a safe reader would refuse.
    """
    if not _plain(facts):
        raise OutputError(f"{path}: facts of a network are numbers, texts, lists and dictionaries; leave out the rest")
    content = {
        "format": FORMAT,
        "spec": embedder.spec,
        "options": embedder.options,
        "dim": None if isinstance(embedder.head, torch.nn.Identity) else embedder.dim,
        "image_size": list(embedder.image_size),
        "mean": list(embedder.mean),
        "std": list(embedder.std),
        "letterbox": embedder.letterbox,
        "weights": {name: value.detach().cpu().contiguous() for name, value in embedder.state_dict().items()},
        "facts": facts,
    }

    def write(stream: BinaryIO) -> None:
        torch.save(content, stream)

    atomically(Path(path), write)


def load(path: str | os.PathLike[str]) -> Embedder:
    """Read a network; no code in the file is run, and torch's random numbers go on as if nothing had been.

    Returns:
        the network on the CPU, set to evaluation; ``facts`` is an attribute of it.

    Raises:
        InputError: missing, damaged, or not such a file.
    """
    content = contents(path)
    options = {**content["options"], "letterbox": content["letterbox"]}
    try:
        with torch.random.fork_rng(devices=[]):
            made = build(content["spec"], dim=content["dim"], image_size=content["image_size"], **options)
    except ReidSolveError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # of Python, where options are no options, and of torch, where a length is absurd
        raise InputError(f"{path}: a damaged network file ({reason(error)}); save it again") from error
    fill(made, content["weights"], path)
    made.mean, made.std, made.facts = tuple(content["mean"]), tuple(content["std"]), content["facts"]
    made.eval()
    return made


def contents(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a network's file holds, checked for its form.

    Raises:
        InputError: missing, damaged, or not such a file.
    """
    return _checked(path, read_safely(path, "network"))


def begun(path: str | os.PathLike[str], spec: str) -> dict[str, Any] | None:
    """What a file holds that a training may go on from, if it is one of a whole network; else None: weights, perhaps.

    Raises:
        InputError: it is damaged, or of another architecture.
    """
    try:
        with Path(path).open("rb") as stream:
            if not is_zipfile(stream):
                return None
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception:  # whoever reads it as weights will say what is wrong with it
        return None
    if not isinstance(found, dict) or not str(found.get("format")).startswith(FORMAT.partition("/")[0]):
        return None
    if _checked(path, found)["spec"] != spec:
        raise InputError(f"{path}: a network {found['spec']}, not {spec}; name the network it is")
    return found


def _checked(path: str | os.PathLike[str], found: Any) -> dict[str, Any]:
    kind = found.get("format") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(kind, str):
        raise InputError(f"{path}: not a network that reid-solve trained; for weights alone use timm:NAME/FILE")
    if kind != FORMAT:
        newer = kind.startswith(FORMAT.partition("/")[0])
        what = f"a network in format {kind[:40]}; use a newer reid-solve" if newer else f"{kind[:40]}, not a network"
        raise InputError(f"{path}: {what}")
    fact = next((fact for fact, wrong in _faults(found) if wrong), None)
    if fact is not None:
        raise InputError(f"{path}: a damaged network file ({fact}); save it again")
    return found


def _faults(found: dict[Any, Any]) -> Iterator[tuple[str, bool]]:
    """What may be wrong with a file's content, and whether it is; what comes later relies on what came before."""
    forms: dict[str, Any] = {"spec": str, "options": dict, "dim": (int, type(None)), "image_size": list, "mean": list,
                             "std": list, "letterbox": bool, "weights": dict, "facts": dict}  # fmt: skip
    for key, form in forms.items():
        yield f"{key} is missing or no {key}", not isinstance(found.get(key), form)
    size, mean, std, weights = (found[key] for key in ("image_size", "mean", "std", "weights"))
    yield "image_size is no height and width", len(size) != 2 or not all(type(of) is int and of > 0 for of in size)
    numbers = len(mean) == len(std) == 3 and all(type(of) in (int, float) and isfinite(of) for of in mean + std)
    yield "mean and std are not three numbers each, std above 0", not numbers or min(std) <= 0
    names = all(isinstance(name, str) for name in (*found["options"], *weights))
    yield "weights hold something else", not names or not all(map(torch.is_tensor, weights.values()))
    yield "it names other files", bool(named_files(found["options"]))


def read_safely(path: str | os.PathLike[str], what: str) -> Any:
    """What torch wrote to a file; no code in it is run.

    Raises:
        InputError: missing, damaged, not torch's, or with code in it.
    """
    try:
        with Path(path).open("rb") as stream:
            if not is_zipfile(stream):
                raise InputError(f"{path}: no {what}, or a damaged one; train or save it again")
            stream.seek(0)
            return torch.load(stream, map_location="cpu", weights_only=True)
    except ReidSolveError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the name") from error
    except UnpicklingError as error:
        raise InputError(f"{path}: no {what} that can be read safely (it holds more than weights)") from error
    except Exception as error:
        raise InputError(f"{path}: a damaged {what} ({reason(error)}); train or save it again") from error


def _plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_plain, value))
    return value is None or type(value) in (bool, int, float, str)
