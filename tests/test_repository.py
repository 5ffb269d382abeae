"""What is kept under version control is source, and small."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LARGEST = 500_000  # bytes; recordings and what was made from them stay outside
FOREIGN = {".pkl": "fixtures/bad/", ".mp4": "fixtures/bad/", ".onnx": "-", ".pt": "-"}  # where such a file may lie


def tracked() -> list[Path]:
    git = shutil.which("git")
    listed = git and subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if not listed or listed.returncode or not listed.stdout:
        pytest.skip("not a checkout, or no git")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_is_large() -> None:
    large = {str(path.relative_to(ROOT)): path.stat().st_size for path in tracked() if path.is_file()}
    assert {name: size for name, size in large.items() if size > LARGEST} == {}


def test_no_pickles_videos_or_weights() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [n for n in names if not n.startswith(FOREIGN.get(Path(n).suffix, ""))] == []
