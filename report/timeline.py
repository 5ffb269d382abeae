"""A clip at a glance, as one SVG: the tracker's ids above, the solver's identities below, time along x.

Colour is the person, so a person broken into many ids is a staircase of one colour, and a wrong merge is a lane that
changes colour. The picture brings its own background and needs no script, font or style sheet.
"""

from __future__ import annotations

from html import escape

import numpy as np

from reid_solve.report.colours import hexadecimal, nth
from reid_solve.report.lanes import NOBODY, Panel, Seen, lay_out, order
from reid_solve.report.recording import recording
from reid_solve.tracklets.errors import InputError
from reid_solve.tracklets.table import IntArray, Tracks

GREY, INK, FAINT, RULE, WRONG = "#9aa1a9", "#1f2328", "#59636e", "#e4e7ea", "#111111"
LEFT, RIGHT, HEAD, TITLE, AXIS = 46, 18, 30, 62, 24  # pixels round and between the panels
FONT = "system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"


def timeline_svg(
    tracks: Tracks, truth: IntArray | None = None, *, sequence: str | None = None, title: str = "Who is who"
) -> str:
    """Draw a solved clip: every ``track_id``, and every ``identity``.

    Args:
        tracks: rows with both.
        truth: (n,) code of the true person in each row, -1 where nobody is. Without it, colour is the identity.
        sequence: which recording, where there are several.
        title: written above.

    Raises:
        InputError: the rows have no identity.
        OptionError: no such recording, or one has to be chosen.
    """
    if "identity" not in tracks:
        raise InputError(f"{tracks.clip.source}: no column identity; solve into parquet or CSV, which keep both ids")
    rows = recording(tracks, sequence)
    person = tracks.codes("identity")[0] if truth is None else truth
    panels = []
    for column in ("track_id", "identity"):
        codes, values = tracks.codes(column)
        panels.append(Seen(tracks.frame[rows], codes[rows], person[rows], [str(v) for v in values.to_pylist()]))
    return draw(panels[0], panels[1], fps=tracks.clip.fps, title=title, known=truth is not None)


def draw(
    before: Seen,
    after: Seen,
    *,
    fps: float | None = None,
    title: str = "Who is who",
    max_lanes: int = 80,
    width: int = 900,
    known: bool = True,
) -> str:
    """The picture of plain arrays; see `timeline_svg`.

    Args:
        fps: frames a second; without it the axis counts frames.
        known: whether ``person`` is the truth, so that a change of colour may be called an error.
    """
    frames = np.concatenate([before.frame[before.id >= 0], after.frame[after.id >= 0]])
    start, stop = (int(frames.min()), int(frames.max()) + 1) if len(frames) else (0, 1)
    scale = (width - LEFT - RIGHT) / (stop - start)
    people = order(np.concatenate([before.person, after.person]), np.concatenate([before.frame, after.frame]))
    colours = {person: _colour(k) for k, person in enumerate(people)} | {NOBODY: GREY}
    parts: list[str] = []
    y = float(TITLE)
    for seen, text, unit, tall in ((before, "Tracker", "id", 7.0), (after, "reid-solve", "identity", 9.0)):
        panel = lay_out(seen, people, max_lanes)
        pitch = float(np.clip(tall * 45 / max(len(panel.labels), 1), 4.0, 11.0))
        floor = y + HEAD + pitch * max(len(panel.labels), 1)
        parts.append(_heading(panel, text, unit, y, width, known))
        parts.append(_axis(start, stop, scale, fps, y + HEAD - 2, floor + 2))
        parts.append(_bars(panel, colours, y + HEAD, pitch, start, scale, width, known))
        if panel.hidden:
            floor += 16  # below the axis, which is drawn already
            parts.append(_text(LEFT, floor + 14, f"and {panel.hidden:,} shorter ones, not drawn", 11, FAINT))
        if not panel.ids:
            parts.append(_text(LEFT + 6, y + HEAD + 8, "nothing was seen", 11, FAINT))
        y = floor + AXIS + 8
    height = round(y + 2)
    count = (
        f"{len(np.unique(before.id[before.id >= 0]))} tracker ids, {len(np.unique(after.id[after.id >= 0]))} identities"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}: {count}" font-family="{FONT}">\n'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" fill="#ffffff" stroke="#d0d7de"/>\n'
        + _text(16, 27, title, 17, INK, "600")
        + _legend(16, 47, known)
        + "".join(parts)
        + "</svg>\n"
    )


def _bars(
    panel: Panel,
    colours: dict[int, str],
    top: float,
    pitch: float,
    start: int,
    scale: float,
    width: int,
    known: bool,
) -> str:
    x0, x1 = LEFT + (panel.first - start) * scale, LEFT + (panel.last + 1 - start) * scale
    y = top + (panel.lane + 0.5) * pitch
    same = np.diff(panel.lane) == 0
    # Every other lane on a tint, to lead the eye to its name.
    stripes = "".join(
        f"M{LEFT} {top + (k + 0.5) * pitch:.1f}h{width - LEFT - RIGHT}" for k in range(1, len(panel.labels), 2)
    )
    out = [_path(stripes, "#f6f7f8", pitch)]
    if pitch >= 8:
        ys = (top + (k + 0.5) * pitch + 3 for k in range(len(panel.labels)))
        out += [
            _text(LEFT - 6, at, label[:7], 8.5, FAINT, anchor="end") for at, label in zip(ys, panel.labels, strict=True)
        ]
    for person in dict.fromkeys(panel.person.tolist()):
        mine = np.flatnonzero(panel.person == person)
        wait = mine[:-1] if len(mine) and mine[-1] == len(panel.person) - 1 else mine
        wait = wait[same[wait]] if len(same) else wait[:0]
        line = "".join(f"M{x1[k]:.1f} {y[k]:.1f}H{x0[k + 1]:.1f}" for k in wait if x0[k + 1] - x1[k] > 1)
        out.append(_path(line, colours[person], 1, ' stroke-opacity=".45"'))
        bar = "".join(f"M{x0[k]:.1f} {y[k]:.1f}H{max(x1[k], x0[k] + 1):.1f}" for k in mine)
        out.append(_path(bar, colours[person], 0.74 * pitch))
    wrong = np.flatnonzero(same & (np.diff(panel.person) != 0)) + 1
    if known:
        mark = "".join(f"M{x0[k]:.1f} {y[k] - 0.75 * pitch:.1f}v{1.5 * pitch:.1f}" for k in wrong)
        out += [_path(mark, "#ffffff", 4), _path(mark, WRONG, 2)]
    return "".join(out)


def _heading(panel: Panel, text: str, unit: str, y: float, width: int, known: bool) -> str:
    plural = {"id": "ids", "identity": "identities"}[unit] if panel.ids != 1 else unit
    out = _text(LEFT, y + 18, f"{text}: {panel.ids:,} {plural}", 14, INK, "600")
    if known:
        note = "no lane changes person" if not panel.swaps else f"{panel.swaps:,} changes of person inside a lane"
        note = note.replace("1 changes", "1 change") if panel.swaps == 1 else note
        out += _text(width - RIGHT, y + 18, note, 11.5, FAINT, anchor="end")
    return out


def _axis(start: int, stop: int, scale: float, fps: float | None, top: float, bottom: float) -> str:
    rate = fps or 1.0
    length = (stop - start) / rate
    steps = [m * 10**k for k in range(-2, 14) for m in (1, 2, 5)]
    step = next((s for s in steps if length / s <= 10), steps[-1])
    ticks = np.arange(0, length + 1e-9, step)
    xs = LEFT + ticks * rate * scale
    grid = "".join(f"M{x:.1f} {top:.1f}V{bottom:.1f}" for x in xs)
    out = _path(grid, RULE, 1)
    for tick, x in zip(ticks, xs, strict=True):
        unit = (" s" if fps else " frames") if tick == 0 else ""
        out += _text(x, bottom + 13, f"{tick:,g}{unit}", 11, FAINT, anchor="middle")
    return out


def _legend(x: float, y: float, known: bool) -> str:
    hues = "".join(f'<rect x="{x + 9 * k}" y="{y - 8}" width="9" height="8" fill="{_colour(k)}"/>' for k in range(4))
    out = hues + _text(x + 42, y, f"one colour, one {'person' if known else 'identity'}", 11.5, FAINT)
    x += 190
    out += f'<path d="M{x} {y - 4}h30" stroke="{_colour(0)}" stroke-opacity=".45"/>'
    out += _text(x + 36, y, "not seen", 11.5, FAINT)
    x += 100
    out += f'<rect x="{x}" y="{y - 8}" width="18" height="8" fill="{GREY}"/>'
    out += _text(x + 24, y, "nobody" if known else "no identity", 11.5, FAINT)
    if known:
        x += 80
        out += f'<rect x="{x}" y="{y - 8}" width="12" height="8" fill="{_colour(1)}"/>'
        out += f'<rect x="{x + 12}" y="{y - 8}" width="12" height="8" fill="{_colour(3)}"/>'
        out += f'<path d="M{x + 12} {y - 10}v12" stroke="{WRONG}" stroke-width="2"/>'
        out += _text(x + 30, y, "an id goes on as another person", 11.5, FAINT)
    return out


def _colour(k: int) -> str:
    return hexadecimal(nth(k))


def _text(x: float, y: float, text: str, size: float, fill: str, weight: str = "400", anchor: str = "start") -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" font-weight="{weight}" text-anchor="{anchor}"'
    return f"<text {at}>{escape(text)}</text>\n"


def _path(d: str, colour: str, width: float, more: str = "") -> str:
    return f'<path d="{d}" stroke="{colour}" stroke-width="{width:.1f}"{more}/>\n' if d else ""
