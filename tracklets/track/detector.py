"""Pictures -> boxes with scores and classes, by any detector that Ultralytics can load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Note
from reid_solve.tracklets.track.library import reason, ultralytics
from reid_solve.tracklets.track.roles import chosen, is_person
from reid_solve.tracklets.video import Picture

ENDINGS = (".pt", ".onnx")
_TASKS = ("detect", "segment", "pose")  # those whose results have upright boxes
_BATCH = 16  # pictures at once on a GPU, 100 MB of 1080p; on a processor more than one gains nothing
_PLACE = "https://github.com/ultralytics/assets/releases"


class Detector:
    """A model, loaded.

    Attributes:
        path: of its file.
        names: of its classes, by number.
        kept: numbers of the classes that are wanted.
        batch: how many pictures it takes at once.
        notes: what a user should know about the choice of classes.
    """

    def __init__(
        self, path: Path, *, classes: Sequence[str | int] | None, conf: float, device: str, imgsz: int | None
    ) -> None:
        """Load a model.

        Raises:
            InputError: no file, or no detector in it.
            OptionError: a class that it does not know, a device that is not there, or ultralytics is not installed.
        """
        if not path.is_file():
            raise InputError(
                f"{path}: no such model file, and none is downloaded; get one (for instance from {_PLACE}) and give "
                "its path, or give boxes with --detections"
            )
        if path.suffix.lower() not in ENDINGS:
            raise InputError(f"{path}: not a model that is read here; give a .pt or .onnx file of Ultralytics")
        self.path = path
        yolo = ultralytics("ultralytics", "finding people").YOLO
        where = _device(device)
        if path.suffix.lower() == ".onnx":
            optional("onnxruntime", "video", "an ONNX model")
        try:
            self._model = yolo(str(path))
            self.names: dict[int, str] = {int(number): str(name) for number, name in self._model.names.items()}
        except Exception as error:  # whatever its file makes torch, onnxruntime or ultralytics raise
            raise InputError(
                f"{path}: not a model that Ultralytics can load ({reason(error)}); download or export it again"
            ) from error
        if self._model.task not in _TASKS:
            raise InputError(
                f"{path}: a model for the task {self._model.task!r}, which gives no boxes; take a detector"
            )
        self.notes: tuple[Note, ...] = ()
        self.kept = self._choose(classes)
        self.batch = _BATCH if where.startswith("cuda") and path.suffix.lower() == ".pt" else 1
        self._options: dict[str, Any] = {
            "conf": conf,
            "device": where,
            "classes": sorted(self.kept),
            "agnostic_nms": True,  # one person is not a player and a goalkeeper at once
            "save": False,
            "verbose": False,
        }
        if imgsz is not None:
            self._options["imgsz"] = imgsz

    def _choose(self, classes: Sequence[str | int] | None) -> set[int]:
        numbers = list(self.names)
        if classes is not None:
            return {numbers[i] for i in chosen(classes, list(self.names.items()), str(self.path))}
        people = {number for number, name in self.names.items() if is_person(name)}
        if not people or len(people) == len(numbers):
            return set(numbers)
        left = len(numbers) - len(people)
        shown = ", ".join(self.names[number] for number in sorted(people))
        text = f"of the model's {len(numbers)} classes the people are kept ({shown}); --classes chooses others"
        self.notes = (Note("classes-chosen", left, text, "warning"),)
        return people

    def find(self, pictures: Sequence[Picture]) -> list[npt.NDArray[np.float32]]:
        """Find boxes in some pictures.

        Returns:
            one (n, 6) a picture: x1, y1, x2, y2, score, number of the class.

        Raises:
            InputError: the model cannot be run.
        """
        try:
            results = self._model.predict(list(pictures), **self._options)
            return [result.boxes.data.cpu().numpy().astype(np.float32, copy=False)[:, :6] for result in results]
        except Exception as error:
            raise InputError(f"{self.path}: cannot be run on this video ({reason(error)})") from error


def _device(asked: str) -> str:
    """Where to compute: what is asked for, or the best there is.

    Raises:
        OptionError: no such device, or not here.
    """
    torch = optional("torch", "track", "finding people")
    if asked == "auto":
        return "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(f"cuda:{asked}" if asked.isdigit() else asked)
        torch.zeros(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError and its own
        raise OptionError(f"device {asked!r} is not there ({reason(error)}); try auto, cpu or cuda:0") from error
    return str(device)
