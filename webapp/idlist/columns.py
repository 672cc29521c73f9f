"""Chooses the column of the ids in a table: by its header, else by its cells."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from webapp.idlist.entries import Column, Record, display_text
from webapp.idlist.ids import count_ids, mentions_id, project_id_in, without_invisible

# From the surest name down. Written as they are compared: small letters and digits only.
_ID_HEADERS = (
    ("dataid", "icadataid", "icaid", "projectdataid", "dataids"),
    ("fileid", "folderid", "icafileid", "icafolderid", "fileids", "folderids", "dataurn"),
    ("urn", "icaurn", "fileurn", "id", "ids", "data", "identifier"),
)
TOP_RANK = len(_ID_HEADERS)
_RANKS = {name: TOP_RANK - i for i, names in enumerate(_ID_HEADERS) for name in names}
_PROJECT_HEADERS = frozenset({"projectid", "icaprojectid", "targetprojectid", "project"})
_HOLDS_IDS = "It holds data ids."
_NO_LETTERS = re.compile(r"[\W_]+")
_MAX_HEADER_CHARS = 100  # a list may be one line of megabytes
MAX_OTHER_COLUMNS = 20  # with ids, that are offered beside the one that is read


class ColumnChoice(NamedTuple):
    """Which columns are read, counted from 0, and which others the user may choose."""

    ids: int | None  # None: no column has a header for ids, and none holds any
    project: int | None
    header_row: int | None  # which of the sampled rows is the header
    names: tuple[str, ...]  # the cells of the header, "" for each column without one
    candidates: tuple[Column, ...]  # the column that is read, and the first others with ids

    @property
    def chosen(self) -> Column | None:
        """The column that is read."""
        return next((column for column in self.candidates if column.chosen), None)

    def last_columns(self, names: Sequence[str]) -> range:
        """The last columns with names, from 0, if these are `names`; else none, at the end."""
        stop = max((i for i, name in enumerate(self.names, 1) if name), default=0)
        start = stop - len(names)
        if start > 0 and self.names[start:stop] == tuple(names):
            return range(start, stop)
        return range(len(self.names), len(self.names))


class LateColumns:
    """Finds columns with ids that are not read, and that had no id in the sampled rows."""

    def __init__(self, choice: ColumnChoice) -> None:
        self._choice = choice
        self._known = {column.number - 1 for column in choice.candidates}
        self._counts: Counter[int] = Counter()  # column from 0 -> rows with an id there
        self._rows = 0

    def add(self, record: Record) -> None:
        """Look at a row with entries. Most have no more ids than there are known columns."""
        self._rows += 1
        if self._known.issuperset(range(len(record.cells))):
            return
        text = (record.raw or "\t".join(record.cells)).lower()
        if text.count("fil.") + text.count("fol.") <= max(1, len(self._known)):
            return
        for i, cell in enumerate(record.cells):
            if i not in self._known and mentions_id(cell) and count_ids(cell):
                self._counts[i] += 1

    def columns(self) -> tuple[Column, ...]:
        """The candidates, and the columns found here, with the rows so far as their sample."""
        names = self._choice.names
        late = sorted(self._counts)[: max(0, MAX_OTHER_COLUMNS + 1 - len(self._known))]
        return self._choice.candidates + tuple(
            Column(i + 1, _title(names, i), self._counts[i], self._rows, False, _HOLDS_IDS)
            for i in late
        )


def header_rank(header: str) -> int:
    """How surely a header names data ids: 3, 2, 1, or 0 for not at all."""
    return _RANKS.get(_normalised(header), 0)


def names_project(header: str) -> bool:
    """Whether a header names the project that is linked to."""
    return _normalised(header) in _PROJECT_HEADERS


def choose(rows: Sequence[Sequence[str]], wanted: int | None) -> ColumnChoice:
    """Choose the column of ids from sampled rows; `wanted` is the user's choice, from 1."""
    header_row = _header_row(rows)
    header = [] if header_row is None else rows[header_row]
    body = rows if header_row is None else rows[header_row + 1 :]
    names = [cell_of(header, i) for i in range(max(map(len, rows), default=0))]
    counts = count_cells(body, count_ids, len(names))
    best = _best(names, counts, count_cells(body, str.strip, len(names)), wanted)
    others = (i for i, count in enumerate(counts) if count and i != best)
    offered = sorted([*islice(others, MAX_OTHER_COLUMNS), *([] if best is None else [best])])

    def column(i: int) -> Column:
        if i == best and wanted is not None:
            why = "You chose it."
        elif header_rank(names[i]):
            why = "Its header names data ids."
        else:
            why = _HOLDS_IDS if counts[i] else ""
        return Column(i + 1, _title(names, i), counts[i], len(body), i == best, why)

    has_project = (
        i
        for i, name in enumerate(names)
        if names_project(name) and any(project_id_in(cell_of(row, i)) for row in body)
    )
    project = next(has_project, None)
    return ColumnChoice(best, project, header_row, tuple(names), tuple(map(column, offered)))


def count_cells(
    rows: Iterable[Sequence[str]], value: Callable[[str], int | str], width: int
) -> list[int]:
    """For each column the number of rows in which `value` of its cell is not 0 or ""."""
    counts = [0] * width
    for row in rows:
        for i, cell in enumerate(row):
            if cell and value(cell):
                counts[i] += 1
    return counts


def cell_of(row: Sequence[str], index: int) -> str:
    """The cell of a column, from 0; "" if the row ends before it."""
    return row[index] if index < len(row) else ""


def _best(
    names: Sequence[str], counts: Sequence[int], filled: Sequence[int], wanted: int | None
) -> int | None:
    if wanted is not None and 1 <= wanted <= len(names):
        return wanted - 1
    # The surest name wins, even if its ids look unusual. A less sure name loses against a column
    # that holds ids of the usual shape.
    score = [
        (header_rank(name) == TOP_RANK and full > 0, bool(count), header_rank(name), count)
        for name, count, full in zip(names, counts, filled, strict=True)
    ]
    best = max(range(len(names)), key=score.__getitem__, default=None)
    return best if best is not None and any(score[best]) else None


def _header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: one that names ids, else a first row with names over the ids."""
    for i, row in enumerate(rows):
        if any(map(mentions_id, row)):
            break
        if any(map(header_rank, row)):
            return i
    if len(rows) < 2 or any(map(mentions_id, rows[0])):
        return None
    names = [cell_of(rows[0], i) for i, cell in enumerate(rows[1]) if count_ids(cell)]
    return 0 if any(map(str.strip, names)) else None


def _title(names: Sequence[str], index: int) -> str:
    return display_text(without_invisible(cell_of(names, index)).strip())


def _normalised(header: str) -> str:
    """The header as the tables above write names; "" if it is too long for any."""
    return _small_letters(header) if len(header) <= _MAX_HEADER_CHARS else ""


@lru_cache(1024)
def _small_letters(header: str) -> str:
    return _NO_LETTERS.sub("", without_invisible(header)).lower()
