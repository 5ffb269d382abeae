"""What the commands print for people: notes on stderr, results on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reid_solve.tracklets.table import Note

COLUMNS = ("HOTA", "DetA", "AssA", "LocA", "IDF1", "IDP", "IDR", "MOTA", "IDSW", "Frag", "MT", "ML", "IDs", "GT_IDs")
WIDTH = 120  # where output is not a terminal


def console(stderr: bool = False) -> Console:
    """A console as wide as the terminal; files and pipes get ``WIDTH`` columns."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=WIDTH)


def print_notes(notes: Iterable[Note]) -> None:
    """Repairs and warnings, one line each, on stderr."""
    out = console(stderr=True)
    for note in notes:
        style = "yellow" if note.kind == "warning" else "cyan"
        out.print(f"[{style}]{note.kind}:[/] {escape(note.text)}", soft_wrap=True)


def print_solved(summary: Mapping[str, Any], source: Path, target: Path) -> None:
    """What ``solve`` did, on stderr."""
    out = console(stderr=True)
    if not summary["tracklets"]:
        out.print(f"{escape(source.name)}: nothing to solve; written to [bold]{escape(str(target))}[/]", soft_wrap=True)
        return
    certain = "optimal" if summary["gap"] < 0.005 else f"at most {summary['gap']:.2f} % from optimal"
    if summary["method"] == "tracker":
        certain = "its ids are kept"
    pieces = summary["pieces"]
    cut = f" (cut into {pieces:,} pieces)" if pieces > summary["tracklets"] else ""
    purity = "" if summary["purity_estimate"] is None else f"purity about {summary['purity_estimate']:.0%}; "
    out.print(
        f"{escape(source.name)}: {summary['rows']:,} rows, {summary['tracklets']:,} tracklets{cut} -> "
        f"[bold]{summary['identities']:,} identities[/] ({summary['links']:,} links by {summary['method']}, {certain}; "
        f"cues: {', '.join(summary['cues']) or 'none'}; {purity}{summary['seconds']:.2f} s)",
        soft_wrap=True,
    )
    if summary["withheld"]:
        out.print(f"{summary['withheld']:,} links worth taking were withheld: less probable than asked", soft_wrap=True)
    for squad in summary.get("roster", ()):
        price = f" ({squad['price']:.2f} nats for each beyond)" if squad["price"] else ""
        over = "" if squad["met"] else "; more would need links against the evidence"
        text = f"roster, {squad['name']}: {squad['people']} people seen for 2 s or more, {squad['cap']} expected"
        out.print(escape(text + price + over), soft_wrap=True)
    out.print(f"written to [bold]{escape(str(target))}[/]", soft_wrap=True)


def print_info(facts: Mapping[str, Any]) -> None:
    """What ``info`` found, on stdout."""
    clip, frames, tracklets = facts["clip"], facts["frames"], facts["tracklets"]
    origin = clip["from"]

    def fact(key: str, unit: str) -> str:
        value = clip[key]
        return "unknown" if value is None else f"{value:g}{unit} ({origin.get(key, 'source')})"

    nobody = facts["ids"]["unassigned_rows"]
    size = "unknown" if clip["width"] is None else f"{clip['width']}x{clip['height']} ({origin.get('width', 'source')})"
    rows = {
        "file": clip["source"],
        "format": clip["format"] + (f", boxes {clip['box_format']}" if clip["box_format"] else ""),
        "rows": f"{facts['rows']:,}",
        "recordings": f"{facts['sequences']:,}",
        "frames": "none" if not facts["rows"] else f"{frames['count']:,}, from {frames['first']} to {frames['last']}",
        "ids": f"{facts['ids']['count']:,}" + (f", {nobody:,} rows without" if nobody else ""),
        "tracklets": "none" if not tracklets["count"]
        else f"{tracklets['count']:,}, median {tracklets['median_length']:g} rows, longest {tracklets['longest']:,}",
        "people a frame": "none" if not facts["rows"]
        else f"mean {facts['rows_per_frame']['mean']:.1f}, at most {facts['rows_per_frame']['max']}",
        "frame rate": fact("fps", " fps"),
        "picture": size,
        "columns": ", ".join(facts["columns"]["known"]) or "none",
        "kept as they are": ", ".join(facts["columns"]["unknown"]) or "none",
    }  # fmt: skip
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        grid.add_row(f"[bold]{name}[/]", escape(value))
    console().print(grid)


def print_scores(scores: Mapping[str, Any]) -> None:
    """Scores by clip and pooled, errors by kind, and ceilings, on stdout."""
    out = console()
    clips = scores["clips"]
    width = max([len(str(c["clip"])) for c in clips] + [6])
    shown = [name for name in COLUMNS if name in scores]
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    table.add_column("clip", min_width=min(width, 30), no_wrap=True)
    for name in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for clip in clips:
        table.add_row(escape(str(clip["clip"])), *(_number(clip[name]) for name in shown))
    if len(clips) > 1:
        table.add_section()
        table.add_row("pooled", *(_number(scores[name]) for name in shown), style="bold")
    out.print(table)
    out.print()
    _print_attribution(out, scores["attribution"])
    if "ceiling" in scores:
        out.print()
        _print_ceiling(out, scores)


def _print_attribution(out: Console, errors: Mapping[str, Any]) -> None:
    boxes, events = errors["boxes"], errors["events"]
    people = sum(boxes[k] for k in ("right", "impure_tracklet", "wrong_merge", "missed_merge"))
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("identity of matched boxes", "boxes", "share", "events"):
        table.add_column(name, justify="left" if name.startswith("identity") else "right", no_wrap=True)
    rows = {
        "right": ("right", ""),
        "missed merge: the person has a larger identity": ("missed_merge", f"{events['missing_merges']:,} merges"),
        "wrong merge: the tracklet is somebody else": ("wrong_merge", f"{events['wrong_merges']:,} tracklets"),
        "impure tracklet: the tracker swapped people": ("impure_tracklet", f"{events['impure_tracklets']:,} tracklets"),
    }
    for text, (key, event) in rows.items():
        share = f"{100 * boxes[key] / people:.1f} %" if people else "-"
        table.add_row(text, f"{boxes[key]:,}", share, event)
    out.print(table)


def _print_ceiling(out: Console, scores: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    names = ("HOTA", "AssA", "IDF1")
    table.add_column("if errors were undone", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right")
    table.add_row("as it is", *(_number(scores[n]) for n in names))
    labels = {
        "unmerged": "+ wrong merges split",
        "merge_only": "+ missed merges made (ceiling of merging)",
        "per_box": "+ impure tracklets cured (ceiling per box)",
    }
    for key, text in labels.items():
        table.add_row(text, *(_number(scores["ceiling"][key][n]) for n in names))
    out.print(table)


def _number(value: float | int) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"
