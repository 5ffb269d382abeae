"""What the stages do: each calls one function of the package and says what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reid_solve.pipeline.stages import Progress, Work
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.table import Note


def track_work(video: Path, options: Mapping[str, Any]) -> Work:
    """Detect and link, or link given detections."""

    def work(output: Path, progress: Progress | None) -> tuple[Mapping[str, Any], Sequence[Note]]:
        from reid_solve.tracklets.detect import track
        from reid_solve.tracklets.info import info
        from reid_solve.tracklets.write import write

        tracks = track(video, progress=progress, **options)
        if not len(tracks):
            raise OptionError(f"{video}: nobody was found in it; try a lower --conf, or other --classes")
        output.unlink(missing_ok=True)  # it is out of date, and in a folder of detections no file is written over
        notes = write(tracks, output)
        facts = info(tracks)
        return {"rows": facts["rows"], "tracklets": facts["tracklets"]["count"]}, (*tracks.notes, *notes)

    return work


def embed_work(video: Path, tracks: Path, options: Mapping[str, Any], cache: Path) -> Work:
    """Look at crops of the tracklets."""

    def work(output: Path, _progress: Progress | None) -> tuple[Mapping[str, Any], Sequence[Note]]:
        from reid_solve.tracklets.embed.files import embed_file

        done = embed_file(video, tracks, output, cache=cache, **options)
        return {"crops": done.summary["crops"], "dims": done.summary["dims"]}, done.notes

    return work


def team_work(video: Path, tracks: Path) -> Work:
    """Tell the teams apart."""

    def work(output: Path, _progress: Progress | None) -> tuple[Mapping[str, Any], Sequence[Note]]:
        from reid_solve.tracklets.read import read
        from reid_solve.tracklets.team import find_teams
        from reid_solve.tracklets.write import write

        found = find_teams(read(tracks), video)
        notes = write(found.tracks, output)
        summary = found.summary()
        return {"kits": summary["kits"], "labels": summary["tracklets"]}, (*found.tracks.notes, *notes)

    return work


def solve_work(tracks: Path, embeddings: Path | None, options: Mapping[str, Any]) -> Work:
    """Decide who is who."""

    def work(output: Path, _progress: Progress | None) -> tuple[Mapping[str, Any], Sequence[Note]]:
        from reid_solve.solver.solve import solve

        result = solve(tracks, embeddings=embeddings, **options)
        result.write(output)
        facts = result.summary()
        wanted = ("tracklets", "pieces", "identities", "links", "method", "objective", "bound", "gap", "cues")
        return {name: facts[name] for name in wanted}, result.tracks.notes

    return work


def render_work(video: Path, solved: Path, options: Mapping[str, Any]) -> Work:
    """Draw the answer."""

    def work(output: Path, progress: Progress | None) -> tuple[Mapping[str, Any], Sequence[Note]]:
        from reid_solve.report.render import render

        done = render(video, solved, output, progress=progress, **options)
        return {"frames": done.frames, "boxes": done.boxes}, done.notes

    return work
