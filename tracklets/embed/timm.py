"""Any image model of timm, without its classifier: DINOv2 and v3, ConvNeXt, ResNet, ..."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reid_solve.tracklets.embed.cache import fingerprint
from reid_solve.tracklets.embed.download import HUB, check_online, hub_cached
from reid_solve.tracklets.embed.inputs import Input
from reid_solve.tracklets.embed.registry import Embedder, Settings, backend
from reid_solve.tracklets.embed.torch_model import (
    RANDOM,
    Network,
    TorchEmbedder,
    fill,
    perhaps,
    read_weights,
    reason,
    refuse_files,
)
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional

FILES = ("model.safetensors", "pytorch_model.bin")
OWN = "timm"
HEADS = ("fc.", "head.", "classifier.")  # a checkpoint's classifier, which is not wanted


@backend("timm", "timm:NAME[/WEIGHTS]")
def from_name(spec: str, settings: Settings) -> Embedder:
    """A model with timm's own weights, those of a file after a slash, or ``random`` ones (``settings.seed``).

    Raises:
        InputError: no such file.
    """
    model, _, weights = spec.partition("/")
    if weights in ("", RANDOM):
        return TorchEmbedder(
            f"timm:{spec}", f"{weights} seed {settings.seed}", settings, lambda: _build(model, weights)
        )
    name = f"timm:{model}/{Path(weights).name}"
    return TorchEmbedder(name, fingerprint(Path(weights)), settings, lambda: _build(model, weights))


def _build(model: str, weights: str) -> Network:
    timm = optional("timm", "video", "a timm model")
    made = make_model(timm, model, None if weights == RANDOM else weights or OWN)
    wants = timm.data.resolve_model_data_config(made)
    _, height, width = wants["input_size"]
    return Network(made, Input((height, width), tuple(wants["mean"]), tuple(wants["std"]), letterbox=True))


def make_model(timm: Any, model: str, weights: str | None, **options: Any) -> Any:
    """A model without its classifier.

    Args:
        timm: the library.
        model: its name there.
        weights: a file, ``OWN`` for those that timm knows, or None for random ones.
        **options: of the model in timm.

    Raises:
        OptionError: no such model, no weights of it, or an option that names a file.
        InputError: the weights cannot be had, or do not fit.
    """
    if not timm.is_model(model):
        raise OptionError(f"timm:{model}: timm has no such model; {perhaps(model, timm.list_models())}")
    refuse_files(f"timm:{model}", options)
    if weights == OWN:
        return with_own_weights(timm, model, **options)
    made = timm.create_model(model, pretrained=False, num_classes=0, **options)
    if weights is not None:
        fill(made, read_weights(Path(weights)), weights, HEADS)
    return made


def with_own_weights(timm: Any, model: str, **options: Any) -> Any:
    """A model with the weights that timm itself knows, from its cache or the network; no classifier.

    Raises:
        OptionError: timm has no weights of it.
        InputError: they cannot be had.
    """
    about = timm.get_pretrained_cfg(model)
    if about is None or not about.has_weights:
        raise OptionError(f"timm:{model}: timm has no weights of it; write timm:{model}/FILE")
    repository = about.hf_hub_id
    names = (about.hf_hub_filename,) if about.hf_hub_filename else FILES
    found = hub_cached(repository, names) if repository else None
    overlay = None if found is None else {"file": str(found)}
    if found is None:
        check_online(f"timm:{model}", HUB if repository else about.url)
    try:
        return timm.create_model(model, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay, **options)
    except Exception as error:
        raise InputError(f"timm:{model}: its weights cannot be had ({reason(error)}); try again") from error
