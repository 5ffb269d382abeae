"""`reid-solve train`: a configuration becomes a trained network in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from reid_solve.tracklets.errors import OptionError, OutputError
from reid_solve.tracklets.extras import optional
from reid_solve.training.loop.config import Config, read_config
from reid_solve.training.loop.material import Material
from reid_solve.training.loop.progress import Progress, Result

CHECKPOINT = "checkpoint.pt"


def train(
    config: Config | str | Path,
    folder: str | Path | None = None,
    *,
    material: Material | None = None,
    resume: bool = False,
    watch: Callable[[Progress], None] | None = None,
) -> Result:
    """Teach a network to tell people apart.

    Args:
        config: the settings, or their file.
        folder: where everything goes; ``NAME.train`` beside the file by default. ``embedder.pt`` is the network to
            embed with, ``checkpoint.pt`` what is needed to go on, ``log.csv`` how it went.
        material: what to learn from, if not the set that the configuration names.
        resume: go on from the folder's checkpoint, if there is one; the result is that of a training which was never
            stopped, bit for bit.
        watch: called after every step, in the process that writes.

    Raises:
        ReidSolveError: settings that cannot be, pictures that cannot be read, a folder with another training.
    """
    optional("torch", "train", "training")
    from reid_solve.training.loop.checkpoint import own_chance
    from reid_solve.training.loop.processes import processes
    from reid_solve.training.loop.session import Session
    from reid_solve.training.loop.sets import material_of

    if not isinstance(config, Config):
        path = Path(config)
        config = read_config(path)
        folder = folder or path.with_name(f"{path.stem}.train")
    if folder is None:
        raise OptionError("no folder to train into; name one")
    folder = Path(folder)
    with own_chance(), processes(config.train.device) as ours:
        check_folder(folder, resume)
        session = Session(config, material or material_of(config), folder, ours)
        if resume and (folder / CHECKPOINT).exists():
            session.resume(folder / CHECKPOINT)
        if ours.first:
            make_folder(folder)
        ours.wait()
        with _said(config):
            return session.run(watch if ours.first else None)


@contextmanager
def _said(config: Config) -> Iterator[None]:
    """Say in a line what torch says in many."""
    torch = optional("torch", "train", "training")
    try:
        yield
    except torch.OutOfMemoryError as error:
        count = config.sampler.p * config.sampler.k
        raise OptionError(f"{config.source}: {count} pictures at once are too many for the device's memory; lower "
                          "[sampler] p and raise [train] accumulate, or set amp") from error  # fmt: skip
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise OptionError(f"{config.source}: this network norms over a batch, and one picture is none; raise "
                          "[sampler] p or k") from error  # fmt: skip
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        text = " ".join(str(error).split())[:150]
        raise OptionError(f"{config.source}: [train] deterministic cannot be kept: {text}; set it to false") from error


def check_folder(folder: Path, resume: bool) -> None:
    """Refuse to train over another training.

    Raises:
        OutputError: the folder holds one.
    """
    if (folder / CHECKPOINT).exists() and not resume:
        raise OutputError(f"{folder}: holds a training; go on with --resume, or choose another folder with -o")


def make_folder(folder: Path) -> None:
    """Make it where it is not there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made a folder: {error.strerror}; give another one with -o") from error
