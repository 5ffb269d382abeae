"""Which pictures meet in a batch: one file a sampler, with one decorator to register it."""
