"""How long reading and writing take, and how much memory: one fresh process for each format.

python benchmarks/io.py [--rows 3300000]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


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


def one(source: Path, target: Path) -> None:
    """Read and write one file, and print how that went."""
    from reid_solve.tracklets.read import read
    from reid_solve.tracklets.write import write

    begin = time.perf_counter()
    tracks = read(source)
    done = time.perf_counter()
    write(tracks, target)
    written = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"read": done - begin, "write": written - done, "GB": peak}))


def main() -> None:
    """Make the inputs and measure each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_300_000)
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(*arguments.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        make = (
            "import sys; from reid_solve.tracklets.read import read; from reid_solve.tracklets.write import write; "
            "t = read(sys.argv[1]); [write(t, path) for path in sys.argv[2:]]"
        )
        inputs = {name: Path(folder, f"in.{name}") for name in ("parquet", "txt", "csv", "txt.gz")}
        pq.write_table(match(arguments.rows), inputs["parquet"], compression="zstd")
        others = [str(path) for name, path in inputs.items() if name != "parquet"]
        subprocess.run([sys.executable, "-c", make, str(inputs["parquet"]), *others], check=True)
        odd = Path(folder, "ragged.txt")  # one comment and a short line send the whole file down the careful path
        odd.write_bytes(b"# odd\n" + inputs["txt"].read_bytes() + b"999999,1,0,0,5,5\n")
        inputs["ragged.txt"] = odd
        print(f"{arguments.rows} rows")
        print(f"{'format':<12}{'size MB':>8}{'read s':>8}{'write s':>9}{'peak GB':>9}")
        for name, path in inputs.items():
            target = Path(folder, f"out.{name.removeprefix('ragged.')}")
            run = [sys.executable, __file__, "--one", str(path), str(target)]
            took = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
            size = path.stat().st_size / 1e6
            print(f"{name:<12}{size:>8.0f}{took['read']:>8.2f}{took['write']:>9.2f}{took['GB']:>9.2f}")


if __name__ == "__main__":
    main()
