"""Notices data ids in columns that are not read, where the sampled rows had none."""

from collections import Counter

from webapp.idlist.columns import HOLDS_IDS, MOST_OTHERS, Choice, count_ids
from webapp.idlist.entries import Column, shown
from webapp.idlist.records import Record
from webapp.idlist.words import clean, mentions_id


class Elsewhere:
    """The other columns of a table, as its rows go by."""

    def __init__(self, choice: Choice) -> None:
        self._names = choice.names
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
        """The columns that turned up, with the rows so far as their sample."""
        late = sorted(self._counts)[: max(0, MOST_OTHERS + 1 - len(self._known))]
        names = {i: self._names[i] if i < len(self._names) else "" for i in late}
        return tuple(
            Column(i + 1, shown(clean(name).strip()), self._counts[i], self._rows, False, HOLDS_IDS)
            for i, name in names.items()
        )
