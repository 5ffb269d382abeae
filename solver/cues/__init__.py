"""One file a cue. A cue gives log-odds per candidate pair and never sees which method will use them."""
