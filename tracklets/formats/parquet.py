"""Parquet tables, ours and others', by column name."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import MOST_UNPACKED
from reid_solve.tracklets.formats.registry import File, Loaded, Options, TableOrigin, reader
from reid_solve.tracklets.table import Clip

KEY = b"reid_solve"
MOST_ROWS = 1 << 22, 10  # so many, or so many for each byte of the file: a row of tracks takes 4 to 40 bytes


def _is_parquet(file: Any) -> bool:
    if not isinstance(file, File):
        return False
    return file.head.startswith(b"PAR1") or file.path.suffix.lower() in {".parquet", ".pq"}


def read_table(file: File) -> Any:
    """Read a whole parquet file, checking its page checksums.

    Raises:
        InputError: it is empty, cut short, damaged, or something else that is only named parquet.
    """
    if not file.head:
        raise InputError(f"{file}: 0 bytes, so no parquet file; write it again")
    if not file.head.startswith(b"PAR1"):
        raise InputError(
            f"{file}: does not begin like a parquet file; if it is text, say so: --format csv or --format mot"
        )
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
            _check_size(file, parquet.metadata)
            return parquet.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(f"{file}: damaged or cut short ({reason}); write it again") from error


def _check_size(file: File, facts: Any) -> None:
    """Refuse a small file that would fill the memory: parquet packs what repeats without any limit."""
    size = file.path.stat().st_size
    groups = (facts.row_group(i) for i in range(facts.num_row_groups))
    unpacked = sum(group.column(i).total_uncompressed_size for group in groups for i in range(group.num_columns))
    rows = facts.num_rows
    if rows > max(MOST_ROWS[0], MOST_ROWS[1] * size) or unpacked > max(MOST_UNPACKED[0], MOST_UNPACKED[1] * size):
        raise InputError(
            f"{file}: {rows:,} rows and {unpacked:,} bytes, packed into {size:,}, which tracks never are; if it is "
            "sound, write it without compression and dictionaries"
        )


def read_metadata(table: Any) -> dict[str, Any]:
    """What reid-solve wrote about the clip when it wrote the file; empty for other writers' files."""
    raw = (table.schema.metadata or {}).get(KEY, b"{}")
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@reader(
    "parquet",
    recognises=_is_parquet,
    turn=0,
    about="a table of named columns in any order; what reid-solve itself writes best",
    extensions=(".parquet", ".pq"),
)
def read_parquet(file: File, options: Options) -> Loaded:
    """Read a parquet file of one row a detection."""
    table = read_table(file)
    clip = Clip(source=str(file), format="parquet", metadata=read_metadata(table))
    return Loaded(table, clip, TableOrigin(table))
