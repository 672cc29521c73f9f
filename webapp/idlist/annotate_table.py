"""Writes columns at the end of a table's rows, or new outcomes into those that it has."""

from collections.abc import Sequence

from webapp.idlist.harmless import harmless, quoted, row_of, stays, written, written_line
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
        self._width = len(choice.names) if choice else 0
        self._ids = choice.ids if choice else None
        self._headers = list(headers)
        self._names: Cells = ()  # the header's cells, once it was met
        self._headers_left = choice.header if choice else None  # up to the one with the names
        self._start = self._stop = self._width  # the new cells take the place of those between

    def written(self, record: Record, cells: Cells) -> str:
        """A stretch of the table, with `cells` if it is a row with entries."""
        if record.part is Part.ENTRIES:
            return self._missing_header(record) + self._row(record, cells)
        if record.part is Part.HEADER and self._is_names(record.cells):
            return self._row(record, self._headers)
        end = line_end(record.raw)
        return written_line(record.raw.removesuffix(end), self._delimiter) + end

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
            self._start, self._stop = start, len(cells)
        return True

    def _missing_header(self, record: Record) -> str:
        """A header for a table that has none: the columns get a meaning, that of the ids too."""
        if self._names:
            return ""
        self._names = ["data_id" if i == self._ids else "" for i in range(self._width)]
        end = line_end(record.raw) or "\n"
        return row_of([*self._names, *self._headers], end, self._delimiter)

    def _row(self, record: Record, added: Cells) -> str:
        end, had = line_end(record.raw), record.cells
        raw, delimiter = record.raw.removesuffix(end), self._delimiter
        new = row_of(added, "", delimiter)
        if len(had) <= self._start:
            row = [self._written(raw, had), *[""] * (self._start - len(had)), new]
        else:
            cells = self._as_written(raw, had)
            row = [*cells[: self._start], new, *cells[self._stop :]]
        return delimiter.join(row) + end

    def _written(self, raw: str, cells: Cells) -> str:
        if stays(raw, cells) and not self._by_spaces:
            return raw
        return self._delimiter.join(self._as_written(raw, cells))

    def _as_written(self, raw: str, cells: Cells) -> Cells:
        if self._by_spaces:
            return [quoted(harmless(cell), self._delimiter) for cell in cells]
        return written(raw, cells, self._delimiter)
