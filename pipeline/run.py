"""`reid-solve run`: detect and track, embed, tell teams apart, solve, draw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from reid_solve.pipeline.stages import Run, Stage, Watch, carry_out
from reid_solve.pipeline.work import embed_work, render_work, solve_work, team_work, track_work
from reid_solve.tracklets.embed.registry import Settings, embedder
from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.formats import seqinfo
from reid_solve.tracklets.track.linker import Kind
from reid_solve.tracklets.video import probe
from reid_solve.tracklets.write import check_place, write_text

NO_BACKEND = "none"


def run(
    video: str | Path,
    folder: str | Path | None = None,
    *,
    model: str | Path | None = None,
    detections: str | Path | None = None,
    tracker: Kind | Literal["auto"] = "auto",
    classes: Sequence[str] | None = None,
    conf: float = 0.1,
    device: str = "auto",
    imgsz: int | None = None,
    backend: str = "color",
    no_teams: bool = False,
    no_video: bool = False,
    compare: bool = False,
    trails: bool = False,
    timeline: bool = False,
    watch: Watch | None = None,
    **solving: Any,
) -> Run:
    """Take a video all the way: tracks, embeddings, teams, identities, and a video that shows them.

    Stages that were done in the folder before, with the same files and settings, are kept: an interrupted run goes on
    where it stopped, and one with other settings repeats only what depends on them.

    Args:
        video: the clip.
        folder: where everything goes; ``NAME.reid`` beside the clip by default. The identities are in
            ``tracks.parquet``, the pictures in ``annotated.mp4``, what was done in ``summary.json``.
        model, detections, tracker, classes, conf, device, imgsz: see ``tracklets.detect.track``.
        detections: see ``model``.
        tracker: see ``model``.
        classes: see ``model``.
        conf: see ``model``.
        device: see ``model``; also for embedding.
        imgsz: see ``model``.
        backend: see ``tracklets.embed.registry.embedder``; "none" goes without embeddings.
        no_teams: do not tell the teams apart.
        no_video: do not draw.
        compare, trails, timeline: see ``report.render.render``.
        trails: see ``compare``.
        timeline: see ``compare``.
        watch: called with the name of a stage that begins; gives a context in which it runs, and its progress callback.
        **solving: options of ``solver.solve.solve``.

    Raises:
        OptionError: no such backend, before anything is done.
        OutputError: the folder cannot be made, or what goes there would overwrite an input.
        ReidSolveError: whatever a stage cannot go on with; the stages before it are kept.
    """
    video = Path(video)
    probe(video)
    network = None if backend == NO_BACKEND else embedder(backend, Settings(device)).key
    folder = Path(folder) if folder else video.with_name(f"{video.stem}.reid")
    inside = folder / "stages"
    tracks, seen, teams = inside / "track.parquet", inside / "embeddings.parquet", inside / "team.parquet"
    solved, drawn, summary = folder / "tracks.parquet", folder / "annotated.mp4", folder / "summary.json"

    tracking = {"tracker": tracker, "classes": classes, "conf": conf, "device": device, "imgsz": imgsz}
    embedding = {"backend": backend, "device": device}
    drawing = {"trails": trails, "timeline": timeline}
    given = {"model": model, "detections": detections}
    beside = None if detections is None else seqinfo.find(Path(detections))[0]
    labelled, seen_by = (tracks if no_teams else teams), (None if network is None else seen)
    stages = [
        Stage(
            "track", tracks, track_work(video, {**tracking, **given}), {**tracking, "seqinfo": beside},
            {"video": video, **given},
        ),
        Stage(
            "embed", seen, embed_work(video, tracks, embedding, inside / "crops"), {"network": network},
            {"video": video}, ["track"],
        ),
        Stage("team", teams, team_work(video, tracks), {}, {"video": video}, ["track"]),
        Stage(
            "solve", solved, solve_work(labelled, seen_by, solving), solving,
            {"constraints": solving.get("constraints")}, ["track", "embed", "team"],
        ),
        Stage(
            "render", drawn, render_work(video, solved, {**drawing, "compare": solved if compare else None}),
            {**drawing, "compare": compare}, {"video": video}, ["solve"],
        ),
    ]  # fmt: skip
    names = {name for name, out in (("embed", network is None), ("team", no_teams), ("render", no_video)) if out}
    # What other stages left out would have made is not for the user.
    left_out = [stage for stage in stages if stage.name in names and stage.output == drawn]
    stages = [stage for stage in stages if stage.name not in names]
    _make(folder)
    _make(inside)
    read = {path for stage in stages for path in stage.files.values() if path and Path(path).is_file()}
    for place in (*(stage.output for stage in stages), summary):
        check_place(place, *read)
    done = carry_out(folder, stages, watch or (lambda _: nullcontext()), left_out)
    write_text(json.dumps(done.to_dict(), indent=1), summary)
    return done


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made a folder: {error.strerror}; give another one with -o") from error
