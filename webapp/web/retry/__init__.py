"""Attempts behind the first: trying again, undoing, and what each of them has found."""
