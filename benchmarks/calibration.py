"""Are the probabilities right? What the solver predicts against what is true, on clips with ground truth.

A candidate link i -> j is predicted with the sigmoid of its log-odds, rivals included. It is right if j is the next
tracklet of the person that most boxes of i show, and i the last one before j. As in the merge-only ceiling, a tracklet
is the person that most of its boxes on somebody show, however few; only one that is never on anybody has no person,
and every link of its is wrong. ``--pure`` leaves out the links of tracklets of which less than 90 % is one person, on
nobody included. Links that were priced as hopeless and dropped are not looked at; how many true ones are among them is
printed.

``identity_score`` is the probability that both decisions about a tracklet, what follows and what came before, are
right in that sense (``solver/confidence.py``). The weights in it are a prior that was learnt from such clips, so that
on these the score is also looked at with weights learnt from the other clips only (*clip left out*), from the other
clips under the other trackers (*tracker too*), and with none (*unweighed*: the solver's own log-odds, at their word).
*By chance* is the error that a score without any would have with so many tracklets.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from cue_fit import LIKELY, Links, joined, print_cues
from measured import LEVELS, Job, data_option, embeddings_option, in_parallel, jobs_for, jobs_option, trackers_option
from reliability import TENTHS, Bins, binned, by_chance, drawing, print_bins, print_figures

import reid_solve as rs
from reid_solve.evaluation.evaluate import people_of
from reid_solve.evaluation.truth import most_common
from reid_solve.report.tables import console
from reid_solve.solver.confidence import WEIGHTS, evidence
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

PURE = 0.9
UNWEIGHED = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])  # log-odds and lifted evidence at their word
RIDGE = 1e-3  # keeps a weight at 0 of which the clips say nothing


def true_neighbours(person: IntArray, first: IntArray, last: IntArray, slack: int) -> tuple[IntArray, IntArray]:
    """Next and previous tracklet of the same person, (N,) each, -1 for none.

    Tracklets of one person that run side by side cannot all be followed by the next one: the last to end is.

    Args:
        person: (N,) whose each tracklet is, -1 for nobody's.
        first, last: (N,) its frames; tracklets are ordered by the first.
        slack: frames for which the next may have begun already.
    """
    after = (first[None] > last[:, None] - slack) & (last[None] > last[:, None])
    after &= (person[:, None] == person[None]) & (person[:, None] >= 0)
    np.fill_diagonal(after, False)
    following = np.where(after.any(axis=1), after.argmax(axis=1), -1)
    previous = np.full(len(person), -1)
    for i in np.argsort(last, kind="stable"):  # the last to end overwrites
        if following[i] >= 0:
            previous[following[i]] = i
    kept = (following >= 0) & (previous[following] == np.arange(len(person)))
    return np.where(kept, following, -1), previous


@dataclass(frozen=True)
class Sample:
    """What one output adds."""

    level: str
    tracker: str
    clip: str
    links: Links
    score: FloatArray  # (N,) identity_score
    evidence: FloatArray  # (2, N, K) for what follows and what came before
    decided: BoolArray  # (2, N) that is right

    @property
    def right(self) -> BoolArray:
        """Whether both decisions are right, (N,)."""
        return np.asarray(self.decided.all(axis=0))

    def weighed(self, weights: FloatArray) -> FloatArray:
        """Score (N,) with other weights."""
        return np.asarray((1 / (1 + np.exp(-self.evidence @ weights))).prod(axis=0))


def samples_of(job: Job) -> list[Sample]:
    """Solve one output at every level and compare."""
    tracks, truth = rs.read(job.folder / f"{job.tracker}.txt"), rs.read(job.folder / "gt.txt")
    found = people_of(tracks, truth)
    return [sample(job, level, rs.solve(tracks, embeddings=job.sidecars[level]), found) for level in job.sidecars]


def sample(job: Job, level: str, result: Any, found: IntArray) -> Sample:
    """Compare one result with whom (n,) the rows are on."""
    (solved,) = result.recordings
    t, graph = solved.tracklets, solved.graph
    slack = max(round(0.2 * t.fps), t.step)
    person, votes = most_common(t.node, found[t.rows], len(t))
    pure = votes >= PURE * t.length
    following, previous = true_neighbours(person, t.first, t.last, slack)
    after, before = true_neighbours(solved.solution.identity, t.first, t.last, slack)
    i, j = graph.pairs.i, graph.pairs.j
    right = following[i] == j
    links = Links(
        len(t), 1 / (1 + np.exp(-graph.log_odds)), right, pure[i] & pure[j], i, j, graph.pairs.gap,
        np.column_stack([t.at_edge(t.end)[i], t.at_edge(t.start)[j]]), dict(graph.terms),
        int((following >= 0).sum() - right.sum()),
    )  # fmt: skip
    score = np.asarray(result.tracks.canonical["identity_score"].to_numpy(), float)[t.rows[t.offsets[:-1]]]
    decided = np.stack([after == following, before == previous])
    return Sample(level, job.tracker, job.folder.name, links, score, evidence(solved), decided)


def fit(samples: Sequence[Sample]) -> FloatArray:
    """Weights (K,) under which the decisions came out as they did most likely: a logistic regression."""
    x = np.concatenate([s.evidence.reshape(-1, len(WEIGHTS)) for s in samples])
    right = np.concatenate([s.decided.reshape(-1) for s in samples])
    weights = np.zeros(len(WEIGHTS))
    for _ in range(50):  # Newton
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - right) + RIDGE * weights
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + RIDGE * np.eye(len(weights)), slope)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def left_out(samples: Sequence[Sample], *fields: str) -> list[FloatArray]:
    """Scores (N,) of every sample with weights learnt from those that differ from it in all these fields."""
    weights = {}
    for own in {tuple(getattr(s, field) for field in fields) for s in samples}:
        others = [s for s in samples if all(getattr(s, f) != v for f, v in zip(fields, own, strict=True))]
        weights[own] = fit(others) if others else np.full(len(WEIGHTS), np.nan)
    return [s.weighed(weights[tuple(getattr(s, field) for field in fields)]) for s in samples]


def figures(samples: Sequence[Sample], unseen: dict[str, list[FloatArray]], pure: bool) -> dict[str, float]:
    """Calibration errors of candidate links and of ``identity_score``; ``unseen``: scores by what was left out."""
    links = [s.links for s in samples]
    keep = joined(links, "pure") if pure else slice(None)
    p, right = joined(links, "p")[keep], joined(links, "right")[keep]
    likely = p > LIKELY
    score, decided = joined(samples, "score"), joined(samples, "right")
    plain = np.concatenate([s.weighed(UNWEIGHED) for s in samples])
    return {
        "pairs": len(p),
        "error": binned(p, right).error,
        "equal mass": binned(p, right, equal_mass=True).error,
        "likely": int(likely.sum()),
        "error, likely": binned(p[likely], right[likely]).error,
        "predicted": float(p.sum()),
        "true": float(right.sum()),
        "missing": sum(part.missing for part in links),
        "tracklets": len(score),
        "identity error": binned(score, decided).error,
        **{
            f"identity error, {what} left out": binned(np.concatenate(some), decided).error
            for what, some in unseen.items()
        },
        "identity error, unweighed": binned(plain, decided).error,
        "identity error by chance": by_chance(score),
        "identity mean": float(score.mean()),
        "identity right": float(decided.mean()),
    }


@click.command()
@data_option
@trackers_option
@embeddings_option
@click.option("--pure", is_flag=True, help="Leave out links of tracklets that show several people.")
@click.option("--cues", "by_cue", is_flag=True, help="Also print where the predictions of links are off, cue by cue.")
@click.option("--fit", "refit", is_flag=True, help="Also print the weights of solver/confidence.py, learnt again.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw reliability diagrams here.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="calibration.json", show_default=True)
@jobs_option
def main(data: Path, trackers: list[str], embeddings: Path | None, pure: bool, by_cue: bool, refit: bool,
         svg: Path | None, out: Path, jobs: int) -> None:  # fmt: skip
    """Compare predicted probabilities with what is true, on every tracker and clip of a folder.

    \b
    Example:
        python benchmarks/calibration.py --data ../shared/data/soccernet-dev --embeddings DIR --svg docs/calibration.svg
    """
    levels = LEVELS if embeddings else LEVELS[:1]
    work = jobs_for(data, trackers, levels, embeddings)
    samples = [s for some in in_parallel(samples_of, work, jobs, "clips") for s in some]
    unseen = {"clip": left_out(samples, "clip")}
    if len(trackers) > 1:
        unseen["clip and tracker"] = left_out(samples, "clip", "tracker")
    found, bins, cues = {}, {}, {}
    columns: dict[str, list[tuple[str, str, Bins]]] = {}
    for level in levels:
        for tracker in (None, *trackers):
            here = [k for k, s in enumerate(samples) if s.level == level and tracker in (None, s.tracker)]
            some, scores = [samples[k] for k in here], {what: [all_[k] for k in here] for what, all_ in unseen.items()}
            found[level if tracker is None else f"  {tracker}, {level}"] = figures(some, scores, pure)
            if tracker is None:
                score, right = np.concatenate(scores["clip"]), joined(some, "right")
                bins[level] = binned(score, right, TENTHS)
                links = [s.links for s in some]
                pairs = binned(joined(links, "p"), joined(links, "right"))
                columns[level] = [("Links", "candidates", pairs), ("Identities", "tracklets", binned(score, right))]
    screen = console()
    print_figures(screen, found, LIKELY)
    print_bins(screen, bins)
    for level in levels if by_cue else ():
        cues[level] = print_cues(screen, level, [s.links for s in samples if s.level == level])
    weights = fit(samples)
    if refit:
        screen.print("\nweights of solver/confidence.py: " + ", ".join(f"{w:.2f}" for w in weights), soft_wrap=True)
        screen.print("shipped:                         " + ", ".join(f"{w:.2f}" for w in WEIGHTS), soft_wrap=True)
    out.write_text(json.dumps({"figures": found, "cues": cues, "weights": weights.tolist()}, indent=1))
    if svg:
        svg.write_text(drawing(columns))


if __name__ == "__main__":
    main()
