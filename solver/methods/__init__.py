"""One file a method. A method takes a Graph and returns a Solution; all are interchangeable and deterministic.

To add one: a file with a function under ``@method("name")``, and its import below.
"""

from reid_solve.solver.methods import cluster as cluster
from reid_solve.solver.methods import exact as exact
from reid_solve.solver.methods import flow as flow
from reid_solve.solver.methods import greedy as greedy
from reid_solve.solver.methods import hdbscan as hdbscan
from reid_solve.solver.methods.registry import METHODS as METHODS
from reid_solve.solver.methods.registry import choose as choose
