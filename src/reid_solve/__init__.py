"""reid-solve: knows who is who in a whole sports clip."""
