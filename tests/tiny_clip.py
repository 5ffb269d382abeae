"""A CLIP of a few thousand weights, registered with open_clip under a name of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAME = "tiny-for-tests"
DIM, WIDTH = 24, 32
CONFIG = {
    "embed_dim": DIM,
    "vision_cfg": {"image_size": 32, "layers": 3, "width": WIDTH, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}


def register(folder: Path, name: str = NAME, **other: Any) -> str:
    """Make the model, or one that differs from it, known to open_clip; its name."""
    import open_clip

    path = folder / f"{name}.json"
    path.write_text(json.dumps({**CONFIG, **other}))
    open_clip.add_model_config(path)
    return name
