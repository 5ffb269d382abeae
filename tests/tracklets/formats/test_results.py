"""Objects of trackers that cannot be taken as they are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import reid_solve as rs


def test_results_of_turned_boxes_are_no_empty_video() -> None:
    plain, turned = SimpleNamespace(boxes=None), SimpleNamespace(boxes=None, obb=[[1, 2, 3, 4, 0.5]])
    with pytest.raises(rs.InputError, match=r"^Results, frame 1: turned boxes[^\n]*$"):
        rs.read([plain, turned])
