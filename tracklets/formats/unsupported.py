"""Files and folders that people do bring, and why they are not read: a reason is better than a parser's complaint."""

from __future__ import annotations

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive (perhaps TrackLab's .pklz, .npz or .xlsx); export the table as parquet or CSV"),
    (b"\x93NUMPY", "a numpy array; write it as MOT text or parquet"),
    (b"\x89HDF", "an HDF5 file; export the table as parquet or CSV"),
    (b"ARROW1", "an Arrow (feather) file; write parquet instead"),
    (b"SQLite format 3", "a database; export the table as parquet or CSV"),
    (b"\x1aE\xdf\xa3", "a video; give the output of a tracker that ran on it"),
    (b"RIFF", "a video; give the output of a tracker that ran on it"),
)


def _reason(file: File) -> str | None:
    head = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if file.head[4:8] == b"ftyp":
        return "a video; give the output of a tracker that ran on it"
    for magic, reason in _MAGIC:
        if file.head.startswith(magic):
            return reason
    if head[:1] in (b"{", b"["):
        return "JSON of no layout that is read (`reid-solve formats` lists those); write MOT text, CSV or parquet"
    if head[:1] == b"<":
        return "XML of no layout that is read (`reid-solve formats` lists those); write MOT text, CSV or parquet"
    return None


@reader("unsupported", recognises=lambda file: _reason(file) is not None, turn=1)
def refuse(file: File, options: Options) -> Loaded:
    """Say what the file is and what to do instead."""
    raise InputError(f"{file}: {_reason(file)}")
