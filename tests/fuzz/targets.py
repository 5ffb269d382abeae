"""What is fuzzed: a function from bytes for every reader, with the files it starts from and what must hold.

Every format that is registered is a target of its own name, started from its examples in
``tests/tracklets/formats/examples`` and from ``fixtures/bad``; so a new reader is fuzzed as soon as it has an
example. A folder is made of the parts of one stretch of bytes (``archive.py``). Any bytes have one of two ends: tracks
that keep their promises, or one line that says what is wrong.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests.fuzz import archive
from tests.tracklets.formats.examples import EXAMPLES, reader_of

import reid_solve as rs
from reid_solve.tracklets import arrays
from reid_solve.tracklets.checks import MOST_FRAMES
from reid_solve.tracklets.errors import ReidSolveError
from reid_solve.tracklets.formats.registry import READERS, WRITERS, file_formats, load_all
from reid_solve.tracklets.table import Tracks
from reid_solve.tracklets.write import write

load_all()

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "fixtures" / "bad"
MESSAGE = 3000  # characters; a message that quotes the file has to stop somewhere
MEMORY = 400 << 20, 4000  # bytes of growth allowed for one input, and for each of its bytes
SECONDS = 10.0  # of the processor, for an input of 64 KiB at most
ENDINGS = {"parquet": ".parquet", "pickle": ".pkl", "tracklab": ".pklz", "cvat-xml": ".xml"}
CAREFUL: dict[str, Any] = {"allow_pickle": True, "size": (1920, 1080)}
LENIENT: dict[str, Any] = {**CAREFUL, "drop_invalid": True, "on_duplicate": "split", "salvage": True}

Target = Callable[[bytes], None]


class BrokenPromiseError(AssertionError):
    """What a reader handed over, or how it refused, is not as it has to be."""


@dataclass(frozen=True)
class Fuzzed:
    """One target: what runs an input, and what the corpus begins with."""

    name: str
    run: Target
    seeds: Callable[[], Iterator[bytes]]


def targets() -> dict[str, Fuzzed]:
    """Every target by name."""
    found = {}
    for name in file_formats():
        if name != "auto":
            folder = READERS[name].takes == "folder"
            run = partial(_folder if folder else _file, name)
            found[name] = Fuzzed(name, run, partial(_seeds, name))
    found["auto"] = Fuzzed("auto", partial(_file, "auto"), partial(_seeds, None))
    found["tracklab-members"] = Fuzzed("tracklab-members", _members, _members_seeds)
    found["solve"] = Fuzzed("solve", _solve, partial(_seeds, "mot"))
    return found


def _seeds(name: str | None) -> Iterator[bytes]:
    """Examples of one format, or of all; the bad inputs as far as they may be of this format; earlier crashes."""
    for example, make in EXAMPLES.items():
        if name is None or reader_of(example) == name:
            with tempfile.TemporaryDirectory() as folder:
                path = make(Path(folder))
                if path.is_dir():
                    if name is not None:
                        yield archive.pack(path)
                else:
                    yield path.read_bytes()
    endings = {"parquet": {".parquet"}, "pickle": {".pkl"}, "csv": {".csv"}, "mot": {".txt"}, "boxmot": {".txt"}}
    for path in sorted(FIXTURES.iterdir()) if FIXTURES.is_dir() else ():
        wanted = name is None or path.suffix in endings.get(name, ())
        if wanted and path.is_file() and path.suffix != ".py":
            yield path.read_bytes()
    for path in crashers(name or "auto"):
        yield path.read_bytes()


def _members_seeds() -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        yield archive.pack_zip(EXAMPLES["tracklab"](Path(folder)))
    for path in crashers("tracklab-members"):
        yield path.read_bytes()


def crashers(name: str) -> list[Path]:
    """Inputs that once broke a target."""
    folder = HERE / "crashers" / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _file(format: str, raw: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, f"t{ENDINGS.get(format, '.txt')}")
        path.write_bytes(raw)
        _read(path, format, raw)


def _folder(format: str, raw: bytes) -> None:
    folder = tempfile.mkdtemp(dir=_memory())
    try:
        archive.unpack(raw, Path(folder))
        _read(Path(folder), format, raw)
    finally:
        shutil.rmtree(folder)


def _members(raw: bytes) -> None:
    _file("tracklab", archive.zipped(raw))


def _solve(raw: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=_memory()) as folder:
        path = Path(folder, "t.txt")
        path.write_bytes(raw)
        with watched(raw):
            result = rs.solve(path, format="mot", fps=25, force=bool(zlib.crc32(raw) & 1), **LENIENT)
            promised(result.tracks)


def _read(path: Path, format: str, raw: bytes) -> None:
    """Read with and without leniency, and write what was read by one writer or another."""
    chance = zlib.crc32(raw)
    with watched(raw):
        tracks = rs.read(path, format=format, **(LENIENT if chance & 1 else CAREFUL))
        promised(tracks)
        if chance & 6 == 0:
            name = list(WRITERS)[(chance >> 8) % len(WRITERS)]
            with tempfile.TemporaryDirectory(dir=_memory()) as folder:
                write(tracks, Path(folder, "out"), name)


class watched:
    """Whatever runs inside may raise one thing, has so much time and memory, and warns of nothing."""

    def __init__(self, raw: bytes) -> None:
        self.size = len(raw)

    def __enter__(self) -> None:
        self.quiet = warnings.catch_warnings()
        self.quiet.__enter__()
        warnings.simplefilter("error")
        self.memory, self.time = _peak(), time.process_time()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        self.quiet.__exit__(None, None, None)
        grown, seconds = _peak() - self.memory, time.process_time() - self.time
        if grown > MEMORY[0] + MEMORY[1] * self.size:
            raise BrokenPromiseError(f"{grown >> 20} MiB for {self.size} bytes") from error
        if seconds > SECONDS:
            raise BrokenPromiseError(f"{seconds:.0f} seconds for {self.size} bytes") from error
        if not isinstance(error, ReidSolveError):
            return False
        message = str(error)
        if len(message.splitlines()) != 1 or len(message) > MESSAGE:
            raise BrokenPromiseError(f"not one line of at most {MESSAGE} characters: {message[:400]!r}") from error
        message.encode()  # no halves of characters
        return True


def promised(tracks: Tracks) -> None:
    """Check what tracks promise whoever uses them.

    Raises:
        BrokenPromiseError: one of the promises is broken.
    """

    def must(good: Any, what: str) -> None:
        if not good:
            raise BrokenPromiseError(what)

    n = len(tracks)
    must(tracks.source.num_rows == n, "the user's table has other rows")
    tracks.canonical.validate(full=True)
    tracks.source.validate(full=True)
    must(tracks.canonical["frame"].null_count == 0, "a frame is missing")
    must(tracks.frame.dtype == np.int64, "frames are not int64")
    must(((tracks.frame >= 0) & (tracks.frame < MOST_FRAMES)).all(), "a frame is out of range")
    must(tracks.boxes.shape == (n, 4) and np.isfinite(tracks.boxes).all(), "a box is not finite")
    must((tracks.boxes[:, 2:] >= 0).all(), "a box has a negative size")
    must(not np.isnan(tracks.score).any(), "a score is NaN")
    code, names = tracks.codes("track_id")
    must(len(code) == n and code.max(initial=-1) < len(names), "ids have no names")
    seen = np.column_stack([tracks.sequence, tracks.frame, code])[code >= 0]
    must(len(np.unique(seen, axis=0)) == len(seen), "an id is twice in a frame")
    must(all(len(note.text.splitlines()) == 1 for note in tracks.notes), "a note is not one line")
    for name in tracks.canonical.column_names:
        arrays.whole(tracks.canonical[name])


def _peak() -> int:
    """Most memory that this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _memory() -> str | None:
    """A folder in memory, where there is one: thousands of small files a second."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
