"""The board, a new submission, a submission's own page, and how it stands."""
