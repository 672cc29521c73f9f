"""Chooses what is read of a table: the column of the ids, and where a row has none those of paths
and names; by their headers, else by their cells.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from webapp.idlist.blanks import is_filled
from webapp.idlist.entries import Column, Entry, Holds, LookupKind, Record, display_text
from webapp.idlist.headers import (
    ENTRY_HEADER,
    RETURNED_HEADERS,
    TOP_RANK,
    assumes_names,
    header_rank,
    is_folder_header,
    is_maybe_header,
    is_never_lookup,
    maybe_column,
    names_entries,
    names_lookups,
    names_project,
)
from webapp.idlist.ids import (
    count_ids,
    find_entries,
    mentions_id,
    project_id_in,
    without_invisible,
)
from webapp.idlist.lookups import has_known_ending

_HOLDS = {
    Holds.IDS: "It holds data ids.",
    Holds.PATHS: "It holds paths.",
    Holds.NAMES: "It holds names of files.",
}
MAX_OTHER_COLUMNS = 20  # with ids, that are offered beside the one that is read


class ColumnChoice(NamedTuple):
    """Which columns are read, counted from 0, and which others the user may choose.

    lookups: where a row has no id, the columns of its paths and names; of the groups, the first one
    that has any counts.
    """

    ids: int | None  # None: no column has a header for ids, and none holds any
    project: int | None
    header_row: int | None  # which of the sampled rows is the header
    names: tuple[str, ...]  # the cells of the header, "" for each column without one
    candidates: tuple[Column, ...]  # the columns that are read, and the first others
    lookups: tuple[tuple[int, ...], ...] = ()
    assumed: frozenset[int] = frozenset()  # columns in which all that may be a name is one
    is_returned: bool = False  # the ids are those that the paths and names of the list had led to

    @property
    def read(self) -> frozenset[int]:
        """All columns that are read, in some rows at least."""
        ids = [] if self.ids is None else [self.ids]
        return frozenset(ids).union(*self.lookups)

    @property
    def chosen(self) -> Column | None:
        """The column that is read, or the first of them."""
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
        self._known = {c.number - 1 for c in choice.candidates if c.is_of_ids or c.chosen}
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
        names, found = self._choice.names, {c.number: c for c in self._choice.candidates}
        late = sorted(self._counts)[: max(0, MAX_OTHER_COLUMNS + 1 - len(self._known))]
        for i in late:
            place = (i + 1, _title(names, i))
            found[i + 1] = Column(*place, self._counts[i], self._rows, False, _HOLDS[Holds.IDS])
        return tuple(found.values())


def surest(entries: Iterable[Entry]) -> Holds | None:
    """The surest kind of what stands in place of ids: paths before names. None: nothing does."""
    kinds = {entry.lookup.kind for entry in entries if entry.lookup}
    if not kinds:
        return None
    return Holds.NAMES if kinds == {LookupKind.NAME} else Holds.PATHS


def choose(
    rows: Sequence[Sequence[str]], wanted: int | None, *, names_are_sure: bool = False
) -> ColumnChoice:
    """Choose from sampled rows what is read; `wanted` is the column that the user chose, from 1.
    `names_are_sure`: what may be names is names, as the user said.
    """
    header_row = _header_row(rows)
    header = [] if header_row is None else rows[header_row]
    body = rows if header_row is None else rows[header_row + 1 :]
    names = [cell_of(header, i) for i in range(max(map(len, rows), default=0))]
    counts = count_cells(body, count_ids, len(names))
    filled = count_cells(body, is_filled, len(names))
    assumed = frozenset(i for i, name in enumerate(names) if assumes_names(name))
    if names_are_sure and (maybe := maybe_column(names)) is not None:
        assumed |= {maybe}
    held = _held(body, names, assumed)
    returned = None if wanted else _returned(names)
    own = names[:returned]  # of a list that was handed back: what was read before comes next
    best = _best(own, counts, filled, wanted, body, held)
    known = {i for row in body for i, cell in enumerate(row) if held[i] and has_known_ending(cell)}
    groups = _lookup_columns(own, held, filled, known, best)
    if best is not None and best + 1 == wanted:
        groups = []
        assumed |= {best} if header_rank(names[best]) < TOP_RANK else set()
    if returned is not None:
        groups = groups if best is None else [(best,), *groups]
        best = returned
    read = {best} if best is not None else set(groups[0] if groups else ())

    def column(i: int) -> Column:
        kind = Holds.IDS if counts[i] or (i == best and not held[i]) else _kind(held[i])
        count = counts[i] if kind is Holds.IDS else held[i].total()
        if i == best and wanted is not None:
            why = "You chose it."
        elif header_rank(names[i]):
            why = "Its header names data ids."
        elif names_lookups(names[i]) and held[i]:
            why = "Its header names files."
        else:
            why = _HOLDS[kind] if count else ""
        return Column(i + 1, _title(names, i), count, len(body), i in read, why, kind)

    others = [i for i, count in enumerate(counts) if count and i not in read]
    others += [i for i in range(len(names)) if held[i] and not counts[i] and i not in read]
    maybe = maybe_column(names)
    if maybe is not None and filled[maybe] and maybe not in {*others, *read}:
        held[maybe][Holds.NAMES] = filled[maybe]
        others.append(maybe)
    offered = sorted([*others[:MAX_OTHER_COLUMNS], *read])
    has_project = (
        i
        for i, name in enumerate(names)
        if names_project(name) and any(project_id_in(cell_of(row, i)) for row in body)
    )
    return ColumnChoice(
        best,
        next(has_project, None),
        header_row,
        tuple(names),
        tuple(map(column, offered)),
        tuple(groups),
        assumed,
        returned is not None,
    )


def _held(
    rows: Iterable[Sequence[str]], names: Sequence[str], assumed: Collection[int]
) -> list[Counter[Holds]]:
    """For each column, in how many rows it holds paths, and in how many names."""
    held: list[Counter[Holds]] = [Counter() for _ in names]
    never = {i for i, name in enumerate(names) if is_never_lookup(name)}
    for row in rows:
        for i, cell in enumerate(row):
            if i not in never and (i in assumed or "/" in cell or "." in cell):
                kind = surest(find_entries(cell, 1, assume_names=i in assumed))
                held[i].update([kind] if kind else [])
    return held


def _kind(held: Counter[Holds]) -> Holds:
    """What a column holds mostly."""
    return Holds.PATHS if held[Holds.PATHS] > held[Holds.NAMES] else Holds.NAMES


def _returned(names: Sequence[str]) -> int | None:
    """The column of the ids that a list was handed back with."""
    return next((i for i, pair in enumerate(pairwise(names)) if pair == RETURNED_HEADERS), None)


def _lookup_columns(
    names: Sequence[str],
    held: Sequence[Counter[Holds]],
    filled: Sequence[int],
    known: Collection[int],
    ids: int | None,
) -> list[tuple[int, ...]]:
    """The columns of paths and names: those whose headers say so, else those whose cells do, for
    the most part; then those whose headers leave it open; then those of folders, which may only
    tell where a file is. `known` have paths, or names with a known ending.
    """
    usable = [i for i, name in enumerate(names) if held[i] and i != ids]
    folders = tuple(i for i in usable if is_folder_header(names[i]))
    named = tuple(i for i in usable if names_lookups(names[i]))
    mostly = tuple(i for i in usable if i not in folders and held[i].total() * 2 >= filled[i])
    mostly = tuple(i for i in mostly if i in known) or mostly
    maybe = tuple(i for i in usable if is_maybe_header(names[i]) and i not in (named or mostly))
    return [group for group in (named or mostly, maybe, folders) if group]


def count_entries(cell: str) -> int:
    """How many ids a cell holds, as count_ids(); of one without ids, 1 for paths or names."""
    if "/" not in cell and "." not in cell:
        return 0
    return count_ids(cell) or (surest(find_entries(cell, 1)) is not None)


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
    names: Sequence[str],
    counts: Sequence[int],
    filled: Sequence[int],
    wanted: int | None,
    rows: Sequence[Sequence[str]],
    held: Sequence[Counter[Holds]],
) -> int | None:
    """The column of ids, from 0: of what each column has as its name, and holds in so many rows."""
    if wanted is not None and 1 <= wanted <= len(names):
        return wanted - 1
    # The surest name wins, even if its ids look unusual. A less sure name loses against a column
    # that holds ids of the usual shape.
    score = [
        (header_rank(name) == TOP_RANK and full > 0, bool(count), header_rank(name), count)
        for name, count, full in zip(names, counts, filled, strict=False)
    ]
    best = max(range(len(names)), key=score.__getitem__, default=None)
    if best is None or not any(score[best]):
        return None
    entries = [count + each.total() for count, each in zip(counts, held, strict=False)]
    is_mostly = [2 * some >= full > 0 for some, full in zip(entries, filled, strict=False)]
    if not header_rank(names[best]):
        if not is_mostly[best] and any(is_mostly):
            return None  # such as a column of notes, one of which is an id
        if ENTRY_HEADER in names and names[best] != ENTRY_HEADER:
            return None  # a list that was handed back, in which the ids were not read either
    # Ids of something else, such as samples, are no ids where a column says that it has files.
    has_ids = any(score[best][:2]) or held[best]
    has_files = any(held[i] and names_lookups(name) for i, name in enumerate(names))
    if has_files and not has_ids and not any(mentions_id(cell_of(row, best)) for row in rows):
        return None
    return best


def _header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row is the header: one that names ids, else a first row with names over the ids, else
    one that names paths or names of data; of a table without ids, the first of any of these.
    """
    if not any(mentions_id(cell) for row in rows for cell in row):
        named = _first_named(rows, lambda header: header_rank(header) > 0 or names_lookups(header))
        return _header_of_lookups(rows) if named is None else named
    for i, row in enumerate(rows):
        if any(map(mentions_id, row)):
            break
        if any(map(header_rank, row)):
            return i
    if len(rows) > 1 and not any(map(mentions_id, rows[0])):
        names = [cell_of(rows[0], i) for i, cell in enumerate(rows[1]) if count_ids(cell)]
        if any(map(str.strip, names)):
            return 0
    return _first_named(rows, names_entries)


def _header_of_lookups(rows: Sequence[Sequence[str]]) -> int | None:
    """Of a table without ids: a row that may name data, else a first row over paths or names."""
    named = _first_named(rows, names_entries)
    if named is not None or len(rows) < 2 or any(map(count_entries, rows[0])):
        return named
    over = [cell_of(rows[0], i) for i, cell in enumerate(rows[1]) if count_entries(cell)]
    return 0 if any(map(str.strip, over)) else None


def _first_named(rows: Sequence[Sequence[str]], names_it: Callable[[str], bool]) -> int | None:
    """The first row with such a header, before any with an id, a path or a name of data."""
    for i, row in enumerate(rows):
        if any(mentions_id(cell) or _holds_lookup(cell) for cell in row):
            break
        if any(map(names_it, row)):
            return i
    return None


def _holds_lookup(cell: str) -> bool:
    return has_known_ending(cell) and surest(find_entries(cell, 1)) is not None


def _title(names: Sequence[str], index: int) -> str:
    return display_text(without_invisible(cell_of(names, index)).strip())
