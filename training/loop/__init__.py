"""The loop: a configuration, batches, steps, checkpoints, logs, processes. `reid-solve train` calls `run.train`.

What may live here: one file a part of the loop. ``config``, ``example`` and ``run`` are imported by the command line
and wait with torch until it is needed; the others begin with it. What is learnt from is behind ``material.Material``,
so a set that is made in another way (crops of tracklets, say) needs nothing from here but that.
"""
