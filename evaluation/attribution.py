"""Where identity errors come from: a tracklet of two people, two people joined, or one person not joined.

A *piece* is what tracker and solver agree to be one person: rows that share track id and identity. It is a whole
tracklet, unless the solver has cut it. Every tracked box that is on somebody falls into exactly one of four bins,
looked at in this order:

- impure: the box shows somebody else than most of its piece;
- wrong merge: its piece shows mostly somebody else than its identity stands for;
- missed merge: its identity stands for the right person, but is not that person's main identity;
- right: none of these.

An identity stands for the person of whom it has most boxes in pieces of that person; a person's main identity is, of
those that stand for them, the one with most such boxes. Of equals the one seen first wins, so names and row order
decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reid_solve.evaluation.counts import Counts
from reid_solve.evaluation.pairs import Pairs
from reid_solve.evaluation.truth import first_seen, most_common, true_person
from reid_solve.tracklets.table import IntArray


@dataclass(frozen=True, eq=False)
class AttributionCounts(Counts):
    """Boxes by what happened to them, and the events behind them.

    Attributes:
        right, impure, wrong_merge, missed_merge: tracked boxes that are on somebody; each is in one of these.
        nobody: tracked boxes on nobody.
        unseen: true boxes that no tracked box is on.
        pieces, impure_pieces: pieces with at least one box on somebody, and those that show more than one person.
        wrong_merges: pieces in an identity that stands for somebody else.
        missing_merges: identities beyond the first, summed over people: the joins that are still to be made.
    """

    right: int
    impure: int
    wrong_merge: int
    missed_merge: int
    nobody: int
    unseen: int
    pieces: int
    impure_pieces: int
    wrong_merges: int
    missing_merges: int

    @property
    def matched(self) -> int:
        """Tracked boxes that are on somebody."""
        return self.right + self.impure + self.wrong_merge + self.missed_merge

    @property
    def purity(self) -> float:
        """Share of them that show the person of their piece; 1 without any."""
        return 1 - self.impure / self.matched if self.matched else 1.0

    def to_dict(self) -> dict[str, dict[str, int] | float]:
        """For ``--json``: boxes, events and purity."""
        return {
            "boxes": {
                "right": self.right,
                "impure_tracklet": self.impure,
                "wrong_merge": self.wrong_merge,
                "missed_merge": self.missed_merge,
                "on_nobody": self.nobody,
                "unseen": self.unseen,
            },
            "events": {
                "tracklets": self.pieces,
                "impure_tracklets": self.impure_pieces,
                "wrong_merges": self.wrong_merges,
                "missing_merges": self.missing_merges,
            },
            "purity": self.purity,
        }


@dataclass(frozen=True)
class Who:
    """Truth about pieces and identities, all by majority; -1 for nobody.

    Attributes:
        person: (n,) true id under each tracked row.
        piece: (n,) piece of each tracked row, numbered by first appearance.
        piece_person, piece_votes: (p,) true id that most of a piece shows, and on how many rows.
        identity_person: (i,) true id that an identity stands for.
        main_identity: (g,) main identity of each true id.
    """

    person: IntArray
    piece: IntArray
    piece_person: IntArray
    piece_votes: IntArray
    identity_person: IntArray
    main_identity: IntArray


def who(pairs: Pairs, tracklet: IntArray) -> Who:
    """Find out who is who.

    Args:
        pairs: with the identities as tracked ids.
        tracklet: (n,) track id of each row of ``pairs.tracker``; any integers.
    """
    identity, identities = pairs.tracker.id, len(pairs.tracker_counts)
    person = true_person(pairs)
    piece = first_seen(first_seen(tracklet) * max(1, identities) + identity)
    piece_person, votes = most_common(piece, person, int(piece.max(initial=-1)) + 1)
    pure = (person >= 0) & (person == piece_person[piece])
    identity_person, _ = most_common(identity, np.where(pure, person, -1), identities)
    stands = pure & (person == identity_person[identity])
    main_identity, _ = most_common(person[stands], identity[stands], len(pairs.gt_counts))
    return Who(person, piece, piece_person, votes, identity_person, main_identity)


def attribute(pairs: Pairs, known: Who) -> AttributionCounts:
    """Put every matched box into its bin and count the events."""
    on = known.person >= 0
    person, piece, identity = known.person[on], known.piece[on], pairs.tracker.id[on]
    impure = person != known.piece_person[piece]
    wrong = ~impure & (known.piece_person[piece] != known.identity_person[identity])
    missed = ~impure & ~wrong & (identity != known.main_identity[person])
    standing = known.identity_person[known.identity_person >= 0]
    return AttributionCounts(
        right=int((~impure & ~wrong & ~missed).sum()),
        impure=int(impure.sum()),
        wrong_merge=int(wrong.sum()),
        missed_merge=int(missed.sum()),
        nobody=int((~on).sum()),
        unseen=len(pairs.gt) - int(on.sum()),
        pieces=len(np.unique(piece)),
        impure_pieces=len(np.unique(piece[impure])),
        wrong_merges=len(np.unique(piece[~impure & wrong])),
        missing_merges=len(standing) - len(np.unique(standing)),
    )
