"""From ground truth of tracking to a re-identification set: crops by person, lists, and where everybody is from."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reid_solve.tracklets.crops import MIN_PIXELS
from reid_solve.tracklets.errors import InputError, OptionError, OutputError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.table import Note, Tracks
from reid_solve.tracklets.write import write_text
from reid_solve.training.data.choose import Picks, held_out, pick
from reid_solve.training.data.clips import FPS, Clip, Pictures, find_clips
from reid_solve.training.data.folders import INFO
from reid_solve.training.data.half_made import PART, begin, plan_of, summed
from reid_solve.training.data.places import places, write_places
from reid_solve.training.data.reidset import SPLITS

QUALITY = 95  # of JPEG
CAMERA = {"train": 0, "query": 1, "gallery": 0}


@dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        output: the folder.
        clips, matches, held_out: how many there are; ``held_out`` are matches.
        people: persons by split; who is asked for is in the gallery, too.
        pictures: by split.
        notes: what was left out.
    """

    output: Path
    clips: int
    matches: int
    held_out: int
    people: dict[str, int]
    pictures: dict[str, int]
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        """What there is, in words."""
        parts = [f"{self.pictures[split]} {split} pictures of {self.people[split]} people" for split in SPLITS]
        found = ", ".join(part for split, part in zip(SPLITS, parts, strict=True) if self.pictures[split])
        return f"{found}; {self.clips} clips of {self.matches} matches, {self.held_out} held out"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings."""
        facts = {"clips": self.clips, "matches": self.matches, "held_out_matches": self.held_out}
        notes = [{"code": n.code, "count": n.count, "text": n.text} for n in self.notes]
        return {"output": str(self.output), **facts, "people": self.people, "pictures": self.pictures, "notes": notes}


def make_set(
    kind: str,
    root: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    seed: int = 0,
    share: float = 0.1,
    progress: Callable[[int, int | None], None] | None = None,
) -> Made:
    """Cut people out of clips with ground truth.

    Clips are worked through one after the other, each of their pictures decoded once. The set appears under its name
    when it is complete; until then it grows in ``OUTPUT.part``, where an interrupted run goes on at the next clip.

    Args:
        kind: sportsmot, mot or soccernet-tracking.
        root: folder of the clips: ``gt/gt.txt`` with ``img1/``, or a video beside ``gt`` or the clip's folder.
        output: folder to make; the layout is ``lists``.
        seed: of all lots.
        share: of the people to hold out for testing, in whole matches.
        progress: told of clips done, and of all.

    Raises:
        InputError: no clips, or one that cannot be used.
        OptionError: no such kind, or only one match to divide.
        OutputError: there is something under the output's name, or it cannot be written.
    """
    root, output = Path(root), Path(output)
    if not 0 <= share < 1:
        raise OptionError(f"the share of people to hold out must be 0 or more and below 1, not {share}")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError(f"{output}: is there already; remove it, or choose another name")
    optional("cv2", "train", "cutting out pictures")
    clips, notes = find_clips(root, kind)
    tracks = [clip.tracks(kind) for clip in clips]
    people = [len(found.codes("track_id")[1]) for found in tracks]
    tested = held_out([clip.match for clip in clips], people, share, seed)
    part = output.absolute().with_name(output.absolute().name + PART)
    try:
        begin(part, plan_of(kind, seed, clips, tested))
        firsts = np.cumsum([1, *people])
        lines: dict[str, list[str]] = {split: [] for split in SPLITS}
        info: dict[str, dict[str, str]] = {}
        taken: dict[str, list[float]] = {}
        for number, (clip, found) in enumerate(zip(clips, tracks, strict=True)):
            job = _Job(clip, found, int(firsts[number]), clip.match in tested, np.random.default_rng([seed, number]))
            done = part / "done" / f"{clip.name}.json"
            if not done.is_file():
                write_text(json.dumps(job.run(part)), done)
            result = json.loads(done.read_text(encoding="utf-8"))
            notes += [*found.notes, *(Note(*note) for note in result["notes"])]
            for split, line, place in result["lines"]:
                lines[split].append(line)
                path, gid, _ = line.rsplit(maxsplit=2)
                info[gid], taken[path] = {"match": clip.match, "clip": clip.name}, place
            if progress is not None:
                progress(number + 1, len(clips))
        if not any(lines.values()):
            raise InputError(f"{root}: no person in {len(clips)} clips has a usable box; see their ground truth")
        for split, text in lines.items():
            if text:
                (part / f"{split}.txt").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        write_text(json.dumps(info), part / INFO)
        write_places(part, taken.items())
        if output.is_dir():
            output.rmdir()
        os.replace(part, output)
        shutil.rmtree(output / "done")
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    who = {split: len({line.rsplit(maxsplit=2)[1] for line in lines[split]}) for split in SPLITS}
    counts = {split: len(lines[split]) for split in SPLITS}
    matches = {clip.match for clip in clips}
    return Made(output, len(clips), len(matches), len(tested), who, counts, summed(notes))


@dataclass(frozen=True)
class _Job:
    """One clip: its people are numbered from ``first`` on."""

    clip: Clip
    tracks: Tracks
    first: int
    test: bool
    rng: np.random.Generator

    def run(self, part: Path) -> dict[str, Any]:
        """Write the clip's pictures; returns lines by split with their places, and notes."""
        place = self.clip.pictures(self.tracks)
        rows, corners, notes = _usable(self.clip, self.tracks, place)
        person = self.tracks.codes("track_id")[0][rows]
        fps = self.tracks.clip.fps or FPS
        if not self.tracks.clip.fps and self.test:
            text = f"{self.clip.name}: no seqinfo.ini says how many frames a second has; taken as {FPS:g}"
            notes.append(Note("no-fps", 1, text, "warning"))
        picks = pick(person, self.tracks.frame[rows], fps, self.test, self.rng)
        if picks.alone:
            text = f"{picks.alone} persons are not seen long enough to be asked for; they are in the gallery only"
            notes.append(Note("gallery-only", picks.alone, f"{self.clip.name}: {text}", "warning"))
        folder = part / "images" / self.clip.name
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was interrupted
        folder.mkdir(parents=True)
        where = places(self.tracks, fps, (place.width, place.height))
        lines = self._cut(place, rows, corners, person, picks, where, folder)
        lost = len(picks.row) - len(lines)
        if lost:
            notes.append(Note("no-picture", lost, f"{self.clip.name}: {lost} chosen boxes lie after the video's end"))
        return {"lines": sorted(lines), "notes": [[n.code, n.count, n.text, n.kind] for n in notes]}

    def _cut(
        self, place: Pictures, rows: Any, corners: Any, person: Any, picks: Picks, where: Any, folder: Path
    ) -> list[list[Any]]:
        cv2 = optional("cv2", "train", "cutting out pictures")
        frame = self.tracks.frame[rows[picks.row]]
        order = np.argsort(frame, kind="stable")
        wanted, start = np.unique(frame[order], return_index=True)
        groups = dict(zip(wanted.tolist(), np.split(order, start[1:]), strict=True))
        lines = []
        for number, picture in place.read(wanted):
            for at in groups[number]:
                row, split = int(picks.row[at]), str(picks.split[at])
                left, top, right, bottom = corners[row]
                gid = self.first + int(person[row])
                name = f"{gid:06}_{number:06}.jpg"
                good, data = cv2.imencode(".jpg", picture[top:bottom, left:right], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
                if not good:
                    raise OutputError(f"{folder / name}: the picture cannot be encoded")
                (folder / name).write_bytes(data.tobytes())
                line = f"images/{self.clip.name}/{name} {gid} {CAMERA[split]}"
                lines.append([split, line, where[rows[row]].tolist()])
        return lines


def _usable(clip: Clip, tracks: Tracks, place: Pictures) -> tuple[Any, Any, list[Note]]:
    """Rows with something to cut out, all rows' corners in the picture (for these), and what was left out.

    Raises:
        InputError: the clip has rows, but no picture for any.
    """
    limit = (place.width, place.height)
    low = np.clip(np.floor(tracks.boxes[:, :2]), 0, limit)
    high = np.clip(np.ceil(tracks.boxes[:, :2] + tracks.boxes[:, 2:]), 0, limit)
    corners = np.nan_to_num(np.column_stack([low, high])).astype(np.int64)
    seen = (corners[:, 2:] - corners[:, :2] >= MIN_PIXELS).all(axis=1)
    there = place.has(tracks.frame)
    if len(tracks) and not there.any():
        span = f"{int(tracks.frame.min())} to {int(tracks.frame.max())}"
        raise InputError(f"{clip.gt}: frames {span}, and no picture of any in {clip.folder}; unpack the clip again")
    notes = []
    for code, wrong, what in (("no-picture", ~there, "of frames without a picture"),
                              ("outside", there & ~seen, "outside the picture")):  # fmt: skip
        if wrong.any():
            notes.append(Note(code, int(wrong.sum()), f"{clip.name}: {int(wrong.sum())} boxes {what} left out"))
    rows = np.flatnonzero(seen & there)
    missing = len(tracks.codes("track_id")[1]) - len(np.unique(tracks.codes("track_id")[0][rows]))
    if missing:
        notes.append(
            Note("people-lost", missing, f"{clip.name}: {missing} persons have no usable box and are left out")
        )
    return rows, corners[rows], notes
