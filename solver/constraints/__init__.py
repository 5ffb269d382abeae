"""One file a constraint: what cannot, must or should not be one person, whatever the cues say.

``overlap`` and ``roles`` find pairs that cannot be one person; ``references`` and ``pinned`` turn what a person says
(must-link, cannot-link) into pairs of tracklets; ``contract`` makes every method honour must-links; ``doubt`` withholds
links that are not probable enough; ``roster`` prices identities beyond the number of people there are.
"""
