"""Readers of the formats that a list may have, and one that finds its entries in a text."""
