"""What a match teaches a network without labels: `train --self-supervised` on a clip's video and a tracker's output.

Ground truth is read only to score: AUC as in embedders.py, overall and within a team, of the network before and after,
and what solving makes of its embeddings. Every seed of an adapted network is shown, whatever came out, and it is the
network that the command hands out: the start, where the check on the held-out fifth of the clip did not improve. *mAP*
is that check, without labels: a person a second later and more, among the people seen together with him. One clip is no
average. Settings are the command's defaults.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
from embedders import AUCS, SCORES, kits, tell_apart
from rich.table import Table

import reid_solve as rs
from reid_solve.report.tables import console
from reid_solve.tracklets.embed.run import embed
from reid_solve.training.self_supervised.run import START, Taught, teach

HEADS = ("network", "seed", "mAP", "kept", "s", *AUCS, *SCORES)
folder_path = click.Path(exists=True, file_okay=False, path_type=Path)


def cells(taught: Taught | None, found: dict[str, Any]) -> dict[str, str]:
    """Numbers as text."""
    out = {name: f"{found[name]:.3f}" for name in AUCS} | {name: f"{found[name]:.2f}" for name in SCORES}
    if taught is not None:
        facts = taught.to_dict()
        out |= {"mAP": f"{facts['after']['mAP']:.1f}", "kept": facts["kept"], "s": f"{facts['seconds']:.0f}"}
    return out


@click.command()
@click.option("--data", type=folder_path, required=True, help="Folder with video.mp4 and gameinfo.ini.")
@click.option("--clip", type=folder_path, required=True, help="Folder with gt.txt and the tracker's output.")
@click.option("--tracker", default="bytetrack", show_default=True)
@click.option("--start", "starts", multiple=True, required=True, help="SPEC=WEIGHTS, SPEC or embedder.pt; repeatable.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Instead of the defaults.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(0, 1, 2), show_default=True)
@click.option("--steps", type=int, help="Over the defaults.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Keep the networks here.")
def main(data: Path, clip: Path, tracker: str, starts: tuple[str, ...], config: Path | None, seeds: tuple[int, ...],
         steps: int | None, out: Path | None) -> None:  # fmt: skip
    """Adapt a network to a clip and score it against ground truth afterwards.

    \b
    Example:
        python benchmarks/self_supervised.py --data VIDEO_FOLDER --clip CLIP_FOLDER --start osnet:x0_25=osnet.onnx
    """
    tracks, truth = rs.read(clip / f"{tracker}.txt"), rs.read(clip / "gt.txt")
    video, kit = data / "video.mp4", kits(data / "gameinfo.ini")
    table = Table(box=None, pad_edge=False)
    for head in HEADS:
        table.add_column(head, justify="left" if head in ("network", "kept") else "right", no_wrap=True)

    def scored(network: Path) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as scratch:
            sidecar = Path(scratch) / "seen.parquet"
            embed(tracks, video, f"trained:{network}", per_tracklet=16).write(sidecar)
            found = tell_apart(tracks, truth, kit, sidecar)
            return {**found, **rs.evaluate(rs.solve(tracks, embeddings=sidecar), truth).to_dict()}

    def row(name: str, values: dict[str, str]) -> None:
        table.add_row(name, *(values.get(head, "") for head in HEADS[1:]))
        click.echo(f"{name}: {values}", err=True)

    with tempfile.TemporaryDirectory() as scratch:
        for start in starts:
            name = start.partition("=")[0] + ("" if "=" in start or start.endswith(".pt") else ", random")
            for seed in seeds:
                folder = (out or Path(scratch)) / f"{name.replace(':', '-').replace(', ', '-')}-{seed}"
                taught = teach(tracks, video, folder, start=start, config=config, steps=steps, seed=seed)
                if seed == seeds[0]:
                    before = cells(None, scored(folder / START)) | {"mAP": f"{taught.before['mAP']:.1f}"}
                    row(name, before)
                row("  adapted", cells(taught, scored(folder / "embedder.pt")) | {"seed": str(seed)})
    console().print(table)


if __name__ == "__main__":
    main()
