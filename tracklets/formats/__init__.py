"""One file a format, one decorator to register it."""
