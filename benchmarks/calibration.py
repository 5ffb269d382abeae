"""Are the probabilities right? What the solver predicts against what is true, on clips with ground truth.

A candidate link i -> j is predicted with the sigmoid of its log-odds, rivals included. It is right if j is the next
tracklet of the person that most boxes of i show, and i the last one before j. As in the merge-only ceiling, a tracklet
is the person that most of its boxes on somebody show, however few; only one that is never on anybody has no person,
and every link of its is wrong. ``--pure`` leaves out the links of tracklets of which less than 90 % is one person, on
nobody included. Links that were priced as hopeless and dropped are not looked at; how many true ones are among them is
printed.

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) is the mean, over pairs, of the distance between the
mean prediction and the frequency of their bin: 15 bins of equal width. Most candidates are rightly hopeless and make it
small; so it is also given for those over 5 %, and with bins of equal mass.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.progress import track
from rich.table import Table

import reid_solve as rs
from reid_solve.evaluation.evaluate import people_of
from reid_solve.evaluation.truth import most_common
from reid_solve.report.tables import console
from reid_solve.solver.graph import LIMIT, RIVALS
from reid_solve.solver.rivals import link_probability
from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

BINS = 15
LIKELY = 0.05
PURE = 0.9
GAPS = (0, 5, 12, 25, 50, 100, 200, 10_000)  # frames; edges of what is looked at apart
NATS = (-99, -2, -1, -0.3, 0.3, 1, 2, 99)
PANEL = 190  # pixels of the drawing


@dataclass(frozen=True)
class Bins:
    """Per bin: mean prediction, observed frequency, and how many."""

    predicted: FloatArray
    observed: FloatArray
    count: IntArray

    @property
    def error(self) -> float:
        """Expected calibration error."""
        return float((self.count * np.abs(self.predicted - self.observed)).sum() / max(self.count.sum(), 1))


def binned(p: FloatArray, right: BoolArray, bins: int = BINS, equal_mass: bool = False) -> Bins:
    """Sort predictions (n,) and outcomes (n,) into bins of equal width or of equal mass; empty ones are left out."""
    if equal_mass:
        which = np.argsort(np.argsort(p, kind="stable"), kind="stable") * bins // max(len(p), 1)
    else:
        which = np.minimum((p * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    mean = [np.bincount(which, values, minlength=bins) / np.maximum(count, 1) for values in (p, right.astype(float))]
    return Bins(mean[0][count > 0], mean[1][count > 0], count[count > 0])


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
    """What one clip adds."""

    level: str
    tracker: str
    p: FloatArray  # (E,) of candidate links
    right: BoolArray  # (E,)
    pure: BoolArray  # (E,)
    i: IntArray  # (E,)
    j: IntArray  # (E,)
    gap: IntArray  # (E,)
    edges: FloatArray  # (E, 2) end and start at the picture's edge
    terms: dict[str, FloatArray]
    missing: int  # true links that are no candidates
    score: FloatArray  # (N,) identity_score
    decided: BoolArray  # (N,) both decisions right


def sample(job: tuple[Path, str, str, Path | None]) -> Sample:
    """Solve one clip and compare."""
    folder, tracker, level, sidecar = job
    tracks, truth = rs.read(folder / f"{tracker}.txt"), rs.read(folder / "gt.txt")
    result = rs.solve(tracks, embeddings=sidecar)
    (solved,) = result.recordings
    t, graph = solved.tracklets, solved.graph
    found = people_of(tracks, truth)[t.rows]
    person, votes = most_common(t.node, found, len(t))
    pure = votes >= PURE * t.length
    following, previous = true_neighbours(person, t.first, t.last, max(round(0.2 * t.fps), t.step))
    i, j = graph.pairs.i, graph.pairs.j
    right = following[i] == j
    own = solved.solution.identity
    after, before = true_neighbours(own, t.first, t.last, max(round(0.2 * t.fps), t.step))
    score = np.asarray(result.tracks.canonical["identity_score"].to_numpy(), float)[t.rows[t.offsets[:-1]]]
    return Sample(
        level, tracker, 1 / (1 + np.exp(-graph.log_odds)), right, pure[i] & pure[j], i, j, graph.pairs.gap,
        np.column_stack([t.at_edge(t.end)[i], t.at_edge(t.start)[j]]), dict(graph.terms),
        int((following >= 0).sum() - right.sum()), score, (after == following) & (before == previous),
    )  # fmt: skip


def joined(samples: list[Sample], name: str) -> Any:
    """One column of several clips."""
    return np.concatenate([getattr(s, name) for s in samples])


def cues_of(samples: list[Sample]) -> list[str]:
    """Every cue that has something to say in any clip; where it has not, its term is 0."""
    return list(dict.fromkeys(cue for s in samples for cue in s.terms))


def residuals(samples: list[Sample]) -> list[tuple[str, str, int, float, float]]:
    """Predicted and true links where links share something: (cue, range, links over 5 %, predicted, true)."""
    p, right, gap, edges = (joined(samples, name) for name in ("p", "right", "gap", "edges"))
    likely = p > LIKELY
    groups = [("gap", f"{a + 1}-{b} frames", (gap > a) & (gap <= b)) for a, b in pairwise(GAPS)]
    edge = edges > 0.5
    for k, name in enumerate(("inside -> inside", "inside -> edge", "edge -> inside", "edge -> edge")):
        groups.append(("edge", name, (edge[:, 0] == bool(k & 2)) & (edge[:, 1] == bool(k & 1))))
    for cue in cues_of(samples):
        term = np.concatenate([s.terms.get(cue, np.zeros(len(s.p))) for s in samples])
        for a, b in pairwise(NATS):
            groups.append((cue, f"{a:+g} to {b:+g} nats", (term > a) & (term <= b)))
    return [
        (cue, what, int((here & likely).sum()), float(p[here].sum()), float(right[here].sum()))
        for cue, what, here in groups if here.any()
    ]  # fmt: skip


def weights(samples: list[Sample]) -> dict[str, float]:
    """By how much each cue should be multiplied, and the constant to add, for the truth to be most likely.

    The model stays as it is: cues weighed and added up, capped, then set against their rivals. A weight of 1 is a cue
    rightly taken at its word; below, it is too sure of itself.
    """
    from scipy.optimize import minimize

    cues = [cue for cue in cues_of(samples) if cue != RIVALS]
    designs = [
        np.column_stack([*(s.terms.get(cue, np.zeros(len(s.p))) for cue in cues), np.ones(len(s.p))]) for s in samples
    ]
    usual = np.append(np.ones(len(cues)), 0.0)

    def loss(w: FloatArray) -> float:
        total = 0.005 * float(((w - usual) ** 2).sum()) * len(samples)  # a cue that is hardly ever there stays put
        for s, x in zip(samples, designs, strict=True):
            p = np.clip(link_probability(len(s.score), s.i, s.j, np.minimum(x @ w, LIMIT)), 1e-4, 1 - 1e-4)
            total -= float(np.log(np.where(s.right, p, 1 - p)).sum())
        return total

    found = minimize(loss, usual, method="L-BFGS-B", options={"eps": 1e-3, "maxiter": 25}).x
    return dict(zip([*cues, "constant"], map(float, found), strict=True))


def figures(samples: list[Sample], pure: bool) -> dict[str, float]:
    """Calibration errors of candidate links and of ``identity_score``."""
    keep = joined(samples, "pure") if pure else slice(None)
    p, right = joined(samples, "p")[keep], joined(samples, "right")[keep]
    likely = p > LIKELY
    score, decided = joined(samples, "score"), joined(samples, "decided")
    return {
        "pairs": len(p),
        "error": binned(p, right).error,
        "equal mass": binned(p, right, equal_mass=True).error,
        "likely": int(likely.sum()),
        "error, likely": binned(p[likely], right[likely]).error,
        "predicted": float(p.sum()),
        "true": float(right.sum()),
        "missing": sum(s.missing for s in samples),
        "tracklets": len(score),
        "identity error": binned(score, decided).error,
        "identity mean": float(score.mean()),
        "identity right": float(decided.mean()),
    }


def panel(title: str, note: str, bins: Bins) -> str:
    """One reliability diagram: dots over the diagonal are too modest, under it too sure; area is how many."""
    size, out = PANEL, [f'<text class="title" x="0" y="-22">{title}</text>', f'<text x="0" y="-8">{note}</text>']
    for k in range(6):
        at = size * k / 5
        out.append(f'<path class="grid" d="M0 {at:g}H{size}M{at:g} 0V{size}"/>')
    for k in (0, 50, 100):
        out.append(f'<text class="end" x="-6" y="{size - size * k / 100 + 4:g}">{k}</text>')
        out.append(f'<text class="mid" x="{size * k / 100:g}" y="{size + 15}">{k}</text>')
    out.append(f'<path class="ideal" d="M0 {size}L{size} 0"/>')
    x, y = size * bins.predicted, size * (1 - bins.observed)
    out.append('<path class="line" d="M' + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + '"/>')
    for a, b, n in zip(x, y, bins.count, strict=True):
        out.append(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{1.5 + 1.1 * np.log10(max(n, 1)):.1f}"><title>{n}</title></circle>'
        )
    return "".join(out)


def drawing(samples: list[Sample]) -> str:
    """Reliability diagrams as SVG: links above, identity scores below, a column a level."""
    levels = list(dict.fromkeys(s.level for s in samples))
    step, parts = PANEL + 55, []
    for column, level in enumerate(levels):
        some = [s for s in samples if s.level == level]
        named = {"none": "no embeddings", "finetuned": "fine-tuned"}.get(level, level)
        for line, (what, p, right) in enumerate((("Links", "p", "right"), ("Identities", "score", "decided"))):
            bins = binned(joined(some, p), joined(some, right))
            note = f"{bins.count.sum():,} {'candidates' if line == 0 else 'tracklets'}, error {100 * bins.error:.1f} %"
            place = f"translate({50 + column * step} {50 + line * (PANEL + 85)})"
            parts.append(f'<g transform="{place}">{panel(f"{what}, {named}", note, bins)}</g>')
    width, height = 50 + len(levels) * step - 20, 2 * (PANEL + 85) + 15
    style = (
        "text{font:11px system-ui,'DejaVu Sans',sans-serif;fill:#57606a}"
        ".title{font-weight:600;font-size:12px;fill:#1f2328}"
        ".end{text-anchor:end}.mid{text-anchor:middle}.grid{stroke:#d0d7de;stroke-width:.5;fill:none}"
        ".ideal{stroke:#8c959f;stroke-dasharray:4 3;fill:none}.line{stroke:#0969da;stroke-width:1.5;fill:none}"
        "circle{fill:#0969da;fill-opacity:.75}"
    )
    legend = "across: predicted probability, %; up: observed frequency, %; dots grow with how many"
    foot = f'<text x="50" y="{height - 8}">{legend}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}{foot}</svg>\n'
    )


def print_figures(screen: Any, found: dict[str, dict[str, float]]) -> None:
    """One line a level and tracker."""
    table = Table(box=None, pad_edge=False, title="expected calibration error, %", title_justify="left")
    table.add_column("level, tracker", no_wrap=True)
    for name in ("candidates", "equal width", "equal mass", f"over {LIKELY:.0%}", "error", "links predicted", "true",
                 "not candidates", "tracklets", "identity error", "mean score", "right"):  # fmt: skip
        table.add_column(name, justify="right")
    for name, f in found.items():
        table.add_row(
            name, f"{f['pairs']:,}", f"{100 * f['error']:.2f}", f"{100 * f['equal mass']:.2f}", f"{f['likely']:,}",
            f"{100 * f['error, likely']:.2f}", f"{f['predicted']:.0f}", f"{f['true']:.0f}", f"{f['missing']:.0f}",
            f"{f['tracklets']:,}", f"{100 * f['identity error']:.2f}",
            f"{100 * f['identity mean']:.1f}", f"{100 * f['identity right']:.1f}",
        )  # fmt: skip
    screen.print(table)


def print_cues(screen: Any, level: str, samples: list[Sample]) -> dict[str, Any]:
    """Where the predictions are off: by cue, and by what each cue should be multiplied."""
    table = Table(box=None, pad_edge=False, title=f"\n{level}: links by cue", title_justify="left")
    for name in ("cue", "range", f"over {LIKELY:.0%}", "predicted", "true", "ratio"):
        table.add_column(name, justify="left" if name in ("cue", "range") else "right")
    rows = residuals(samples)
    for cue, what, likely, predicted, true in rows:
        table.add_row(cue, what, f"{likely:,}", f"{predicted:.0f}", f"{true:.0f}", f"{predicted / max(true, 1):.2f}")
    screen.print(table)
    fitted = weights(samples)
    screen.print("weights that would fit: " + ", ".join(f"{cue} {w:.2f}" for cue, w in fitted.items()))
    return {"residuals": rows, "weights": fitted}


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option(
    "--tracker", "trackers", multiple=True, default=["deep-oc-sort", "bytetrack", "bot-sort"], show_default=True
)
@click.option(
    "--embeddings",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of CLIP-TRACKER-LEVEL.parquet sidecars; without, only what goes without.",
)
@click.option("--pure", is_flag=True, help="Leave out links of tracklets that show several people.")
@click.option("--cues", "by_cue", is_flag=True, help="Also print where the predictions are off, cue by cue.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw reliability diagrams here.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="calibration.json", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True)
def main(data: Path, trackers: list[str], embeddings: Path | None, pure: bool, by_cue: bool, svg: Path | None,
         out: Path, jobs: int) -> None:  # fmt: skip
    """Compare predicted probabilities with what is true, on every tracker and clip of a folder.

    \b
    Example:
        python benchmarks/calibration.py --data ../shared/data/soccernet-dev --embeddings DIR --svg docs/calibration.svg
    """
    levels = ["none", *(("generic", "finetuned") if embeddings else ())]
    work = [
        (gt.parent, tracker, level, embeddings / f"{gt.parent.name}-{tracker}-{level}.parquet"
         if embeddings and level != "none" else None)
        for level in levels for tracker in trackers for gt in sorted(data.glob("*/gt.txt"))
    ]  # fmt: skip
    with ProcessPoolExecutor(jobs) as pool:
        done = pool.map(sample, work, chunksize=2)
        samples = list(track(done, "clips", total=len(work), transient=True, console=console(stderr=True)))
    found, cues = {}, {}
    for level in levels:
        here = [s for s in samples if s.level == level]
        found[level] = figures(here, pure)
        found |= {f"  {t}, {level}": figures([s for s in here if s.tracker == t], pure) for t in trackers}
    screen = console()
    print_figures(screen, found)
    for level in levels if by_cue else ():
        cues[level] = print_cues(screen, level, [s for s in samples if s.level == level])
    out.write_text(json.dumps({"figures": found, "cues": cues}, indent=1))
    if svg:
        svg.write_text(drawing(samples))


if __name__ == "__main__":
    main()
