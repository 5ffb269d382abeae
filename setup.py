"""Refuses to build from a checkout without symbolic links: the wheel would be empty. The rest is in pyproject.toml."""

from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
broken = [link.name for link in sorted((HERE / "src" / "reid_solve").iterdir()) if link.is_file() and link.suffix == ""]
if broken or not (HERE / "src" / "reid_solve" / "solver" / "solve.py").exists():
    raise SystemExit(
        "src/reid_solve holds text files where symbolic links should be. Turn on links and check out again: "
        "git config core.symlinks true && git checkout -- src (on Windows: developer mode on, too)."
    )

setup()
