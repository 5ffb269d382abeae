"""First stage of CLIP-ReID (Li, Sun and Li 2023): learn to describe each person in words that CLIP understands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.embed.openclip import make_clip
from reid_solve.tracklets.embed.torch_model import quiet, reason
from reid_solve.tracklets.errors import OptionError
from reid_solve.tracklets.extras import optional
from reid_solve.tracklets.write import atomically
from reid_solve.training.losses.distance import precise, unit
from reid_solve.training.losses.registry import loss

TEXTS = "reid-solve-texts/1"
HOLDER = "X"  # the word that stands where a learnt token goes
CHUNK = 256  # texts at once


@loss("clip-prompt")
class ClipPrompt(nn.Module):
    """Contrast of pictures with texts "A photo of a X X X X person.", both ways, in which only the X are learnt.

    With unit vectors V of the batch's pictures, T of the texts of the batch's classes, and s the scale:
    image to text, the mean over pictures of -log softmax_y(s V_i·T_y) at the picture's class; text to image, for the
    text of each picture's class, the mean over the class's pictures p of -log softmax_p(s V_p·T_y). Each class's text
    stands once among the candidates (the paper repeats it for each of its pictures, which adds a constant where every
    class has as many). The pictures' features are not learnt here: no gradient leaves for the network.
    """

    def __init__(self, classes: int, dim: int, model: str = "ViT-B-32", pretrained: str | None = None, tokens: int = 4,
                 before: str = "A photo of a", after: str = "person.", scale: float | None = None) -> None:  # fmt: skip
        """Make the prompts and the text tower that reads them.

        Args:
            classes: C.
            dim: D, which must be that of the texts.
            model: open_clip's name of the model whose image tower is trained, ``ViT-B-16``.
            pretrained: its weights, a tag or file; None for random ones, which know no words (for tests).
            tokens: learnt tokens a class.
            before: words before them.
            after: words after them.
            scale: s; by default the model's own, at most 100.

        Raises:
            OptionError: no such model, one whose texts are read by another library, or features of another length.
            InputError: the file does not fit.
        """
        super().__init__()
        if tokens < 1:
            raise OptionError(f"loss clip-prompt: tokens {tokens}; at least 1 is learnt")
        open_clip = optional("open_clip", "train", "the loss clip-prompt")
        with quiet():
            clip, *_ = make_clip(open_clip, model, pretrained=pretrained, force_custom_text=True)
            read = _tokenizer(open_clip, model)
        if not hasattr(clip.text, "token_embedding"):
            raise OptionError(f"loss clip-prompt: the texts of {model} are not read by open_clip itself; take a ViT-B")
        self.tower = clip.text.requires_grad_(False)
        self.scale = min(float(clip.logit_scale.detach().exp().flatten()[0]), 100.0) if scale is None else scale
        words: Tensor = read([f"{before} {' '.join([HOLDER] * tokens)} {after}"])[0]
        holder = int(read([HOLDER])[0][1])  # after the mark at which every text begins
        at = torch.nonzero(words == holder).flatten()
        if len(at) != tokens:
            raise OptionError(f"loss clip-prompt: {before!r} and {after!r} with {tokens} tokens do not fit in a text")
        self.words: Tensor
        self.register_buffer("words", words)
        self.at: Tensor
        self.register_buffer("at", at)
        self.prompts = nn.Parameter(torch.randn(classes, tokens, self.tower.token_embedding.embedding_dim) * 0.02)
        with torch.no_grad():
            found = self.read(torch.zeros(1, dtype=torch.long)).shape[1]
        if found != dim:
            raise OptionError(f"loss clip-prompt: texts of {model} are {found} long, features {dim}; use projection")

    def read(self, classes: Tensor) -> Tensor:
        """Vectors (n, D) of the texts of classes (n,)."""
        embedding = self.tower.token_embedding

        def put(_module: nn.Module, _inputs: Any, found: Tensor) -> Tensor:
            return found.index_copy(1, self.at, self.prompts[classes].to(found.dtype))

        handle = embedding.register_forward_hook(put)
        try:
            out: Tensor | tuple[Tensor, ...] = self.tower(self.words.expand(len(classes), -1))
        finally:
            handle.remove()
        return out[0] if isinstance(out, tuple) else out

    def forward(self, out: Outputs, target: Tensor) -> Tensor:
        """The loss of features (B, D) whose classes are ``target`` (B,)."""
        present, place = torch.unique(target, return_inverse=True)
        texts = self.read(present)
        with torch.autocast(out.features.device.type, enabled=False):
            logit = self.scale * unit(precise(out.features.detach())) @ unit(precise(texts)).T
            own = place[:, None] == torch.arange(len(present), device=target.device)[None]
            to_text = -torch.log_softmax(logit, dim=1)[own]  # (B,): one class a picture
            among = torch.where(own, torch.log_softmax(logit, dim=0), 0).sum(dim=0) / own.sum(dim=0)
            return to_text.mean() - among[place].mean()

    def texts(self) -> Tensor:
        """Unit vectors (C, D) of all classes' texts, for the second stage."""
        with torch.no_grad():
            every = torch.arange(len(self.prompts), device=self.prompts.device)
            return torch.cat([unit(precise(self.read(part))) for part in every.split(CHUNK)])

    def save_texts(self, path: str | os.PathLike[str]) -> None:
        """Write the texts' vectors for ``clip-reid``, whole or not at all.

        Raises:
            OutputError: it cannot be written.
        """
        content = {"format": TEXTS, "texts": self.texts().cpu(), "scale": self.scale}

        def write(stream: BinaryIO) -> None:
            torch.save(content, stream)

        atomically(Path(path), write)


def _tokenizer(open_clip: Any, model: str) -> Any:
    try:
        return open_clip.get_tokenizer(model)
    except Exception as error:
        raise OptionError(f"loss clip-prompt: the words of {model} cannot be had ({reason(error)})") from error
