"""Pickled tracks as football tutorials and re-identification demos leave them: one dictionary a role, frame and person.

``{"players": [{id: {"bbox": [x1, y1, x2, y2]}, ...}, ...], "referees": [...], "ball": [...]}``, a list entry a frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import unpack
from reid_solve.tracklets.formats.nested import NestedOrigin, box_columns, boxes_of, columns_of
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.unpickle import unpickle
from reid_solve.tracklets.table import Clip, IntArray, Note, counted
from reid_solve.tracklets.track.roles import role_column

_SHAPE = '{"players": [{id: {"bbox": [x1, y1, x2, y2]}}, ...], "referees": [...], "ball": [...]}'
_ENDINGS = {".pkl", ".pickle"}


def _is_pickle(file: File) -> bool:
    magic = file.head[:1] == b"\x80" and file.head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}
    return magic or Path(file.path.name.lower().removesuffix(".gz")).suffix in _ENDINGS


@reader(
    "pickle",
    recognises=_is_pickle,
    turn=0,
    about="pickled tracks by role, frame and id; needs --allow-pickle, and runs nothing that is inside",
    extensions=(".pkl", ".pickle"),
)
def read_pickle(file: File, options: Options) -> Loaded:
    """Read pickled tracks by role and frame, without running anything that is in the pickle.

    Raises:
        InputError: ``allow_pickle`` is not set, the pickle holds more than plain data, or no such tracks.
    """
    if not options.allow_pickle:
        raise InputError(
            f"{file}: a pickle, and unpickling runs whatever code is inside, so it is not read; if you trust who wrote "
            "it, pass --allow-pickle, which takes plain data only; or write parquet or CSV"
        )
    source = str(file)
    content = unpickle(unpack(file.path.read_bytes(), source)[0], source)
    if _is_gallery(content):
        raise InputError(
            f"{source}: one vector for each of {len(content)} ids and no boxes; give the tracks they belong to"
        )
    if not isinstance(content, dict) or not content or not all(_is_frames(frames) for frames in content.values()):
        raise InputError(f"{source}: a {type(content).__name__}, but not tracks as {_SHAPE}; write parquet or CSV")
    found = [
        (frame, kind, key, person)
        for kind, frames in enumerate(content.values())
        for frame, people in enumerate(frames)
        for key, person in people.items()
    ]
    found.sort(key=lambda one: one[:2])
    names = [str(name) for name in content]
    frame, kind = (np.array([one[k] for one in found], np.int64) for k in (0, 1))

    def path(row: int) -> str:
        return f"{names[found[row][1]]}, frame {found[row][0]}, id {found[row][2]}"

    people = [one[3] for one in found]
    ids, given, notes = _distinct([one[2] for one in found], kind, names)
    columns = {"frame": arrays.column(frame), "track_id": ids}
    columns |= box_columns(boxes_of(people, "bbox", source, path), options.box_format or "xyxy")
    words = pa.DictionaryArray.from_arrays(arrays.column(kind.astype(np.int32)), arrays.strings(names))
    role = role_column(kind, names)
    columns |= {"class_name": words} | ({} if role is None else {"role": role})
    columns |= {} if given is None else {"id_in_file": given}
    extra, ignored = columns_of(people, {"bbox"}, columns, lists=False)
    table = pa.table(columns | extra)
    length = max(len(frames) for frames in content.values())
    clip = Clip(source=source, format="pickle", length=length, metadata={"frame_base": 0})
    return Loaded(table, clip, NestedOrigin(table, path), (*notes, *ignored))


def _is_gallery(content: Any) -> bool:
    return isinstance(content, dict) and bool(content) and all(hasattr(v, "__array__") for v in content.values())


def _is_frames(frames: Any) -> bool:
    return isinstance(frames, list) and all(
        isinstance(people, dict) and all(isinstance(person, dict) for person in people.values()) for people in frames
    )


def _distinct(keys: list[Any], kind: IntArray, names: list[str]) -> tuple[Any, Any | None, tuple[Note, ...]]:
    """Ids (n,) of which no two roles share one: whoever comes later in the file and has a taken id gets a free one.

    Returns:
        the ids; those in the file where some had to change, else None; and what was done.
    """
    if not all(isinstance(key, int | np.integer) and abs(int(key)) < 2**62 for key in keys):
        texts = [f"{names[k]} {key}" for k, key in zip(kind.tolist(), keys, strict=True)]
        return arrays.strings(texts), None, ()
    ids = np.array([int(key) for key in keys], np.int64)
    given = ids.copy()
    following = max(int(ids.max(initial=0)), 0) + 1
    changed = 0
    for late in range(1, len(names)):
        own, taken = np.unique(given[kind == late]), given[kind < late]
        shared = own[np.isin(own, taken)]
        shared = shared[shared != -1]
        new = np.arange(following, following + len(shared))
        mine = np.flatnonzero((kind == late) & np.isin(given, shared))
        ids[mine] = new[np.searchsorted(shared, given[mine])]
        following += len(shared)
        changed += len(mine)
    if not changed:
        return arrays.column(ids), None, ()
    text = (
        f"ids that several roles share are made distinct in {counted(changed, 'row')}; the column id_in_file has them"
    )
    return arrays.column(ids), arrays.column(given), (Note("ids-made-distinct", changed, text),)
