"""`reid-solve train --self-supervised`: a match teaches a network to tell its people apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.tracklets.embed.inputs import PERSON
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Note, Tracks
from reid_solve.tracklets.video import probe
from reid_solve.training.loop.config import Config
from reid_solve.training.loop.material import HeldOut, Material, key_of
from reid_solve.training.loop.progress import Progress, Result
from reid_solve.training.loop.run import check_folder, train
from reid_solve.training.self_supervised.check import SCORES, Ranking
from reid_solve.training.self_supervised.moments import Moments
from reid_solve.training.self_supervised.pieces import Pieces, find
from reid_solve.training.self_supervised.settings import config_for, configured
from reid_solve.training.self_supervised.store import Store, cut_out

HELD = 0.2  # of the recording's time, its end: not learnt from
BETWEEN = 1.0  # seconds before it that are not learnt from either: their pictures are nearly the same
_NOT_BETTER = Note(
    "start-kept", 1, "what was learnt is no better on the time that was held out: embedder.pt is the start", "warning"
)


@dataclass(frozen=True)
class Taught:
    """What a match has taught.

    Attributes:
        result: of the training.
        before, after: label-free scores of the start and of the trained network, in per cent.
        after: see ``before``.
        kept: whether ``embedder.pt`` is the trained network; else it is the start.
        crops, pieces, pairs: learnt from: crops, pieces of tracklets, and pairs of them seen together.
        pieces: see ``crops``.
        pairs: see ``crops``.
        seconds: all in all.
        notes: what is odd about the tracks, and whether the start was kept.
    """

    result: Result
    before: dict[str, float]
    after: dict[str, float]
    kept: bool
    crops: int
    pieces: int
    pairs: int
    seconds: float
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            **self.result.to_dict(),
            "before": self.before,
            "after": self.after,
            "kept": "trained" if self.kept else "start",
            "crops": self.crops,
            "pieces": self.pieces,
            "pairs": self.pairs,
            "seconds": round(self.seconds, 3),
            "notes": [asdict(note) for note in self.notes],
        }


def teach(
    tracks: Tracks,
    video: Path,
    folder: Path,
    *,
    start: str | None = None,
    config: Path | None = None,
    steps: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    first: int | None = None,
    cache: Path | None = None,
    resume: bool = False,
    watch: Callable[[Progress], None] | None = None,
) -> Taught:
    """Go on training a network on one match, without labels.

    Boxes of a tracklet between two crossings, holes or jumps are one person; people in one frame are different people;
    nothing else is known, and nothing else is used. The last fifth of the time is not learnt from: there the network
    is examined, before and after, on finding a person again, a second later and more, among the people seen together
    with him. Unless it became better, ``embedder.pt`` is the start.

    Args:
        tracks: boxes with ids of one recording.
        video: the pictures they are of.
        folder: as of `train`.
        start: an ``embedder.pt``, ``SPEC`` or ``SPEC=WEIGHTS``, see ``tracklets.embed.networks.build``.
        config: settings as of `train`, where they are to be others than ``settings.DEFAULTS``.
        steps, seed, device: over those of the settings.
        seed: see ``steps``.
        device: see ``steps``.
        first: number that the table gives to the video's first frame; else as its format says.
        cache: folder that keeps crops; None keeps nothing.
        resume: go on from the folder's checkpoint.
        watch: called after every step.

    Raises:
        InputError: tracks and video do not fit together, or hold nothing to learn from.
        OptionError: settings that cannot be.
        OutputError: the folder holds another training.
    """
    begin = perf_counter()
    optional("torch", "train", "training")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise OptionError("--self-supervised trains in one process; start it without torchrun")
    check_folder(folder, resume)
    tables = configured(start, config, steps=steps, seed=seed, device=device)
    film = probe(video)
    if int(tracks.sequence.max(initial=-1)) > 0:
        raise InputError(f"{tracks.clip.source}: holds several recordings, {video} is one; train on each on its own")
    every = find(tracks, film)
    store = cut_out(
        tracks, film, every.rows, tuple(tables["model"].get("image_size", PERSON)), first=first, cache=cache
    )
    learnt, held = parted(every.take(np.isin(every.rows, store.rows)), film.fps)
    pairs = int(np.triu(learnt.together()).sum())
    if not pairs:
        raise InputError(
            f"{tracks.clip.source}: no two people are seen together and clearly for long enough; nothing to learn from"
        )
    source = "--self-supervised" if config is None else str(config)
    wanted = config_for(tables, learnt, video, source)
    material = material_of(learnt, held, store, wanted, [str(video), tracks.clip.source], film.fps)
    before, keep = _examined(wanted, material)
    result = train(wanted, folder, material=material, resume=resume, watch=watch)
    after = dict(result.scores)
    kept = after[SCORES[0]] > before[SCORES[0]]
    notes = tracks.notes
    if not kept:
        keep(result.embedder)
        notes = (*notes, _NOT_BETTER)
    return Taught(result, before, after, kept, len(learnt.rows), len(learnt), pairs, perf_counter() - begin, notes)


def parted(every: Pieces, fps: float) -> tuple[Pieces, Pieces]:
    """What is learnt from, and what the network is examined on: the end of the recording's time."""
    first, last = int(every.frame.min(initial=0)), int(every.frame.max(initial=0))
    border = last - round(HELD * (last - first))
    return every.within(first, border - round(BETWEEN * fps)), every.within(border, last)


def material_of(learnt: Pieces, held: Pieces, store: Store, config: Config, names: list[str], fps: float) -> Material:
    """Pieces as the loop takes them."""
    wanted = config.sampler
    batches = Moments(learnt, p=wanted.p, k=wanted.k, moments=int(wanted.options.get("moments", 1)),
                      seed=config.train.seed)  # fmt: skip
    return Material(
        learnt.piece,
        store.of(learnt.rows),
        batches,
        key_of(learnt.rows, names),
        HeldOut(len(held.rows), store.of(held.rows), Ranking.of(held, fps), SCORES),
        {"set": "self-supervised", "people": len(learnt), "pictures": len(learnt.rows)},
    )


def _examined(config: Config, material: Material) -> tuple[dict[str, float], Callable[[Path], None]]:
    """Scores of the network as it begins, and a function that writes it."""
    from reid_solve.tracklets.embed.networks import save
    from reid_solve.training.loop.checkpoint import own_chance
    from reid_solve.training.loop.held import Examiner, input_of
    from reid_solve.training.loop.learner import Learner
    from reid_solve.training.loop.processes import processes

    assert material.held_out is not None
    with own_chance(), processes(config.train.device) as ours:
        learner = Learner(config, material.count, ours)
        scores = Examiner(material.held_out, input_of(learner.embedder), config.train.workers)(learner)

        def keep(path: Path) -> None:
            save(path, learner.embedder.cpu(), **material.facts, scores=scores, step=0)

        return scores, keep
