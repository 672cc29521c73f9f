"""Attempts behind the first: which items are selected, handed over, and what was found before."""
