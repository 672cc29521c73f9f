"""Reads lists of data and gives them back with outcomes. Pure, streaming, no I/O of its own.

A `Reading` gives the entries of a list: ids, lookups (names and paths that stand in place of ids),
repeats and rejects, each with its place;
`annotate` writes the list again with the outcome of each; `plain_rows`, `escape_formula`, of cells,
and `escape_other_cells`, of rows as they are written, are for other tables.
"""

from webapp.idlist.annotate.formulas import escape_formula, escape_other_cells, plain_rows
from webapp.idlist.annotate.writer import annotate
from webapp.idlist.entries import (
    Column,
    Entry,
    Holds,
    Kind,
    Limits,
    Lines,
    Lookup,
    LookupKind,
    Unreadable,
    display_text,
)
from webapp.idlist.reader import Reading

__all__ = [
    "Column",
    "Entry",
    "Holds",
    "Kind",
    "Limits",
    "Lines",
    "Lookup",
    "LookupKind",
    "Reading",
    "Unreadable",
    "annotate",
    "display_text",
    "escape_formula",
    "escape_other_cells",
    "plain_rows",
]
