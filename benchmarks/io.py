"""How much time of one core reading and writing take, and how much memory: one fresh process for each format.

python benchmarks/io.py [--rows 3300000] [--nested-rows 330000] [--files 100000]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from memory import peak

SIZE = (1920, 1080)
MAKE = (
    "import sys; from reid_solve.tracklets.read import read; from reid_solve.tracklets.write import write; "
    "t = read(sys.argv[1], size=(1920, 1080)); [write(t, path) for path in sys.argv[2:]]"
)


def match(rows: int, seed: int = 0) -> pa.Table:
    """Simulate a match: 25 rows a frame, ids that live for some hundred frames."""
    rng = np.random.default_rng(seed)
    frame = np.arange(rows) // 25 + 1
    slot = np.arange(rows) % 25
    track = slot + 25 * ((frame + 37 * slot) // 300) + 1
    walk = np.round(np.stack([900 + 800 * np.sin(frame / 200 + slot), 500 + 300 * np.cos(frame / 150 + slot)]), 2)
    size = np.round(np.stack([45 + 5 * rng.random(rows), 110 + 10 * rng.random(rows)]), 2)
    columns = {"frame": frame, "track_id": track, "x": walk[0], "y": walk[1], "w": size[0], "h": size[1]}
    return pa.table({**columns, "score": np.round(rng.random(rows), 3)})


def one(source: Path, target: Path | None) -> None:
    """Read and write one input, and print how that went."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before Arrow counts the cores
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write

    pa.set_cpu_count(1)
    begin = time.process_time()  # of a core, whatever else runs on it
    tracks = read(source, size=SIZE)
    done = time.process_time()
    if target is not None:
        write(tracks, target)
    written = time.process_time()
    times = {"read": done - begin, "write": None if target is None else written - done}
    print(json.dumps({**times, "GB": peak() / 2**30, "rows": len(tracks), "format": tracks.clip.format}))


def text(path: Path, columns: Sequence[Any], *, header: Sequence[str] | None = None) -> Path:
    """Write columns as comma-separated text, as other tools do."""
    table = pa.table([pa.array(column) for column in columns], names=list(header or map(str, range(len(columns)))))
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as stream:
        if header:
            stream.write((",".join(header) + "\n").encode())
        arrow_csv.write_csv(table, stream, options)
    return path


def tables(folder: Path, found: pa.Table) -> Iterable[Path]:
    """What other tools write as text of one line a detection."""
    frame, track, x, y, w, h, score = (np.asarray(found[name]) for name in found.column_names)
    ones = np.ones(len(frame), np.int64)
    slot = np.arange(len(frame)) % 25
    whole = [np.round(side).astype(np.int64) for side in (x, y, w, h)]
    yield text(folder / "boxmot.txt", [frame, track, *whole, np.maximum(score, 0.001), ones, slot])
    yield text(folder / "norfair.txt", [frame, track, x, y, w, h, -ones, -ones, -ones, -ones])
    fields = ("x_min", "y_min", "x_max", "y_max", "class_id", "confidence", "tracker_id", "frame_index")
    yield text(folder / "supervision.csv", [x, y, x + w, y + h, 0 * ones, score, track, frame], header=fields)


def nested(folder: Path, found: pa.Table, files: int) -> Iterable[Path]:
    """What other tools write as JSON, and as one little file a frame."""
    rows = found.to_pylist()
    sink = [
        {
            "x_min": r["x"], "y_min": r["y"], "x_max": r["x"] + r["w"], "y_max": r["y"] + r["h"], "class_id": 0,
            "confidence": r["score"], "tracker_id": r["track_id"], "frame_index": r["frame"],
        }
        for r in rows
    ]  # fmt: skip
    (folder / "supervision.json").write_text(json.dumps(sink, indent=4))
    yield folder / "supervision.json"
    frames: list[list[dict[str, Any]]] = [[] for _ in range(rows[-1]["frame"])]
    for r, s in zip(rows, sink, strict=True):
        box = {"x1": s["x_min"], "y1": s["y_min"], "x2": s["x_max"], "y2": s["y_max"]}
        one_of_them = {"name": "person", "class": 0, "confidence": r["score"], "box": box, "track_id": r["track_id"]}
        frames[r["frame"] - 1].append(one_of_them)
    (folder / "ultralytics.json").write_text("".join(json.dumps(one) + "\n" for one in frames))
    yield folder / "ultralytics.json"
    labels = folder / "labels"
    labels.mkdir()
    lines = [
        f"0 {(r['x'] + r['w'] / 2) / 1920:g} {(r['y'] + r['h'] / 2) / 1080:g} {r['w'] / 1920:g} {r['h'] / 1080:g} "
        f"{r['score']:g} {r['track_id']}\n"
        for r in rows[:25_000]
    ]
    pages = ["".join(lines[at : at + 25]) for at in range(0, len(lines), 25)]
    for frame in range(1, files + 1):
        (labels / f"match_{frame}.txt").write_text(pages[frame % len(pages)])
    yield labels


@click.command()
@click.option("--rows", default=3_300_000, show_default=True, help="Of the tables: a match.")
@click.option("--nested-rows", default=330_000, show_default=True, help="Of JSON and XML.")
@click.option("--files", default=100_000, show_default=True, help="In the folder of Ultralytics.")
@click.option("--one", "single", nargs=2, type=click.Path(path_type=Path), hidden=True)
def main(rows: int, nested_rows: int, files: int, single: tuple[Path, Path] | None) -> None:
    r"""Make the inputs and measure each format.

    \b
    Example:
        python benchmarks/io.py --rows 100000 --nested-rows 10000 --files 1000
    """
    if single:
        one(single[0], None if single[1].name == "-" else single[1])
        return
    from reid_solve.tracklets.formats.registry import catalogue

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found, few = match(rows), match(nested_rows)
        pq.write_table(found, folder / "in.parquet", compression="zstd")
        pq.write_table(few, folder / "few.parquet", compression="zstd")
        tabular = [folder / f"in.{ending}" for ending in ("txt", "csv", "kitti.txt", "txt.gz")]
        subprocess.run([sys.executable, "-c", MAKE, str(folder / "in.parquet"), *map(str, tabular)], check=True)
        own = {one["name"]: one["extensions"][0] for one in catalogue() if one["writes"]}
        written = [folder / f"in{own[name]}" for name in own if name not in {"parquet", "csv", "mot", "kitti"}]
        subprocess.run([sys.executable, "-c", MAKE, str(folder / "few.parquet"), *map(str, written)], check=True)
        odd = folder / "ragged.txt"  # one comment and a short line send the whole file down the careful path
        odd.write_bytes(b"# odd\n" + tabular[0].read_bytes() + b"999999,1,0,0,5,5\n")
        both = {folder / "in.parquet", odd, *tabular, *written}
        inputs = [folder / "in.parquet", *tabular, odd, *tables(folder, found), *written, *nested(folder, few, files)]
        head = ("input", "format", "rows", "size MB", "read s", "rows/s", "write s", "peak GB")
        print(f"{head[0]:<18}{head[1]:<19}" + "".join(f"{word:>9}" for word in head[2:]))
        for path in inputs:
            target = "-" if path not in both else str(folder / f"out{''.join(path.suffixes)}")
            run = [sys.executable, __file__, "--one", str(path), target]
            took = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
            sizes = path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.iterdir())
            written_in = "" if took["write"] is None else f"{took['write']:.2f}"
            print(
                f"{path.name:<18}{took['format']:<19}{took['rows']:>9}{sizes / 1e6:>9.0f}{took['read']:>9.2f}"
                f"{took['rows'] / took['read']:>9.0f}{written_in:>9}{took['GB']:>9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
