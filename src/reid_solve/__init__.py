"""reid-solve: knows who is who in a whole sports clip.

import reid_solve as rs

tracks = rs.read("tracks.txt")
result = rs.solve(tracks)
result.write("tracks.identities.parquet")
print(rs.evaluate(result, "gt.txt").to_dict()["HOTA"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reid_solve.evaluation.evaluate import Evaluation as Evaluation
    from reid_solve.evaluation.evaluate import evaluate as evaluate
    from reid_solve.report.render import render as render
    from reid_solve.solver.result import Result as Result
    from reid_solve.solver.solve import solve as solve
    from reid_solve.tracklets.detect import track as track
    from reid_solve.tracklets.errors import InputError as InputError
    from reid_solve.tracklets.errors import OptionError as OptionError
    from reid_solve.tracklets.errors import OutputError as OutputError
    from reid_solve.tracklets.errors import ReidSolveError as ReidSolveError
    from reid_solve.tracklets.info import info as info
    from reid_solve.tracklets.read import read as read
    from reid_solve.tracklets.table import Tracks as Tracks
    from reid_solve.tracklets.write import write as write

# Found on first use: `reid-solve --help` must not wait for numpy and Arrow.
_HOME = {
    "Evaluation": "evaluation.evaluate",
    "InputError": "tracklets.errors",
    "OptionError": "tracklets.errors",
    "OutputError": "tracklets.errors",
    "ReidSolveError": "tracklets.errors",
    "Result": "solver.result",
    "Tracks": "tracklets.table",
    "evaluate": "evaluation.evaluate",
    "info": "tracklets.info",
    "read": "tracklets.read",
    "render": "report.render",
    "solve": "solver.solve",
    "track": "tracklets.detect",
    "write": "tracklets.write",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reid_solve' has no attribute {name!r}; it has: {', '.join(__all__)}")
    value = getattr(import_module(f"reid_solve.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
