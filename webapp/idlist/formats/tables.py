"""Reads tables: CSV, TSV, semicolons, columns by white space, what icav2 prints.

Quoted cells are read by Python's csv. We cut the text into rows ourselves, since csv doesn't say
how a row stood in the file, and a quote that is never closed makes it take the rest of the file.
"""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby, islice, repeat
from typing import NamedTuple, TextIO

from msgspec.structs import replace

from webapp.idlist.blanks import is_empty_cell
from webapp.idlist.columns import ColumnChoice, cell_of, surest
from webapp.idlist.entries import (
    ENTRIES,
    MAX_LINE_CHARS,
    Entry,
    Holds,
    Kind,
    Part,
    Record,
    Unreadable,
    count_lines,
    demand_line,
)
from webapp.idlist.ids import (
    count_ids,
    find_entries,
    has_words,
    is_data_id,
    is_visible,
    mentions_id,
    project_id_in,
)
from webapp.idlist.labels import label_of
from webapp.idlist.lookups import MAY_BE_NAME

WHITE_SPACE = " "  # columns by any white space; the other delimiters are characters
DELIMITERS = {"\t": "TSV", ",": "CSV", ";": "semicolons", WHITE_SPACE: "columns by spaces"}
_MAX_QUOTED_LINES = 50  # of one cell; if its quote is still open then, it was no quote
_MAX_QUOTED_CHARS = 1 << 20  # of a row of several lines
_MAX_CELLS = 300_000  # of a row; the sample, which may be one line, has fewer characters
_QUOTED = re.compile(r'"[^"]*+"')
_SAMPLE_ROWS, _MAX_SAMPLE_ROWS_READ = 200, 5_000
_SAMPLE_CHARS = 1 << 22
_NO_ID_IN_ROW = "This row has nothing in the column of the ids."
_EMPTY_ROW = "This row is empty in the column that is read."
_NOTHING_IN_ROW = "This row has neither a data id nor a path nor a name where they stand in others."
SEPARATOR = "; "  # between the parts of a cell of a list that was handed back
NO_DATA = "none"  # a part that is empty: in the cell of the ids, of an entry that led to no data
_is_formula_error = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)").match
_is_footer = re.compile(r"\s*no\.? of items\s*:", re.IGNORECASE).match


def make_row(
    line: int, raw: str, cells: Sequence[str], lines: int = 1, start: int = 0, end: int = 0
) -> Record:
    """A row without its entries; one of Part.ENTRIES may turn out to be a header.

    `line` is the number of its first line. `raw` are its lines as in the file, "" in a workbook.
    """
    beginning = raw or "".join(cells[:1])
    if _is_comment(beginning):
        part = Part.COMMENT
    elif not any(map(is_visible, filter(None, cells))):
        part = Part.BLANK
    else:
        part = Part.HEADER if _is_footer(beginning) else ENTRIES
    return Record(part, line, raw, (), cells, lines, start, end)


def split_rows(text: TextIO, delimiter: str) -> Iterator[Record]:
    """Split a text into rows. A quoted cell may hold line breaks."""
    coming = _Lines(text)
    for number, line in coming:
        if _is_comment(line):
            yield make_row(number, line, ())
        elif delimiter == WHITE_SPACE:
            yield make_row(number, line, _cells(number, line, None))
        elif '"' not in line:
            yield make_row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
        else:
            yield _quoted_row(number, line, coming, delimiter)


class _Lines(Iterator[tuple[int, str]]):
    """Number (from 1) and text of each line, its end included. Raises Unreadable.

    Those in `back` come first: they were read and then not used.
    """

    def __init__(self, text: TextIO) -> None:
        self._coming = enumerate(iter(partial(text.readline, MAX_LINE_CHARS), ""), 1)
        self.back: deque[tuple[int, str]] = deque()

    def __next__(self) -> tuple[int, str]:
        if self.back:
            return self.back.popleft()
        number, line = next(self._coming)
        demand_line(number, line)
        return number, line


def _cells(number: int, line: str, delimiter: str | None) -> list[str]:
    cells = line.split(delimiter, _MAX_CELLS)
    if len(cells) > _MAX_CELLS:
        raise _too_many_cells(number)
    return cells


def _too_many_cells(number: int) -> Unreadable:
    return Unreadable(
        f"Line {number:,} has more than {_MAX_CELLS:,} cells, which is the limit of a table. If "
        "they are data ids, upload them as a list of their own, without the other columns."
    )


def _is_comment(beginning: str) -> bool:
    return beginning.startswith("#") and not _is_formula_error(beginning)


def _quoted_row(number: int, line: str, coming: _Lines, delimiter: str) -> Record:
    taken = [(number, line)]
    if len(line) > _MAX_CELLS and _QUOTED.sub("", line).count(delimiter) >= _MAX_CELLS:
        raise _too_many_cells(number)

    def lines() -> Iterator[str]:
        size = len(line)
        yield line
        for pair in islice(coming, _MAX_QUOTED_LINES - 1):
            taken.append(pair)
            size += len(pair[1])
            if size > _MAX_QUOTED_CHARS:
                return
            yield pair[1]

    csv.field_size_limit(MAX_LINE_CHARS)  # of the process: csv's own is some 3,500 ids
    try:
        reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True, strict=True)
        cells = next(reader)
    except csv.Error:  # a quote that is never closed, or closed within a cell: no quote at all
        coming.back.extendleft(reversed(taken[1:]))
        return make_row(number, line, _cells(number, line.rstrip("\r\n"), delimiter))
    return make_row(number, "".join(text for _, text in taken), cells, len(taken))


def fill_gaps(rows: Iterable[Record]) -> Iterator[Record]:
    """Rows with a blank record wherever their numbers leave out some, as a workbook does."""
    number = 0
    for row in rows:
        if row.line > number + 1:
            yield make_row(number + 1, "", (), row.line - number - 1)
        number = row.line
        yield row


class Labels(NamedTuple):
    """The column of the labels, from 0, None for none; and the words of cells that were taken as
    empty, counted here.
    """

    at: int | None
    empty: Counter[str]

    def of(self, row: Record) -> str:
        """The label of a row."""
        at = self.at
        if at is None or at >= len(row.cells):
            return ""
        return label_of(row.cells[at], self.empty)


def read_table(
    rows: Iterable[Record], choice: ColumnChoice, names_are_sure: bool, labels: Labels
) -> Iterator[Record]:
    """The rows with the names of columns marked, and with the entries of the chosen columns."""
    names: Sequence[str] = ()
    rows_above = -1 if choice.header_row is None else choice.header_row
    for row in rows:
        if row.part is not ENTRIES:
            yield row
        elif rows_above > 0:
            rows_above -= 1
            row.part = Part.HEADER
            yield row
        elif rows_above == 0 or row.cells == names:  # of another table that was appended
            names, rows_above = row.cells, -1
            row.part = Part.NAMES
            yield row
        else:
            yield _with_entries(row, choice, names_are_sure, labels)


def _with_entries(
    row: Record, choice: ColumnChoice, names_are_sure: bool, labels: Labels
) -> Record:
    index, label = choice.ids, "" if labels.at is None else labels.of(row)
    entries: Iterable[Entry]
    if index is not None and is_data_id(cell := cell_of(row.cells, index)):
        entry = Entry(index + 1, cell, cell)
        entries = (_labelled(entry, label) if label else entry,)
    else:
        for cell in (cell_of(row.cells, i) for i in choice.read):
            if is_empty_cell(cell):
                labels.empty[cell.strip()] += 1
        index, entries = _RowEntries(row, choice, names_are_sure).found()
        if label:
            entries = map(_labelled, entries, repeat(label))
    if choice.project is not None and (named := project_id_in(cell_of(row.cells, choice.project))):
        entries = (replace(entry, project_id=named) for entry in entries)
    row.entries = entries
    if row.lines > 1:
        row.line += sum(map(count_lines, row.cells[:index]))
    return row


def _labelled(entry: Entry, label: str) -> Entry:
    entry.label = label
    return entry


class _RowEntries(NamedTuple):
    """The entries of one row: its ids, else its paths, else its names."""

    row: Record
    choice: ColumnChoice
    names_are_sure: bool

    def found(self) -> tuple[int, Iterable[Entry]]:
        """The column, from 0, of the first entry, and all of them. Cells may be megabytes long."""
        choice = self.choice
        ids = self._first_with_ids() if choice.ids is None else choice.ids
        if ids is not None and choice.is_returned and (mixed := self._returned(ids)):
            return ids, mixed
        if ids is not None and any(e.kind is not Kind.REJECTED for e in self._in(ids)):
            return ids, self._in(ids)
        index, entries = self._lookups()
        return self._none() if index is None else (index, entries)

    def _lookups(self) -> tuple[int | None, Iterable[Entry]]:
        """The paths of the row, else its names, and where the first one stands."""
        for group in self.choice.lookups:
            kinds = {i: kind for i in group if (kind := surest(self._in(i)))}
            if kinds:
                kind = Holds.PATHS if Holds.PATHS in kinds.values() else Holds.NAMES
                read = [i for i in group if kinds.get(i) is kind]
                return read[0], chain.from_iterable(map(self._in, read))
        return None, ()

    def _in(self, index: int) -> Iterator[Entry]:
        """The entries of a cell, one by one. Only in the column of ids a word is an odd id."""
        choice, cell = self.choice, cell_of(self.row.cells, index)
        if is_empty_cell(cell):
            return iter(())
        assumed = self.names_are_sure or index in choice.assumed
        entries = find_entries(cell, index + 1, assume_names=assumed)
        if index == choice.ids or not choice.lookups:
            return entries
        return (_offered(entry) if entry.may_be_name else entry for entry in entries)

    def _first_with_ids(self) -> int | None:
        cells = enumerate(self.row.cells)
        return next((i for i, cell in cells if mentions_id(cell) and count_ids(cell)), None)

    def _none(self) -> tuple[int, Iterable[Entry]]:
        """The rejected entry of the row: what stands where something should, else all of it."""
        choice = self.choice
        first, *others = (*chain(*choice.lookups),) or (0,)
        ids = choice.ids
        read = [first, *others]
        if ids is not None:
            read = [ids, first] if choice.is_returned and choice.lookups else [ids]
        for index in read:
            cell = cell_of(self.row.cells, index)
            if has_words(cell) and not is_empty_cell(cell):
                return index, self._in(index)
        index = first if ids is None else ids
        text = self.row.raw.strip() or " ".join(filter(None, self.row.cells))
        note = _NOTHING_IN_ROW
        if len(choice.read) == 1 and choice.chosen:
            note = _NO_ID_IN_ROW if choice.chosen.kind is Holds.IDS else _EMPTY_ROW
        return index, (Entry(index + 1, text, "", note),)

    def _returned(self, ids: int) -> list[Entry]:
        """Where only some of the row has led to data: these ids, and what has led to none as it
        stands; all as it stands where it is not plain which part is whose.
        """
        parts = [part.strip() for part in cell_of(self.row.cells, ids).split(";")]
        if NO_DATA not in parts:
            return []
        own = self._with_ids() or list(self._lookups()[1])
        owners = _without_data(parts, len(own))
        if owners is None:
            return [entry for entry in own if entry.kind is not Kind.REJECTED]
        missing = map(own.__getitem__, owners)
        found = (
            [next(missing)] if part == NO_DATA else find_entries(part, ids + 1) for part in parts
        )
        return [*chain.from_iterable(found)]

    def _with_ids(self) -> list[Entry]:
        """What stands in the first cell with ids, of those that were read before the list was
        handed back; [] if there is none.
        """
        cells = (list(self._in(i)) for i in chain(*self.choice.lookups))
        return next((each for each in cells if any(entry.data_id for entry in each)), [])


def _without_data(parts: Sequence[str], count: int) -> list[int] | None:
    """Which of the `count` entries of a row, from 0, each part that says NO_DATA stands for; None
    where that is not plain. All other entries have one part or more, side by side.
    """
    runs = [(key, len([*run])) for key, run in groupby(parts, key=NO_DATA.__eq__)]
    ids = [length for is_none, length in runs if not is_none]
    led = count - parts.count(NO_DATA)
    owners: list[int] = []
    if not len(ids) <= led <= sum(ids):
        return None
    at = 0  # how many of the runs of ids stand before
    for is_none, length in runs:
        if not is_none:
            at += 1
            continue
        fewest = max(at, led - sum(ids[at:]))
        if fewest != min(sum(ids[:at]), led - len(ids[at:])):
            return None
        owners += range(fewest + len(owners), fewest + len(owners) + length)
    return owners


def _offered(entry: Entry) -> Entry:
    return Entry(entry.column, entry.text, "", MAY_BE_NAME, may_be_name=True)


def sample_rows(rows: Iterable[Record]) -> list[Sequence[str]]:
    """The cells of the first rows, without blank ones, comments and footers."""
    found: list[Sequence[str]] = []
    chars = 0
    for row in islice(rows, _MAX_SAMPLE_ROWS_READ):
        if row.part is ENTRIES:
            found.append(row.cells)
            chars += sum(map(len, row.cells))
            if chars > _SAMPLE_CHARS or len(found) == _SAMPLE_ROWS:
                break
    return found
