"""What batching, decoding beside the model and a cache are worth: `embed` against the loop that everybody writes first.

The loop reads the video with OpenCV from the beginning, never seeking; of each frame wanted it cuts out the boxes, and
each crop alone is resized, normalised in numpy and given to an onnxruntime session with its own settings. It runs three
times: so; with one thread for the model, which on few cores is the faster; and with the crop prepared as torchreid's
FeatureExtractor does (a PIL picture, Resize, ToTensor, Normalize). All have the same file of weights, and every crop
goes through it. "Crops in memory" leaves out on both sides the video (the crops are there, in a list) and loading the
network. Loading has lines of its own, and so has sampling: it embeds fewer crops, which is no throughput.

Rounds alternate. In the table the best of each counts; below it stands what each round gave side by side. CPU seconds
(user and system, all threads) say what the work costs, however busy the machine is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import click
import numpy as np
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.tracklets.crops import crops, every
from reid_solve.tracklets.embed.pipeline import run
from reid_solve.tracklets.embed.plan import make_plan
from reid_solve.tracklets.embed.registry import Embedder, Settings, embedder
from reid_solve.tracklets.embed.run import Embedded, embed
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import IntArray, Tracks
from reid_solve.tracklets.video import Picture, Video, first_frame, pictures, probe

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
file_path = click.Path(exists=True, dir_okay=False, path_type=Path)
Prepare = Callable[[np.ndarray], np.ndarray]
Held = list[tuple[IntArray, list[Picture]]]
MEMORY = "crops in memory"


def in_numpy(height: int, width: int) -> Prepare:
    """Resize with OpenCV, normalise in numpy (in doubles, as lists of means make it), once a crop."""
    cv2 = optional("cv2", "video", "this")

    def prepare(crop: np.ndarray) -> np.ndarray:
        rgb = cv2.cvtColor(cv2.resize(crop, (width, height)), cv2.COLOR_BGR2RGB)
        return ((rgb / 255.0 - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)

    return prepare


def in_pil(height: int, width: int) -> Prepare:
    """Resize and normalise as torchreid's FeatureExtractor and CLIP's own preprocessing do."""
    cv2, transforms = optional("cv2", "video", "this"), optional("torchvision.transforms", "video", "this")
    steps = transforms.Compose([transforms.ToPILImage(), transforms.Resize((height, width)), transforms.ToTensor(),
                                transforms.Normalize(MEAN, STD)])  # fmt: skip
    return lambda crop: steps(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))[None].numpy()


def cut_out(tracks: Tracks, video: Path, rows: IntArray) -> Iterator[np.ndarray]:
    """Crops of rows (m,), ascending by frame, as OpenCV reads them."""
    cv2 = optional("cv2", "video", "this")
    frames = tracks.frame[rows] - first_frame(tracks)
    film = cv2.VideoCapture(str(video))
    for number in range(int(frames.max()) + 1):
        _, picture = film.read()
        for row in rows[frames == number]:
            x, y, w, h = tracks.boxes[row]
            left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
            yield picture[top : int(np.ceil(y + h)), left : int(np.ceil(x + w))]


def session_of(model: Path, threads: int | None = None) -> Any:
    """A network in onnxruntime, with its own settings but for the threads."""
    runtime = optional("onnxruntime", "video", "this")
    options = runtime.SessionOptions()
    if threads:
        options.intra_op_num_threads = threads
    return runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def plain_loop(crops: Iterable[np.ndarray], session: Any,
               preparing: Callable[[int, int], Prepare] = in_numpy) -> np.ndarray:  # fmt: skip
    """Crop after crop: vectors (m, D)."""
    (given,) = session.get_inputs()
    prepare = preparing(*given.shape[2:])
    return np.array([session.run(None, {given.name: prepare(crop)})[0][0] for crop in crops])


def loaded(backend: str, settings: Settings) -> Embedder:
    """An embedder, ready to embed."""
    model = embedder(backend, settings)
    model.load()
    return model


def from_memory(tracks: Tracks, film: Video, held: Held, model: Embedder) -> np.ndarray:
    """What ``embed`` does once crops are cut out: vectors (m, D) of the rows held, ascending by frame."""
    plan = make_plan(tracks, film, np.concatenate([rows for rows, _ in held]), twins=False)
    parts = list(run(plan, list(range(plan.chunks)), held, model))
    rows, vectors = (np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "vector"))
    return vectors[np.lexsort((rows, tracks.frame[rows]))]


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
    film = probe(video)
    rows = every(tracks, film, step)
    looked_at = np.unique(tracks.frame[rows] - first_frame(tracks)).tolist()
    last = looked_at[-1] + 1
    settings = Settings("cpu", threads)
    held = list(crops(film, tracks, rows))
    cut = partial(cut_out, tracks, video, rows)
    engines = ["onnx", *(["openvino"] if find_spec("openvino") else [])]
    ours: dict[str, Callable[[], Any]] = {
        f"reid-solve, {engine}": partial(embed, tracks, video, f"{engine}:{model}", step=step, settings=settings)
        for engine in engines
    }
    within: dict[str, Callable[[], Any]] = {
        f"{MEMORY}: reid-solve, {engine}": partial(
            from_memory, tracks, film, held, loaded(f"{engine}:{model}", settings)
        )
        for engine in engines
    }
    session = session_of(model)
    works: dict[str, Callable[[], Any]] = {
        "plain loop": lambda: plain_loop(cut(), session_of(model)),
        "plain loop, 1 thread for the model": lambda: plain_loop(cut(), session_of(model, 1)),
        "plain loop, PIL and torchvision": lambda: plain_loop(cut(), session_of(model), in_pil),
        **ours,
        f"{MEMORY}: plain loop": lambda: plain_loop((crop for _, some in held for crop in some), session),
        **within,
        "loading, onnxruntime": lambda: [session_of(model)],
        **{f"loading, {engine}": partial(loaded, f"{engine}:{model}", settings) for engine in engines},
        "reid-solve, onnx, a sample": lambda: embed(tracks, video, f"onnx:{model}", per_tracklet=16, settings=settings),
        "reid-solve, color": lambda: embed(tracks, video, "color", step=step),
        "decoding every frame": lambda: [0 for _ in pictures(video, last)],
        "decoding those wanted": lambda: [0 for _ in pictures(video, wanted=looked_at)],
    }
    best: dict[str, tuple[float, float]] = {}
    rounds: dict[str, list[float]] = {}
    made: dict[str, Any] = {}

    def timed(name: str, work: Callable[[], Any]) -> None:
        begin, busy = perf_counter(), process_time()
        made[name] = work()
        seconds, busy = perf_counter() - begin, process_time() - busy
        fastest, least = best.get(name, (np.inf, np.inf))
        best[name] = min(fastest, seconds), min(least, busy)
        rounds.setdefault(name, []).append(seconds)

    for _ in range(repeat):
        for name, work in works.items():
            timed(name, work)
    with tempfile.TemporaryDirectory() as cache:
        for name in ("", "reid-solve, onnx, again (cached)"):
            timed(name, lambda: embed(tracks, video, f"onnx:{model}", step=step, settings=settings, cache=Path(cache)))
    del best[""]
    table = Table(box=None, pad_edge=False)
    for head in ("", "crops", "s", "crops/s", "speed-up", "CPU s", "CPU ms a crop", "CPU ratio"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)

    def beside(name: str) -> str:
        """The loop that a line is measured by."""
        return f"{MEMORY}: plain loop" if name.startswith(MEMORY) else "plain loop"

    for name, (seconds, busy) in best.items():
        reference, work_of = best[beside(name)]
        if name.startswith(("decoding", "loading")):
            table.add_row(name, "", f"{seconds:.1f}", "", "", f"{busy:.1f}")
            continue
        count = len(made[name].rows if isinstance(made[name], Embedded) else made[name])
        table.add_row(name, str(count), f"{seconds:.1f}", f"{count / seconds:.0f}", f"{reference / seconds:.1f}",
                      f"{busy:.1f}", f"{busy / count * 1e3:.2f}", f"{work_of / max(busy, 1e-9):.1f}")  # fmt: skip
    console().print(table)
    for name in (*ours, *within):
        ratios = np.divide(rounds[beside(name)], rounds[name])
        each = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        console().print(f"{name}: speed-up round by round {each}; median {np.median(ratios):.1f}")
    plain = made["plain loop"]
    for name in (*ours, *within):
        vectors = made[name].vectors if name in ours else made[name]
        same = (vectors * plain).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(plain, axis=1)
        few, half = np.quantile(same, [0.01, 0.5])
        console().print(f"{name}: cosine with the loop's at least {same.min():.4f}, 1 % {few:.4f}, median {half:.4f}")


if __name__ == "__main__":
    main()
