"""Reads lists of data ids and gives them back with outcomes. Pure, streaming, no I/O of its own.

A `Reading` gives the entries of a list: ids, repeats and rejects, each with its place;
`annotate` writes the list again with the outcome of each; `plain_rows`, `escape_formula`, of cells,
and `escape_other_cells`, of rows as they are written, are for other tables.
"""

from webapp.idlist.annotate.formulas import escape_formula, escape_other_cells, plain_rows
from webapp.idlist.annotate.writer import annotate
from webapp.idlist.entries import Column, Entry, Kind, Limits, Lines, Unreadable, display_text
from webapp.idlist.reader import Reading

__all__ = [
    "Column",
    "Entry",
    "Kind",
    "Limits",
    "Lines",
    "Reading",
    "Unreadable",
    "annotate",
    "display_text",
    "escape_formula",
    "escape_other_cells",
    "plain_rows",
]
