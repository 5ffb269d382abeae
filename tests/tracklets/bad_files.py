"""The files of fixtures/bad, and the module there that makes them."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

FILES = Path(__file__).parents[2] / "fixtures" / "bad"


def _module() -> Any:
    spec = spec_from_file_location("generate_bad", FILES / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _module()
