"""What the constants set by hand are worth to a clip that nobody looked at: they are chosen again without it.

For every clip in turn the constants are chosen on the other clips, by coordinate search over a few values each, a
factor of two or so apart; then the clip is scored with them, under all its trackers. What comes out is what the
procedure gives a clip that it has never seen. It starts from ``NEUTRAL``, values that somebody might take who had seen
no clip, so that nothing of the package's own values is in it. The same search with all clips, scored on the same clips,
is what nobody can have: the difference is what choosing on what is scored flatters by.

Selection looks at one tracker a clip, in turn, without embeddings and with generic ones, and maximises the share of the
headroom, mean of the two; scoring looks at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from math import log
from pathlib import Path
from typing import Any

import click
import numpy as np
from measured import HURT, LEVELS, data_option, embeddings_option, jobs_for, jobs_option, trackers_option
from rich.table import Table
from settings import Output, Scores, Setting, current

from reid_solve.report.tables import console

# Values of each constant; the first is the neutral one. The package's own need not be among them.
VALUES: dict[str, tuple[Any, ...]] = {
    "solver.switches SURE": (0.0, -log(19), 1.0, 3.0),  # cut where looks favour two; where the odds do; and sooner
    "solver.switches KEPT": (log(9), log(4), log(99)),  # a tracker keeps its person 9 times in 10
    "solver.cues.motion SHARE": (1.0, 0.5, 0.25),  # as if cues were independent
    "solver.cues.motion UNSEEN": (1.0, 2.0),
    "solver.cues.motion END_NOISE": ([0.2, 0.2], [0.1, 0.05], [0.4, 0.2]),
    "solver.cues.motion TAIL": (30.0, 5.0, 2.0),  # nearly a normal law
    "solver.cues.size SHARE": (1.0, 0.5, 0.25),
    "solver.cues.returns INSIDE.share": (0.5, 0.75, 0.95),
    "solver.cues.returns INSIDE.median": (1.0, 0.25, 4.0),
    "solver.cues.returns EXIT.share": (0.5, 0.75, 0.95),
    "solver.cues.returns EXIT.median": (10.0, 2.5, 5.0),
    "solver.cues.returns NEW": (0.5, 0.25, 0.75),
    "solver.cues.returns LATE": (0.5, 0.25, 0.1),
    "solver.graph LIMIT": (16.0, 8.0, 4.0),
    "solver.solution LIFTED": (1.0, 0.6, 0.3),
    "solver.graph PRIZE": (0.0, log(2), log(4)),  # the odds as they are
}
NEUTRAL = {constant: values[0] for constant, values in VALUES.items()}
PASSES = 2
DRAWS = 2000
SELECTION = ("none", "generic")  # levels that selection looks at
Used = Sequence[tuple[Setting, Output]]


class Search:
    """Choosing constants for every fold at once: a fold is a clip held out, or None for all clips in hindsight."""

    def __init__(self, scores: Scores, clips: list[str], trackers: Sequence[str]) -> None:
        self.scores, self.clips, self.trackers = scores, clips, trackers
        self.levels = [level for level in scores.levels if level in SELECTION]
        self.folds: list[str | None] = [*clips, None]
        self.looks = [(clip, trackers[k % len(trackers)]) for k, clip in enumerate(clips)]  # one tracker a clip

    def worth(self, setting: Setting, fold: str | None) -> float:
        """What selection maximises: mean over levels, the held-out clip unseen."""
        seen = [(setting, output) for output in self.looks if output[0] != fold]
        return sum(self.scores.gained(seen, level) for level in self.levels) / len(self.levels)

    def choose(self, offered: dict[str | None, list[Setting]], why: str) -> dict[str | None, Setting]:
        """The best offered setting of every fold; of equals, the first."""
        self.scores.need(
            ((s, output) for fold, some in offered.items() for s in some for output in self.looks if output[0] != fold),
            self.levels,
            why,
        )
        return {
            fold: some[max(range(len(some)), key=lambda k: (self.worth(some[k], fold), -k))]
            for fold, some in offered.items()
        }

    def one_change(self, start: Setting) -> dict[str | None, Setting]:
        """The best setting that differs from the start in one constant at most."""
        some = [start, *({**start, c: v} for c, values in VALUES.items() for v in values)]
        return self.choose(dict.fromkeys(self.folds, some), "one change")

    def sweeps(self, start: Setting, passes: int) -> Iterator[dict[str | None, Setting]]:
        """Coordinate search: every constant in turn gets its best value, the others held; settings after each pass."""
        now: dict[str | None, Setting] = dict.fromkeys(self.folds, start)
        for number in range(passes):
            for constant, values in VALUES.items():
                here = {fold: [setting, *({**setting, constant: v} for v in values)] for fold, setting in now.items()}
                now = self.choose(here, f"pass {number + 1}, {constant.split()[1]}")
            yield now

    def score(self, chosen: dict[str | None, Setting], hindsight: bool) -> tuple[Used, dict[str, dict[str, float]]]:
        """Solve every clip by its own fold's setting, or all by that of hindsight; what was used, and ``summaries``."""
        used = [
            (chosen[None if hindsight else clip], (clip, tracker)) for tracker in self.trackers for clip in self.clips
        ]
        self.scores.need(used, self.scores.levels, "scoring")
        return used, self.summaries(used)

    def summaries(self, used: Used) -> dict[str, dict[str, float]]:
        """Headroom and outputs hurt by level."""
        summaries = {level: self.scores.summary(used, level, HURT[0]) for level in self.scores.levels}
        return {level: {"headroom": headroom, "hurt": hurt} for level, (headroom, hurt) in summaries.items()}

    def difference(self, used: Used, base: Used, level: str) -> tuple[float, float]:
        """How much more of the headroom than the base, and the standard error over clips (bootstrap)."""
        shape = (len(self.trackers), len(self.clips), 3)
        one, other = (np.array([self.scores.of(*u, level) for u in some]).reshape(shape) for some in (used, base))
        draws = np.random.default_rng(0).integers(0, len(self.clips), (DRAWS, len(self.clips)))
        draws = np.concatenate([np.arange(len(self.clips))[None], draws])

        def headroom(hota: np.ndarray) -> np.ndarray:
            before, after, ceiling = np.moveaxis(hota[:, draws].sum(axis=2), -1, 0)
            return np.asarray((100 * (after - before) / (ceiling - before)).mean(axis=0))

        change = headroom(one) - headroom(other)
        return float(change[0]), float(change[1:].std())


@click.command()
@data_option
@trackers_option
@embeddings_option
@click.option("--passes", type=click.IntRange(1), default=PASSES, show_default=True, help="Of the coordinate search.")
@click.option(
    "--single", "singles", multiple=True, type=click.Choice(["neutral", "package"]),
    help="Also the best change of one constant, from this start; repeatable.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(dir_okay=False, path_type=Path), default="crossval-cache.json", show_default=True,
    help="Scores known so far; a run that was stopped goes on from it.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default="crossval.json", show_default=True)
@jobs_option
def main(data: Path, trackers: list[str], embeddings: Path | None, passes: int, singles: tuple[str, ...], cache: Path,
         out: Path, jobs: int) -> None:  # fmt: skip
    """Choose the constants again for every clip, without it; print what it then gains.

    \b
    Example:
        python benchmarks/crossval.py --data ../shared/data/soccernet-dev --embeddings DIR
    """
    work = jobs_for(data, trackers, LEVELS if embeddings else LEVELS[:1], embeddings)
    scores = Scores(work, click.get_current_context().with_resource(ProcessPoolExecutor(jobs)), cache)
    search = Search(scores, sorted({job.folder.name for job in work}), trackers)
    fixed: dict[str, Setting] = {"package": {}, "neutral": NEUTRAL}
    found: dict[str, Any] = {}
    table = Table(box=None, pad_edge=False)
    names = ("\nconstants", "\nchosen on", *(f"{level}\n%" for level in scores.levels), f"hurt\n>{HURT[0]}",
             *(f"{level},\nto package" for level in scores.levels))  # fmt: skip
    for name in names:
        table.add_column(name, justify="left" if name in names[:2] else "right", no_wrap=True)

    base = search.score({None: {}}, True)[0]

    def add(name: str, how: str, chosen: dict[str | None, Setting], hindsight: bool) -> None:
        used, by_level = search.score(chosen, hindsight)
        table.add_row(
            name, how, *(f"{by_level[level]['headroom']:.1f}" for level in scores.levels),
            "/".join(str(by_level[level]["hurt"]) for level in scores.levels),
            *("{:+.1f} ± {:.1f}".format(*search.difference(used, base, level)) for level in scores.levels),
        )  # fmt: skip
        found[f"{name}, {how}"] = {"levels": by_level, "settings": {str(f): dict(s) for f, s in chosen.items()}}
        out.write_text(json.dumps(found, indent=1))

    def add_both(name: str, chosen: dict[str | None, Setting]) -> None:
        for how, hindsight in (("the other clips", False), ("all clips", True)):
            add(name, how, chosen, hindsight)

    for name, setting in fixed.items():
        add(name, "(fixed)", {None: setting}, True)
    last: dict[str | None, Setting] = {}
    for number, last in enumerate(search.sweeps(NEUTRAL, passes)):
        add_both(f"neutral, pass {number + 1}", last)
    for name in singles:
        add_both(f"{name}, one change", search.one_change(fixed[name]))
    screen = console()
    screen.print(table)
    agree = {c: sum(last[f].get(c) == last[None].get(c) for f in search.folds[:-1]) for c in VALUES}
    screen.print(
        f"\nlast pass on all clips, the package's value, and by how many of {len(search.clips)} folds it was chosen too"
    )
    picks = Table(box=None, pad_edge=False)
    for name in ("constant", "values (the first is neutral)", "chosen", "package", "folds"):
        picks.add_column(name, no_wrap=True)
    for constant, values in VALUES.items():
        picks.add_row(
            constant.removeprefix("solver."), " ".join(map(shown, values)), shown(last[None][constant]),
            shown(current(constant)), str(agree[constant]),
        )  # fmt: skip
    screen.print(picks)
    screen.print(f"\n{len(scores.hota):,} outputs and settings solved, {scores.solved:,} of them now; all: {out}")


def shown(value: Any) -> str:
    """A value in few characters."""
    return "/".join(f"{v:.3g}" for v in value) if isinstance(value, list) else f"{value:.3g}"


if __name__ == "__main__":
    main()
