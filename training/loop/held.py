"""How good the embedder is now: on the set's own query and gallery, whom it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.errors import OptionError
from reid_solve.training.loop.batches import Reader, parts, share, stream
from reid_solve.training.loop.learner import Learner
from reid_solve.training.loop.material import HeldOut

SIZE = 128  # pictures at once
TAMER = "lower [optimizer] lr, lengthen [schedule] warmup or set [train] clip_grad"  # where numbers are no numbers


@dataclass(frozen=True)
class Examiner:
    """Scores of the network that is evaluated."""

    held_out: HeldOut
    input: Input
    workers: int

    def __call__(self, learner: Learner) -> dict[str, float]:
        """Embed everybody, each process its share; the first one scores, and tells the others.

        Raises:
            OptionError: the last steps have made weights that are no numbers.
        """
        ours = learner.ours
        learner.agree()
        learner.best.eval()
        begin, end = share(self.held_out.count, ours.rank, ours.world)
        reader = Reader(self.held_out.load, self.input)
        orders = parts(range(begin, end), SIZE)
        found = [learner.vectors(batch.pixels).cpu().numpy() for batch in
                 stream(reader, orders, self.workers, ours.device)]  # fmt: skip
        every = np.concatenate(ours.together(np.concatenate(found)))
        if not np.isfinite(every).all():
            raise OptionError(f"{learner.config.source}: what was learnt gives vectors that are not finite; {TAMER}")
        scores: Any = None
        if ours.first:
            scores = {name: float(value) for name, value in self.held_out.scores(every).items()}
        return dict(ours.said_by_first(scores))


def input_of(embedder: Any) -> Input:
    """What a network wants to see, exactly as embedding with it will prepare it."""
    return Input(tuple(embedder.image_size), tuple(embedder.mean), tuple(embedder.std), embedder.letterbox)
