"""The README's pictures of a rendered video: the shipped clip drawn, solved and rendered. A part of `make pictures`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np

import reid_solve as rs
from reid_solve.report.marks import UNSURE
from reid_solve.tracklets.video import Picture, first_frame, pictures

ROOT = Path(__file__).parents[1]
CLIP = ROOT / "fixtures" / "derby"
SIZE = (1280, 720)
QUALITY = 82  # of JPEG, of 100
PART = 0.62  # of each side of the comparison, so that its numbers can be read in a page


def chosen(solved: Path) -> tuple[int, int]:
    """Frames of the video that show most: people and question marks; people whom the tracker had under other ids."""
    tracks = rs.read(solved)
    frame = tracks.frame - first_frame(tracks)
    (person, _), (track, _) = tracks.codes("identity"), tracks.codes("track_id")
    boxes = np.zeros((track.max() + 1, person.max() + 1))
    np.add.at(boxes, (track, person), 1)
    lost = boxes.argmax(axis=0)[person] != track
    unsure = np.asarray(tracks.canonical["identity_score"]) < UNSURE
    middle = (tracks.boxes[:, :2] + tracks.boxes[:, 2:] / 2) / [tracks.clip.width, tracks.clip.height]
    shown = lost & (middle < PART).all(axis=1)
    size = int(frame.max()) + 1
    many = np.bincount(frame, minlength=size) + 3 * np.bincount(frame[unsure], minlength=size)
    return int(many.argmax()), int(np.bincount(frame[shown], minlength=size).argmax())


def frame(path: Path, number: int) -> Picture:
    """One frame of a video."""
    return next(picture for _, picture in pictures(path, wanted=[number]))


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="demo", show_default=True)
def main(out: Path) -> None:
    """Draw fixtures/derby as a video, render its identities, and keep two frames: render.jpg and compare.jpg.

    \b
    Example:
        python benchmarks/pictures.py --out docs
    """
    sys.path.insert(0, str(ROOT / "fixtures"))
    import film

    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video, tracks, solved = folder / "video.mp4", CLIP / "tracks.parquet", folder / "solved.parquet"
        film.draw_clip(video, seed=19, size=SIZE)
        rs.solve(tracks, embeddings=CLIP / "embeddings.parquet").write(solved)
        rs.render(video, solved, folder / "whole.mp4", trails=True, timeline=True)
        rs.render(video, solved, folder / "both.mp4", compare=tracks)
        first, second = chosen(solved)
        whole, both = frame(folder / "whole.mp4", first), frame(folder / "both.mp4", second)
    height, width = both.shape[0], both.shape[1] // 2
    part = [both[: round(PART * height), side * width : side * width + round(PART * width)] for side in (0, 1)]
    for name, picture in (("render.jpg", whole), ("compare.jpg", cv2.hconcat(part))):
        cv2.imwrite(str(out / name), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        click.echo(f"{out / name}  {(out / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
