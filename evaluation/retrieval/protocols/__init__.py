"""Rules of the public sets, one file each: who is ranked against whom, and what a submission looks like."""
