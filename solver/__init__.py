"""Who it was: described tracklets in, identities out."""
