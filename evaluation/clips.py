"""Which tracks belong to which ground truth: by sequence inside two tables, by name between two folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reid_solve.tracklets.errors import InputError

TRACK_FILES = frozenset(
    (".txt", ".csv", ".tsv", ".parquet", ".pq", ".arrow", ".feather", ".json", ".jsonl", ".xml", ".pkl", ".gz")
)
GT_PLACES = ("gt/gt.txt", "gt.txt")
LISTED = 10  # names that an error lists before it counts


def is_folder_of_clips(path: Path) -> bool:
    """Whether a ground-truth path is a folder that holds clips, not one clip's own folder."""
    return path.is_dir() and not any((path / place).is_file() for place in GT_PLACES)


def gt_file(path: Path) -> Path:
    """Ground truth of one clip: the file itself, or in the clip's folder ``gt/gt.txt`` or ``gt.txt``."""
    if not path.is_dir():
        return path
    for place in GT_PLACES:
        if (path / place).is_file():
            return path / place
    raise InputError(f"{path}: no ground truth; expected {' or '.join(GT_PLACES)} in it")


def pred_file(path: Path, tracker: str | None = None) -> Path:
    """Track file of one clip: the file itself, or in the clip's folder ``TRACKER.*``, or the only track file there."""
    if not path.is_dir():
        return path
    files = [file for file in _visible(path) if _is_track_file(file)]
    found = [f for f in files if tracker is None or clip_name(f) == tracker]
    if len(found) == 1:
        return found[0]
    if tracker is not None:
        what = "no" if not found else "more than one"
        raise InputError(f"{path}: {what} file {tracker}.*; it holds {listed([f.name for f in files])}")
    if not found:
        raise InputError(f"{path}: no track file; expected one, for example {path.name}.txt")
    several = listed([f.name for f in found])
    raise InputError(f"{path}: {len(found)} track files ({several}); say which with --tracker NAME")


def clip_name(path: Path) -> str:
    """What a clip is called after its file: the name without extensions; for ``gt.txt`` that of its folder."""
    if path.name == "gt.txt":
        folder = path.absolute().parent
        return folder.parent.name if folder.name == "gt" else folder.name
    name = path.name.removesuffix(".gz")
    return name.rpartition(".")[0] or name


def in_folder(folder: Path, *, gt: bool) -> dict[str, Path]:
    """Clips of a folder, by name: ``NAME.ext`` or ``NAME/``, in order of name.

    Args:
        folder: where they are.
        gt: look for ground truth: folders without any are no clips then, and files are none beside folders with some.
    """
    clips: dict[str, Path] = {}
    files = [path for path in _visible(folder) if _is_track_file(path)]
    folders = [path for path in _visible(folder) if path.is_dir() and not (gt and is_folder_of_clips(path))]
    for path in folders if gt and folders else sorted([*files, *folders]):
        name = path.name if path.is_dir() else clip_name(path)
        if name in clips:
            raise InputError(f"{folder}: {clips[name].name} and {path.name} are both clip {name!r}; remove one of them")
        clips[name] = path
    return clips


def same_clip(pred: Path, gt: Path) -> Path:
    """Where a folder of predictions holds the clip of a ground-truth folder; the path itself where it is that clip."""
    return in_folder(pred, gt=False).get(gt.absolute().name, pred) if pred.is_dir() else pred


def paired(pred: Sequence[str], gt: Sequence[str], where: str) -> tuple[list[str], list[str]]:
    """Match names of clips.

    Args:
        pred, gt: names on either side.
        where: start of an error message.

    Returns:
        the names that both sides have, in the order of ``gt``, and those without ground truth.

    Raises:
        InputError: ground truth without tracks: leaving a clip out would flatter the score.
    """
    if not gt:
        raise InputError(f"{where}: no clip with ground truth; expected NAME.txt, NAME/gt.txt or NAME/gt/gt.txt")
    missing = [name for name in gt if name not in set(pred)]
    if missing:
        raise InputError(
            f"{where}: no tracks for {len(missing)} of {len(gt)} clips: {listed(missing)}; "
            "add them (an empty file where the tracker found nobody), or take their ground truth out"
        )
    return list(gt), [name for name in pred if name not in set(gt)]


def _is_track_file(path: Path) -> bool:
    return path.suffix.lower() in TRACK_FILES and path.name != "gt.txt" and path.is_file()


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def listed(names: Sequence[str]) -> str:
    """Name the first few, and say how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (", ".join(names[:LISTED]) or "nothing") + more
