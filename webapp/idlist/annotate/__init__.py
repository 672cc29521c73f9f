"""Gives a list back in its own format, with the outcome of every entry beside it."""
