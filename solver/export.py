"""The graph of tracklets as a file: GraphML for graph tools, or an edge table in Parquet; every cue term is in it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reid_solve.solver.confidence import confidence
from reid_solve.solver.constraints.pinned import track_names
from reid_solve.solver.result import Result, Solved
from reid_solve.tracklets import arrays
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import FloatArray, IntArray
from reid_solve.tracklets.write import atomically

if TYPE_CHECKING:
    import networkx as nx

ENDINGS = (".graphml", ".parquet")


def to_networkx(result: Result, conflicts: bool = False) -> nx.DiGraph:
    """The tracklets of all recordings as a directed graph.

    Args:
        result: from ``solve``.
        conflicts: also add pairs that cannot be one person, as edges of kind ``conflict``.

    Returns:
        nodes with track, recording, first_frame, last_frame, rows, identity and identity_score; edges of kind ``link``
        with gap_frames, every cue's term, log_odds, probability, gain and taken.
    """
    import networkx as nx

    graph = nx.DiGraph()
    for number, solved in enumerate(result.recordings):
        names, score = _names(solved), confidence(solved)
        tracklets = solved.tracklets
        identity = result.identities(solved)
        for k in range(len(tracklets)):
            graph.add_node(
                _node(number, k), track=str(names[k]), recording=number, rows=int(tracklets.length[k]),
                first_frame=int(tracklets.first[k]), last_frame=int(tracklets.last[k]),
                identity=int(identity[k]), identity_score=float(score[k]),
            )  # fmt: skip
        columns = _columns(solved, conflicts)
        for values in zip(*(column.tolist() for column in columns.values()), strict=True):
            facts = dict(zip(columns, values, strict=True))
            i, j = facts.pop("i"), facts.pop("j")
            if facts["kind"] == "conflict":
                facts = {"kind": "conflict"}
            graph.add_edge(_node(number, i), _node(number, j), **facts)
    return graph


def to_table(result: Result, conflicts: bool = False) -> pa.Table:
    """The links (and conflicts) of all recordings, one row each, terms as columns; null where there is no term."""
    tables = []
    for number, solved in enumerate(result.recordings):
        names, identity = _names(solved), result.identities(solved)
        columns = _columns(solved, conflicts)
        i, j = columns.pop("i"), columns.pop("j")
        kind = columns.pop("kind")
        table: dict[str, Any] = {"recording": arrays.column(np.full(len(i), number, np.int64))}
        for side, node in (("from", i), ("to", j)):
            table[f"{side}_track"] = arrays.strings([str(names[k]) for k in node])
            table[f"{side}_first_frame"] = arrays.column(solved.tracklets.first[node])
            table[f"{side}_last_frame"] = arrays.column(solved.tracklets.last[node])
            table[f"{side}_identity"] = arrays.column(identity[node])
        table["kind"] = arrays.strings(kind.tolist())
        apart = kind == "conflict"
        table |= {name: arrays.column(column, apart) for name, column in columns.items()}
        tables.append(pa.table(table))
    return pa.concat_tables(tables, promote_options="default") if tables else pa.table({})


def write_graph(result: Result, path: str | PathLike[str], conflicts: bool = False) -> None:
    """Write the graph, whole or not at all; the format goes by the extension.

    Raises:
        OutputError: it cannot be written.
        OptionError: the extension is neither .graphml nor .parquet.
    """
    target = check_ending(path)

    def fill(stream: BinaryIO) -> None:
        if target.suffix.lower() == ".parquet":
            pq.write_table(to_table(result, conflicts), stream, compression="zstd", write_page_checksum=True)
            return
        import networkx as nx

        nx.write_graphml_xml(to_networkx(result, conflicts), stream)

    atomically(target, fill)


def check_ending(path: str | PathLike[str]) -> Path:
    """The path, if its extension names a format of graphs.

    Raises:
        OptionError: it does not.
    """
    target = Path(path)
    if target.suffix.lower() not in ENDINGS:
        raise OptionError(f"{path}: the extension names no format of graphs; end it in {' or '.join(ENDINGS)}")
    return target


def _node(recording: int, tracklet: int) -> str:
    return f"{recording}:{tracklet}"


def _names(solved: Solved) -> np.ndarray:
    return track_names(solved.tracklets) if len(solved.tracklets) else np.zeros(0, object)


def _columns(solved: Solved, conflicts: bool) -> dict[str, np.ndarray]:
    """Columns of the edges: i, j, kind, gap_frames, the terms, log_odds, probability, gain, taken."""
    graph = solved.graph
    count, more = len(graph.pairs), len(graph.conflicts) if conflicts else 0
    i, j = graph.conflicts[:more].T

    def longer(values: FloatArray | IntArray) -> np.ndarray:
        return np.concatenate([values, np.zeros(more, values.dtype)])

    taken = np.zeros(count, np.bool_)
    taken[solved.solution.links] = True
    return {
        "i": np.concatenate([graph.pairs.i, i]),
        "j": np.concatenate([graph.pairs.j, j]),
        "kind": np.array(["link"] * count + ["conflict"] * more, object),
        "gap_frames": longer(graph.pairs.gap),
        **{name: longer(term) for name, term in graph.terms.items()},
        "log_odds": longer(graph.log_odds),
        "probability": longer(1 / (1 + np.exp(-graph.log_odds))),
        "gain": longer(graph.gain),
        "taken": np.concatenate([taken, np.zeros(more, np.bool_)]),
    }
