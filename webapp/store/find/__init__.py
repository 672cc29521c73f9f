"""Queries for ids: which submissions hold them, and what became of each."""
