"""Finds the layout of a list from its beginning: JSON, a table and its columns, or plain text."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from webapp.idlist import columns
from webapp.idlist.blanks import is_filled
from webapp.idlist.columns import ColumnChoice
from webapp.idlist.entries import Holds, Record
from webapp.idlist.formats.json_list import JsonList
from webapp.idlist.formats.tables import DELIMITERS, WHITE_SPACE, sample_rows, split_rows
from webapp.idlist.headers import (
    ENTRY_HEADER,
    header_rank,
    label_rank,
    names_entries,
    names_lookups,
)
from webapp.idlist.ids import count_ids, mentions_id
from webapp.idlist.labels import NO_LABELS, LabelChoice, choose_label
from webapp.idlist.lookups import has_file_ending

TEXT, JSON, JSON_LINES, EXCEL = "text", "JSON", "JSON lines", "Excel"
_ICAV2 = "icav2 table"
# A text, but not the cell of a row whose first cell is a bracket: there, another cell follows.
_TEXT = r'"(?:[^"\\]|\\.)*+(?!"\t\s*[^\s:,\]])'
_JSON_START = re.compile(rf"\s*(?:\{{\s*(?:{_TEXT}|\}}|$)|\[\s*(?:{_TEXT}|[\[{{\]]|$))", re.DOTALL)


class Layout(NamedTuple):
    """The name of the format, the delimiter of cells (of text: to annotate it), the columns; of
    tables and JSON, where labels stand, and by which key.
    """

    format: str
    delimiter: str = "\t"
    choice: ColumnChoice | None = None  # of tables and workbooks
    labels: LabelChoice = NO_LABELS
    label_key: str | None = None  # of JSON

    @property
    def is_json(self) -> bool:
        return self.format in {JSON, JSON_LINES}


def sniff_text(
    sample: str,
    file_name: str,
    column: int | None,
    names: bool = False,
    label: int | None = None,
) -> Layout:
    """The layout of a text that begins with `sample`; `column` is the user's choice, from 1, and
    `names`, that what may be a name is one, and `label` the column of labels, 0 for none.
    """
    if _JSON_START.match(sample):
        return _json(sample, label)
    tables = [
        table
        for delimiter in DELIMITERS
        if (table := _table(sample, delimiter, file_name, column, names))
    ]
    if not tables:
        return Layout(TEXT, "," if _has_suffix(file_name, "csv") else "\t")
    layout, _, rows = max(tables, key=lambda table: table[1])  # the first of the best
    return _with_labels(layout, rows, label)


def sniff_workbook(
    rows: Iterable[Record], column: int | None, names: bool = False, label: int | None = None
) -> Layout:
    """The layout of a workbook's first sheet."""
    sample = sample_rows(rows)
    choice = columns.choose(sample, column, names_are_sure=names)
    return _with_labels(Layout(EXCEL, "", choice), sample, label)


def _with_labels(layout: Layout, rows: Sequence[Sequence[str]], wanted: int | None) -> Layout:
    """The layout of a table with the column of its labels."""
    choice = layout.choice
    if choice is None:
        return layout
    body = rows[_first_of_body(choice) :]
    # Beside ids, or other names, what a sample is called is no name of data.
    first = {choice.ids} if choice.ids is not None else set(*choice.lookups[:1])
    taken = {i for i in choice.read if i in first or label_rank(choice.names[i]) <= 0}
    return layout._replace(labels=choose_label(choice.names, body, taken, wanted))


def _json(sample: str, label: int | None) -> Layout:
    """The layout of JSON, and the key of its labels: keys are numbered as they first come."""
    format = JSON_LINES if _is_json_lines(sample) else JSON
    rows = JsonList(io.StringIO(sample)).sample()
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [[row.get(key, "") for key in keys] for row in rows]
    taken = {i for row in cells for i, cell in enumerate(row) if mentions_id(cell)}
    taken |= {i for i, key in enumerate(keys) if names_lookups(key)}
    labels = choose_label(keys, cells, taken, label)
    return Layout(format, labels=labels, label_key=None if labels.at is None else keys[labels.at])


def _is_json_lines(sample: str) -> bool:
    """Whether the first line is a document and another line follows."""
    first, _, others = sample.lstrip().partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(others.strip())


def _table(
    sample: str, delimiter: str, file_name: str, column: int | None, names: bool
) -> tuple[Layout, tuple[bool, int, bool, int], list[Sequence[str]]] | None:
    """The table by this delimiter, a score to compare it by, and its first rows; None if it is no
    table.
    """
    rows = sample_rows(split_rows(io.StringIO(sample, newline=""), delimiter))
    is_named = _has_suffix(file_name, {"\t": "tsv", ",": "csv"}.get(delimiter, "\0"))
    if len(rows) < (1 if is_named else 2) or max(map(len, rows)) < 2:
        return None
    choice = columns.choose(rows, column, names_are_sure=names)
    chosen, table = choice.chosen, _from_header_on(rows, choice)
    if chosen is None or sum(len(row) < 2 for row in table) * 2 >= len(table):
        return None
    if choice.ids is None:
        if not _is_table_of_lookups(rows, choice, delimiter):
            return None
        read = sum(column.ids for column in choice.candidates if column.chosen)
        layout = Layout(DELIMITERS[delimiter], delimiter, choice)
        was_handed_back = ENTRY_HEADER in choice.names  # by this delimiter, without ids
        return layout, (was_handed_back, 0, delimiter != WHITE_SPACE, read), rows
    rank = 0 if delimiter == WHITE_SPACE else header_rank(chosen.header)
    is_even = _is_even(table)
    is_table = rank or column or (is_even and _has_other_columns(rows, choice))
    if not is_table and is_even and delimiter != WHITE_SPACE:
        is_table = _has_mixed_column(rows, choice, is_named=is_named)
    if not (is_table or _has_lookups_beside_ids(choice)):
        return None
    ids = sum(count_ids(columns.cell_of(row, chosen.number - 1)) for row in rows)
    name = _ICAV2 if delimiter == "\t" and _is_icav2(rows, choice) else DELIMITERS[delimiter]
    return Layout(name, delimiter, choice), (True, rank, delimiter != WHITE_SPACE, ids), rows


def _has_suffix(file_name: str, suffix: str) -> bool:
    return file_name.lower().removesuffix(".gz").endswith(f".{suffix}")


def _is_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether most rows have the same number of cells."""
    return max(Counter(map(len, rows)).values()) * 2 > len(rows)


def _has_other_columns(rows: Sequence[Sequence[str]], choice: ColumnChoice) -> bool:
    """Whether one column holds ids and another does not; several ids a line are no table."""
    width = len(choice.names)
    counts = columns.count_cells(rows, count_ids, width)
    filled = columns.count_cells(rows, is_filled, width)
    return max(counts) * 2 >= len(rows) - 1 and any(
        count * 10 < full and full * 2 > len(rows)
        for count, full in zip(counts, filled, strict=True)
    )


def _has_mixed_column(
    rows: Sequence[Sequence[str]], choice: ColumnChoice, *, is_named: bool
) -> bool:
    """Whether the column that is read holds ids, paths and names for the most part; and, unless the
    file is named as a table is, another column none.
    """
    width, body = len(choice.names), rows[_first_of_body(choice) :]
    filled = columns.count_cells(body, is_filled, width)
    held = columns.count_cells(body, columns.count_entries, width)
    shares = list(zip(held, filled, strict=True))
    some, full = (0, 0) if choice.ids is None else shares[choice.ids]
    if not 2 * some >= full > 0:
        return False
    return is_named or any(some * 10 < full and full * 2 > len(body) for some, full in shares)


def _from_header_on(rows: Sequence[Sequence[str]], choice: ColumnChoice) -> Sequence[Sequence[str]]:
    """The rows of the table itself: lines above it, such as a title, are none."""
    return rows[choice.header_row or 0 :]


def _first_of_body(choice: ColumnChoice) -> int:
    return 0 if choice.header_row is None else choice.header_row + 1


def _may_be_names_of_words(
    body: Sequence[Sequence[str]], choice: ColumnChoice, delimiter: str
) -> bool:
    """Whether each line may be one name, with blanks or with commas and blanks, and not a row whose
    last cell is one: nothing in the rows says so, such as a sample whose name begins the file's.
    """
    rows = [row for row in body if len(row) > 1]
    if delimiter == ",":
        if any(cell[:1].strip() for row in rows for cell in row[1:]):
            return False
    elif delimiter != WHITE_SPACE:
        return False
    read = [column for column in choice.candidates if column.chosen]
    if len(read) != 1 or read[0].kind is not Holds.NAMES:
        return False
    at = read[0].number - 1
    return not all(
        any(cell.strip() and name.startswith(cell.strip()) for cell in row[:at])
        for row in rows
        if (name := columns.cell_of(row, at).strip())
    )


def _has_lookups_beside_ids(choice: ColumnChoice) -> bool:
    """Whether ids stand in one column only, and a header says that paths or names stand in it, or
    beside it: rows of a mixed list.
    """
    with_ids = sum(column.is_of_ids for column in choice.candidates)
    named = any(map(names_lookups, choice.names)) if choice.header_row is not None else False
    return named and with_ids == 1


def _is_table_of_lookups(
    rows: Sequence[Sequence[str]], choice: ColumnChoice, delimiter: str
) -> bool:
    """Whether columns of paths or names stand beside others, or under a header that says so; a path
    may itself have commas and blanks.
    """
    body = rows[_first_of_body(choice) :]
    read = choice.lookups[0] if choice.lookups else ()
    width = len(choice.names)
    if delimiter == WHITE_SPACE and not all(
        len(row) == width and all(has_file_ending(row[i]) for i in read) for row in body
    ):
        return False
    if choice.header_row is not None and any(names_entries(choice.names[i]) for i in read):
        return True
    if _may_be_names_of_words(body, choice, delimiter):
        return False
    filled = columns.count_cells(body, is_filled, width)
    counted = {column.number - 1: column.ids for column in choice.candidates if column.chosen}
    return _is_even(_from_header_on(rows, choice)) and any(
        counted.get(i, 0) * 10 < full and full * 2 > len(body) for i, full in enumerate(filled)
    )


def _is_icav2(rows: Sequence[Sequence[str]], choice: ColumnChoice) -> bool:
    """Whether its header is that of the tables that the icav2 program prints."""
    header = set() if choice.header_row is None else set(map(str.strip, rows[choice.header_row]))
    return "ID" in header and not header.isdisjoint({"PATH", "NAME"})
