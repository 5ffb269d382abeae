"""What a person says of any table is obeyed, or refused because it cannot be."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.solver.checks import OPTIONS, check_answer, check_rows, identity_of
from tests.strategies import tables, thorough, tracks_of

import reid_solve as rs


@thorough(80)
@given(
    table=tables(sequences=2, tracklets=8),
    picks=st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=4),
    options=OPTIONS,
)
def test_links_of_a_person_are_obeyed_or_the_contradiction_is_named(
    table: pa.Table, picks: list[tuple[bool, int, int]], options: dict[str, Any]
) -> None:
    tracks = tracks_of(table)
    known = sorted({one for one in tracks.canonical["track_id"].to_pylist() if one is not None}, key=str)
    assume(known)
    pairs: dict[bool, list[tuple[Any, Any]]] = {True: [], False: []}
    for must, a, b in picks:
        pairs[must].append((known[a % len(known)], known[b % len(known)]))
    result, refused = None, ""
    try:
        result = rs.solve(tracks, must_link=pairs[True], cannot_link=pairs[False], **options)
    except rs.OptionError as error:
        refused = str(error)
    if result is None:
        check_contradiction(tracks, pairs[True], pairs[False], refused)
        return
    check_rows(table, result)
    held = held_by(result)
    for clip in set(tracks.sequence.tolist()):
        for a, b in pairs[True]:
            # a tolerated duplicate's rows in the frames of the other have to be somebody else's, and only those
            one, two = held.get((clip, a)), held.get((clip, b))
            assert one is None or two is None or one & two
        for a, b in pairs[False]:
            assert not held.get((clip, a), set()) & held.get((clip, b), set())
    for recording in result.recordings:
        check_answer(recording.graph, recording.solution)


def held_by(result: rs.Result) -> dict[tuple[int, Any], set[int]]:
    """Identities of each track of each recording."""
    held: dict[tuple[int, Any], set[int]] = {}
    track = result.tracks.canonical["track_id"].to_pylist()
    for clip, one, identity in zip(result.tracks.sequence.tolist(), track, identity_of(result), strict=True):
        if identity is not None:
            held.setdefault((clip, one), set()).add(identity)
    return held


def check_contradiction(tracks: rs.Tracks, must: list[Any], cannot: list[Any], message: str) -> None:
    """What was refused does contradict itself or what was seen, and the message says which of the tracks."""
    track = tracks.canonical["track_id"].to_pylist()
    seen: dict[int, dict[Any, set[int]]] = {}
    for clip, one, frame in zip(tracks.sequence.tolist(), track, tracks.frame.tolist(), strict=True):
        if one is not None:
            seen.setdefault(clip, {}).setdefault(one, set()).add(frame)
    assert any(str(one) in message for pair in (*must, *cannot) for one in pair), message
    if "no recording of" in message:
        assert any(not any({a, b} <= set(there) for there in seen.values()) for a, b in (*must, *cannot))
        return
    if "they are the same" in message:
        assert any(a == b for a, b in cannot)
        return
    reasons = []
    for there in seen.values():
        group = {one: {one} for one in there}
        for a, b in must:
            if a in group and b in group and group[a] is not group[b]:
                group[a] |= group[b]
                for one in group[b]:
                    group[one] = group[a]
        reasons += [(a, b) for a, b in cannot if a in group and b in group[a]]
        reasons += [(a, b) for a in there for b in group[a] if a != b and there[a] & there[b]]
    assert any(f"{a}" in message and f"{b}" in message for a, b in reasons), message
