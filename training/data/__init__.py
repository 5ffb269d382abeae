"""Re-identification sets: one file a layout that readers know, and how a set is made from tracking ground truth."""
