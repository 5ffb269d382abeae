"""Optional libraries: imported where they are needed, and named with the way to get them where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from reid_solve.tracklets.errors import OptionError


def optional(module: str, extra: str, purpose: str) -> Any:
    """Import a module of an extra.

    Args:
        module: its import name.
        extra: the extra of this package that installs it.
        purpose: what needs it, as the subject of the message ("decoding video").

    Raises:
        OptionError: it is not installed, or broken.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).split(".")[0]
        text = f"{purpose} needs {missing}, which is not installed; pip install 'reid-solve[{extra}]'"
        raise OptionError(text) from error
    except (ImportError, OSError) as error:  # a library of the system is missing (OpenCV's libGL, say), or two versions
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise OptionError(f"{purpose} needs {module}, which cannot be loaded ({reason}); install it again") from error
