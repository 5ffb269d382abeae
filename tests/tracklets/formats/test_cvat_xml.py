"""CVAT for video 1.1: what an export says, what a person can correct, and what a crafted file cannot do."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from tests.tracklets.formats.refused import refusal

import reid_solve as rs
from reid_solve.tracklets.errors import OutputError
from reid_solve.tracklets.write import write

HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><size>100</size>
<original_size><width>1280</width><height>720</height></original_size></task></meta>
"""


def box(frame: int, x: float = 10, outside: int = 0, keyframe: int = 1, inside: str = "") -> str:
    corners = f'xtl="{x:.2f}" ytl="20.00" xbr="{x + 30:.2f}" ybr="80.00"'
    return f'<box frame="{frame}" outside="{outside}" occluded="0" keyframe="{keyframe}" {corners}>{inside}</box>\n'


def saved(folder: Path, inside: str, head: str = HEAD, name: str = "a.xml") -> Path:
    (folder / name).write_text(f"{head}{inside}</annotations>\n", encoding="utf-8")
    return folder / name


def test_boxes_outside_are_no_detections_and_those_between_keyframes_are(tmp_path: Path) -> None:
    first = box(3) + box(4, 12, keyframe=0) + box(5, 14) + box(6, 14, outside=1) + box(9, 30)
    tracks = rs.read(saved(tmp_path, f'<track id="5" label="player" source="manual">{first}</track>'))
    assert tracks.frame.tolist() == [3, 4, 5, 9]
    assert tracks.source["keyframe"].to_pylist() == [True, False, True, True]
    assert tracks.boxes[1].tolist() == [12, 20, 30, 60]
    assert (tracks.clip.frame_base, tracks.clip.length, tracks.clip.width) == (0, 100, 1280)


def test_labels_and_attributes_become_columns(tmp_path: Path) -> None:
    said = (
        '<attribute name="jersey">07</attribute><attribute name="number">7</attribute><attribute name="x">q</attribute>'
    )
    tracks = rs.read(
        saved(
            tmp_path, f'<track id="0" label="player">{box(0, inside=said)}</track><track label="ball">{box(0)}</track>'
        )
    )
    assert tracks.canonical["class_name"].to_pylist() == ["player", "ball"]
    assert tracks.canonical["jersey"].to_pylist() == ["07", None]
    assert tracks.canonical["track_id"].to_pylist() == [0, None]
    assert tracks.source["number"].to_pylist() == [7, None]
    assert tracks.source["attribute_x"].to_pylist() == ["q", None]


def test_tracks_of_several_tasks_are_several_recordings(tmp_path: Path) -> None:
    tracks = rs.read(
        saved(tmp_path, "".join(f'<track id="0" label="a" task_id="{k}">{box(0)}</track>' for k in (4, 5)))
    )
    assert tracks.canonical["sequence"].to_pylist() == ["4", "5"]


def test_boxes_of_images_are_in_no_track_and_other_shapes_are_counted(tmp_path: Path) -> None:
    inside = '<image id="7" name="x.jpg" width="9" height="9"><box label="a" xtl="1" ytl="2" xbr="3" ybr="4"></box>'
    inside += '<polygon label="a" points="1,2;3,4"></polygon><tag label="b"></tag></image>'
    tracks = rs.read(saved(tmp_path, inside))
    assert (tracks.frame.tolist(), tracks.canonical["track_id"].to_pylist()) == ([7], [None])
    assert [(note.code, note.count) for note in tracks.notes if note.code == "shapes-ignored"] == [
        ("shapes-ignored", 2)
    ]


LAUGHS = "".join(f'<!ENTITY l{k + 1} "{f"&l{k};" * 10}">' for k in range(12))
TRAPS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]>',
    "external entity": '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "external subset": '<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
}


@pytest.mark.parametrize("trap", TRAPS)
def test_entities_and_other_files_get_one_line(trap: str, tmp_path: Path) -> None:
    head = '<?xml version="1.0"?>\n' + TRAPS[trap] + "\n<annotations>"
    path = saved(tmp_path, f'<track id="0" label="&l12;&e;">{box(0)}</track>', head)
    with pytest.raises(rs.InputError, match=r"^[^\n]*line 2: declares a document type[^\n]*$"):
        rs.read(path)


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ('<track id="0" label="a"><box frame="x" xtl="1" ytl="2" xbr="3" ybr="4"/></track>', "line 4: a box of"),
        ('<track id="0" label="a"><box frame="1" xtl="1" ytl="2" xbr="3"/></track>', "a box without ybr"),
        (f'<track id="0" label="a">{box(10**30)}</track>', "is too large"),
        (f'<track id="0" label="a">{box(1)}</trak>', "mismatched tag"),
        (f'<track id="0" label="a">{box(1, float("nan"))}</track>', "line 4: x (column"),
        (f'<track id="0" label="a">{box(1)}{box(1, 50)}</track>', "has id 0 twice"),
        (f'<track id="0" label="&nope;">{box(1)}</track>', "undefined entity"),
    ],
)
def test_broken_files_get_one_line(inside: str, says: str, tmp_path: Path) -> None:
    assert says in refusal(saved(tmp_path, inside))


def test_whole_boxes_of_a_file_that_is_cut_short(tmp_path: Path) -> None:
    path = saved(tmp_path, f'<track id="0" label="a">{box(0)}{box(1)}{box(2)}</track>')
    path.write_text(path.read_text()[: path.read_text().rindex("ybr")])
    with pytest.raises(rs.InputError, match="--salvage"):
        rs.read(path)
    tracks = rs.read(path, salvage=True)
    assert tracks.frame.tolist() == [0, 1]
    assert "truncated-line" in {note.code for note in tracks.notes}


def test_packed_and_utf16_files_are_read(tmp_path: Path) -> None:
    text = f'{HEAD}<track id="0" label="güard">{box(0)}</track></annotations>'
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "b.xml").write_bytes(text.replace("utf-8", "utf-16").encode("utf-16"))
    for path in tmp_path.iterdir():
        assert rs.read(path).canonical["class_name"].to_pylist() == ["güard"]


def written(path: Path, **columns: Any) -> tuple[ElementTree.Element, list[str]]:
    tracks = rs.read(pa.table(columns), size=(1280, 720))
    notes = write(tracks, path)
    return ElementTree.parse(path).getroot(), [note.code for note in notes]


def test_a_track_for_each_identity_ends_where_it_is_not_seen(tmp_path: Path) -> None:
    root, notes = written(
        tmp_path / "a.xml",
        frame=[1, 2, 4, 5, 3, 9], track_id=[10, 10, 11, 11, 12, 12], identity=[1, 1, 1, 1, 2, None],
        x=[1.0] * 6, y=[2.0] * 6, w=[30.0] * 6, h=[60.0] * 6, role=["player"] * 4 + ["referee", None],
    )  # fmt: skip
    seen = [
        (track.get("id"), track.get("label"), [(b.get("frame"), b.get("outside")) for b in track])
        for track in root.iter("track")
    ]
    one = [("0", "0"), ("1", "0"), ("2", "1"), ("3", "0"), ("4", "0"), ("5", "1")]
    assert seen == [
        ("1", "player", one),
        ("2", "referee", [("2", "0"), ("3", "1")]),
        (None, "person", [("8", "0")]),  # the last frame: nothing after it
    ]
    assert [a.text for a in root.iter("attribute") if a.get("name") == "tracker_id"] == [
        "10",
        "10",
        "11",
        "11",
        "12",
        "12",
    ]
    assert root.findtext("meta/task/size") == "9"
    assert root.findtext("meta/task/original_size/width") == "1280"
    labels = [one.text for one in root.iterfind("meta/task/labels/label/name")]
    assert labels == ["person", "player", "referee"]
    assert notes == ["frames-shifted", "label-assumed"]


def test_what_xml_cannot_hold_is_counted(tmp_path: Path) -> None:
    root, notes = written(
        tmp_path / "a.xml", frame=[0], track_id=["a\x01<b>\"'"], x=[1.0], y=[2.0], w=[3.0], h=[4.0], team=["\x00]]>&"]
    )
    (track,) = root.iter("track")
    assert track.get("id") == "a\ufffd<b>\"'"
    assert [one.text for one in root.iter("attribute") if one.get("name") == "team"] == ["\ufffd]]>&"]
    assert "characters-replaced" in notes


def test_an_identity_twice_in_a_frame_and_two_recordings(tmp_path: Path) -> None:
    box_columns = {name: [1.0, 2.0] for name in "xywh"}
    root, notes = written(tmp_path / "a.xml", frame=[0, 0], track_id=[1, 2], identity=[5, 5], **box_columns)
    assert [track.get("id") for track in root.iter("track")] == ["5", None]
    assert "identity-twice" in notes
    with pytest.raises(OutputError, match="several"):
        written(tmp_path / "b.xml", frame=[0, 0], track_id=[1, 1], sequence=["A", "B"], **box_columns)
    assert not (tmp_path / "b.xml").exists()


def test_every_box_of_a_written_file_is_a_keyframe_of_one_line(tmp_path: Path) -> None:
    written(tmp_path / "a.xml", frame=[0, 1], track_id=[1, 1], **{name: [1.5, 2.5] for name in "xywh"})
    assert len(re.findall(r'<box frame="\d" xtl="[^"]+" ytl="[^"]+" xbr="[^"]+" ybr="[^"]+" outside="0" occluded="0" '
                          r'keyframe="1">', (tmp_path / "a.xml").read_text())) == 2  # fmt: skip


@pytest.mark.parametrize(
    ("angle", "expected"),
    [
        (0, [10, 20, 30, 60]),
        (90, [-5, 35, 60, 30]),
        (-90, [-5, 35, 60, 30]),
        (180, [10, 20, 30, 60]),
        (45, [25 - 45 * 2**-0.5, 50 - 45 * 2**-0.5, 90 * 2**-0.5, 90 * 2**-0.5]),
    ],
)
def test_a_box_turned_about_its_centre_gives_the_upright_one(angle: int, expected: list[float], tmp_path: Path) -> None:
    turned = box(1).replace("outside=", f'rotation="{angle}.00" outside=')
    tracks = rs.read(saved(tmp_path, f'<track id="0" label="a">{box(0)}{turned}</track>'))
    np.testing.assert_allclose(tracks.boxes, np.array([[10, 20, 30, 60], expected], float), atol=1e-9)
    assert [note.count for note in tracks.notes if note.code == "turned-boxes"] == [1] * (angle != 0)


@pytest.mark.parametrize("angle", ["inf", "nan", "1e300", "much"])
def test_an_angle_that_is_none_gets_one_line(angle: str, tmp_path: Path) -> None:
    turned = box(1).replace("outside=", f'rotation="{angle}" outside=')
    assert f"'rotation': '{angle}'" in refusal(saved(tmp_path, f'<track id="0" label="a">{turned}</track>'))


def test_a_packed_file_that_is_cut_short_or_a_bomb(tmp_path: Path) -> None:
    text = f'{HEAD}<track id="0" label="a">{"".join(map(box, range(300)))}</track></annotations>'
    packed = gzip.compress(text.encode())
    (tmp_path / "a.xml.gz").write_bytes(packed[:-100])
    assert "--salvage" in refusal(tmp_path / "a.xml.gz")
    assert 0 < len(rs.read(tmp_path / "a.xml.gz", salvage=True)) < 300
    (tmp_path / "b.xml.gz").write_bytes(packed + bytes(512))  # as tapes pad it
    assert len(rs.read(tmp_path / "b.xml.gz")) == 300
    (tmp_path / "c.xml.gz").write_bytes(gzip.compress(HEAD.encode() + b" " * (1 << 27)))
    assert "times its size" in refusal(tmp_path / "c.xml.gz")
