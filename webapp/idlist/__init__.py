"""From bytes to entries: ids, repeats and rejects, each with its place. Pure, streaming, no I/O."""

from webapp.idlist.annotate.formulas import harmless
from webapp.idlist.annotate.writer import HEADERS, annotate
from webapp.idlist.entries import Column, Entry, Kind, Limits, Unreadable
from webapp.idlist.reader import Reading, read

__all__ = [
    "HEADERS",
    "Column",
    "Entry",
    "Kind",
    "Limits",
    "Reading",
    "Unreadable",
    "annotate",
    "harmless",
    "read",
]
