"""The board, a new submission, a submission's own page, and its progress."""
