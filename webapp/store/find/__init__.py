"""Where ids that somebody searches for stand, and what became of each."""
