"""Architectures by name, and how a specification such as ``timm:resnet18`` becomes a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from reid_solve.tracklets.embed.networks.embedder import Backbone, Embedder, measured
from reid_solve.tracklets.embed.torch_model import fill, quiet, reason
from reid_solve.tracklets.errors import OptionError, ReidSolveError

MODULES = ("timm", "openclip", "osnet", "bilinear")


# From what stands after ``name:`` and the keywords size, pretrained, layers and the network's own options. It raises
# OptionError or InputError for what the user can put right; any other error becomes an OptionError in `make_backbone`.
Maker = Callable[..., Backbone]

ANEW = ("layers", "layer_dim", "letterbox")  # options that are said anew for each training
NETWORKS: dict[str, Maker] = {}


def network(name: str) -> Callable[[Maker], Maker]:
    """Register a maker of backbones."""

    def register(make: Maker) -> Maker:
        NETWORKS[name] = make
        return make

    return register


def make_backbone(spec: str, *, size: tuple[int, int] | None = None, pretrained: str | None = None,
                  layers: Sequence[int] = (), **options: Any) -> Backbone:  # fmt: skip
    """The backbone of a specification, its widths measured. See ``build``."""
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    name, _, rest = spec.partition(":")
    if name not in NETWORKS or not rest:
        raise OptionError(f"no network {spec!r}; write timm:NAME, openclip:NAME, osnet:x0_25 or bilinear:APPEARANCE")
    try:
        with quiet():
            made = NETWORKS[name](rest, size=size, pretrained=pretrained, layers=tuple(layers), **options)
    except ReidSolveError:
        raise
    except Exception as error:
        given = ", ".join([*options, *(["layers"] if layers else [])]) or "no options"
        raise OptionError(f"network {spec} cannot be made with {given} ({reason(error)})") from error
    try:
        made.width, made.channels = measured(made, made.size)
    except Exception as error:
        height, width = made.size
        raise OptionError(
            f"network {spec} does not run on pictures {height} x {width} ({reason(error)}); choose another image_size"
        ) from error
    if layers:
        made.options["layers"] = list(layers)
    return made


def build(spec: str, *, dim: int | None = None, image_size: Sequence[int] | None = None, pretrained: str | None = None,
          layers: Sequence[int] = (), layer_dim: int = 0, letterbox: bool = False,
          **options: Any) -> Embedder:  # fmt: skip
    """Make a network; random where nothing is said about weights, from torch's own generator.

    Args:
        spec: ``timm:NAME``, ``openclip:NAME``, ``osnet:x0_25``, ``bilinear:APPEARANCE``.
        dim: length of an embedding, by a linear layer at the end; by default the network's own.
        image_size: height and width, pixels; by default 256 x 128 where the network can, else its own.
        pretrained: weights: a file, or a name that the library behind the specification knows. None for random ones;
            nothing is fetched then. A file that ``save`` wrote is gone on from: its options, picture size, mean and
            deviation stand where nothing else is said, and heads of the same length are taken over.
        layers: numbers of inner layers (stages or blocks, negative from the end) that get heads of their own.
        layer_dim: length of the layers' vectors; 0 for the pooled maps.
        letterbox: keep the shape of crops, see ``Embedder``.
        **options: of the architecture; ``projection`` and ``quick_gelu`` (openclip), ``last_stride`` (osnet has none;
            timm ResNets), ``part_options``, ``parts`` and ``length`` (bilinear), anything that timm's own models take.

    Raises:
        OptionError: no such network, or not with these options.
        InputError: the file of weights does not fit.
    """
    if (dim is not None and dim < 1) or layer_dim < 0:
        raise OptionError(f"network {spec}: dim {dim}, layer_dim {layer_dim}; lengths are positive")
    size = None
    if image_size is not None:
        if len(image_size) != 2 or min(image_size) < 1:
            raise OptionError(f"network {spec}: image_size {list(image_size)}; write height and width in pixels")
        size = int(image_size[0]), int(image_size[1])
    start = None if pretrained is None else _start(pretrained, spec)
    if start is None:
        backbone = make_backbone(spec, size=size, pretrained=pretrained, layers=layers, **options)
        return Embedder(spec, backbone, dim, layer_dim, letterbox)
    own = {key: value for key, value in start["options"].items() if key not in ANEW}
    backbone = make_backbone(spec, size=size or tuple(start["image_size"]), layers=layers, **{**own, **options})
    backbone.mean, backbone.std = tuple(start["mean"]), tuple(start["std"])
    made = Embedder(spec, backbone, dim, layer_dim, letterbox)
    weights, there = made.state_dict(), start["weights"]
    wanted = {name: value for name, value in there.items() if name.startswith("backbone.")}
    for name, value in weights.items():
        if not name.startswith("backbone."):  # a head is new where it has another length
            fits = name in there and there[name].shape == value.shape
            wanted[name] = there[name] if fits else value
    fill(made, wanted, pretrained)
    return made


def _start(path: str, spec: str) -> dict[str, Any] | None:
    from reid_solve.tracklets.embed.networks.file import begun

    return begun(path, spec)
