"""What batching, decoding beside the model and a cache are worth: `embed` against the loop that everybody writes first.

The loop decodes the same frames in the same order (never seeking), cuts out the same boxes, and for each resizes,
normalises and runs the model on it alone. Both have the same file of weights. The loop runs twice: with onnxruntime's
own settings, and with one thread for the model, which on few cores is the faster. Sampling is on a line of its own: it
embeds fewer crops, which is no throughput. CPU seconds say what the work costs, however busy the machine is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter, process_time

import click
import numpy as np
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.tracklets.crops import every
from reid_solve.tracklets.embed.registry import Settings
from reid_solve.tracklets.embed.run import Embedded, embed
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import IntArray, Tracks
from reid_solve.tracklets.video import first_frame, pictures, probe

MEAN, STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
file_path = click.Path(exists=True, dir_okay=False, path_type=Path)


def plain_loop(tracks: Tracks, video: Path, rows: IntArray, model: Path, threads: int | None) -> np.ndarray:
    """Crop after crop: vectors (m, D) of rows (m,), ascending by frame."""
    cv2, runtime = optional("cv2", "video", "this"), optional("onnxruntime", "video", "this")
    options = runtime.SessionOptions()
    if threads:
        options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    height, width = given.shape[2:]
    frames = tracks.frame[rows] - first_frame(tracks)
    out = []
    for number, picture in pictures(video, wanted=np.unique(frames).tolist()):
        for row in rows[frames == number]:
            x, y, w, h = tracks.boxes[row]
            left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
            crop = picture[top : int(np.ceil(y + h)), left : int(np.ceil(x + w))]
            rgb = cv2.resize(crop, (width, height))[..., ::-1]
            pixels = ((rgb.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)[None]
            out.append(session.run(None, {given.name: np.ascontiguousarray(pixels)})[0][0])
    return np.array(out)


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True,
              help="Folder with video.mp4.")  # fmt: skip
@click.option("--tracks", "source", type=file_path, required=True)
@click.option("--model", type=file_path, required=True, help="An ONNX file.")
@click.option("--every", "step", type=int, default=2, show_default=True, help="All boxes of every n-th frame.")
@click.option("--frames", type=int, help="Only the first so many.")
@click.option("--repeat", type=int, default=2, show_default=True, help="Rounds; the best of each counts.")
@click.option("--threads", type=int, help="Of the model, in reid-solve.")
def main(data: Path, source: Path, model: Path, step: int, frames: int | None, repeat: int,
         threads: int | None) -> None:  # fmt: skip
    """Time `embed` and the plain loop on the same crops, alternating.

    \b
    Example:
        python benchmarks/embed_speed.py --data VIDEO_FOLDER --tracks bytetrack.txt --model osnet.onnx
    """
    video, tracks = data / "video.mp4", rs.read(source)
    if frames is not None:
        kept = tracks.frame < tracks.frame.min() + frames
        tracks = Tracks(tracks.canonical.filter(kept), tracks.source.filter(kept), tracks.clip)
    rows = every(tracks, probe(video), step)
    settings = Settings("cpu", threads)
    best: dict[str, tuple[float, float, int]] = {}

    def timed(name: str, work: object) -> object:
        begin, busy = perf_counter(), process_time()
        done = work()  # type: ignore[operator]
        seconds, busy = perf_counter() - begin, process_time() - busy
        count = len(done.rows) if isinstance(done, Embedded) else len(done)  # type: ignore[arg-type]
        best[name] = min(best.get(name, (np.inf, np.inf, 0)), (seconds, busy, count))
        return done

    with tempfile.TemporaryDirectory() as cache:
        spec = f"onnx:{model}"
        for _ in range(repeat):
            plain = timed("plain loop", lambda: plain_loop(tracks, video, rows, model, None))
            timed("plain loop, 1 thread for the model", lambda: plain_loop(tracks, video, rows, model, 1))
            ours = timed("reid-solve", lambda: embed(tracks, video, spec, step=step, settings=settings))
            timed("reid-solve, a sample", lambda: embed(tracks, video, spec, per_tracklet=16, settings=settings))
            timed("reid-solve, color", lambda: embed(tracks, video, "color", step=step))
            timed("decoding alone", lambda: [0 for _ in pictures(video, frames)])
        keep = Path(cache)
        embed(tracks, video, spec, step=step, settings=settings, cache=keep)
        timed(
            "reid-solve, again (cached)", lambda: embed(tracks, video, spec, step=step, settings=settings, cache=keep)
        )
    table = Table(box=None, pad_edge=False)
    for head in ("", "crops", "s", "crops/s", "speed-up", "CPU s"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    reference = best["plain loop"][0]
    for name, (seconds, busy, count) in best.items():
        rate = "" if "decoding" in name else f"{count / seconds:.0f}"
        table.add_row(name, str(count), f"{seconds:.1f}", rate, f"{reference / seconds:.1f}", f"{busy:.1f}")
    console().print(table)
    assert isinstance(ours, Embedded)
    assert isinstance(plain, np.ndarray)
    same = (ours.vectors * plain).sum(1) / np.linalg.norm(ours.vectors, axis=1) / np.linalg.norm(plain, axis=1)
    console().print(f"cosine of both embeddings of a crop: at least {same.min():.4f}, median {np.median(same):.4f}")


if __name__ == "__main__":
    main()
