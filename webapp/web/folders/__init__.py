"""Folders of ICA: walking them, and lists of what they hold."""
