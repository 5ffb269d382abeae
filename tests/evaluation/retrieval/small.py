"""A small set with actions, cameras and people who look alike in their features, as files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def people(
    seed: int, *, persons: int = 8, images: int = 4, queries: int = 1, noise: float = 0.5, dims: int = 16
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Features (n, D) and persons (n,) of queries, then of the gallery: a vector a person, and noise a picture."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(size=(persons, dims))
    query, gallery = np.repeat(np.arange(persons), queries), np.repeat(np.arange(persons), images)
    return (
        looks[query] + noise * rng.normal(size=(len(query), dims)), query,
        looks[gallery] + noise * rng.normal(size=(len(gallery), dims)), gallery,
    )  # fmt: skip


def write_features(folder: Path, seed: int = 5, actions: int = 6) -> None:
    """Write features.npy, features.npz and pictures.csv: SoccerNet-like names, some rows of which are for training."""
    rows: list[dict[str, str | int]] = []
    vectors = []
    for action in range(actions):
        q, q_pid, g, g_pid = people(seed + action, persons=6, images=3)
        for split, features, pids in (("query", q, q_pid), ("gallery", g, g_pid), ("train", g[:2], g_pid[:2])):
            for vector, pid in zip(features, pids, strict=True):
                number, person = 100 + len(rows), 10 * action + int(pid)
                path = f"{number}-{action:04d}-{person}-0-Player_team_left-7-r001-190x100.png"
                camera = 0 if split == "query" else 1
                rows.append({"path": path, "pid": person, "camid": camera, "split": split, "action": f"{action:04d}"})
                vectors.append(vector)
    features = np.array(vectors, np.float32)
    np.save(folder / "features.npy", features)
    columns: dict[str, Any] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    np.savez(folder / "features.npz", features=features, **columns)
    with (folder / "pictures.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)


def walkers(
    seed: int, *, clips: int = 8, persons: int = 6, pictures: int = 6, noise: float = 1.0
) -> tuple[npt.NDArray[np.float64], pa.Table]:
    """Features and table of people who walk about in clips of their own, the second half of which is scored.

    A walk goes on for 40 s from anywhere on a field of 20 x 5 body heights; a body is 2 units high. Queries are the
    first picture of a person, the gallery the rest.
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str | int | float]] = []
    vectors = []
    for clip in range(clips):
        time = np.sort(rng.uniform(0, 40, (persons, pictures)), axis=1)
        steps = rng.normal(size=(persons, pictures, 2)) * np.sqrt(np.diff(time, prepend=0, axis=1))[:, :, None]
        feet = 2 * (rng.uniform(0, [20, 5], (persons, 1, 2)) + [1.0, 0.25] * steps.cumsum(axis=1))
        looks = rng.normal(size=(persons, 16))
        for person in range(persons):
            for k in range(pictures):
                split = "train" if 2 * clip < clips else "gallery" if k else "query"
                x, y = feet[person, k].tolist()
                rows.append({
                    "split": split, "pid": clip * persons + person, "camid": int(split == "query"), "clip": f"c{clip}",
                    "action": f"c{clip}", "time": float(time[person, k]), "x": x, "y": y, "height": 2.0,
                })  # fmt: skip
                vectors.append(looks[person] + noise * rng.normal(size=16))
    return np.array(vectors), pa.Table.from_pylist(rows)


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    """The table with other values in a column."""
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def column(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """A column of a table."""
    return np.array(table[name].to_pylist())
