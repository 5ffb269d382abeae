"""What the scores would be if one kind of error after another were undone, with the same boxes.

- ``unmerged``: wrong merges undone; identities hold pieces of one person, pieces on nobody stand alone;
- ``merge_only``: and missed merges made: every piece has its majority's name. Merging alone can do no better, give or
  take a little where pieces of one person overlap;
- ``per_box``: and impurity cured: every box on somebody has that person's name. The rest is the fault of the boxes.

Where two rows of a frame would share a name, the row with the truer claim keeps it (a box on that person, then the
piece with more boxes on them, then the one seen first), and the others go by their piece's own name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.attribution import Who
from reid_solve.evaluation.counts import Counts
from reid_solve.evaluation.hota import HotaCounts, hota_counts
from reid_solve.evaluation.identity import IdentityCounts, identity_counts
from reid_solve.evaluation.pairs import Pairs
from reid_solve.tracklets.table import IntArray


@dataclass(frozen=True, eq=False)
class Association(Counts):
    """Scores of one relabelling."""

    hota: HotaCounts
    identity: IdentityCounts

    def to_dict(self) -> dict[str, float]:
        """HOTA, AssA and IDF1 in per cent."""
        return {
            "HOTA": 100 * float(self.hota.HOTA.mean()),
            "AssA": 100 * float(self.hota.AssA.mean()),
            "IDF1": 100 * self.identity.IDF1,
        }


@dataclass(frozen=True, eq=False)
class CeilingCounts(Counts):
    """Scores with errors undone, each stage on top of the one before."""

    unmerged: Association
    merge_only: Association
    per_box: Association

    def to_dict(self) -> dict[str, dict[str, float]]:
        """One row a stage, for ``--json``."""
        stages = {"unmerged": self.unmerged, "merge_only": self.merge_only, "per_box": self.per_box}
        return {name: stage.to_dict() for name, stage in stages.items()}


def ceilings(pairs: Pairs, known: Who) -> CeilingCounts:
    """Score the three relabellings of one clip."""
    people, pieces = len(pairs.gt_counts), len(known.piece_person)
    own = people + known.piece
    person = known.piece_person[known.piece]
    votes = -known.piece_votes[known.piece]
    split = np.where(person >= 0, people + pieces + pairs.tracker.id * people + person, own)
    named = np.where(person >= 0, person, own)
    truth = np.where(known.person >= 0, known.person, named)
    return CeilingCounts(
        unmerged=_scores(pairs, split),
        merge_only=_scores(pairs, _one_a_frame(pairs, named, own, (votes, known.piece))),
        per_box=_scores(pairs, _one_a_frame(pairs, truth, own, (known.person < 0, votes, known.piece))),
    )


def _scores(pairs: Pairs, name: IntArray) -> Association:
    renamed = pairs.renamed(name)
    return Association(hota_counts(renamed), identity_counts(renamed))


def _one_a_frame(pairs: Pairs, name: IntArray, own: IntArray, claim: tuple[np.ndarray, ...]) -> IntArray:
    """Names (n,), with all but the first by ``claim`` of those that a frame has twice replaced by ``own``."""
    frame = pairs.tracker.frame
    order = np.lexsort((*claim[::-1], name, frame))
    again = np.zeros(len(order), bool)
    again[order[1:]] = (frame[order[1:]] == frame[order[:-1]]) & (name[order[1:]] == name[order[:-1]])
    return np.where(again, own, name)
