"""Teaching the embedder: datasets, samplers, losses, and the loop that puts them together.

Nothing else imports this package: a trained network runs in ``tracklets/embed`` without it.
"""
