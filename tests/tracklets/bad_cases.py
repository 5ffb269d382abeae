"""The table of docs/formats.md, case by case: how each file of fixtures/bad is read, and what it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reid_solve.tracklets.table import Tracks

PICKLE = (
    "{file}: a pickle, and unpickling runs whatever code is inside, so it is not read; if you trust who wrote it, "
    "pass --allow-pickle, which takes plain data only; or write parquet or CSV"
)
DROP = "correct it, or leave such rows out with --drop-invalid"
GOOD = [111.0, 55.0, 40.0, 90.0]


@dataclass(frozen=True)
class Case:
    """One file, how it is read, and what it gets.

    Attributes:
        number: of the case.
        file: in fixtures/bad.
        options: of the command line.
        rows: that are read; None where there is an error.
        notes: counts by kind and code: {"repair identical-duplicates": 2}; nothing else is said.
        error: the line on stderr, after "Error: "; {file} is the file's path.
        then: what is true of the rows.
    """

    number: int
    file: str
    options: tuple[str, ...] = ()
    rows: int | None = None
    notes: dict[str, int] = field(default_factory=dict)
    error: str = ""
    then: Callable[[Tracks], bool] = lambda tracks: True

    def __str__(self) -> str:
        return " ".join([self.file, *self.options])


def fine(
    number: int,
    file: str,
    *options: str,
    rows: int = 12,
    then: Callable[[Tracks], bool] = lambda tracks: True,
    **notes: int,
) -> Case:
    """A file that is read; notes as repair_identical_duplicates=2."""
    said = {name.replace("_", " ", 1).replace("_", "-"): count for name, count in notes.items()}
    return Case(number, file, options, rows, said, then=then)


def refused(number: int, file: str, *options: str, error: str) -> Case:
    """A file that is not read, and why."""
    return Case(number, file, options, error=error)


def ids(tracks: Tracks) -> list[Any]:
    return tracks.canonical["track_id"].to_pylist()  # type: ignore[no-any-return]


def first(tracks: Tracks) -> list[float]:
    return tracks.boxes[0].tolist()  # type: ignore[no-any-return]


CASES = [
    fine(0, "00-good.txt", then=lambda t: first(t) == GOOD and t.clip.frame_base == 1 and ids(t)[:3] == [1, 2, 3]),
    fine(1, "01-frames-from-0.txt", then=lambda t: t.clip.frame_base == 0 and t.frame[0] == 0),
    fine(2, "02-id-minus-1.txt", warning_unassigned=4, then=lambda t: ids(t)[:3] == [1, 2, None]),
    fine(3, "03-id-0.txt", then=lambda t: ids(t)[:3] == [0, 1, 2]),
    refused(
        4, "04-id-twice.txt",
        error="{file}, line 4 and line 13: frame 2 has id 1 twice, with different boxes; choose --on-duplicate "
        "keep-best (highest score) or split (a new id)",
    ),
    fine(
        4, "04-id-twice.txt", "--on-duplicate", "keep-best", repair_duplicates_dropped=1,
        then=lambda t: t.boxes[-1].tolist() == [300, 300, 40, 90] and t.score[-1] == 0.95,
    ),
    fine(
        4, "04-id-twice.txt", "--on-duplicate", "split", rows=13, repair_duplicates_split=1,
        then=lambda t: ids(t)[-1] == 4 and ids(t)[:3] == [1, 2, 3],
    ),
    fine(5, "05-rows-twice.txt", repair_identical_duplicates=2),
    refused(
        6, "06-negative-width.txt",
        error="{file}, line 7: the width of the box is -40, negative; the boxes may be x1, y1, x2, y2: try "
        "--box-format xyxy, or leave such rows out with --drop-invalid",
    ),
    fine(6, "06-negative-width.txt", "--drop-invalid", rows=11, repair_invalid_boxes=1),
    fine(7, "07-zero-area.txt", warning_zero_area=3, then=lambda t: np.flatnonzero(~t.usable).tolist() == [0, 1, 2]),
    refused(8, "08-nan.txt", error=f"{{file}}, line 11: x is nan, not a finite number; {DROP}"),
    fine(8, "08-nan.txt", "--drop-invalid", rows=11, repair_invalid_boxes=1, then=lambda t: ids(t)[-2:] == [1, 3]),
    refused(9, "09-inf.txt", error=f"{{file}}, line 11: h is inf, not a finite number; {DROP}"),
    fine(9, "09-inf.txt", "--drop-invalid", rows=11, repair_invalid_boxes=1),
    fine(10, "10-six-columns.txt", then=lambda t: "score" not in t and (t.score == 1).all()),
    refused(
        11, "11-five-columns.txt",
        error="{file}, line 1: 5 values a line; expected 6 to 10: frame, id, x, y, w, h[, score[, ...]]",
    ),
    fine(12, "12-ragged.txt", warning_ragged_lines=6, warning_missing_score=6),
    refused(
        12, "12-ragged-too-short.txt",
        error="{file}, line 7: 5 values (and 2 more lines); a line needs at least 6: frame, id, x, y, w, h",
    ),
    *(fine(13, f"13-{name}.txt", warning_separator=1) for name in ("semicolons", "tabs", "spaces")),
    fine(14, "14-comma-and-space.txt", then=lambda t: first(t) == GOOD),
    fine(15, "15-header.txt", then=lambda t: first(t) == GOOD and t.score[0] == 0.9),
    fine(15, "15-header-other-order.csv", rows=1, then=lambda t: first(t) == GOOD and ids(t) == [7]),
    refused(
        15, "15-header-without-box.csv",
        error="{file}: no column for a box among 'frame', 'id', 'team'; needed: frame, track_id and x, y, w, h (or "
        "x1, y1, x2, y2)",
    ),
    fine(16, "16-whole-floats.txt", warning_float_ids=12, then=lambda t: ids(t)[:3] == [1, 2, 3]),
    refused(17, "17-frame-1.5.txt", error="{file}, line 5: frame is 1.5, not a whole number; write whole numbers"),
    fine(18, "18-unsorted.txt", then=lambda t: t.frame.tolist() == sorted(t.frame.tolist(), reverse=True)),
    fine(19, "19-gap.txt", rows=9, then=lambda t: sorted(set(t.frame.tolist())) == [1, 3, 4]),
    fine(20, "20-beyond-length/tracks.txt", warning_beyond_length=3, then=lambda t: t.clip.fps == 25),
    fine(21, "21-id-3e10.txt", then=lambda t: ids(t)[:3] == [10**10, 2 * 10**10, 3 * 10**10]),
    fine(21, "21-frame-2e9.txt", then=lambda t: t.frame.max() == 2 * 10**9),
    refused(
        21, "21-frame-9e18.txt",
        error="{file}, line 10: frame is 9000000000000000000, too large for the number of a frame; frames are counted "
        "from 0 or 1",
    ),
    refused(
        21, "21-frame-1e19.txt",
        error="{file}, line 10: frame is 10000000000000000000, too large for a float to be exact; store it as integers "
        "or strings",
    ),
    fine(22, "22-id-above-2-53.txt", then=lambda t: ids(t)[:2] == [2**53 + 1, 2]),
    fine(23, "23-empty.txt", rows=0, warning_empty=0),
    fine(24, "24-newlines.txt", rows=0, warning_empty=0),
    fine(25, "25-corners.txt", warning_looks_like_corners=12),
    fine(25, "25-corners.txt", "--box-format", "xyxy", then=lambda t: first(t) == GOOD),
    refused(
        25, "00-good.txt", "--box-format", "xyxy",
        error="{file}, line 1: the width of the box is -71 (and of 11 more), negative; the boxes may be x, y, w, h: "
        "try --box-format xywh, or leave such rows out with --drop-invalid",
    ),
    refused(
        26, "26-shares.txt",
        error="{file}: all box coordinates lie between 0 and 1, so they are shares of the picture; give its size in "
        "pixels: --size 1920x1080",
    ),
    fine(
        26, "26-shares.txt", "--size", "1920x1080", repair_normalised_boxes=12,
        then=lambda t: bool(np.allclose(first(t), GOOD, atol=0.02)),
    ),
    refused(
        27, "27-save-txt",
        error="{file}: the boxes are shares of the picture; give its size in pixels: --size 1920x1080",
    ),
    fine(
        27, "27-save-txt", "--size", "1920x1080",
        then=lambda t: bool(np.allclose(first(t), GOOD, atol=0.02)) and t.frame.tolist() == sorted([1, 2, 3, 4] * 3),
    ),
    refused(
        27, "27-one-of-save-txt.txt",
        error="{file}: looks like an Ultralytics save_txt file (class xc yc w h [id], normalised), one for each video "
        "frame, and its frame number is only in its name; give the folder of all of them",
    ),
    fine(28, "28-class-name.txt", then=lambda t: t.codes("class_name")[1].to_pylist() == ["person"]),
    fine(29, "29-string-ids.txt", then=lambda t: ids(t)[:3] == ["player_1", "player_2", "player_3"]),
    fine(29, "29-string-ids.parquet", then=lambda t: ids(t)[:3] == ["a", "b", "c"]),
    fine(30, "30-byte-order-mark.txt", then=lambda t: first(t) == GOOD),
    fine(31, "31-utf-16.txt", warning_encoding=1, then=lambda t: first(t) == GOOD),
    fine(31, "31-utf-16-without-mark.txt", warning_encoding=1, then=lambda t: first(t) == GOOD),
    refused(31, "31-latin-1.txt", error="{file}, line 13: byte 0xfc is not UTF-8; save the file as UTF-8"),
    fine(32, "32-crlf.txt", then=lambda t: t.source.num_columns == 10),
    fine(32, "32-trailing-commas.txt", then=lambda t: first(t) == GOOD),
    refused(
        33, "33-truncated.txt",
        error="{file}, line 12: the last line '4,3,1' is cut short (3 values, 10 in the line before); write the file "
        "again, or keep the whole lines with --salvage",
    ),
    fine(33, "33-truncated.txt", "--salvage", rows=11, repair_truncated_line=1),
    fine(34, "34-comments.txt", warning_comments=2),
    fine(
        35, "35-decimal-comma.txt", warning_separator=1, warning_decimal_comma=1,
        then=lambda t: first(t) == [111.5, 55, 40, 90] and t.score[0] == 0.9,
    ),
    fine(35, "35-decimal-comma-quoted.csv", warning_decimal_comma=1, then=lambda t: t.boxes[0, 0] == 111.5),
    fine(35, "35-decimal-comma-between-commas.txt", warning_decimal_commas=12, warning_score_over_one=12),
    fine(36, "36-outside.txt", warning_boxes_outside=12),
    fine(36, "00-good.txt", "--size", "100x80", warning_boxes_outside=12),
    fine(37, "37-percent.txt", warning_score_over_one=12, then=lambda t: t.score[0] == 97.3),
    fine(37, "37-percent.txt", "--percent", warning_percent_scores=12, then=lambda t: abs(t.score[0] - 0.973) < 1e-12),
    fine(38, "38-class-2.txt", then=lambda t: t.canonical["class_id"].to_pylist()[:3] == [1, 2, 3]),
    fine(38, "38-class-2.txt", "--classes", "2", rows=4, warning_classes_filtered=8, then=lambda t: set(ids(t)) == {2}),
    refused(39, "39-negative-frame.txt", error="{file}, line 1: frame is -1, negative; frames are counted from 0 or 1"),
    fine(40, "40-gzip.txt.gz", then=lambda t: first(t) == GOOD),
    refused(
        40, "40-gzip-cut.txt.gz",
        error="{file}: damaged gzip (the end is missing); copy the file again, or keep its whole lines with --salvage",
    ),
    fine(40, "40-gzip-cut.txt.gz", "--salvage", rows=8, repair_truncated_gzip=1, repair_truncated_line=1),
    refused(40, "40-binary.txt", error="{file}: not text; expected MOT text, CSV or parquet"),
    refused(41, "41-null.txt", error=f"{{file}}, line 4: x is None, not a finite number; {DROP}"),
    refused(
        41, "41-null-lower.txt", error=f"{{file}}, line 4: x is null (and in 1 more row), not a finite number; {DROP}"
    ),
    fine(41, "41-null-lower.txt", "--drop-invalid", rows=10, repair_invalid_boxes=2),
    fine(42, "42-teleport.txt", warning_split_candidate=1),
    refused(
        43, "43-truncated.parquet",
        error="{file}: damaged or cut short (Parquet magic bytes not found in footer. Either the file is corrupted or "
        "this is not a parquet file); write it again",
    ),
    refused(43, "43-0-bytes.parquet", error="{file}: 0 bytes, so no parquet file; write it again"),
    refused(
        43, "43-csv.parquet",
        error="{file}: does not begin like a parquet file; if it is text, say so: --format csv or --format mot",
    ),
    fine(43, "43-csv.parquet", "--format", "csv", rows=1),
    refused(
        44, "44-corrupt-page.parquet",
        error="{file}: damaged or cut short (could not verify page integrity, CRC checksum verification failed for "
        "page_ordinal 0); write it again",
    ),
    fine(44, "44-corrupt-footer.parquet"),  # only the name of what wrote it is hit, and footers have no checksum
    fine(45, "45-float-ids-null.parquet", warning_float_ids=12, warning_unassigned=4, then=lambda t: ids(t)[1] == 2),
    refused(
        45, "45-float-ids-fraction.parquet",
        error="{file}, row 0: track_id is 1.5 (and in 3 more rows), not a whole number; write whole numbers",
    ),
    refused(
        46, "46-mixed-lengths.parquet",
        error="{file}, row 1: an embedding of 8 numbers, while others have 6; take all of them from one model",
    ),
    fine(
        47, "47-no-vectors.parquet", repair_missing_embeddings=6,
        then=lambda t: t.canonical["embedding"].null_count == 9,
    ),
    fine(48, "48-mot-names.parquet", then=lambda t: first(t) == GOOD),
    refused(49, "49-plain.pkl", error=PICKLE),
    refused(49, "49-calls.pkl", error=PICKLE),
    refused(
        49, "49-calls.pkl", "--allow-pickle",
        error="{file}: the pickle asks for os.system, and only plain containers and numpy arrays are read; write "
        "parquet or CSV",
    ),
    refused(50, "missing.txt", error="{file}: no such file or directory; check the path"),
    refused(
        50, "20-beyond-length",
        error="{file}: a folder in no layout that is read (`reid-solve formats` lists those); give one of its files",
    ),
]  # fmt: skip
