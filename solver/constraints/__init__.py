"""One file a constraint: pairs of tracklets that cannot be one person, whatever the cues say."""
