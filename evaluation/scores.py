"""All counts of one clip, or of many added up, and the scores they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reid_solve.evaluation.attribution import AttributionCounts, attribute, who
from reid_solve.evaluation.ceiling import CeilingCounts, ceilings
from reid_solve.evaluation.clear import ClearCounts, clear_counts
from reid_solve.evaluation.counts import Counts
from reid_solve.evaluation.hota import ALPHAS, HotaCounts, hota_counts
from reid_solve.evaluation.identity import IdentityCounts, identity_counts
from reid_solve.evaluation.pairs import Pairs
from reid_solve.tracklets.table import IntArray


@dataclass(frozen=True, eq=False)
class Scores(Counts):
    """Scores of a clip; ``a + b`` pools two clips as TrackEval's COMBINED_SEQ does, weighing by boxes, not by clips.

    Attributes:
        hota, identity, clear: counts of the three families, with the scores (0..1) as properties.
        attribution: where identity errors come from.
        ids, gt_ids: distinct tracked and true ids, summed over clips.
        ceiling: scores with errors undone; None unless asked for.
    """

    hota: HotaCounts
    identity: IdentityCounts
    clear: ClearCounts
    attribution: AttributionCounts
    ids: int
    gt_ids: int
    ceiling: CeilingCounts | None = None

    def scalars(self) -> dict[str, float | int]:
        """One number a score: shares in per cent (means over the thresholds for the HOTA family), counts as they
        are.
        """
        h, i, c = self.hota, self.identity, self.clear
        return {
            **{name: 100 * float(getattr(h, name).mean()) for name in HOTA_FAMILY},
            "IDF1": 100 * i.IDF1,
            "IDP": 100 * i.IDP,
            "IDR": 100 * i.IDR,
            "MOTA": 100 * c.MOTA,
            "MOTP": 100 * c.MOTP,
            "MODA": 100 * c.MODA,
            "sMOTA": 100 * c.sMOTA,
            "CLR_Re": 100 * c.CLR_Re,
            "CLR_Pr": 100 * c.CLR_Pr,
            "IDSW": c.IDSW,
            "Frag": c.Frag,
            "MT": c.MT,
            "PT": c.PT,
            "ML": c.ML,
            "TP": c.tp,
            "FP": c.fp,
            "FN": c.fn,
            "IDTP": i.tp,
            "IDFP": i.fp,
            "IDFN": i.fn,
            "IDs": self.ids,
            "GT_IDs": self.gt_ids,
            "rows": h.tracker,
            "gt_rows": h.gt,
        }

    def per_alpha(self) -> dict[str, list[float]]:
        """The HOTA family at each of the 19 thresholds, in per cent."""
        family = {name: [100 * float(v) for v in getattr(self.hota, name)] for name in HOTA_FAMILY}
        return {"alpha": [round(float(a), 2) for a in ALPHAS], **family}


HOTA_FAMILY = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")


def score(pairs: Pairs, tracklet: IntArray | None = None, *, ceiling: bool = False) -> Scores:
    """Score one clip.

    Args:
        pairs: the two sides and their overlaps, with the final identities as tracked ids.
        tracklet: (n,) what the tracker called each row that was given, in the given order; any integers. None where
            that is the id itself.
        ceiling: also score what could be had with errors undone (about as long again).
    """
    known = who(pairs, pairs.tracker.id if tracklet is None else tracklet[pairs.tracker_order])
    return Scores(
        hota=hota_counts(pairs),
        identity=identity_counts(pairs),
        clear=clear_counts(pairs),
        attribution=attribute(pairs, known),
        ids=len(pairs.tracker_counts),
        gt_ids=len(pairs.gt_counts),
        ceiling=ceilings(pairs, known) if ceiling else None,
    )


def summary(scores: Scores) -> dict[str, Any]:
    """Everything there is to say of one clip or of a pool, ready for JSON."""
    extra = {} if scores.ceiling is None else {"ceiling": scores.ceiling.to_dict()}
    return {**scores.scalars(), "per_alpha": scores.per_alpha(), "attribution": scores.attribution.to_dict(), **extra}
