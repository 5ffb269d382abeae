"""Examples of parquet and of pickles."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.tracklets.formats.examples.people import example, people


@example("parquet")
def parquet(folder: Path) -> Path:
    """A table of named columns."""
    names = ("frame", "track_id", "x", "y", "w", "h", "score")
    pq.write_table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in people()]), folder / "t.parquet")
    return folder / "t.parquet"


@example("pickle")
def pickled(folder: Path) -> Path:
    """Tracks by role, frame and id."""
    frames: list[dict[int, dict[str, list[int]]]] = [{} for _ in range(30)]
    for f, i, x, y, w, h, _ in people(0):
        frames[f][i] = {"bbox": [x, y, x + w, y + h]}
    (folder / "t.pkl").write_bytes(pickle.dumps({"players": frames}))
    return folder / "t.pkl"


@example("tracklab")
def tracklab(folder: Path) -> Path:
    """A state of one video, with the table of its pictures."""
    import pandas as pd

    found = pd.DataFrame(
        [
            {
                "image_id": f"3116{f + 1:06d}", "video_id": "116", "track_id": float(i), "bbox_conf": s,
                "bbox_ltwh": np.array([x, y, w, h], float), "role": "player", "team": None, "jersey_number": f"0{i}",
                "embeddings": np.arange(4, dtype=np.float32) + i,
            }
            for f, i, x, y, w, h, s in people(0)
        ]
    )  # fmt: skip
    pictures = pd.DataFrame({"video_id": "116", "frame": range(30)}, index=[f"3116{f:06d}" for f in range(1, 31)])
    with zipfile.ZipFile(folder / "s.pklz", "w") as state:
        state.writestr("summary.json", json.dumps({"columns": list(found.columns)}))
        state.writestr("116.pkl", pickle.dumps(found))
        state.writestr("116_image.pkl", pickle.dumps(pictures))
    return folder / "s.pklz"
