"""Chooses the column of the ids: by its header, else by what stands in it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from webapp.idlist.entries import Column, Record, shown
from webapp.idlist.ids import clean, find, is_usual, mentions_id, project_in

# From the surest name down. Written as they are compared: small letters and digits only.
_ID_HEADERS = (
    ("dataid", "icadataid", "icaid", "projectdataid", "dataids"),
    ("fileid", "folderid", "icafileid", "icafolderid", "fileids", "folderids", "dataurn"),
    ("urn", "icaurn", "fileurn", "id", "ids", "data", "identifier"),
)
_RANKS = {name: len(_ID_HEADERS) - rank for rank, names in enumerate(_ID_HEADERS) for name in names}
SUREST = len(_ID_HEADERS)
_HOLDS_IDS = "It holds data ids."
_NO_LETTERS = re.compile(r"[\W_]+")
_LONGEST_NAME = 100  # characters; a list may be one line of megabytes
MOST_OTHERS = 20  # columns with ids that are offered in place of the one that is read
_PROJECT_HEADERS = frozenset({"projectid", "icaprojectid", "targetprojectid", "project"})


class Choice(NamedTuple):
    """Which columns are read, counted from 0, and what the review says of others."""

    ids: int | None  # None: no column is named as one of ids, and none holds any
    project: int | None
    header: int | None  # which of the sampled rows is the header
    names: tuple[str, ...]  # the cells of the header, "" for each column without one
    offered: tuple[Column, ...]  # the column that is read, and the first others with ids

    @property
    def chosen(self) -> Column | None:
        """The column that is read."""
        return next((column for column in self.offered if column.chosen), None)

    def ending_in(self, names: Sequence[str]) -> range:
        """The last columns with names, from 0, if these are `names`; else none, at the end."""
        stop = max((i for i, name in enumerate(self.names, 1) if name), default=0)
        start = stop - len(names)
        if start > 0 and self.names[start:stop] == tuple(names):
            return range(start, stop)
        return range(len(self.names), len(self.names))


class Elsewhere:
    """Notices ids in columns that are not read, where the sampled rows had none."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._known = {column.number - 1 for column in choice.offered}
        self._counts: Counter[int] = Counter()  # column from 0 -> rows with an id there
        self._rows = 0

    def look(self, record: Record) -> None:
        """Look at a row with entries; nearly all have no more ids than there are such columns."""
        self._rows += 1
        text = (record.raw or "\t".join(record.cells)).lower()
        if text.count("fil.") + text.count("fol.") <= max(1, len(self._known)):
            return
        for i, cell in enumerate(record.cells):
            if i not in self._known and mentions_id(cell) and count_ids(cell):
                self._counts[i] += 1

    def columns(self) -> tuple[Column, ...]:
        """Those offered, and those that turned up, with the rows so far as their sample."""
        names = self._choice.names
        late = sorted(self._counts)[: max(0, MOST_OTHERS + 1 - len(self._known))]
        return self._choice.offered + tuple(
            Column(i + 1, _title(names, i), self._counts[i], self._rows, False, _HOLDS_IDS)
            for i in late
        )


def rank(header: str) -> int:
    """How surely a header names data ids: 3, 2, 1, or 0 for not at all."""
    return _RANKS.get(_plain(header), 0) if len(header) <= _LONGEST_NAME else 0


def names_ids(header: str) -> bool:
    """Whether a header names data ids."""
    return rank(header) > 0


def names_project(header: str) -> bool:
    """Whether a header names the project that is linked to."""
    return len(header) <= _LONGEST_NAME and _plain(header) in _PROJECT_HEADERS


def count_ids(cell: str) -> int:
    """How many data ids of the usual shape a cell holds; 0 if it holds anything else too."""
    if is_usual(cell):
        return 1
    count = 0
    for word in find(cell, 1):
        if word.unusual or not word.data_id:
            return 0
        count += 1
    return count


def choose(rows: Sequence[Sequence[str]], wanted: int | None) -> Choice:
    """Choose the column of ids from sampled rows; `wanted` is the user's choice, from 1."""
    header = _header(rows)
    body = rows if header is None else rows[header + 1 :]
    width = max((len(row) for row in rows), default=0)
    names = [cell_of(rows[header], i) if header is not None else "" for i in range(width)]
    counts = count_cells(body, count_ids, width)
    best = _best(names, counts, count_cells(body, str.strip, width), wanted)
    others = (i for i, count in enumerate(counts) if count and i != best)
    shows = sorted([*islice(others, MOST_OTHERS), *([] if best is None else [best])])

    def column(i: int) -> Column:
        is_chosen = i == best
        is_wanted = is_chosen and wanted is not None
        why = "You chose it." if is_wanted else _why(names[i], counts[i])
        return Column(i + 1, _title(names, i), counts[i], len(body), is_chosen, why)

    return Choice(best, _project(names, body), header, tuple(names), tuple(map(column, shows)))


def count_cells(
    rows: Iterable[Sequence[str]], counts: Callable[[str], int | str], width: int
) -> list[int]:
    """How many cells of each column count."""
    found = [0] * width
    for row in rows:
        for i, cell in enumerate(row):
            if cell and counts(cell):
                found[i] += 1
    return found


def _best(
    names: Sequence[str], counts: Sequence[int], filled: Sequence[int], wanted: int | None
) -> int | None:
    if wanted is not None and 1 <= wanted <= len(names):
        return wanted - 1
    # The surest name wins, be its ids odd; another gives way to a column that holds usual ones.
    score = [
        (rank(name) == SUREST and full > 0, bool(count), rank(name), count)
        for name, count, full in zip(names, counts, filled, strict=True)
    ]
    best = max(range(len(names)), key=score.__getitem__, default=None)
    return best if best is not None and any(score[best]) else None


def _header(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: one that names ids, else a first row unlike the one below it."""
    for i, row in enumerate(rows):
        if any(mentions_id(cell) for cell in row):
            break
        if any(names_ids(cell) for cell in row):
            return i
    if len(rows) < 2 or any(map(mentions_id, rows[0])):
        return None
    names = [cell_of(rows[0], i) for i, cell in enumerate(rows[1]) if count_ids(cell)]
    return 0 if any(name.strip() for name in names) else None


def _project(names: Sequence[str], body: Sequence[Sequence[str]]) -> int | None:
    for i, name in enumerate(names):
        if names_project(name) and any(project_in(cell_of(row, i)) for row in body):
            return i
    return None


def _why(name: str, count: int) -> str:
    if rank(name):
        return "Its header names data ids."
    return _HOLDS_IDS if count else ""


def _title(names: Sequence[str], index: int) -> str:
    return shown(clean(cell_of(names, index)).strip())


def cell_of(row: Sequence[str], index: int) -> str:
    """The cell of a column, from 0; "" if the row ends before it."""
    return row[index] if index < len(row) else ""


@lru_cache(1024)
def _plain(header: str) -> str:
    return _NO_LETTERS.sub("", clean(header)).lower()
