"""One network out of several: the mean of their weights (Wortsman et al. 2022, "Model soups")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reid_solve.tracklets.embed.networks import Embedder, load, save
from reid_solve.tracklets.errors import InputError, OptionError

MOVING = ("running_mean", "running_var")


@dataclass(frozen=True)
class Soup:
    """A mean of networks.

    Attributes:
        embedder: the network.
        names: of those that went in, in that order; a name twice would count twice.
        scores: of each network that was looked at, by name; empty where nothing was scored.
        score: of the mean; None where nothing was scored.
    """

    embedder: Embedder
    names: tuple[str, ...]
    scores: dict[str, float]
    score: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"networks": list(self.names), "scores": self.scores, "score": self.score}

    def __str__(self) -> str:
        """In a line."""
        if self.score is None:
            return f"the mean of {len(self.names)} networks"
        best = max(self.scores.values())
        return (
            f"the mean of {', '.join(self.names)} of {len(self.scores)} networks: "
            f"{self.score:.1f}, best alone {best:.1f}"
        )


def mean(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Mean of weights by name, added up in float64; what is not floating (counters) is the first network's.

    Args:
        states: at least one; the same names and shapes in all.
    """
    out = {}
    for name, first in states[0].items():
        if not first.is_floating_point():
            out[name] = first.clone()
            continue
        total = torch.zeros(first.shape, dtype=torch.float64)
        for state in states:
            total += state[name].double()
        out[name] = (total / len(states)).to(first.dtype)
    return out


def uniform(paths: Sequence[str | Path]) -> Soup:
    """The mean of all networks.

    Args:
        paths: their files, at least two; of one architecture, and trained from the same start, or the mean means
            nothing.

    Raises:
        InputError: a file cannot be read, or is of another architecture.
        OptionError: fewer than two.
    """
    embedders = _alike(paths)
    made = next(iter(embedders.values()))
    made.load_state_dict(mean([one.state_dict() for one in embedders.values()]))
    return Soup(made, tuple(embedders), {})


def greedy(paths: Sequence[str | Path], score: Callable[[Embedder], float]) -> Soup:
    """The mean of those that help, tried from the best to the worst (recipe 1 of the paper).

    Args:
        paths: as for ``uniform``.
        score: of a network, higher is better; on pictures that none was trained on and that are not the final test.

    Returns:
        the mean, its score at least that of the best single network.

    Raises:
        InputError: see ``uniform``.
        OptionError: see ``uniform``.
    """
    embedders = _alike(paths)
    states = {name: one.state_dict() for name, one in embedders.items()}
    made = deepcopy(next(iter(embedders.values())))  # its weights change, and those of the first are still needed
    scores = {name: score(one) for name, one in embedders.items()}
    order = sorted(scores, key=lambda name: -scores[name])  # of equal ones, the first given first
    chosen, best = [order[0]], scores[order[0]]
    for name in order[1:]:
        made.load_state_dict(mean([states[one] for one in (*chosen, name)]))
        found = score(made)
        if found >= best:
            chosen, best = [*chosen, name], found
    made.load_state_dict(mean([states[name] for name in chosen]))
    return Soup(made, tuple(chosen), scores, best)


def write(soup: Soup, path: str | Path) -> None:
    """Write a soup as a network, with what went into it.

    Raises:
        OutputError: it cannot be written.
    """
    save(path, soup.embedder, soup=list(soup.names), scores=soup.scores, score=soup.score)


def _alike(paths: Sequence[str | Path]) -> dict[str, Embedder]:
    names = [str(path) for path in paths]
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise OptionError("a soup is made of at least two networks, each given once")
    found = {name: load(name) for name in names}
    first, *rest = found.items()
    for name, one in rest:
        for what in ("spec", "dim", "image_size", "mean", "std", "options"):
            own, other = getattr(first[1], what), getattr(one, what)
            if own != other:
                raise InputError(f"{name}: {what} {other}, not {own} as in {first[0]}; average networks of one kind")
        shapes, others = ({key: of.shape for key, of in net.state_dict().items()} for net in (first[1], one))
        if shapes != others:
            key = next(key for key in {**shapes, **others} if shapes.get(key) != others.get(key))
            raise InputError(f"{name}: {key} is not as in {first[0]}; average networks of one kind")
        buffers = dict(one.named_buffers())
        for key, value in first[1].named_buffers():
            if value.is_floating_point() and not key.endswith(MOVING) and not torch.equal(value, buffers[key]):
                raise InputError(f"{name}: {key} was drawn otherwise than in {first[0]}, a mean of them means nothing")
    return found
