"""Reliability: predictions in bins against what came true, as numbers and as a drawing. This file is no command.

The expected calibration error (Naeini, Cooper and Hauskrecht 2015) is the mean, over predictions, of the distance
between the mean prediction and the frequency of their bin: 15 bins of equal width, unless said otherwise. It is never
0: bins are finite, and ``by_chance`` says how large it would be if every prediction were right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.table import Table

from reid_solve.tracklets.table import BoolArray, FloatArray, IntArray

BINS = 15
PANEL = 190  # pixels of the drawing
DRAWS = 200
TENTHS = 10


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


def by_chance(p: FloatArray) -> float:
    """Expected calibration error of predictions (n,) that are right: outcomes drawn from them, mean of 200 draws."""
    rng = np.random.default_rng(0)
    return float(np.mean([binned(p, rng.random(len(p)) < p).error for _ in range(DRAWS)]))


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


def drawing(columns: Mapping[str, Sequence[tuple[str, str, Bins]]]) -> str:
    """Reliability diagrams as SVG: a column a level; in it, one below the other, (title, of what, bins)."""
    step, parts = PANEL + 55, []
    for column, (level, rows) in enumerate(columns.items()):
        named = {"none": "no embeddings", "finetuned": "fine-tuned"}.get(level, level)
        for line, (what, kind, bins) in enumerate(rows):
            note = f"{bins.count.sum():,} {kind}, error {100 * bins.error:.1f} %"
            place = f"translate({50 + column * step} {50 + line * (PANEL + 85)})"
            parts.append(f'<g transform="{place}">{panel(f"{what}, {named}", note, bins)}</g>')
    width, height = 50 + len(columns) * step - 20, 2 * (PANEL + 85) + 15
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


def print_bins(screen: Any, bins: dict[str, Bins]) -> None:
    """Tenths of the score against how often it is right, by level."""
    table = Table(box=None, pad_edge=False, title="\nidentity_score, clip left out, by tenths, %", title_justify="left")
    table.add_column("level, what")
    for k in range(TENTHS):
        table.add_column(f"{100 * k // TENTHS}-{100 * (k + 1) // TENTHS}", justify="right", no_wrap=True)
    for level, found in bins.items():
        which = np.minimum((found.predicted * TENTHS).astype(int), TENTHS - 1)
        for what, values in (("mean score", 100 * found.predicted), ("right", 100 * found.observed)):
            cells = dict(zip(which, (f"{v:.0f}" for v in values), strict=True))
            table.add_row(f"{level}, {what}", *(cells.get(k, "") for k in range(TENTHS)))
        count = dict(zip(which, (f"{n:,}" for n in found.count), strict=True))
        table.add_row(f"{level}, tracklets", *(count.get(k, "") for k in range(TENTHS)))
    screen.print(table)


def percent(share: float | None) -> str:
    """For a table; nothing where there is nothing."""
    return "" if share is None else f"{100 * share:.2f}"


def print_figures(screen: Any, found: dict[str, dict[str, float]], likely: float) -> None:
    """One line a level and tracker: links, those over ``likely`` apart, then identities."""
    links = Table(
        box=None, pad_edge=False, title="candidate links; expected calibration error, %", title_justify="left"
    )
    names = ("\nlevel, tracker", "\ncandidates", "equal\nwidth", "equal\nmass", f"over {likely:.0%}\nthere are",
             "\nerror", "links\npredicted", "\ntrue", "\ndropped")  # fmt: skip
    for name in names:
        links.add_column(name, justify="left" if "level" in name else "right", no_wrap=True)
    title = "\nidentity_score; calibration error, %"
    scores = Table(box=None, pad_edge=False, title=title, title_justify="left")
    names = ("\nlevel, tracker", "\ntracklets", "mean\nscore", "\nright", "as\nshipped", "clip\nleft out",
             "tracker\ntoo", "un-\nweighed", "by\nchance")  # fmt: skip
    for name in names:
        scores.add_column(name, justify="left" if "level" in name else "right", no_wrap=True)
    for name, f in found.items():
        links.add_row(
            name, f"{f['pairs']:,}", f"{100 * f['error']:.2f}", f"{100 * f['equal mass']:.2f}", f"{f['likely']:,}",
            f"{100 * f['error, likely']:.2f}", f"{f['predicted']:.0f}", f"{f['true']:.0f}", f"{f['missing']:.0f}",
        )  # fmt: skip
        kinds = ("", ", clip left out", ", clip and tracker left out", ", unweighed", " by chance")
        scores.add_row(
            name, f"{f['tracklets']:,}", f"{100 * f['identity mean']:.1f}", f"{100 * f['identity right']:.1f}",
            *(percent(f.get(f"identity error{kind}")) for kind in kinds),
        )  # fmt: skip
    screen.print(links)
    screen.print(scores)
