"""What was seen: rows of any tracker, read, checked and described as tracklets. Knows nothing of identities."""
