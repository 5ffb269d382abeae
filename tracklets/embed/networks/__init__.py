"""Networks that are trained here: from a specification to a module, to one file and back.

What may live here: one file an architecture (``@network("name")`` on a function from the rest of its specification to
a ``Backbone``), heads on top of one, and the file format. They are defined beside ``embed``, not in ``training/``, so
that a trained file runs where nothing of the training is imported. Every module here begins with ``import torch``:
import this package inside the function that needs a network.
"""

from reid_solve.tracklets.embed.networks.embedder import Embedder, Outputs, Unit
from reid_solve.tracklets.embed.networks.file import load, save
from reid_solve.tracklets.embed.networks.registry import build

__all__ = ["Embedder", "Outputs", "Unit", "build", "load", "save"]
