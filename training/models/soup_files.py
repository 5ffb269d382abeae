"""From files to a file: what the command ``soup`` does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.networks import Embedder
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.write import check_place
from reid_solve.training.data.reidset import open_set
from reid_solve.training.loop.material import HeldOut
from reid_solve.training.loop.sets import held_out
from reid_solve.training.models.soup import Soup, greedy, uniform, write

BATCH = 64


def soup_files(paths: tuple[Path, ...], output: Path, *, scored_on: tuple[str, Path] | None = None) -> Soup:
    """Average networks and write the mean.

    Args:
        paths: of the networks.
        output: of the mean.
        scored_on: kind and folder of a set with a query and a gallery; only networks that raise the mean's mAP there
            go in. None takes all.

    Raises:
        InputError: a file or set cannot be read, or networks are of several kinds.
        OptionError: fewer than two networks, or the set has nobody to ask for.
        OutputError: the mean cannot be written.
    """
    check_place(output, *paths)
    if scored_on is None:
        found = uniform(paths)
    else:
        kind, root = scored_on
        held = held_out(open_set(kind, root))
        if held is None:
            raise OptionError(f"{root}: has no query and gallery to score on; leave --greedy out to take all networks")
        found = greedy(paths, lambda embedder: mean_precision(embedder, held))
    write(found, output)
    return found


def mean_precision(embedder: Embedder, held: HeldOut) -> float:
    """mAP of a network on a query and gallery, per cent."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    embedder.to(device).eval()
    wants = Input(embedder.image_size, embedder.mean, embedder.std, embedder.letterbox)
    out = []
    with torch.inference_mode():
        for start in range(0, held.count, BATCH):
            crops = [held.load(row) for row in range(start, min(start + BATCH, held.count))]
            pixels = torch.from_numpy(wants.normalise(wants.prepare(crops)))
            out.append(embedder.embed(pixels.to(device)).cpu().numpy())
    embedder.cpu()
    return float(held.scores(np.concatenate(out))[held.names[0]])
