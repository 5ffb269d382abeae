"""Market-1501 and the sets made like it (Zheng et al., Scalable Person Re-identification: A Benchmark, ICCV 2015).

One gallery for all. Pictures of the queried person by the query's own camera are not ranked, and neither is person -1,
detections that are nobody; person 0, distractors, is.
"""

from __future__ import annotations

from reid_solve.evaluation.retrieval.evaluate import Labels
from reid_solve.evaluation.retrieval.items import UNKNOWN, Items
from reid_solve.evaluation.retrieval.protocols.registry import protocol


@protocol("market")
class Market:
    """A person's pictures from another camera have to be found among those of everybody."""

    def gallery(self, gallery: Items) -> Items:
        """All but the junk."""
        return gallery if gallery.pid is None else gallery.take(gallery.pid != UNKNOWN)

    def labels(self, query: Items, gallery: Items, people: bool = True) -> Labels:
        """Persons and cameras of both sides."""
        if not people:
            return Labels(query.row, gallery.row)
        pids = [side.need("pid", "there is nothing to score without people") for side in (query, gallery)]
        cameras = [side.need("camid", "market drops pictures by the query's camera") for side in (query, gallery)]
        return Labels(pids[0], pids[1], (cameras[0], cameras[1]))
