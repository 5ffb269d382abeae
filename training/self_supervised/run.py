"""`reid-solve train --self-supervised`: a match teaches a network to tell its people apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from reid_solve.tracklets.embed.registry import Settings, embedder
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Note, Tracks
from reid_solve.tracklets.video import Picture, probe
from reid_solve.tracklets.write import atomically
from reid_solve.training.loop.config import Config
from reid_solve.training.loop.material import FloatRows, Material, key_of
from reid_solve.training.loop.progress import Progress, Result
from reid_solve.training.loop.run import check_folder, make_folder, train
from reid_solve.training.self_supervised.check import Ranking
from reid_solve.training.self_supervised.moments import Moments
from reid_solve.training.self_supervised.pieces import Pieces, find
from reid_solve.training.self_supervised.settings import configured, knowing
from reid_solve.training.self_supervised.store import cut_out

HELD = 0.2  # of the recording's time, its end: not learnt from
BETWEEN = 1.0  # seconds before it that are not learnt from either: their pictures are nearly the same
MOST, MOST_HELD = 16_000, 2_000  # crops; of a whole match, a part is enough for minutes of training
STRETCH = 10.0  # seconds, of which such parts are made
START = "start.pt"
FEWEST = 5  # pieces to examine on; of fewer there is no standard error to speak of
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
    before: Mapping[str, float]
    after: Mapping[str, float]
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
            "before": dict(self.before),
            "after": dict(self.after),
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
        OptionError: settings that cannot be, or, where a training goes on, other ones or another start.
        OutputError: the folder holds another training.
    """
    begin = perf_counter()
    optional("torch", "train", "training")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise OptionError("--self-supervised trains in one process; start it without torchrun")
    check_folder(folder, resume)
    settings = configured(video, start, config, steps=steps, seed=seed, device=device)
    film = probe(video)
    if int(tracks.sequence.max(initial=-1)) > 0:
        raise InputError(f"{tracks.clip.source}: holds several recordings, {video} is one; train on each on its own")
    learnt, held = parted(find(tracks, film), film.fps)
    rows = np.concatenate([learnt.rows, held.rows])
    store = cut_out(tracks, film, rows, settings.model.image_size, first=first, cache=cache)
    learnt, held = (part.take(np.isin(part.rows, store.rows)) for part in (learnt, held))
    ranking, pairs = Ranking.of(held, film.fps), int(np.triu(learnt.together()).sum())
    if not pairs or len(np.unique(ranking.piece[ranking.asking])) < FEWEST:
        raise InputError(
            f"{tracks.clip.source}: too few people are seen together and clearly ({pairs} pairs to learn from, "
            f"{len(ranking.asking)} crops to examine on); give a longer part of the match"
        )
    wanted = begun(knowing(settings, learnt), folder, resume)
    material = Material(
        learnt.piece,
        store.of(learnt.rows),
        Moments(learnt, wanted.sampler, wanted.train.seed),
        key_of(learnt.rows, [str(video), tracks.clip.source]),
        facts={"set": "self-supervised", "people": len(learnt), "pictures": len(learnt.rows)},
    )
    load = store.of(held.rows)
    before = looked_at(load, len(held.rows), folder / START, wanted.train.device)
    result = train(wanted, folder, material=material, resume=resume, watch=watch)
    after = looked_at(load, len(held.rows), result.embedder, wanted.train.device)
    gain, error = ranking.gain(before, after)
    notes = tracks.notes
    if gain <= error:
        atomically(result.embedder, lambda stream: stream.write((folder / START).read_bytes()))
        notes = (*notes, _NOT_BETTER)
    return Taught(result, ranking(before), ranking(after), gain > error, len(learnt.rows), len(learnt), pairs,
                  perf_counter() - begin, notes)  # fmt: skip


def begun(config: Config, folder: Path, resume: bool = False) -> Config:
    """The same training, from a network that is written to the folder: what is examined, and gone back to.

    Raises:
        OptionError: the training that goes on began with another network.
    """
    from reid_solve.tracklets.embed.networks import build, load, save
    from reid_solve.training.loop.checkpoint import own_chance, seed

    model, path = config.model, folder / START
    with own_chance():
        seed(config.train.seed)
        start = build(model.spec, dim=model.dim, image_size=model.image_size, pretrained=model.pretrained,
                      letterbox=config.augment.resize == "letterbox", **model.options)  # fmt: skip
    make_folder(folder)
    if resume and path.exists() and not _alike(load(path).state_dict(), start.state_dict()):
        raise OptionError(f"{path}: its training began with another network; give that as --start, or another -o")
    save(path, start)
    return replace(config, model=replace(model, pretrained=str(path)))


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(value) for name, value in other.items())


def looked_at(load: Callable[[int], Picture], count: int, network: Path, device: str) -> FloatRows:
    """Vectors (count, D) of pictures, just as `embed` would make them with that network."""
    model = embedder(f"trained:{network}", Settings(device))
    model.load()
    parts = [range(begin, min(begin + model.batch, count)) for begin in range(0, count, model.batch)]
    return np.concatenate([model.embed(model.prepare([load(row) for row in part])) for part in parts])


def parted(every: Pieces, fps: float) -> tuple[Pieces, Pieces]:
    """What is learnt from, and what the network is examined on: the end of the recording's time."""
    first, last = int(every.frame.min(initial=0)), int(every.frame.max(initial=0))
    border = last - round(HELD * (last - first))
    learnt, held = every.within(first, border - round(BETWEEN * fps)), every.within(border, last)
    stretch = round(STRETCH * fps)
    return learnt.spread(MOST, stretch), held.spread(MOST_HELD, stretch)
