"""SoccerNet re-identification: within an action, the players of the live picture in its replays.

Giancola et al., SoccerNet 2022 Challenges Results, 2022. Every query is ranked against the gallery of its own action;
mAP and Rank-1 are the official scores. A submission is one JSON object,
``{str(query bbox): [gallery bbox, nearest first]}``, with every gallery picture of the action exactly once.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reid_solve.evaluation.retrieval.evaluate import Labels
from reid_solve.evaluation.retrieval.items import Items
from reid_solve.evaluation.retrieval.layout import Layout
from reid_solve.evaluation.retrieval.protocols.registry import protocol, reading
from reid_solve.evaluation.retrieval.ranks import Source
from reid_solve.tracklets.errors import InputError


@protocol("soccernet")
class SoccerNet:
    """Rankings within actions."""

    ending = ".json"

    def gallery(self, gallery: Items) -> Items:
        """All of it."""
        return gallery

    def labels(self, query: Items, gallery: Items, people: bool = True) -> Labels:
        """Persons and actions of both sides; cameras do not count."""
        need = "soccernet ranks within actions"
        actions = query.need("action", need), gallery.need("action", need)
        if not people:
            return Labels(query.row, gallery.row, groups=actions)
        pids = [side.need("pid", "there is nothing to score without people") for side in (query, gallery)]
        return Labels(pids[0], pids[1], groups=actions)

    def write(self, stream: BinaryIO, source: Source, layout: Layout, query: Items, gallery: Items) -> None:
        """Write the JSON object, a line a query."""
        name, found = query.numbers(), gallery.numbers()
        between = b"{\n"
        for lo, hi in layout.chunks():
            of_query, place = layout.gallery_of(lo, hi)
            order = np.lexsort((source.flat(lo, hi), of_query))
            ranked = found[layout.order[place[order]] - layout.queries].tolist()
            begin = (layout.offset[lo : hi + 1] - layout.offset[lo]).tolist()
            for number, row in enumerate(layout.row[lo:hi].tolist()):
                line = f'"{name[row]}": {json.dumps(ranked[begin[number] : begin[number + 1]])}'
                stream.write(between + line.encode())
                between = b",\n"
        stream.write(b"\n}\n")

    def validate(self, path: Path, sides: tuple[Items, Items] | None) -> dict[str, Any]:
        """Check the JSON object."""
        rankings = _read(path)
        for query, ranking in rankings.items():
            _check_ranking(path, query, ranking)
        if sides is not None:
            _check_complete(path, rankings, *sides)
        return {"queries": len(rankings), "ranked": sum(map(len, rankings.values())), "complete": sides is not None}


def _read(path: Path) -> dict[str, list[int]]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) < len(pairs):
            keys = [key for key, _ in pairs]
            double = next(key for k, key in enumerate(keys) if key in set(keys[:k]))
            raise InputError(f"{path}, query {double}: is there twice; rank each query once")
        return out

    with reading(path):
        content = path.read_bytes()
    try:
        found = json.loads(content, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: no JSON ({error.msg}); write it again") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of thousands of digits, or nested too deep
        raise InputError(f"{path}: no JSON; write it again") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: holds a {type(found).__name__}, not an object of rankings by query")
    return found


def _check_ranking(path: Path, query: str, ranking: Any) -> None:
    if not re.fullmatch("0|[1-9][0-9]*", query):
        raise InputError(f"{path}, query {query!r}: not the number of a box; keys are the queries' bbox numbers")
    if not isinstance(ranking, list):
        raise InputError(f"{path}, query {query}: holds a {type(ranking).__name__}, not a list of gallery numbers")
    seen = set()
    for place, number in enumerate(ranking):
        if type(number) is not int:
            raise InputError(f"{path}, query {query}, place {place + 1}: {number!r} is not a whole number")
        if number in seen:
            raise InputError(f"{path}, query {query}, place {place + 1}: gallery {number} for the second time")
        seen.add(number)


def _check_complete(path: Path, rankings: dict[str, list[int]], query: Items, gallery: Items) -> None:
    numbers = [side.numbers().tolist() for side in (query, gallery)]
    actions = [side.need("action", "soccernet ranks within actions").tolist() for side in (query, gallery)]
    action_of = dict(zip(numbers[1], actions[1], strict=True))
    of_action: dict[str, set[int]] = {}
    for number, action in action_of.items():
        of_action.setdefault(action, set()).add(number)
    wanted = {str(number): action for number, action in zip(numbers[0], actions[0], strict=True)}
    for name, action in wanted.items():
        if name not in rankings:
            raise InputError(f"{path}, query {name}: is not ranked; every query has to be")
        right = of_action.get(action, set())
        for place, number in enumerate(rankings[name]):
            if number not in right:
                fact = f"of action {action_of[number]}" if number in action_of else "not in the gallery"
                text = f"gallery {number} is {fact}; the query is of action {action}"
                raise InputError(f"{path}, query {name}, place {place + 1}: {text}")
        lost = right.difference(rankings[name])
        if lost:
            fact = f"{len(lost)} gallery pictures of its action are not ranked, the first is {min(lost)}"
            raise InputError(f"{path}, query {name}: {fact}")
    more = next((name for name in rankings if name not in wanted), None)
    if more is not None:
        raise InputError(f"{path}, query {more}: is none of the {len(wanted)} queries; leave it out")
