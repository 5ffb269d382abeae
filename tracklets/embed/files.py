"""From files to a file: what the command ``embed`` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reid_solve.tracklets.embed.cache import default_folder
from reid_solve.tracklets.embed.registry import Settings
from reid_solve.tracklets.embed.run import SECONDS, Embedded, embed
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.write import check_target


def embed_file(
    video: Path,
    source: Path,
    output: Path,
    *,
    backend: str = "color",
    per_tracklet: int | None = None,
    spacing: float = SECONDS,
    every: int | None = None,
    first_frame: int | None = None,
    device: str = "auto",
    batch: int | None = None,
    threads: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    no_cache: bool = False,
    **reading: Any,
) -> Embedded:
    """Read tracks, embed them, write the sidecar.

    Args:
        video: the pictures.
        source: the tracks' file.
        output: the sidecar to write, .parquet.
        backend: see ``registry.embedder``.
        per_tracklet: crops of a tracklet, at least where it is long enough; see ``run.embed`` for the default.
        spacing: longest time without a crop, seconds; 0 for no such rule.
        every: all detections of every n-th frame, instead of a sample.
        first_frame: number that the tracks give to the video's first frame.
        device, batch, threads, seed: see ``registry.Settings``.
        batch: see ``device``.
        threads: see ``device``.
        seed: see ``device``.
        cache: folder that keeps what was embedded; the platform's own by default.
        no_cache: keep nothing and use nothing that was kept.
        **reading: options of ``read``.

    Raises:
        InputError: the files cannot be used.
        OptionError: no such backend or device, or the output is not .parquet.
        OutputError: it cannot be written.
    """
    if output.suffix.lower() != ".parquet":
        raise OptionError(f"{output}: embeddings are written as parquet; end the name in .parquet")
    check_target(output, source)
    check_target(output, video)
    done = embed(
        read(source, **reading),
        video,
        backend,
        per_tracklet=per_tracklet,
        seconds=spacing or None,
        step=every,
        settings=Settings(device, threads, batch, seed),
        cache=None if no_cache else cache or default_folder(),
        first=first_frame,
    )
    done.write(output)
    return done
