"""The writer of whole files: what it leaves, what it takes away, and that nobody writes past it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from reid_solve.tracklets import atomic
from reid_solve.tracklets.atomic import atomically, sweep
from reid_solve.tracklets.errors import OutputError

PACKAGE = Path(__file__).parents[2] / "src" / "reid_solve"  # links to all folders


def test_leftovers_go_and_work_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers at once do not take each other's unfinished file for a leftover."""
    left, other = tmp_path / f".{'0' * 16}.part", tmp_path / ".0123.part"
    left.write_bytes(b"of a process that was killed")
    other.write_bytes(b"somebody else's")
    seen: list[list[str]] = []

    def fill(stream: Any) -> None:
        stream.write(b"new")
        monkeypatch.setattr(atomic, "_swept", set())
        sweep(tmp_path)  # as another process would
        seen.append(sorted(path.name for path in tmp_path.iterdir()))

    atomically(tmp_path / "out.txt", fill)
    assert len(seen[0]) == 2  # the other's, and this one's own
    assert left.name not in seen[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "out.txt"]
    assert (tmp_path / "out.txt").read_bytes() == b"new"


def test_a_new_file_that_was_swept_away_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = atomic._hold
    swept: list[Path] = []

    def hold(stream: Any, partial: Path) -> bool:
        if not swept:
            swept.append(partial)
            partial.unlink()
        return real(stream, partial)

    monkeypatch.setattr(atomic, "_hold", hold)
    atomically(tmp_path / "out.txt", lambda stream: stream.write(b"new"))
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"new"]


def test_what_cannot_be_removed_does_not_hide_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    def fill(stream: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError, match="no space left"):
        atomically(tmp_path / "out.txt", fill)


WRITES = {"write_text", "write_bytes", "savez", "savez_compressed", "tofile", "to_csv", "to_parquet", "to_json",
          "imwrite"}  # fmt: skip
COPIES = {"copyfile", "copy2", "copytree"}
STREAMS = {"write_table", "write_csv", "save"}  # the file is their second argument; it has to be a stream
ALLOWED = {
    "tracklets/atomic.py": {"open(..., 'xb')"},  # the place itself
    "tracklets/video.py": {"open(..., 'w')"},  # FFmpeg, inside it
    "training/data/half_made.py": {".write_text"},  # a set is a folder, which gets its name when it is whole
    "training/data/make.py": {".write_text", ".write_bytes"},
    "training/data/places.py": {"open(..., 'w')"},
    "training/loop/log.py": {"open(..., 'a')"},  # grows; what is after the last checkpoint does not count
    "training/loop/session.py": {".save to no stream"},  # of `checkpoint`, which writes a stream
}


def _bypasses(source: str) -> list[tuple[int, str]]:
    """Calls that write to a path of their own choice, with their lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        on_path = isinstance(node.func, ast.Attribute)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        words = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
        modes = [w for w in words if isinstance(w, str) and re.fullmatch(r"[wxa]b?\+?|r\+b?|[wxa]\+b|[wxa]t", w)]
        on_stream = {a.id for a in node.args if isinstance(a, ast.Name)} & {"stream", "squeezed", "buffer", "sink"}
        if name == "open" and modes:
            found.append((node.lineno, f"open(..., {modes[0]!r})"))
        elif name in COPIES or (name in WRITES and on_path and not on_stream):
            found.append((node.lineno, f".{name}"))
        elif name in STREAMS and on_path and len(node.args) > 1 and not on_stream:
            found.append((node.lineno, f".{name} to no stream"))
    return found


@pytest.mark.parametrize(
    "source",
    ["path.write_bytes(x)", "open(p, 'w')", "p.open(mode='ab')", "pq.write_table(t, path)", "copyfile(a, b)",
     "shutil.copy2(a, b)", "cv2.imwrite(p, x)", "np.savez(p, a=x)", "torch.save(x, path)"],
)  # fmt: skip
def test_what_writes_past_it_is_seen(source: str) -> None:
    assert len(_bypasses(source)) == 1


def test_everything_is_written_that_way() -> None:
    """Nobody writes past ``atomically``, and those who may are there."""
    wrong, used = [], set()
    for top in sorted(PACKAGE.iterdir()):
        for path in sorted(top.resolve().rglob("*.py")) if top.is_dir() else [top][: top.suffix == ".py"]:
            name = f"{top.name}/{path.relative_to(top.resolve()).as_posix()}" if top.is_dir() else top.name
            for line, what in _bypasses(path.read_text()):
                used.add((name, what))
                if what not in ALLOWED.get(name, ()):
                    wrong.append(f"{name}, line {line}: {what}")
    assert wrong == []
    assert used >= {(name, what) for name, allowed in ALLOWED.items() for what in allowed}
