"""Which of the user's columns is which of ours: the names that trackers, annotation tools and data sets use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reid_solve.tracklets.errors import InputError

# In order of preference; compared without regard to case.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "frame": ("frame", "frame_index", "frame_id", "frame_number", "frame_idx", "frame_num", "frameid", "image_id"),
    "track_id": ("track_id", "tracker_id", "trackid", "id", "tid", "object_id", "obj_id", "player_id"),
    "sequence": ("sequence", "sequence_name", "seq", "video", "video_id", "video_name", "clip"),
    "score": ("score", "conf", "confidence", "bbox_conf", "det_score"),
    "class_id": ("class_id", "category_id", "cls_id", "cls", "class"),
    "class_name": ("class_name", "label", "category", "cls_name", "class", "cls", "class_id", "name"),
    "team": ("team", "team_name"),
    "team_score": ("team_score", "team_confidence"),
    "role": ("role",),
    "role_score": ("role_score", "role_confidence"),
    "jersey": ("jersey", "jersey_number", "shirt_number"),
    "jersey_score": ("jersey_score", "jersey_number_confidence", "jersey_confidence"),
    "pitch_x": ("pitch_x",),
    "pitch_y": ("pitch_y",),
    "embedding": ("embedding", "embeddings", "feature", "features", "reid_features"),
    "gt_id": ("gt_id", "gt_track_id"),
    "identity": ("identity",),
    "identity_score": ("identity_score",),
}

# Four names that go together, and what they hold.
BOXES: tuple[tuple[tuple[str, str, str, str], str], ...] = (
    (("x", "y", "w", "h"), "xywh"),
    (("bb_left", "bb_top", "bb_width", "bb_height"), "xywh"),
    (("bbox_left", "bbox_top", "bbox_width", "bbox_height"), "xywh"),
    (("bbox_x", "bbox_y", "bbox_w", "bbox_h"), "xywh"),
    (("left", "top", "width", "height"), "xywh"),
    (("x", "y", "width", "height"), "xywh"),
    (("x1", "y1", "x2", "y2"), "xyxy"),
    (("x_min", "y_min", "x_max", "y_max"), "xyxy"),
    (("xmin", "ymin", "xmax", "ymax"), "xyxy"),
    (("xtl", "ytl", "xbr", "ybr"), "xyxy"),
    (("left", "top", "right", "bottom"), "xyxy"),
    (("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2"), "xyxy"),
    (("xc", "yc", "w", "h"), "cxcywh"),
    (("cx", "cy", "w", "h"), "cxcywh"),
    (("x_center", "y_center", "width", "height"), "cxcywh"),
)

# One column that holds all four.
BOX_LISTS: Mapping[str, str | None] = {
    "bbox_ltwh": "xywh", "bbox_tlwh": "xywh", "ltwh": "xywh", "tlwh": "xywh",
    "bbox_xyxy": "xyxy", "bbox_ltrb": "xyxy", "xyxy": "xyxy", "ltrb": "xyxy",
    "bbox": None, "box": None, "bbox_xywh": None, "xywh": None,  # corner or centre: each means something else by these
}  # fmt: skip

# Single coordinates for tables that mix the names of several families.
_MIXED = (
    ("x", "left", "bb_left", "bbox_left", "bbox_x", "x1", "xmin", "x_min"),
    ("y", "top", "bb_top", "bbox_top", "bbox_y", "y1", "ymin", "y_min"),
    ("w", "width", "bb_width", "bbox_width", "bbox_w"),
    ("h", "height", "bb_height", "bbox_height", "bbox_h"),
)

_WORDS = frozenset({"sequence", "class_name", "team", "role", "jersey"})
_WHOLE = frozenset({"frame", "track_id", "gt_id", "identity"})


@dataclass(frozen=True)
class Mapped:
    """Canonical name -> the user's column; the box as four columns or as one of lists, and what it holds."""

    named: Mapping[str, str]
    box: tuple[str, ...]
    box_format: str
    by_name: str | None  # what the names of the box columns say it holds

    @property
    def known(self) -> frozenset[str]:
        """The user's columns that mean something here."""
        return frozenset(self.named.values()) | frozenset(self.box)


def is_word(name: str) -> bool:
    """Whether a column of this name is text even where it looks like numbers: shirt "07" is not 7."""
    low = name.strip().lower()
    return any(low in ALIASES[key] for key in _WORDS) and low not in ALIASES["class_id"]


def is_whole(name: str) -> bool:
    """Whether a column of this name holds ids or frame numbers."""
    low = name.strip().lower()
    return any(low in ALIASES[key] for key in _WHOLE)


def match(
    names: Sequence[str], texts: frozenset[str], source: str, given: Mapping[str, str], box_format: str | None
) -> Mapped:
    """Find the canonical columns among the user's.

    Args:
        names: the user's columns.
        texts: those of them that hold strings.
        source: name for messages.
        given: canonical name -> column, where the reader already knows.
        box_format: what the user says the box columns hold; None to go by their names.

    Raises:
        InputError: no frame, id or box among them, or two columns of one name.
    """
    low: dict[str, str] = {}
    for name in names:
        low.setdefault(name.strip().lower(), name)
    named = dict(given)
    for key, aliases in ALIASES.items():
        for alias in aliases:
            column = low.get(alias)
            if key in named or column is None or column in named.values():
                continue
            if alias in {"class", "cls", "class_id"} and (column in texts) != (key == "class_name"):
                continue  # these hold numbers for some and names for others
            named[key] = column
    box, kind = _box(low)
    missing = [key for key in ("frame", "track_id") if key not in named] + ([] if box else ["a box"])
    if missing:
        raise InputError(
            f"{source}: no column for {' and '.join(missing)} among {', '.join(map(repr, names)) or 'none'}; "
            "needed: frame, track_id and x, y, w, h (or x1, y1, x2, y2)"
        )
    if box_format is None and kind is None:
        raise InputError(
            f"{source}: column {box[0]!r} may hold corners or sizes; say which with --box-format xywh or xyxy"
        )
    twice = [name for name in (*named.values(), *box) if list(names).count(name) > 1]
    if twice:
        raise InputError(f"{source}: two columns are named {twice[0]!r}; rename one")
    return Mapped(named, box, box_format or kind or "xywh", kind)


def _box(low: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    for group, kind in BOXES:
        if all(name in low for name in group):
            return tuple(low[name] for name in group), kind
    for name, list_kind in BOX_LISTS.items():
        if name in low:
            return (low[name],), list_kind
    mixed = [next((low[name] for name in family if name in low), None) for family in _MIXED]
    found = tuple(name for name in mixed if name is not None)
    return (found, "xywh") if len(found) == 4 else ((), None)
