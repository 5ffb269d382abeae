"""Clips with ground truth in a folder: their rows, their pictures, and the match that each belongs to."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reid_solve.evaluation.clips import GT_PLACES
from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.read import read
from reid_solve.tracklets.table import BoolArray, IntArray, Note, Tracks
from reid_solve.tracklets.video import EXTENSIONS, Picture, first_frame, pictures, probe
from reid_solve.training.data.images import read_picture

SAME = re.compile(r"(MOT17-\d+)-(?:DPM|FRCNN|SDP)")  # one clip, three times in MOT17, with three detectors' boxes
KINDS = ("sportsmot", "mot", "soccernet-tracking")
DEPTH = 4  # of folders below the root: ROOT/dataset/train/CLIP
FOLDER = "img1"
FPS = 25.0


@dataclass(frozen=True)
class Pictures:
    """Where the pictures of a clip are: a folder of numbered images, or a video.

    Attributes:
        files: number -> image; empty for a video.
        video: the file; None for a folder.
        width, height: pixels.
        base: number of the video's first frame in the ground truth.
        count: frames of the video; 0 where it does not say.
    """

    files: dict[int, Path]
    video: Path | None
    width: int
    height: int
    base: int = 1
    count: int = 0

    def has(self, frame: IntArray) -> BoolArray:
        """Which frames (n,), numbered as in the ground truth, it has."""
        if self.video is None:
            return np.isin(frame, np.fromiter(self.files, np.int64, len(self.files)))
        return (frame >= self.base) & ((self.count == 0) | (frame < self.base + self.count))

    def read(self, frames: IntArray) -> Iterator[tuple[int, Picture]]:
        """Decode frames (n,), ascending, each once.

        Raises:
            InputError: one cannot be decoded, or has another size.
        """
        if self.video is not None:
            for number, picture in pictures(self.video, wanted=[int(frame) - self.base for frame in frames]):
                yield number + self.base, picture
            return
        for frame in frames:
            picture = read_picture(self.files[int(frame)])
            if picture.shape[:2] != (self.height, self.width):
                size = f"{picture.shape[1]}x{picture.shape[0]}"
                raise InputError(
                    f"{self.files[int(frame)]}: {size} pixels, but the clip's pictures have {self.width}x{self.height}"
                )
            yield int(frame), picture


@dataclass(frozen=True)
class Clip:
    """One clip: its name, the match it is of, its folder and its ground truth."""

    name: str
    match: str
    folder: Path
    gt: Path

    def tracks(self, kind: str) -> Tracks:
        """The people's rows of the ground truth: with mark 1 and class 1 where it has these, without the ball."""
        return _people(self, kind)

    def pictures(self, tracks: Tracks) -> Pictures:
        """Find img1/ in the clip's folder, or a video in it or beside it.

        Raises:
            InputError: neither, or more than one video.
        """
        images = self.folder / FOLDER
        if images.is_dir():
            endings = (".jpg", ".jpeg", ".png", ".bmp")
            files = {
                int(p.stem): p for p in sorted(images.iterdir()) if p.suffix.lower() in endings and p.stem.isdigit()
            }
            if not files:
                raise InputError(f"{images}: no images named by their frame, as 000001.jpg; unpack the clip again")
            height, width = read_picture(next(iter(files.values()))).shape[:2]
            return Pictures(files, None, width, height)
        home = self.folder.absolute()
        near = [*home.iterdir(), *home.parent.glob(f"{glob_safe(home.name)}.*")]
        videos = sorted(p for p in near if p.suffix.lower() in EXTENSIONS)
        named = [p for p in videos if p.stem in ("video", home.name)]
        if len(videos) > 1 and len(named) == 1:
            videos = named
        if len(videos) != 1:
            what = f"{len(videos)} videos" if videos else f"no {FOLDER}/ and no video"
            raise InputError(f"{self.folder}: {what} for {self.gt.name}; leave one there, or call it video.mp4")
        video = probe(videos[0])
        return Pictures(
            {}, videos[0], video.width, video.height, first_frame(tracks), video.count if video.exact else 0
        )


def glob_safe(name: str) -> str:
    """A name that means itself in a pattern."""
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def find_clips(root: Path, kind: str) -> tuple[list[Clip], list[Note]]:
    """The clips below a folder, in order of name; of the copies that MOT17 has of a clip only the first.

    Args:
        root: searched four folders deep for ``gt/gt.txt`` or ``gt.txt``.
        kind: sportsmot, mot or soccernet-tracking: how the match of a clip is known.

    Returns:
        the clips, and what was left out.

    Raises:
        OptionError: no such kind.
        InputError: no clip, or two of one name.
    """
    if kind not in KINDS:
        raise OptionError(f"no kind {kind!r} of ground truth; one of: {', '.join(KINDS)}")
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; give the folder that holds the clips")
    clips: dict[str, Clip] = {}
    for folder, gt in _with_truth(root, DEPTH):
        name = folder.absolute().name
        if name in clips:
            raise InputError(f"{root}: {clips[name].folder} and {folder} are both clip {name!r}; rename one of them")
        clips[name] = Clip(name, _match(name, folder, kind), folder, gt)
    if not clips:
        raise InputError(f"{root}: no clip with ground truth in it; expected CLIP/{' or CLIP/'.join(GT_PLACES)}")
    first: dict[str, str] = {}
    notes = []
    for name in sorted(clips):
        if (copy := SAME.fullmatch(name)) and first.setdefault(copy[1], name) != name:
            notes.append(Note("copies", 1, f"{name} is {first[copy[1]]} with other detections; left out"))
            del clips[name]
    return [clips[name] for name in sorted(clips)], notes


def _with_truth(folder: Path, depth: int) -> Iterator[tuple[Path, Path]]:
    for place in GT_PLACES:
        if (folder / place).is_file():
            yield folder, folder / place
            return
    if depth:
        for inner in sorted(folder.iterdir()):
            if inner.is_dir() and inner.name != FOLDER and not inner.name.startswith("."):
                yield from _with_truth(inner, depth - 1)


def _match(name: str, folder: Path, kind: str) -> str:
    """SportsMOT names a clip MATCH_cNUMBER; SoccerNet says the game in gameinfo.ini; elsewhere a clip is a match.

    MOT17's three copies of a clip are one match.
    """
    if kind == "sportsmot":
        return name.rpartition("_c")[0] or name
    if kind == "soccernet-tracking":
        game = _game(folder).get("gameid", "")
        return f"game {game}" if game else name
    return again[1] if (again := SAME.fullmatch(name)) else name


def _game(folder: Path) -> dict[str, str]:
    file = folder / "gameinfo.ini"
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"))
        return dict(parser["Sequence"])
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, KeyError, configparser.Error) as error:
        raise InputError(f"{file}: cannot be understood ({str(error).splitlines()[0]}); copy it again") from error


def _people(clip: Clip, kind: str) -> Tracks:
    tracks = read(clip.gt)
    kept = tracks.codes("track_id")[0] >= 0
    reasons: list[tuple[str, BoolArray]] = []
    if kind != "soccernet-tracking" and "score" in tracks:
        reasons.append(("unmarked", tracks.score == 1))
    if "class_id" in tracks:
        reasons.append(("of another class", arrays.floats(tracks.canonical["class_id"]) == 1))
    if kind == "soccernet-tracking":
        ball = {key.rpartition("_")[2] for key, what in _game(clip.folder).items()
                if key.startswith("trackletid_") and what.split(";")[0].strip() == "ball"}  # fmt: skip
        codes, names = tracks.codes("track_id")
        is_ball = np.array([str(name) in ball for name in names.to_pylist()] + [False])
        reasons.append(("of the ball", ~is_ball[codes]))
    notes = []
    for reason, good in reasons:
        count = int((kept & ~good).sum())
        if count:
            notes.append(Note("not-people", count, f"{clip.name}: {count} rows {reason} left out"))
        kept &= good
    rows = arrays.column(np.flatnonzero(kept))
    read_notes = [replace(note, text=f"{clip.name}: {note.text}") for note in tracks.notes]
    return Tracks(tracks.canonical.take(rows), tracks.source.take(rows), tracks.clip, (*read_notes, *notes))
