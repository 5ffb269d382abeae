"""What TrackEval makes of the same rows: its metrics fed directly, without files and folders."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import numpy as np

from reid_solve.evaluation.pairs import Rows
from reid_solve.evaluation.scores import Scores

HOTA_ARRAYS = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")
CLEAR_FIELDS = ("MOTA", "MODA", "MOTP", "sMOTA", "CLR_Re", "CLR_Pr", "CLR_F1", "IDSW", "Frag", "MT", "PT", "ML")


def load() -> tuple[list[Any], Any]:
    """TrackEval's three metrics, and its function for overlaps of boxes."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from trackeval.datasets._base_dataset import _BaseDataset
        from trackeval.metrics import CLEAR, HOTA, Identity

        quiet = {"PRINT_CONFIG": False}
        return [HOTA(), CLEAR(quiet), Identity(quiet)], _BaseDataset._calculate_box_ious


def prepared(gt: Rows, tracker: Rows, box_ious: Any) -> dict[str, Any]:
    """One clip as TrackEval's metrics take it: for every frame ids from 0 and a matrix of similarities."""
    frames = np.concatenate([gt.frame, tracker.frame])
    first, last = (int(frames.min()), int(frames.max())) if len(frames) else (0, -1)
    ids, boxes, data = [], [], {"num_timesteps": last - first + 1}
    for rows, name in ((gt, "gt"), (tracker, "tracker")):
        order = np.argsort(rows.frame, kind="stable")
        names, code = np.unique(rows.id[order], return_inverse=True)
        cuts = np.searchsorted(rows.frame[order], np.arange(first + 1, last + 1))
        ids.append(np.split(code, cuts) if len(frames) else [])
        boxes.append(np.split(rows.boxes[order], cuts) if len(frames) else [])
        data |= {f"num_{name}_ids": len(names), f"num_{name}_dets": len(rows)}
    similarity = [box_ious(a, b) for a, b in zip(*boxes, strict=True)]
    return data | {"gt_ids": ids[0], "tracker_ids": ids[1], "similarity_scores": similarity}


def difference(found: Scores, *reference: dict[str, Any]) -> dict[str, float]:
    """Largest difference in each field of the three families, shares in 0..1."""
    h, i, c = found.hota, found.identity, found.clear
    ours = {name: getattr(h, name) for name in HOTA_ARRAYS} | h.at_lowest
    ours |= {"HOTA_TP": h.tp, "HOTA_FN": h.fn, "HOTA_FP": h.fp}
    ours |= {"IDF1": i.IDF1, "IDP": i.IDP, "IDR": i.IDR, "IDTP": i.tp, "IDFN": i.fn, "IDFP": i.fp}
    ours |= {name: getattr(c, name) for name in CLEAR_FIELDS} | {"CLR_TP": c.tp, "CLR_FN": c.fn, "CLR_FP": c.fp}
    theirs: dict[str, Any] = {}
    for result in reference:
        theirs |= result
    return {name: float(np.abs(np.asarray(value) - theirs[name]).max()) for name, value in ours.items()}
