"""Crops to embeddings: what a person looks like, as a vector.

What may live here: one file a backend (``@backend("name", ...)`` on a function from the rest of its specification to an
``Embedder``), what backends share (sizes of inputs, torch), the pipeline that feeds them from a video, the cache of
what they said, and the sidecar table that it becomes. Nothing here compares people; that is the solver's.
"""
