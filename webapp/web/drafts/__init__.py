"""A draft: its review, what is left out of it, and its submission."""
