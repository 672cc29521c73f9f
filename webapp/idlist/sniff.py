"""Tells how a list is laid out from its beginning: JSON, a table and its columns, or plain text."""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from webapp.idlist.columns import Choice, cell_of, choose, count_cells, count_ids, rank
from webapp.idlist.entries import Record, each_line
from webapp.idlist.formats.tables import SPACES, each_row, sampled

TEXT, JSON, JSON_LINES, EXCEL = "text", "JSON", "JSON lines", "Excel"
_ICAV2 = "icav2 table"
_TABLES = {"\t": "TSV", ",": "CSV", ";": "semicolons", SPACES: "columns by spaces"}
_JSON = re.compile(r"\s*(?:\{\s*(?:\"|\}|$)|\[\s*(?:[\[{\"\]]|$))")


class Layout(NamedTuple):
    """The format in a word, the columns of tables, and what parts them (or would part them)."""

    format: str
    delimiter: str = "\t"
    choice: Choice | None = None


def lay_out(sample: str, file_name: str, column: int | None) -> Layout:
    """Tell the layout from the first lines; `column` is the user's choice, from 1."""
    if _JSON.match(sample):
        return Layout(JSON_LINES if _is_json_lines(sample) else JSON)
    tables = [
        table for delimiter in _TABLES if (table := _table(sample, delimiter, file_name, column))
    ]
    if not tables:
        return Layout(TEXT, "," if _is_named(file_name, "csv") else "\t")
    layout, _ = max(tables, key=lambda table: table[1])  # the first of the best
    return layout


def lay_out_rows(rows: Iterable[Record], column: int | None) -> Layout:
    """The layout of a workbook's first sheet."""
    return Layout(EXCEL, "", choose(sampled(rows), column))


def _is_json_lines(sample: str) -> bool:
    """Whether the first line is a document and another line follows."""
    first, *others = sample.lstrip().split("\n", 1)
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(others and others[0].strip())


def _table(
    sample: str, delimiter: str, file_name: str, column: int | None
) -> tuple[Layout, tuple[int, bool, int]] | None:
    """The table that the sample is with this delimiter, and how good it is; None if it is none."""
    rows = sampled(each_row(each_line(io.StringIO(sample, newline="")), delimiter))
    is_named = _is_named(file_name, {"\t": "tsv", ",": "csv"}.get(delimiter, "\0"))
    if len(rows) < (1 if is_named else 2) or not _is_mostly(rows, lambda row: len(row) > 1):
        return None
    choice = choose(rows, column)
    chosen = choice.chosen
    if chosen is None:
        return None
    sure = 0 if delimiter == SPACES else rank(chosen.header)
    if not (sure or column or (_is_even(rows) and _has_other_columns(rows, choice))):
        return None
    index = chosen.number - 1
    ids = sum(count_ids(cell_of(row, index)) for row in rows)
    goodness = (sure, delimiter != SPACES, ids)
    return Layout(_name(delimiter, rows, choice), delimiter, choice), goodness


def _is_named(file_name: str, ending: str) -> bool:
    return file_name.lower().removesuffix(".gz").endswith(f".{ending}")


def _is_mostly(rows: Sequence[Sequence[str]], holds: Callable[[Sequence[str]], bool]) -> bool:
    return sum(map(holds, rows)) * 2 > len(rows)


def _is_even(rows: Sequence[Sequence[str]]) -> bool:
    """Whether most rows have the same number of cells."""
    [(width, _)] = Counter(map(len, rows)).most_common(1)
    return _is_mostly(rows, lambda row: len(row) == width)


def _has_other_columns(rows: Sequence[Sequence[str]], choice: Choice) -> bool:
    """Whether one column holds ids and another does not; several ids a line are no table."""
    width = len(choice.names)
    counts = count_cells(rows, count_ids, width)
    filled = count_cells(rows, str.strip, width)
    has_ids = max(counts) * 2 >= len(rows) - 1
    return has_ids and any(
        count * 10 < full and full * 2 > len(rows)
        for count, full in zip(counts, filled, strict=True)
    )


def _name(delimiter: str, rows: Sequence[Sequence[str]], choice: Choice) -> str:
    if delimiter == "\t" and choice.header is not None:
        header = {cell.strip() for cell in rows[choice.header]}
        if "ID" in header and header & {"PATH", "NAME"}:
            return _ICAV2
    return _TABLES[delimiter]
