"""Learning from one match without labels: a tracklet is one person, and people seen together are different people.

What may live here: what is known without anybody's saying so (``pieces``), the crops of it, in memory once (``store``),
which of them meet in a batch (``moments``), how good a network is, as far as that can be known without labels
(``check``), and the training that these make (``run``). The loop, the networks and the augmentations are the same as
for labelled pictures; the loss is ``training/losses/seen_together.py``.
"""
