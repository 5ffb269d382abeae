"""Tables of a TOML file as frozen dataclasses: a key that is not known or not right is one line that says what is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from reid_solve.tracklets.errors import InputError, OptionError

T = TypeVar("T")


def option(
    says: str,
    default: Any = MISSING,
    *,
    example: Any = None,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    not_above: str | None = None,
    free: bool = False,
) -> Any:
    """A field of a settings dataclass.

    Args:
        says: what it is, for the commented example.
        default: its value where the file says nothing; without one the file has to.
        example: what the commented example shows instead.
        at_least, above, at_most, below: bounds of a number, or of each in a list.
        above: see ``at_least``.
        at_most: see ``at_least``.
        below: see ``at_least``.
        not_above: name of a later field that it may not exceed.
        free: it changes no result, and may differ when an interrupted run goes on.
    """
    bounds = {"at least": at_least, "above": above, "at most": at_most, "below": below}
    about = {
        "says": says,
        "example": example,
        "not_above": not_above,
        "free": free,
        "bounds": {k: v for k, v in bounds.items() if v is not None},
    }
    if isinstance(default, dict | list):
        return field(default_factory=type(default), metadata=about)
    return field(default=default, metadata=about)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        InputError: missing, or not TOML.
    """
    try:
        with path.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; `reid-solve train --print-config` prints one to begin with") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the name") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML ({' '.join(str(error).split())}); correct it there") from error


def settings(kind: type[T], table: Any, place: str) -> T:
    """A dataclass whose fields were made by ``option``, from a table.

    Args:
        kind: the dataclass.
        table: keys and values.
        place: how errors name the table, as ``people.toml: [train]``.

    Raises:
        OptionError: a key that is missing, unknown, or has a value that it may not have.
    """
    if not isinstance(table, Mapping):
        raise OptionError(f"{place}: must be a table of settings, not {shown(table)}; see `train --print-config`")
    known = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            raise OptionError(f"{place}: no key {key!r} is known; allowed: {', '.join(known)}")
    types = _types(kind)  # type: ignore[arg-type]
    given: dict[str, Any] = {}
    for name, item in known.items():
        if name in table:
            given[name] = _value(types[name], table[name], place, item)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise OptionError(
                f"{place}: key {name!r} is missing ({item.metadata['says']}); allowed: {', '.join(known)}"
            )
    made = kind(**given)
    for name, item in known.items():
        most = item.metadata["not_above"]
        if most is not None and getattr(made, name) > getattr(made, most):
            raise OptionError(
                f"{place}: {name} {getattr(made, name):g} is above {most} {getattr(made, most):g}; change one of them"
            )
    return made


def shown(value: Any) -> str:
    """A value of a file in an error, not too long."""
    text = repr(value).replace("True", "true").replace("False", "false")
    return text if len(text) <= 60 else text[:57] + "..."


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, value: Any, place: str, item: Field[Any]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    where = f"{place} {item.name}"
    if origin is UnionType:  # of something and None, which TOML has not: leaving the key out is None
        (kind,) = [one for one in inner if one is not type(None)]
        return _value(kind, value, place, item)
    if origin is Literal:
        if value not in inner:
            raise OptionError(f"{where}: {shown(value)} is not known; allowed: {', '.join(map(repr, inner))}")
        return value
    if is_dataclass(kind):
        return settings(kind, value, f"{where}:" if where.endswith("]") else where)  # type: ignore[arg-type]
    if origin is tuple:
        return _list(inner, value, where, item)
    if origin is dict:
        if not isinstance(value, dict):
            raise OptionError(f"{where}: must be a table, not {shown(value)}")
        return value
    return _plain(kind, value, where, item)


def _list(inner: tuple[Any, ...], value: Any, where: str, item: Field[Any]) -> tuple[Any, ...]:
    count = None if inner[-1] is Ellipsis else len(inner)
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise OptionError(f"{where}: must be a list{f' of {count}' if count else ''}, not {shown(value)}")
    kinds = [inner[0]] * len(value) if count is None else list(inner)
    if kinds and get_origin(kinds[0]) is dict:
        return tuple(_plain(dict, one, where, item) for one in value)
    return tuple(_plain(one, of, where, item) for one, of in zip(kinds, value, strict=True))


def _plain(kind: Any, value: Any, where: str, item: Field[Any]) -> Any:
    names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", Path: "a path as a text",
             dict: "a table"}  # fmt: skip
    bounds = item.metadata["bounds"]
    wanted = names[kind] + "".join(f", {name} {bound:g}" for name, bound in bounds.items())
    takes = {int: int, float: int | float, str: str, bool: bool, Path: str, dict: dict}[kind]
    if not isinstance(value, takes) or (isinstance(value, bool) and kind is not bool):
        raise OptionError(f"{where}: must be {wanted}, not {shown(value)}")
    if isinstance(value, int | float) and kind in (int, float):
        fits = {"at least": float.__ge__, "above": float.__gt__, "at most": float.__le__, "below": float.__lt__}
        if not all(fits[name](float(value), float(bound)) for name, bound in bounds.items()) or value != value:
            raise OptionError(f"{where}: must be {wanted}, not {shown(value)}")
    return kind(value) if kind in (float, Path) else value
