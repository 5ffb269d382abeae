"""Video or detections -> tracklets: what a detector saw, linked from frame to frame, for the solver to join.

Boxes are written as they were detected. A tracker's own, smoothed by its Kalman filter, lag behind whoever turns or
stops, and would spoil crops, scores and the link back to the detector's file; its filter only decides who is who.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.checks import check
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.formats.registry import Loaded, Options, TableOrigin
from reid_solve.tracklets.table import Clip, IntArray, Tracks
from reid_solve.tracklets.track.detector import Detector
from reid_solve.tracklets.track.given import link_given
from reid_solve.tracklets.track.linker import KINDS, LOW, Kind, Linker, Progress, id_column, settled, untracked
from reid_solve.tracklets.track.roles import role_column
from reid_solve.tracklets.video import Video, ahead, pictures, probe


def track(
    video: str | Path | None = None,
    *,
    model: str | Path | None = None,
    detections: Any = None,
    tracker: Kind | Literal["auto"] = "auto",
    classes: Sequence[str | int] | None = None,
    conf: float = LOW,
    device: str = "auto",
    imgsz: int | None = None,
    fps: float | None = None,
    size: tuple[int, int] | None = None,
    progress: Progress | None = None,
    **reading: Any,
) -> Tracks:
    """Track people through a video: detect them, or take boxes that somebody else detected, and link the boxes.

    Decoding streams: a few frames are in memory at a time. ByteTrack on given detections needs no pictures at all.

    Args:
        video: file; needed with a model, and by BoT-SORT, which measures the camera's motion in the pictures.
        model: a detector of Ultralytics, .pt or .onnx. A .pt file is a program: load only those you trust.
        detections: instead of a model: anything ``read`` takes, with or without ids (which are ignored).
        tracker: "bytetrack" or "botsort", both set for short and pure tracklets; see ``track/linker.py``. "auto" takes
            BoT-SORT where there is a video, since a camera that swings is what breaks and mixes up tracklets most.
        classes: names (in any case) or numbers of the classes to keep. By default the people that a model knows, and
            everything in given detections.
        conf: detections less certain than this are not looked for; given ones get no track.
        device: "auto", "cpu", "cuda:0", ...
        imgsz: longer side, in pixels, to which pictures are scaled for the model; its own choice by default.
        fps: frames per second; else the video's, else as the detections say, else 25.
        size: width and height of the picture in pixels, where there is no video.
        progress: called with the number of frames done and of all, None where that is unknown.
        **reading: more options of ``read``, for the detections.

    Returns:
        one row a detection, in the order of the detections where they are given; ``track_id`` is null where a
        detection is in no track. Frames found by a model count from 0.

    Raises:
        InputError: a video, model or detections that cannot be used.
        OptionError: options that do not fit together, or a library that is not installed.
    """
    kind: Kind = ("bytetrack" if video is None else "botsort") if tracker == "auto" else tracker
    if kind not in KINDS:
        raise OptionError(f"no tracker {tracker!r}; one of: auto, {', '.join(KINDS)}")
    if (model is None) == (detections is None):
        raise OptionError("give either a model or detections: --model yolo.pt, or --detections det.txt")
    if video is None and (model is not None or kind == "botsort"):
        raise OptionError(f"{'a model' if model is not None else 'botsort'} needs the video; give its path")
    if not 0 <= conf <= 1:
        raise OptionError(f"conf must be from 0 to 1, not {conf}")
    if detections is not None:
        path = None if video is None else Path(video)
        return link_given(path, detections, kind, classes, conf, progress, {**reading, "fps": fps, "size": size})
    meant = [name for name, value in reading.items() if value not in {None, False, "auto", "error"}]
    if meant or size is not None:
        raise OptionError(f"{(meant or ['size'])[0]}: says how to read detections, which a model makes itself")
    assert video is not None
    assert model is not None
    film = probe(Path(video))  # first: a model takes seconds to load
    detector = Detector(Path(model), classes=classes, conf=conf, device=device, imgsz=imgsz)
    return _detect(film, detector, kind, fps or film.fps, progress)


def _detect(film: Video, detector: Detector, kind: Kind, fps: float, progress: Progress | None) -> Tracks:
    linker = Linker(kind, fps)
    found: list[npt.NDArray[np.float32]] = []
    linked: list[IntArray] = []
    stream = ahead(picture for _, picture in pictures(film.path))
    while batch := list(islice(stream, detector.batch)):
        for picture, boxes in zip(batch, detector.find(batch), strict=True):
            linked.append(linker.update(boxes, picture if kind == "botsort" else None))
            found.append(boxes)
        if progress:
            progress(len(found), film.count or None)
    data, ids = np.concatenate(found), settled(np.concatenate(linked))
    table = _table(np.repeat(np.arange(len(found)), [len(boxes) for boxes in found]), data, ids, detector.names)
    clip = Clip(
        fps=fps,
        width=film.width,
        height=film.height,
        length=len(found),
        source=str(film.path),
        format="track",
        metadata={"frame_base": 0, "tracker": linker.settings, "detector": detector.path.name},
    )
    tracks = check(Loaded(table, clip, TableOrigin(table), detector.notes), clip, Options())
    notes = (*(note for note in tracks.notes if note.code != "unassigned"), *untracked(ids, tracks.score))
    return replace(tracks, notes=notes)


def _table(frame: IntArray, data: npt.NDArray[np.float32], ids: IntArray, names: dict[int, str]) -> pa.Table:
    """Rows as they were detected, (n, 6) corners, score and class, with their ids (n,)."""
    x1, y1, x2, y2, score, kind = (np.ascontiguousarray(side) for side in data.T)
    numbers = sorted(names)
    code = np.searchsorted(numbers, kind.astype(np.int64))
    columns = {"frame": arrays.column(frame), "track_id": id_column(ids)}
    sides = zip("xywh", (x1, y1, x2 - x1, y2 - y1), strict=True)
    columns |= {side: arrays.column(numbers_) for side, numbers_ in sides}
    columns |= {"score": arrays.column(score), "class_id": arrays.column(kind.astype(np.int64))}
    words = [names[number] for number in numbers]
    columns["class_name"] = pa.DictionaryArray.from_arrays(arrays.column(code.astype(np.int32)), arrays.strings(words))
    role = role_column(code, words)
    return pa.table(columns if role is None else {**columns, "role": role})
