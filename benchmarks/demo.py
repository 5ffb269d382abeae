"""The main job on the shipped clip: HOTA before, after and at most, and a picture. What `make demo` runs."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

import reid_solve as rs
from reid_solve.evaluation.evaluate import people_of
from reid_solve.report.tables import console
from reid_solve.report.timeline import timeline_svg

CLIP = Path(__file__).parents[1] / "fixtures" / "derby"


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="demo", show_default=True)
def main(out: Path) -> None:
    """Solve fixtures/derby (simulated: 25 people, a panning camera, a tracker), with and without appearance.

    \b
    Example:
        python benchmarks/demo.py --out demo
    """
    out.mkdir(parents=True, exist_ok=True)
    tracks, truth = rs.read(CLIP / "tracks.parquet"), rs.read(CLIP / "gt.parquet")
    before = rs.evaluate(tracks, truth, ceiling=True)
    motion = rs.solve(tracks)
    both = rs.solve(tracks, embeddings=CLIP / "embeddings.parquet")
    both.write(out / "derby.identities.parquet")
    table = Table(box=None, pad_edge=False)
    for name in ("", "ids", "HOTA", "AssA", "IDF1", "IDSW"):
        table.add_column(name, justify="right" if name else "left")
    for name, evaluation in (
        ("the tracker", before),
        ("reid-solve, motion only", rs.evaluate(motion, truth)),
        ("reid-solve, with embeddings", rs.evaluate(both, truth)),
    ):
        s = evaluation.to_dict()
        table.add_row(name, str(s["IDs"]), *(f"{s[k]:.2f}" for k in ("HOTA", "AssA", "IDF1")), str(s["IDSW"]))
    best = before.to_dict()["ceiling"]["merge_only"]
    table.add_row("ceiling of merging", "", *(f"{best[k]:.2f}" for k in ("HOTA", "AssA", "IDF1")), "", style="dim")
    console().print(table)
    picture = out / "timeline.svg"
    title = "Who is who in 30 seconds of a simulated match"
    picture.write_text(timeline_svg(both.tracks, people_of(both.tracks, truth), title=title))
    click.echo(f"\nsolved rows: {out / 'derby.identities.parquet'}\npicture:     {picture}")


if __name__ == "__main__":
    main()
