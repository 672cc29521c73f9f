"""Writes outcomes into tables and plain text; cells that would run as formulas are escaped."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from webapp.idlist.annotate import formulas
from webapp.idlist.annotate.formulas import escape_formula, plain_rows, quote_cell
from webapp.idlist.annotate.lookup import (
    Cells,
    EntryOutcome,
    RecordOutcomes,
    harmless_cell,
    one_line,
)
from webapp.idlist.columns import ColumnChoice
from webapp.idlist.entries import Kind, Lines, Part, Record, line_end
from webapp.idlist.formats.tables import WHITE_SPACE
from webapp.idlist.formats.text import split_comment
from webapp.idlist.headers import (
    DATA_ID_HEADER,
    ENTRY_HEADER,
    NAME_HEADER,
    assumes_names,
    header_rank,
)
from webapp.idlist.ids import find_entries

_RARE_BLANKS = "\v\f\x1c\x1d\x1e"


def annotate_table(
    delimiter: str,
    choice: ColumnChoice,
    rows: Iterable[tuple[Record, Cells]],
    headers: Cells,
    names_are_sure: bool,
) -> Iterator[str]:
    """The rows of a table; `rows` has each record and the cells that it gets, if any.

    Where the header ends with `headers`, the cells under them are replaced. Columns by white space
    become columns by tabs.
    """
    by_white_space = delimiter == WHITE_SPACE
    delimiter = "\t" if by_white_space else delimiter
    replaced = choice.last_columns(headers)
    has_header = choice.header_row is not None

    def line(row: str, end: str) -> str:
        return formulas.escape_other_cells(row, delimiter) + end

    for record, added in rows:
        end = line_end(record.raw)
        raw = record.raw.removesuffix(end)
        if not added:
            yield line(formulas.escape_line(raw, delimiter), end)
            continue
        if not has_header:  # all columns get one, those that are read too
            has_header = True
            names = [_header_of(i, choice, names_are_sure) for i in range(len(choice.names))]
            yield line(formulas.write_row([*names, *headers], delimiter), end or "\n")
        if by_white_space:
            cells: Cells = [quote_cell(escape_formula(cell), delimiter) for cell in record.cells]
        else:
            cells = formulas.escape_row(raw, record.cells, delimiter)
        missing = [""] * (replaced.start - len(cells))
        new = formulas.write_row(added, delimiter)
        row = [*cells[: replaced.start], *missing, new, *cells[replaced.stop :]]
        yield line(delimiter.join(row), end)


def annotate_text(
    records: Iterable[RecordOutcomes], headers: Cells, delimiter: str, names_are_sure: bool
) -> Iterator[str]:
    """A plain text as a table with a row for each entry."""
    own = DATA_ID_HEADER  # the ids have one among `headers`, where the entries are not all ids
    if headers[0] == DATA_ID_HEADER:
        own = NAME_HEADER if names_are_sure else ENTRY_HEADER
    has_header = False
    comes_back = own != DATA_ID_HEADER  # what was rejected, as it was: with names, it may be mended
    end = ""

    def line(row: str) -> str:
        return formulas.escape_other_cells(row, delimiter) + end

    for record, pairs in records:
        end = end or line_end(record.raw) or "\n"
        is_header, has_entries = record.part is Part.NAMES, record.part is Part.ENTRIES
        listed, comment = split_comment(record.raw)
        if not has_entries and (comment or not is_header):
            yield line(formulas.escape_line(comment, delimiter))
        if is_header or (has_entries and not has_header):
            has_header = True
            says_it = assumes_names(listed) or (own == DATA_ID_HEADER and header_rank(listed))
            name = escape_formula(listed) if is_header and says_it else own
            names_are_sure = names_are_sure or assumes_names(name)
            yield line(formulas.write_row([name, *headers], delimiter))
        if isinstance(record, Lines):  # most of a large list
            several = list(pairs)
            if text := _plain_lines(several, delimiter, end):
                yield text
                continue
            pairs = iter(several)
        as_cell = partial(_is_rejected_again, names_are_sure) if comes_back else _never
        yield from map(line, _entry_rows(pairs, comment, delimiter, as_cell))


def _header_of(index: int, choice: ColumnChoice, names_are_sure: bool) -> str:
    """The header that a column gets, from 0, of a table that has none."""
    if index == choice.ids:
        return DATA_ID_HEADER
    is_assumed = names_are_sure or index in choice.assumed
    return (NAME_HEADER if is_assumed else ENTRY_HEADER) if index in choice.read else ""


def _plain_lines(pairs: Iterable[EntryOutcome], delimiter: str, end: str) -> str | None:
    """The rows of lines of ids, as _entry_rows() and line() make them; None if a cell needs more
    than to be written.
    """
    text = plain_rows([(entry.data_id, *cells) for entry, cells in pairs], delimiter, end)
    if text is None or not text.isascii():
        return None
    mended_by_one_line = (*_RARE_BLANKS, "  ", f" {delimiter}", f" {end}")
    return None if any(each in text for each in mended_by_one_line) else text


def _is_rejected_again(names_are_sure: bool, text: str) -> bool:
    """Whether a rejected text, as a cell of its own, is read as it was: one entry, and rejected."""
    if text != one_line(text) or text != text.strip():
        return False
    found = list(islice(find_entries(text, 1, assume_names=names_are_sure), 2))
    return [(e.text, e.kind) for e in found] == [(text, Kind.REJECTED)]


def _never(text: str) -> bool:
    return False


def _entry_rows(
    pairs: Iterator[EntryOutcome], comment: str, delimiter: str, as_cell: Callable[[str], bool]
) -> Iterator[str]:
    """A row for each entry of a line; the last one gets the comment of the line. What was rejected
    is a comment itself, but for what `as_cell` is true of.
    """
    following = next(pairs, None)
    while pair := following:
        following = next(pairs, None)
        entry, cells = pair
        last = [comment] if comment and not following else []
        if entry.kind is not Kind.REJECTED or as_cell(entry.text):
            text = quote_cell(escape_formula(entry.text), delimiter)
        else:
            text = formulas.escape_line(f"# {one_line(entry.text)}", delimiter)
        yield text + delimiter + formulas.write_row([*map(harmless_cell, cells), *last], delimiter)
