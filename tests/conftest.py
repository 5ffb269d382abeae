"""What several tests share: three seconds of generated video, with the tracks and the truth that belong to it."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class MiniClip:
    """75 frames of 640x360 at 25 fps; frames count from 1, boxes are pixels of this video."""

    video: Path
    tracks: Path
    truth: Path


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests embed out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def derby_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the shipped clip in it: tracks, truth and embeddings."""
    for path in (FIXTURES / "derby").iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def film() -> Iterator[Any]:
    """The module ``fixtures/film.py``, which draws clips."""
    pytest.importorskip("av", reason="drawing a clip needs the extra [video]")
    pytest.importorskip("cv2", reason="drawing a clip needs the extra [video]")
    sys.path.insert(0, str(FIXTURES))  # as `python fixtures/film.py` does
    yield importlib.import_module("film")
    sys.path.remove(str(FIXTURES))


@pytest.fixture(scope="session")
def people() -> Iterator[Any]:
    """The module ``fixtures/people/make.py``, which draws sets of people (``write_people``)."""
    pytest.importorskip("cv2", reason="drawing people needs the extra [video]")
    sys.path.insert(0, str(FIXTURES))  # as `python fixtures/film.py` does
    yield importlib.import_module("people.make")
    sys.path.remove(str(FIXTURES))


@pytest.fixture(scope="session")
def mini_clip(film: Any, tmp_path_factory: pytest.TempPathFactory) -> MiniClip:
    """A generated clip: seed 19, 640x360, 75 frames; made once a session in about two seconds."""
    clip = film.make(tmp_path_factory.mktemp("mini"), seed=19)
    return MiniClip(clip.video, clip.tracks, clip.truth)


@pytest.fixture(scope="session")
def derby_video(film: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 30 frames of the shipped clip, fixtures/derby, in its own 1920x1080."""
    path = tmp_path_factory.mktemp("derby") / "video.mp4"
    film.draw_clip(path, seed=19, size=(1920, 1080), stop=30)
    return path
