"""Bytes of a file -> UTF-8 text: gzip unpacked, byte order marks and UTF-16 understood, binary files refused."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import Note

GZIP = b"\x1f\x8b"
# What a gzip file may unpack to: so many bytes, or so many times its size. Tracks of a match pack 3 to 20 times.
MOST_UNPACKED = 1 << 26, 200
_STEPS = 1 << 7, 1 << 12  # packed bytes at a time, first and later: some megabytes of zeros at most
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1a"))


def unpack(raw: bytes, source: str, *, salvage: bool = False, head: bool = False) -> tuple[bytes, tuple[Note, ...]]:
    """Undo gzip where there is any.

    Args:
        raw: the file's bytes.
        source: the file's name, for messages.
        salvage: keep what can be read of a broken file.
        head: the bytes are only the beginning of the file, so that an early end is no error; no more than as many
            bytes are handed back.

    Raises:
        InputError: it is damaged, or unpacks to far more than tracks do.
    """
    if not raw.startswith(GZIP):
        return raw, ()
    parts: list[bytes] = []
    size, most = 0, len(raw) if head else max(MOST_UNPACKED[0], MOST_UNPACKED[1] * len(raw))
    try:
        for part in _unpacked(raw):
            parts.append(part)
            size += len(part)
            if size > most and not head:
                raise InputError(
                    f"{source}: unpacks to more than {MOST_UNPACKED[1]} times its size and {MOST_UNPACKED[0] >> 20} "
                    "MiB, which tracks never do; if it is sound, unpack it first (gunzip)"
                )
            if size > most:
                break
    except zlib.error as error:
        if not (salvage or head):
            raise InputError(
                f"{source}: damaged gzip ({error}); copy the file again, or keep its whole lines with --salvage"
            ) from error
        kept = b"".join(parts)
        return kept, () if head else (Note("truncated-gzip", 1, "the gzip file is damaged; its first part is used"),)
    return b"".join(parts)[: most if head else None], ()


def _unpacked(raw: bytes) -> Iterator[bytes]:
    """The content of a gzip file, which may be several, one after the other; a zlib.error where it is damaged."""
    at = 0
    while at < len(raw):
        if raw[at : at + 2] != GZIP:
            if raw[at:].strip(b"\0"):
                raise zlib.error("something else follows its end")
            return  # padding, as tapes have it
        member = zlib.decompressobj(wbits=31)
        step = _STEPS[0]
        while not member.eof:
            if at >= len(raw):
                raise zlib.error("the end is missing")
            yield member.decompress(raw[at : at + step])
            at, step = min(at + step, len(raw)), min(2 * step, _STEPS[1])
        at -= len(member.unused_data)


def to_utf8(raw: bytes, source: str, *, head: bool = False) -> tuple[bytes, tuple[Note, ...]]:
    """Decode to UTF-8 without a byte order mark.

    Raises:
        InputError: the bytes are not text, or in an encoding that cannot be told from others.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    name = _utf16(raw)
    if name is not None:
        try:
            even = raw[: len(raw) & ~1] if head else raw
            text = even.decode(name, errors="ignore" if head else "strict").encode()
        except UnicodeError as error:
            raise InputError(f"{source}: looks like {name} but is damaged ({error}); save it as UTF-8") from error
        return text.removeprefix("\ufeff".encode()), (Note("encoding", 1, f"decoded from {name}", "warning"),)
    start = raw[: 1 << 16]
    if len(start.translate(None, _CONTROL)) < len(start):
        raise InputError(f"{source}: not text; expected MOT text, CSV or parquet")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        if not (head and error.end > len(raw) - 4):  # a head may end inside a character
            line = raw.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"{source}, line {line}: byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
            ) from error
    return raw, ()


def _utf16(raw: bytes) -> str | None:
    if raw.startswith(b"\xff\xfe") or raw.startswith(b"\xfe\xff"):
        # A mark alone proves nothing: binary files begin with these bytes too. Digits and commas have a zero half.
        return "utf-16" if raw[2:2002].count(0) * 2.5 > len(raw[2:2002]) else None
    start = raw[:2000]
    if len(start) >= 4 and start[1::2].count(0) > 0.9 * len(start[1::2]) and 0 not in start[0::2]:
        return "utf-16-le"
    if len(start) >= 4 and start[0::2].count(0) > 0.9 * len(start[0::2]) and 0 not in start[1::2]:
        return "utf-16-be"
    return None
