"""The client of ICA's API: the only code that talks HTTP to ICA; it knows nothing of us."""
