"""Ultralytics, imported so that it keeps to itself: no downloads, no pip, no analytics, no prints."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reid_solve.tracklets.extras import optional

# Read by it while it is imported. Offline: no look for a network, no analytics, no new versions, no model files.
_QUIET = {"YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false", "YOLO_OFFLINE": "true"}


def ultralytics(module: str, purpose: str) -> Any:
    """Import a module of ultralytics.

    Args:
        module: its full name, "ultralytics" or below.
        purpose: what needs it, for the message.

    Raises:
        OptionError: ultralytics, or what it needs, is not installed.
    """
    with _quiet():
        optional("lap", "track", purpose)  # its trackers would ask pip for it
        return optional(module, "track", purpose)


def reason(error: BaseException) -> str:
    """The first line of somebody else's error, without pictures and colours."""
    lines = str(error).encode("ascii", "ignore").decode().strip().splitlines()
    return lines[0].strip()[:200] if lines else type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """The environment for the import; what the user has set himself wins, and all is as before afterwards."""
    ours = {key: value for key, value in _QUIET.items() if key not in os.environ}
    if "YOLO_CONFIG_DIR" not in os.environ and not _settings_can_be_kept():
        ours["YOLO_CONFIG_DIR"] = folder = tempfile.mkdtemp(prefix="reid-solve-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(ours)
    try:
        yield
    finally:
        for key in ours:
            os.environ.pop(key, None)


def _settings_can_be_kept() -> bool:
    """Whether the folder in which it keeps its settings is there, or can be made."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "Ultralytics"
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
