"""The image tower of any open_clip model: OpenAI's CLIP, LAION's, SigLIP, Perception Encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reid_solve.tracklets.embed.cache import fingerprint
from reid_solve.tracklets.embed.download import HUB, check_online, hub_cached
from reid_solve.tracklets.embed.inputs import PERSON, Input
from reid_solve.tracklets.embed.registry import Embedder, Settings, backend
from reid_solve.tracklets.embed.torch_model import RANDOM, Network, TorchEmbedder, perhaps, reason, refuse_files
from reid_solve.tracklets.errors import InputError, OptionError
from reid_solve.tracklets.extras import optional

FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@backend("openclip", "openclip:MODEL/PRETRAINED")
def from_name(spec: str, settings: Settings) -> Embedder:
    """A model and its weights: a tag that open_clip knows, a file, or ``random`` (for tests; ``settings.seed``).

    Raises:
        OptionError: no weights named.
        InputError: no such file.
    """
    model, _, weights = spec.partition("/")
    if not weights:
        raise OptionError(f"openclip:{spec} names no weights; write openclip:{spec}/TAG, /FILE or /{RANDOM}")
    path = Path(weights)
    if weights == RANDOM:
        name, key = f"openclip:{spec}", f"seed {settings.seed}"
    elif path.is_file() or path.suffix:
        name, key = f"openclip:{model}/{path.name}", fingerprint(path)
    else:
        name, key = f"openclip:{spec}", "tag"
    return TorchEmbedder(name, key, settings, lambda: _build(model, weights))


def _build(model: str, weights: str) -> Network:
    open_clip = optional("open_clip", "video", "an open_clip model")
    made, wants, _ = make_clip(open_clip, model, pretrained=None if weights == RANDOM else weights)
    return Network(made.visual, wants)


def make_clip(open_clip: Any, model: str, *, size: tuple[int, int] | None = None, pretrained: str | None = None,
              quick_gelu: bool | None = None, **options: Any) -> tuple[Any, Input, bool]:  # fmt: skip
    """A whole open_clip model, the pictures that it wants, and whether it has OpenAI's activation.

    Args:
        open_clip: the library.
        model: its name there.
        size: of pictures; ``input_size`` by default.
        pretrained: a file or a tag; None for random weights.
        quick_gelu: OpenAI's activation; by default as the tag says, and not with a file.
        **options: of open_clip's own ``create_model``.

    Raises:
        OptionError: no such model, no such weights, or an option that names a file.
        InputError: the file does not fit.
    """
    config = checked(open_clip, model)
    refuse_files(f"openclip:{model}", options)
    tags = pretrained_tags(open_clip, model)
    if pretrained is not None and pretrained not in tags and not Path(pretrained).is_file():
        raise OptionError(
            f"openclip:{model}: {pretrained} is neither a file nor weights of it; there are {', '.join(tags)}"
        )
    # of a file or of random weights nothing is known: they get what the model's other weights want
    about: dict[str, Any] = tags.get(pretrained or "") or next(iter(tags.values()), {})
    wanted = size or input_size(config["vision_cfg"])
    stretched = wanted != own_size(config["vision_cfg"])
    if quick_gelu is None:
        quick_gelu = bool(pretrained in tags and about.get("quick_gelu"))
    made = open_clip.create_model(model, pretrained=None, pretrained_text=False, force_quick_gelu=quick_gelu,
                                  force_image_size=wanted if stretched else None, **options)  # fmt: skip
    if pretrained is not None:
        load_weights(open_clip, made, model, weights_file(model, pretrained, tags.get(pretrained)))
    if stretched and hasattr(made.visual, "trunk"):
        made.visual.set_input_size(wanted)
    mean, std = (tuple(about.get(key) or getattr(made.visual, f"image_{key}")) for key in ("mean", "std"))
    return made, Input(wanted, mean, std, letterbox=not stretched), quick_gelu


def checked(open_clip: Any, model: str) -> dict[str, Any]:
    """The configuration of a model.

    Raises:
        OptionError: no such model.
    """
    # "hf-hub:..." and "local-dir:..." are fetched and read before anybody has said that they may be
    config: dict[str, Any] | None = None if ":" in model else open_clip.get_model_config(model)
    if config is None:
        raise OptionError(f"openclip:{model}: open_clip has no such model; {perhaps(model, open_clip.list_models())}")
    return config


def pretrained_tags(open_clip: Any, model: str) -> dict[str, dict[str, Any]]:
    """What open_clip knows about each of a model's weights, by tag."""
    return {tag: open_clip.get_pretrained_cfg(model, tag) for tag in open_clip.list_pretrained_tags_by_model(model)}


def load_weights(open_clip: Any, made: Any, model: str, file: Path) -> None:
    """Fill a model from a file of weights; no code in the file is run.

    Raises:
        InputError: they are of another model, or not weights.
    """
    try:
        open_clip.load_checkpoint(made, str(file))
    except Exception as error:
        why = "holds more than weights" if "weights_only" in str(error) else reason(error)
        raise InputError(f"{file}: no weights of {model} ({why}); save a state_dict of that model") from error


def input_size(vision: dict[str, Any]) -> tuple[int, int]:
    """Height and width of the pictures for an image tower.

    open_clip's own vision transformers get upright pictures, 256 x 128 as person re-identification does (the nearest
    multiple of the patch): their position embeddings are interpolated, no patch is spent on padding, and a person keeps
    his shape. Other towers (ResNets with attention pooling, towers of timm) keep the square they were made for, and the
    crop is letterboxed.
    """
    patch = vision.get("patch_size")
    if patch and not vision.get("timm_model_name") and not isinstance(vision.get("layers"), list):
        return round(PERSON[0] / patch) * patch, round(PERSON[1] / patch) * patch
    return own_size(vision)


def own_size(vision: dict[str, Any]) -> tuple[int, int]:
    """Height and width that an image tower was made for."""
    size = vision.get("image_size", 224)
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def weights_file(model: str, weights: str, about: dict[str, Any] | None) -> Path:
    """The file of weights: the user's, one that was downloaded before, or one downloaded now."""
    if about is None:
        return Path(weights)
    pretrained = optional("open_clip.pretrained", "video", "an open_clip model")
    repository, _, name = (about.get("hf_hub") or "").rpartition("/")
    if repository:
        found = hub_cached(repository, (name,) if name else FILES)
    else:
        found = Path.home() / ".cache" / "clip" / about["url"].rsplit("/", 1)[-1]
    if found is not None and found.is_file():
        return found
    check_online(f"openclip:{model}/{weights}", HUB if repository else about["url"])
    try:
        return Path(pretrained.download_pretrained(about))
    except Exception as error:
        raise InputError(f"openclip:{model}/{weights}: download failed ({reason(error)}); try again") from error
