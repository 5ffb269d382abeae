"""Both stages of CLIP-ReID, with a CLIP of a few thousand weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests import tiny_clip
from tests.training.losses import reference
from torch import Tensor

from reid_solve.tracklets.embed.networks import Outputs
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.training.losses import build
from reid_solve.training.losses.clip_prompt import ClipPrompt
from reid_solve.training.losses.clip_reid import ClipReid

CLASSES = 4
TARGET = [0, 0, 2, 2, 3, 3, 3, 0]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_clip.register(tmp_path_factory.mktemp("clip"))


def prompt(tiny: str, **options: object) -> ClipPrompt:
    torch.manual_seed(2)
    made = build("clip-prompt", classes=CLASSES, dim=tiny_clip.DIM, model=tiny, **options)
    assert isinstance(made, ClipPrompt)
    made.double()
    return made


def drawn(width: int = tiny_clip.DIM, seed: int = 0) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    features = torch.randn(len(TARGET), width, dtype=torch.float64, generator=chance)
    return features.requires_grad_(), torch.tensor(TARGET)


def test_the_learnt_tokens_stand_between_the_words(tiny: str) -> None:
    loss = prompt(tiny)
    words = loss.words.tolist()
    assert [words[k] for k in loss.at] == [words[5]] * 4
    plain = loss.tower(loss.words[None])
    with torch.no_grad():
        loss.prompts[1] = loss.tower.token_embedding.weight[words[5]]
        loss.prompts[2] = -50 * loss.prompts[1]
    # with the embedding of the word itself in their place, the text is read as it stands
    assert torch.allclose(loss.read(torch.tensor([1])), plain, atol=1e-12)
    assert not torch.allclose(loss.read(torch.tensor([2])), plain, atol=1e-3)
    assert torch.equal(loss.tower(loss.words[None]), plain)  # no hook is left behind


def test_the_first_stage_is_that_of_the_loop(tiny: str) -> None:
    loss = prompt(tiny, scale=5.0)
    with torch.no_grad():
        loss.prompts *= 50  # apart, as they are once learnt
    features, target = drawn()
    texts = loss.read(torch.arange(CLASSES)).detach().numpy()
    want = reference.clip_prompt(features.detach().numpy(), texts, TARGET, 5)
    assert float(loss(Outputs(features), target).detach()) == pytest.approx(want, abs=1e-10)


def test_the_first_stage_learns_prompts_and_nothing_else(tiny: str) -> None:
    loss = prompt(tiny)
    features, target = drawn()
    assert [name for name, value in loss.named_parameters() if value.requires_grad] == ["prompts"]
    loss(Outputs(features), target).backward()
    assert features.grad is None
    assert loss.prompts.grad is not None
    moved = loss.prompts.grad.abs().sum(dim=(1, 2)) > 0
    assert moved.tolist() == [True, False, True, True]  # class 1 is not in the batch

    def of(values: Tensor) -> Tensor:
        with torch.no_grad():
            kept = loss.prompts.clone()
        loss.prompts = torch.nn.Parameter(kept)
        del loss._parameters["prompts"]
        loss.prompts = values
        return loss(Outputs(features), target)

    start = (50 * loss.prompts.detach()).requires_grad_()
    assert torch.autograd.gradcheck(of, (start,), fast_mode=True)


def test_prompts_learn_who_is_who(tiny: str) -> None:
    loss = prompt(tiny, scale=20.0).float()
    centres = torch.randn(CLASSES, tiny_clip.DIM, generator=torch.Generator().manual_seed(3))
    target = torch.tensor(TARGET * 2)
    noise = torch.randn(len(target), tiny_clip.DIM, generator=torch.Generator().manual_seed(4))
    features = centres[target] + 0.1 * noise
    optimiser = torch.optim.Adam([loss.prompts], 0.02)
    first = float(loss(Outputs(features), target).detach())
    for _ in range(60):
        optimiser.zero_grad()
        value = loss(Outputs(features), target)
        value.backward()
        optimiser.step()
    assert float(value.detach()) < 0.5 * first
    said = (torch.nn.functional.normalize(features, dim=1) @ loss.texts().T)[:, [0, 2, 3]].argmax(dim=1)
    assert torch.tensor([0, 2, 3])[said].tolist() == target.tolist()


def test_degenerate_batches_and_half_precision(tiny: str) -> None:
    loss = prompt(tiny).float()
    some = drawn()[0].detach().float()
    for features in some, 0 * some, some[:1].expand(8, -1):
        for target in torch.tensor(TARGET), torch.zeros(8, dtype=torch.long):
            loss.prompts.grad = None
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = loss(Outputs(features.bfloat16()), target)
            value.backward()
            assert value.dtype == torch.float32
            assert torch.isfinite(value)
            assert loss.prompts.grad is not None
            assert torch.isfinite(loss.prompts.grad).all()


def second(texts: Tensor | str, **options: object) -> ClipReid:
    torch.manual_seed(5)
    made = build("clip-reid", classes=CLASSES, dim=tiny_clip.DIM, texts=texts, **options)
    assert isinstance(made, ClipReid)
    for identity in made.identity:
        torch.nn.init.normal_(identity.classifier.weight)
    made.double()
    return made


def test_the_second_stage_is_the_sum_of_the_loops() -> None:
    texts = drawn(seed=7)[0][:CLASSES].detach()
    loss = second(texts, layer_dims=[5], scale=8.0, id_weight=0.25, triplet_weight=0.7, text_weight=0.9)
    features, target = drawn()
    layer = drawn(5, seed=8)[0]
    want = 0.0
    for identity, values in zip(loss.identity, (features, layer), strict=True):
        plain = values.detach()
        necked = (plain - plain.mean(0)) / (plain.var(0, unbiased=False) + 1e-5).sqrt()
        scores = (necked @ identity.classifier.weight.detach().T).numpy()
        want += 0.25 * reference.cross_entropy(scores, TARGET, 0.1)
        want += 0.7 * reference.triplet(plain.numpy(), TARGET, 0.3, False)
    unit = [of / np.linalg.norm(of, axis=1, keepdims=True) for of in (features.detach().numpy(), texts.numpy())]
    want += 0.9 * reference.cross_entropy(8 * unit[0] @ unit[1].T, TARGET, 0.1)
    assert float(loss(Outputs(features, (layer,)), target).detach()) == pytest.approx(want, abs=1e-6)
    assert torch.autograd.gradcheck(lambda one, two: loss(Outputs(one, (two,)), target), (features, layer))
    with pytest.raises(OptionError, match=r"layers of \[5, 5\]; name them as layer_dims"):
        loss(Outputs(features, (layer, layer)), target)


def test_texts_go_from_the_first_stage_to_the_second_by_a_file(tiny: str, tmp_path: Path) -> None:
    first = prompt(tiny, scale=5.0)
    path = tmp_path / "texts.pt"
    first.save_texts(path)
    loss = second(str(path))
    assert torch.allclose(loss.texts, first.texts(), atol=1e-6)
    assert torch.allclose(loss.texts.norm(dim=1), torch.ones(CLASSES, dtype=torch.float64), atol=1e-6)
    assert loss.scale == 5
    assert "texts" in loss.state_dict()  # a training that goes on needs the file no more
    with pytest.raises(OptionError, match="4 texts of length 24 for 9 classes and features of 24"):
        build("clip-reid", classes=9, dim=tiny_clip.DIM, texts=str(path))
    for name, content in {"none.pt": None, "text.pt": b"hello", "cut.pt": path.read_bytes()[:500]}.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError) as caught:
            build("clip-reid", classes=CLASSES, dim=tiny_clip.DIM, texts=str(tmp_path / name))
        assert str(caught.value).startswith(f"{tmp_path / name}: ")
        assert "\n" not in str(caught.value)
    torch.save({"format": "other"}, tmp_path / "other.pt")
    with pytest.raises(InputError, match="not the texts that the loss clip-prompt learns"):
        build("clip-reid", classes=CLASSES, dim=tiny_clip.DIM, texts=str(tmp_path / "other.pt"))


def test_what_is_wrong_is_said_in_a_line(tiny: str) -> None:
    with pytest.raises(OptionError, match="texts of tiny-for-tests are 24 long, features 32; use projection"):
        build("clip-prompt", classes=2, dim=32, model=tiny)
    with pytest.raises(OptionError, match="do not fit in a text"):
        build("clip-prompt", classes=2, dim=24, model=tiny, tokens=20)
    with pytest.raises(OptionError, match="tokens 0"):
        build("clip-prompt", classes=2, dim=24, model=tiny, tokens=0)
    with pytest.raises(OptionError, match="no such model"):
        build("clip-prompt", classes=2, dim=24, model="ViT-B-33")
