"""The wheel holds every module under one name; the sdist builds; a checkout without links is refused."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINKED = ["cli.py", *(path.parent.name for path in ROOT.glob("*/__init__.py"))]
PARTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "src", *LINKED)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, so that building leaves nothing in the tree."""
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(source, copy / part, symlinks=True, ignore=ignore)
        else:
            shutil.copy(source, copy / part)
    return copy


def build(checkout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "build", "--outdir", str(checkout / "dist"), str(checkout)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_sdist_and_wheel_hold_every_module_under_one_name(checkout: Path) -> None:
    done = build(checkout)  # the sdist, and the wheel from the sdist
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (wheel,) = (checkout / "dist").glob("*.whl")
    names = [n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n]
    assert {n.split("/")[0] for n in names} == {"reid_solve"}
    modules = [path for name in LINKED for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.suffix == ".py"]
    ours = {f"reid_solve/{path.relative_to(ROOT)}" for path in modules}
    assert ours | {"reid_solve/__init__.py", "reid_solve/py.typed"} == set(names)


def test_a_checkout_without_links_is_refused(checkout: Path, tmp_path: Path) -> None:
    copy = tmp_path / "windows"
    shutil.copytree(checkout, copy, symlinks=True, ignore=shutil.ignore_patterns("dist", "build"))
    for link in (copy / "src" / "reid_solve").iterdir():
        if link.is_symlink():
            target = str(link.readlink())
            link.unlink()
            link.write_text(target)
    done = build(copy)
    assert done.returncode != 0
    assert "core.symlinks" in done.stdout + done.stderr
