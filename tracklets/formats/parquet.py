"""Parquet tables, ours and others', by column name."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.encoding import MOST_UNPACKED
from reid_solve.tracklets.formats.registry import File, Loaded, Options, TableOrigin, reader
from reid_solve.tracklets.table import Clip, Note

KEY = b"reid_solve"
SEAL = b"reid_solve_seal"
SEALED = "sealed"  # a fact beside the others: that there is a seal
MOST_ROWS = 1 << 22, 10  # so many, or so many for each byte of the file: a row of tracks takes 4 to 40 bytes


def _is_parquet(file: File) -> bool:
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
            table = parquet.read()
            table.validate(full=True)  # offsets and UTF-8, which Arrow believes until somebody looks
            return table
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(f"{file}: damaged or cut short ({reason}); write it again") from error


def _check_size(file: File, facts: Any) -> None:
    """Refuse a small file that would fill the memory: parquet packs what repeats without any limit."""
    size = file.path.stat().st_size
    # Not what the columns say of themselves: asking a damaged one ends the process (pyarrow 26, std::terminate).
    groups = [facts.row_group(i) for i in range(facts.num_row_groups)]
    unpacked, rows = sum(max(group.total_byte_size, 0) for group in groups), facts.num_rows
    if min([rows, *(group.num_rows for group in groups)]) < 0 or sum(group.num_rows for group in groups) != rows:
        raise InputError(f"{file}: damaged (it says {rows:,} rows, and its parts say otherwise); write it again")
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
    except (ValueError, RecursionError):
        return {}
    return {key: value for key, value in found.items() if key != SEALED} if isinstance(found, dict) else {}


def seal_of(table: Any) -> bytes:
    """A checksum of what no page holds, and so no page's checksum covers: names, types, number of rows, facts.

    Pages have checksums, the footer has none; one flipped bit there is another frame rate, or a column less.
    """
    kinds = [(field.name, str(getattr(field.type, "value_type", field.type))) for field in table.schema]
    facts = sorted((table.schema.metadata or {}).items())
    told = [(key, value) for key, value in facts if key not in {SEAL, b"ARROW:schema"}]
    return f"{zlib.crc32(repr((table.num_rows, kinds, told)).encode()):08x}".encode()


def _broken_seal(table: Any) -> tuple[Note, ...]:
    """A warning where the file is not as it was written here: damaged, or changed by somebody on purpose."""
    held = table.schema.metadata or {}
    if held.get(SEAL) == seal_of(table) or (SEAL not in held and f'"{SEALED}"'.encode() not in held.get(KEY, b"")):
        return ()
    text = "its columns, number of rows or facts are not as reid-solve wrote them: changed since then, or damaged"
    return (Note("changed-since-written", table.num_rows, text, "warning"),)


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
    return Loaded(table, clip, TableOrigin(table), _broken_seal(table))
