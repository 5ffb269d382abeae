"""CSV (or tabs, semicolons) with a header of named columns, in any order."""

from __future__ import annotations

from reid_solve.tracklets import columns
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.formats.mot import empty
from reid_solve.tracklets.formats.registry import File, Loaded, Options, reader
from reid_solve.tracklets.formats.text import Text, TextOrigin, beginning, load_text, parse
from reid_solve.tracklets.table import Clip


def _has_header(file: File) -> bool:
    dialect = beginning(file)[1]
    return dialect is not None and dialect.header is not None


@reader(
    "csv",
    recognises=_has_header,
    turn=2,
    about="a table with a header of column names in any order; commas, semicolons, tabs or spaces",
    extensions=(".csv", ".tsv", ".txt"),
)
def read_csv(file: File, options: Options) -> Loaded:
    """Read a text table whose first line names its columns."""
    text = load_text(file, salvage=options.salvage)
    if text.dialect is None:
        return empty(text.source, "csv", text.notes)
    if text.dialect.header is None:
        raise InputError(f"{text.source}, line 1: no header that names the columns; for MOT text use --format mot")
    return headed(text, "csv")


def headed(text: Text, format: str) -> Loaded:
    """Parse a text that has a header."""
    assert text.dialect is not None
    assert text.dialect.header is not None
    names = list(text.dialect.header)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{text.source}, line 1: two columns are named {twice[0]!r}; rename one")
    if not text.data.strip().count(b"\n"):  # a header and nothing else
        table = empty(text.source, format, ()).table
        return Loaded(table, Clip(source=text.source, format=format), TextOrigin(text, names), text.notes)
    words = frozenset(name for name in names if columns.is_word(name))
    ids = frozenset(name for name in names if columns.is_whole(name))
    table, notes = parse(text, names, words=words, ids=ids)
    return Loaded(table, Clip(source=text.source, format=format), TextOrigin(text, names), (*text.notes, *notes))
