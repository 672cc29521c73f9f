"""A list as a table: CSV, TSV, semicolons, columns by spaces, what icav2 prints."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from webapp.idlist.columns import Choice
from webapp.idlist.entries import Unreadable
from webapp.idlist.records import LONGEST, Part, Record, count_lines
from webapp.idlist.words import EMPTY_CELL, Found, clean, find, holds_words, is_usual, is_uuid

SPACES = " "  # columns by any white space; the other delimiters are characters
_MOST_LINES = 50  # in one quoted cell; a quote still open then was no quote
_LARGEST = 1 << 20  # characters in a row of several lines
_MOST_CELLS = 300_000  # in a row: more than the sample, which may be one line, has characters
_QUOTED = re.compile(r'"[^"]*+"')
_SAMPLED, _MOST_LOOKED_AT = 200, 5_000  # rows
_LARGEST_SAMPLE = 1 << 22  # characters of them
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")  # of a formula
_FOOTER = re.compile(r"\s*no\.? of items\s*:", re.IGNORECASE)


class Row(Struct, frozen=True, gc=False):
    """A row of a table: the number of its first line, its lines as they stood, its cells.

    A workbook's row has no lines.
    """

    line: int
    raw: str
    cells: Sequence[str]
    lines: int = 1
    offset: int = 0  # in a workbook: where in the sheet's XML new cells go
    until: int = 0  # and where those end that they take the place of

    @property
    def part(self) -> Part:
        """BLANK, COMMENT, HEADER for a footer, or ENTRIES for all else."""
        beginning = self.raw or "".join(self.cells[:1])
        if _is_comment(beginning):
            return Part.COMMENT
        if not any(clean(cell).strip() for cell in filter(None, self.cells)):
            return Part.BLANK
        return Part.HEADER if _FOOTER.match(beginning) else Part.ENTRIES


def each_row(lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[Row]:
    """Cut numbered lines into rows. A quoted cell may hold line breaks."""
    waiting: deque[tuple[int, str]] = deque()  # lines taken for a quoted cell that was none
    coming = iter(lines)
    while pair := waiting.popleft() if waiting else next(coming, None):
        number, line = pair
        if _is_comment(line):
            yield Row(number, line, ())
        elif delimiter == SPACES:
            yield Row(number, line, _cells(number, line, None))
        elif '"' not in line:
            yield Row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
        else:
            yield _quoted_row(number, line, waiting, coming, delimiter)


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


def with_gaps(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows with blank ones where numbers are left out, as a workbook does."""
    number = 0
    for row in rows:
        if row.line > number + 1:
            yield Row(number + 1, "", (), row.line - number - 1)
        number = row.line
        yield row


def read_table(rows: Iterable[Row], choice: Choice) -> Iterator[Record]:
    """Turn rows into records by the chosen columns."""
    header: Sequence[str] = ()
    left = -1 if choice.header is None else choice.header  # rows up to the header's
    for row in rows:
        part = row.part
        if part is Part.ENTRIES and left >= 0:
            header, left, part = row.cells, left - 1, Part.HEADER
        elif part is Part.ENTRIES and row.cells == header:  # of another table that was appended
            part = Part.HEADER
        if part is Part.ENTRIES:
            yield _record(row, choice)
        else:
            yield Record(part, row.line, row.raw, (), row.cells, row.lines, row.offset, row.until)


def _quoted_row(
    number: int,
    line: str,
    waiting: deque[tuple[int, str]],
    coming: Iterator[tuple[int, str]],
    delimiter: str,
) -> Row:
    taken = [(number, line)]
    size = len(line)
    if size > _MOST_CELLS and _QUOTED.sub("", line).count(delimiter) >= _MOST_CELLS:
        raise _too_wide(number)

    def lines() -> Iterator[str]:
        nonlocal size
        yield line
        while len(taken) < _MOST_LINES and (
            pair := waiting.popleft() if waiting else next(coming, None)
        ):
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
        waiting.extendleft(reversed(taken[1:]))
        return Row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
    return Row(number, "".join(text for _, text in taken), cells, len(taken))


def _record(row: Row, choice: Choice) -> Record:
    index = choice.ids or 0
    cell = row.cells[index] if index < len(row.cells) else ""
    column = index + 1
    found: Iterable[Found]
    if is_usual(cell):
        found = (Found(column, cell, cell),)
    elif holds_words(text := clean(cell).strip()):
        found = find(text, column)
    else:
        text = row.raw.strip() or " ".join(filter(None, row.cells))
        found = (Found(column, text, "", EMPTY_CELL),)
    project_id = _project(row, choice.project)
    if project_id:
        found = (replace(word, project_id=project_id) for word in found)
    line = row.line
    if row.lines > 1:
        line += sum(map(count_lines, row.cells[:index]))
    return Record(Part.ENTRIES, line, row.raw, found, row.cells, row.lines, row.offset, row.until)


def _project(row: Row, index: int | None) -> str:
    if index is None or index >= len(row.cells):
        return ""
    cell = clean(row.cells[index]).strip().lower()
    return cell if is_uuid(cell) else ""


def sampled(rows: Iterable[Row]) -> list[Sequence[str]]:
    """The cells of the first rows that hold more than blanks, comments and footers."""
    filled = (row.cells for row in islice(rows, _MOST_LOOKED_AT) if row.part is Part.ENTRIES)
    found: list[Sequence[str]] = []
    left = _LARGEST_SAMPLE
    for cells in islice(filled, _SAMPLED):
        found.append(cells)
        left -= sum(map(len, cells))
        if left < 0:
            break
    return found
