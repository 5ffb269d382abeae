"""The command line: which commands there are, by theme. What each one does is in ``commands/``."""

from __future__ import annotations

import click

from reid_solve.commands.completion import completion
from reid_solve.commands.drawing import render, timeline
from reid_solve.commands.evaluation import evaluate, reid_evaluate
from reid_solve.commands.group import OneLineErrors
from reid_solve.commands.solving import explain, graph, solve
from reid_solve.commands.tables import convert, formats, info
from reid_solve.commands.training import reid_data, soup, train
from reid_solve.commands.video import embed, jersey, run, team, track


@click.group(cls=OneLineErrors, default="solve", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reid-solve", prog_name="reid-solve")
def main() -> None:
    """Know who is who in a whole sports clip.

    Reads the output of any tracker, decides globally which of its tracklets are one person, and writes the rows back
    with an identity. `reid-solve tracks.parquet` is short for `reid-solve solve tracks.parquet`.

    \b
    Examples:
        reid-solve tracks.parquet
        reid-solve evaluate tracks.identities.parquet --gt gt.txt
    """


main.add_theme("Who is who", (solve, explain, graph, evaluate))
main.add_theme("Pictures", (timeline, render))
main.add_theme("From a video", (run, track, embed, team, jersey))
main.add_theme("Files of tracks", (info, convert, formats))
main.add_theme("Re-identification models", (train, soup, reid_data, reid_evaluate))
main.add_theme("Shell", (completion,))
