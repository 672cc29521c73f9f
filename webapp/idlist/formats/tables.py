"""A list as a table: CSV, TSV, semicolons, columns by spaces, what icav2 prints."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from webapp.idlist.columns import Choice, cell_of
from webapp.idlist.entries import LONGEST, Entry, Part, Record, Unreadable, count_lines
from webapp.idlist.ids import EMPTY_CELL, clean, find, holds_words, is_usual, project_in

SPACES = " "  # columns by any white space; the other delimiters are characters
_MOST_LINES = 50  # in one quoted cell; a quote still open then was no quote
_LARGEST = 1 << 20  # characters in a row of several lines
_MOST_CELLS = 300_000  # in a row: more than the sample, which may be one line, has characters
_QUOTED = re.compile(r'"[^"]*+"')
_SAMPLED, _MOST_LOOKED_AT = 200, 5_000  # rows
_LARGEST_SAMPLE = 1 << 22  # characters of them
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")  # of a formula
_FOOTER = re.compile(r"\s*no\.? of items\s*:", re.IGNORECASE)


def as_row(
    line: int, raw: str, cells: Sequence[str], lines: int = 1, offset: int = 0, until: int = 0
) -> Record:
    """A row whose entries were not looked for yet; one with entries may still be a header.

    `line` is the number of its first line, and `raw` are its lines as they stood, of which a
    workbook's row has none.
    """
    beginning = raw or "".join(cells[:1])
    if _is_comment(beginning):
        part = Part.COMMENT
    elif not any(clean(cell).strip() for cell in filter(None, cells)):
        part = Part.BLANK
    else:
        part = Part.HEADER if _FOOTER.match(beginning) else Part.ENTRIES
    return Record(part, line, raw, (), cells, lines, offset, until)


def each_row(lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[Record]:
    """Cut numbered lines into rows. A quoted cell may hold line breaks."""
    coming = _Lines(lines)
    for number, line in coming:
        if _is_comment(line):
            yield as_row(number, line, ())
        elif delimiter == SPACES:
            yield as_row(number, line, _cells(number, line, None))
        elif '"' not in line:
            yield as_row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
        else:
            yield _quoted_row(number, line, coming, delimiter)


class _Lines(Iterator[tuple[int, str]]):
    """Numbered lines; those taken for a quoted cell that was none are given `back`."""

    def __init__(self, lines: Iterable[tuple[int, str]]) -> None:
        self._coming = iter(lines)
        self.back: deque[tuple[int, str]] = deque()

    def __next__(self) -> tuple[int, str]:
        return self.back.popleft() if self.back else next(self._coming)


def _cells(number: int, line: str, delimiter: str | None) -> list[str]:
    cells = line.split(delimiter, _MOST_CELLS)
    if len(cells) > _MOST_CELLS:
        raise _too_wide(number)
    return cells


def _too_wide(number: int) -> Unreadable:
    return Unreadable(
        f"Line {number:,} has more than {_MOST_CELLS:,} cells, which is the limit of a table. If "
        "they are data ids, upload them as a list of their own, without the other columns."
    )


def _is_comment(beginning: str) -> bool:
    return beginning.startswith("#") and not _ERROR.match(beginning)


def with_gaps(rows: Iterable[Record]) -> Iterator[Record]:
    """Rows with blank ones where numbers are left out, as a workbook does."""
    number = 0
    for row in rows:
        if row.line > number + 1:
            yield as_row(number + 1, "", (), row.line - number - 1)
        number = row.line
        yield row


def read_table(rows: Iterable[Record], choice: Choice) -> Iterator[Record]:
    """Find the names and the entries of rows by the chosen columns."""
    names: Sequence[str] = ()
    left = -1 if choice.header is None else choice.header  # rows above the names
    for row in rows:
        if row.part is not Part.ENTRIES:
            yield row
        elif left > 0:
            left -= 1
            yield replace(row, part=Part.HEADER)
        elif left == 0 or row.cells == names:  # of another table that was appended
            names, left = row.cells, -1
            yield replace(row, part=Part.NAMES)
        else:
            yield _with_entries(row, choice)


def _quoted_row(number: int, line: str, coming: _Lines, delimiter: str) -> Record:
    taken = [(number, line)]
    if len(line) > _MOST_CELLS and _QUOTED.sub("", line).count(delimiter) >= _MOST_CELLS:
        raise _too_wide(number)

    def lines() -> Iterator[str]:
        size = len(line)
        yield line
        for pair in islice(coming, _MOST_LINES - 1):
            taken.append(pair)
            size += len(pair[1])
            if size > _LARGEST:
                return
            yield pair[1]

    csv.field_size_limit(LONGEST)  # of the process: csv's own is some 3,500 ids
    try:
        reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True, strict=True)
        cells = next(reader)
    except csv.Error:  # a quote that is never closed, or closed within a cell: no quote at all
        coming.back.extendleft(reversed(taken[1:]))
        return as_row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
    return as_row(number, "".join(text for _, text in taken), cells, len(taken))


def _with_entries(row: Record, choice: Choice) -> Record:
    index = choice.ids or 0
    cell, column = cell_of(row.cells, index), index + 1
    found: Iterable[Entry]
    if is_usual(cell):
        found = (Entry(column, cell, cell),)
    elif holds_words(cell):
        found = find(cell, column)
    else:
        text = row.raw.strip() or " ".join(filter(None, row.cells))
        found = (Entry(column, text, "", EMPTY_CELL),)
    if choice.project is not None and (named := project_in(cell_of(row.cells, choice.project))):
        found = (replace(word, project_id=named) for word in found)
    above = sum(map(count_lines, row.cells[:index])) if row.lines > 1 else 0
    return replace(row, found=found, line=row.line + above)


def sampled(rows: Iterable[Record]) -> list[Sequence[str]]:
    """The cells of the first rows that hold more than blanks, comments and footers."""
    filled = (row.cells for row in islice(rows, _MOST_LOOKED_AT) if row.part is Part.ENTRIES)
    found: list[Sequence[str]] = []
    size = 0
    while size <= _LARGEST_SAMPLE and len(found) < _SAMPLED and (cells := next(filled, None)):
        found.append(cells)
        size += sum(map(len, cells))
    return found
