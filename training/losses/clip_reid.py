"""Second stage of CLIP-ReID (Li, Sun and Li 2023): the network learns, the texts stay."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.embed.networks.file import read_safely
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.training.losses.clip_prompt import TEXTS
from reid_solve.training.losses.cross_entropy import CrossEntropy
from reid_solve.training.losses.distance import precise, unit
from reid_solve.training.losses.registry import loss
from reid_solve.training.losses.triplet import Triplet, added


@loss("clip-reid")
class ClipReid(nn.Module):
    """L = w_id Σ cross-entropy + w_tri Σ triplet + w_text cross-entropy of s · V · Tᵀ over all classes' texts.

    The first two are of the features and of every layer's vector, each with a classifier of its own; the last is of
    the features alone, with the same label smoothing. Texts are those that ``clip-prompt`` learnt.
    """

    def __init__(self, classes: int, dim: int, texts: str | Tensor | None = None, layer_dims: Sequence[int] = (),
                 id_weight: float = 0.25, triplet_weight: float = 1.0, text_weight: float = 1.0, margin: float = 0.3,
                 smoothing: float = 0.1, scale: float | None = None) -> None:  # fmt: skip
        """Make the classifiers and read the texts.

        Args:
            classes: C.
            dim: D.
            texts: file that ``ClipPrompt.save_texts`` wrote, or vectors (C, D).
            layer_dims: lengths of the layers' vectors.
            id_weight: of the cross-entropies.
            triplet_weight: of the triplet losses.
            text_weight: of the cross-entropy with texts.
            margin: of the triplets.
            smoothing: of both kinds of cross-entropy.
            scale: s; by default the file's, 1 / 0.07 for vectors.

        Raises:
            InputError: the file holds no texts.
            OptionError: texts of other classes or of another length.
        """
        super().__init__()
        if texts is None:
            raise OptionError("loss clip-reid: names no texts; train with clip-prompt first and give its file as texts")
        vectors, own = (texts, 1 / 0.07) if isinstance(texts, Tensor) else read_texts(texts)
        if vectors.shape != (classes, dim):
            raise OptionError(
                f"loss clip-reid: {vectors.shape[0]} texts of length {vectors.shape[1]} for {classes} classes and "
                f"features of {dim}; learn them on the same set with the same network"
            )
        self.texts: Tensor
        self.register_buffer("texts", unit(vectors))
        self.scale, self.smoothing = own if scale is None else scale, smoothing
        self.id_weight, self.triplet_weight, self.text_weight = id_weight, triplet_weight, text_weight
        self.identity = nn.ModuleList(CrossEntropy(classes, width, smoothing) for width in (dim, *layer_dims))
        self.triplet = Triplet(classes, dim, margin)

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D), and layers (B, d), whose classes are ``target`` (B,)."""
        every = (out.features, *out.layers)
        if len(every) != len(self.identity):
            widths = [of.shape[1] for of in out.layers]
            raise OptionError(f"loss clip-reid: the network has layers of {widths}; name them as layer_dims")
        who = added(of(Outputs(values), target) for of, values in zip(self.identity, every, strict=True))
        with torch.autocast(out.features.device.type, enabled=False):
            logit = self.scale * unit(precise(out.features)) @ self.texts.T
            said = functional.cross_entropy(logit, target, label_smoothing=self.smoothing)
        total: Tensor = self.id_weight * who + self.triplet_weight * self.triplet(out, target) + self.text_weight * said
        return total


def read_texts(path: str) -> tuple[Tensor, float]:
    """Vectors (C, D) of texts, and the scale they were learnt with.

    Raises:
        InputError: missing, damaged, or something else.
    """
    found = read_safely(path, "file of texts")
    good = isinstance(found, dict) and found.get("format") == TEXTS and torch.is_tensor(found.get("texts"))
    if not good or found["texts"].ndim != 2 or not isinstance(found.get("scale"), float):
        raise InputError(f"{path}: not the texts that the loss clip-prompt learns; train with clip-prompt first")
    return found["texts"], found["scale"]
