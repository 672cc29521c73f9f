"""Writes columns at the end of a table's rows, or new outcomes into those that it has."""

from collections.abc import Iterable, Sequence

from webapp.idlist.layout import Layout
from webapp.idlist.records import Part, Record, line_end
from webapp.idlist.tables import SPACES

Cells = Sequence[str]


class AnnotatedTable:
    """A table on its way back to its owner, row by row."""

    def __init__(self, layout: Layout, headers: Cells) -> None:
        choice = layout.choice
        self._by_spaces = layout.delimiter == SPACES
        self._delimiter = "\t" if self._by_spaces else layout.delimiter
        self._width = len(choice.offered) if choice else 0
        self._ids = choice.ids if choice else None
        self._headers = list(headers)
        self._names: Cells = ()  # the header's cells, once it was met
        self._headers_left = choice.header if choice else None  # up to the one with the names
        self._replaced: slice | None = None  # the cells that the new ones take the place of

    def written(self, record: Record, cells: Cells) -> str:
        """A stretch of the table, with `cells` if it is a row with entries."""
        if record.part is Part.ENTRIES:
            return self._missing_header(record) + self._row(record, cells)
        if record.part is Part.HEADER and self._is_names(record.cells):
            return self._row(record, self._headers)
        return record.raw

    def _is_names(self, cells: Cells) -> bool:
        """Whether these are the names of the columns, here or where another table begins."""
        if self._headers_left is None:
            return bool(self._names) and cells == self._names
        self._headers_left -= 1
        if self._headers_left >= 0:
            return False
        self._headers_left, self._names = None, cells
        start = len(cells) - len(self._headers)
        if start > 0 and list(cells[start:]) == self._headers:
            self._replaced = slice(start, len(cells))
        return True

    def _missing_header(self, record: Record) -> str:
        """A header for a table that has none: the columns get a meaning, that of the ids too."""
        if self._names:
            return ""
        self._names = ["data_id" if i == self._ids else "" for i in range(self._width)]
        end = line_end(record.raw) or "\n"
        return row_of([*self._names, *self._headers], end, self._delimiter)

    def _row(self, record: Record, cells: Cells) -> str:
        end, had = line_end(record.raw), record.cells
        if self._replaced:
            blanks = [""] * (self._replaced.start - len(had))
            kept, more = had[: self._replaced.start], had[self._replaced.stop :]
            return row_of([*kept, *blanks, *cells, *more], end, self._delimiter)
        blanks = [""] * (self._width - len(had))
        if self._by_spaces or _has_stray_quote(record, self._delimiter):
            return row_of([*had, *blanks, *cells], end, self._delimiter)
        as_it_stood = record.raw.removesuffix(end)
        return as_it_stood + self._delimiter + row_of([*blanks, *cells], end, self._delimiter)


def row_of(cells: Iterable[str], end: str, delimiter: str = "\t") -> str:
    """A row, cells in quotes where they need them."""
    return delimiter.join(_quoted(cell, delimiter) for cell in cells) + end


def _quoted(cell: str, delimiter: str) -> str:
    needs_quotes = '"' in cell or delimiter in cell or "\n" in cell or "\r" in cell
    if needs_quotes or cell.startswith(("#", " ")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _has_stray_quote(record: Record, delimiter: str) -> bool:
    """Whether a quote was taken as it is: with more cells behind it, it could get a meaning."""
    raw = record.raw
    return '"' in raw and list(record.cells) == raw.rstrip("\r\n").split(delimiter)
