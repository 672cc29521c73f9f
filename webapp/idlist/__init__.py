"""From bytes to entries: ids, repeats and rejects, each with its place. Pure, streaming, no I/O."""

from webapp.idlist.entries import Column, Entry, Kind, Limits, Unreadable
from webapp.idlist.reading import Reading, read

__all__ = ["Column", "Entry", "Kind", "Limits", "Reading", "Unreadable", "read"]
