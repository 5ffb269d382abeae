"""What is to become small: losses on what a network says about a batch.

What may live here: one file a loss (``@loss("name")`` on a module from ``Outputs`` and classes to a number). A loss
that needs a classifier, prompts or a scale owns them as parameters. Features are worked on in float32 whatever the
network runs in, and every gradient is finite, also where features coincide or a batch holds one class.
"""

from reid_solve.training.losses.registry import LOSSES, build, loss

__all__ = ["LOSSES", "build", "loss"]
