"""Must-linked tracklets as one node of a smaller problem, and what goes into the holes between them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from tests.strategies import graphs, thorough

from reid_solve.solver.constraints.contract import contract, fill_holes, honour
from reid_solve.solver.constraints.expand import expand
from reid_solve.solver.constraints.pinned import Pins
from reid_solve.solver.graph import PRIZE, Graph, Together
from reid_solve.solver.methods.cluster import cluster
from reid_solve.solver.methods.flow import flow
from reid_solve.solver.pairs import Pairs
from reid_solve.solver.solution import LIFTED, chain_order, from_identity


def problem(links: dict[tuple[int, int], float], conflicts: list[tuple[int, int]], must: list[tuple[int, int]],
            count: int) -> Graph:  # fmt: skip
    i, j = np.array(list(links), np.int64).reshape(-1, 2).T
    terms = {"way": np.array(list(links.values()), float) - PRIZE}
    never, always = (np.array(pairs, np.int64).reshape(-1, 2) for pairs in (conflicts, must))
    return Graph(count, Pairs(i, j, np.ones_like(i)), terms, never, must=always)


@thorough(100)
@given(graph=graphs(most=12, must=True))
def test_a_contracted_problem_is_worth_what_it_stands_for(graph: Graph) -> None:
    """The smaller objective differs from the larger one by what is inside the groups, whatever the answer."""
    assume(graph.count)
    group = Pins(graph.count, graph.must, graph.must[:0]).group
    group = np.where(np.bincount(group)[group] > 1, group, -1)
    place = chain_order(graph)
    small = contract(graph, group, place, np.arange(graph.count))
    assert (small.graph.pairs.i < small.graph.pairs.j).all()
    inside = []
    for answer in (
        flow(small.graph),
        cluster(small.graph),
        from_identity(small.graph, np.arange(small.graph.count), 0, "alone"),
    ):
        taken = small.link[answer.links]
        _, expanded = expand(graph, small.node, taken, answer, group, place, np.inf)
        inside.append(expanded.objective - answer.objective)
    size = 1e-6 * max(1.0, float(np.abs(graph.gain).sum()), float(np.abs(graph.together.log_odds).sum()))
    assert inside == pytest.approx([inside[0]] * 3, abs=size)


@pytest.mark.parametrize(
    ("lifted", "worth"), [({}, 1), ({(0, 2): 2}, 3), ({(1, 2): 5}, 1), ({(0, 2): 2, (1, 2): 5}, 3), ({(0, 2): -4}, -3)]
)
def test_a_link_of_a_group_is_worth_what_the_others_in_it_have_in_evidence(
    lifted: dict[tuple[int, int], float], worth: float
) -> None:
    """0 and 1 are one; what 1 and 2 have in evidence is in their link.

    0 == 1 --1-- 2
    """
    a, b = np.array(list(lifted), np.int64).reshape(-1, 2).T
    together = Together(a, b, {"person": np.array(list(lifted.values()), float) / LIFTED})
    graph = replace(problem({(1, 2): 1.0}, [], [(0, 1)], 3), together=together)
    small = contract(graph, np.array([0, 0, -1]), np.arange(3), np.arange(3))
    assert small.graph.gain.tolist() == pytest.approx([worth])
    assert honour(graph, flow, np.arange(3))[1].objective == pytest.approx(max(worth, 0))


def test_what_lies_between_two_must_linked_is_filled_in() -> None:
    """1 follows 0 and nobody priced 1 -> 2: with 0 and 2 one person, 1 stays; a stranger in between does not join.

    0 --3-- 1     2        3 conflicts with 0
    """
    graph = problem({(0, 1): 3.0, (1, 3): 1.0}, [(0, 3)], [(0, 2)], 4)
    larger, answer = honour(graph, flow, np.arange(4))
    assert answer.identity.tolist() == [0, 0, 0, 1]
    assert answer.objective == pytest.approx(3)
    assert larger.log_odds[answer.links].min() > 0
    against = problem({(0, 1): 3.0, (1, 2): -4.0}, [], [(0, 2)], 3)
    assert honour(against, flow, np.arange(3))[1].identity.tolist() == [0, 1, 0]
    group = fill_holes(graph, flow(problem({(0, 1): 3.0}, [], [], 4)), np.array([0, -1, 0, -1]), np.arange(4))
    assert group.tolist() == [0, 0, 0, -1]
