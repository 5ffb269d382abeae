"""From files to a folder: what `train --self-supervised` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reid_solve.tracklets.embed.cache import default_folder
from reid_solve.tracklets.read import read
from reid_solve.training.loop.progress import Progress
from reid_solve.training.self_supervised.run import Taught, teach


def teach_files(
    match: tuple[Path, Path],
    folder: Path | None = None,
    *,
    start: str | None = None,
    config: Path | None = None,
    steps: int | None = None,
    first: int | None = None,
    resume: bool = False,
    watch: Callable[[Progress], None] | None = None,
) -> Taught:
    """Read tracks and go on training a network on them.

    Args:
        match: the tracks' file, and the video that they are of.
        folder: where everything goes; ``VIDEO.train`` beside the video by default.
        start, config, steps, first, resume, watch: see ``run.teach``.
        config: see ``start``.
        steps: see ``start``.
        first: see ``start``.
        resume: see ``start``.
        watch: see ``start``.

    Raises:
        ReidSolveError: see ``run.teach``; and tracks that cannot be read.
    """
    source, video = match
    return teach(
        read(source),
        video,
        folder or video.with_name(f"{video.stem}.train"),
        start=start,
        config=config,
        steps=steps,
        first=first,
        cache=default_folder(),
        resume=resume,
        watch=watch,
    )
