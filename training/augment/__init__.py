"""How a picture is changed before the network sees it: one file a kind of change, by name in one registry.

What may live here: ``@augmentation("name")`` on a frozen dataclass whose fields are its options (``settings.option``)
and whose call takes a picture (H, W, 3), uint8, RGB, and two generators, and gives a picture of the same size. Chance
comes from the generators alone: the first is the picture's own, the second is the same for all pictures of one person
in a batch. Its name goes into ``MODULES`` of ``registry.py``.
"""
