"""Labels: which column of a table, or which key of JSON rows, has the user's own word for each
datum.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from webapp.idlist.blanks import EMPTY_CELLS
from webapp.idlist.entries import MAX_SHOWN_CHARS, display_text
from webapp.idlist.headers import label_rank
from webapp.idlist.ids import mentions_id, without_invisible
from webapp.idlist.lookups import begins_reference, is_file_name

MAX_OFFERED = 20  # columns, beside the one that is read
_MAX_CLEANED_CHARS = 1_000  # of a cell, which may have millions
_UNLIKE_LABEL = re.compile(
    r"""[-+]?[\d.,'\ ]++(?:e[-+]?\d+)?(?:%|[kmgtp]i?b(?:ytes?)?|bytes?)?  # a number or a size
      | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[t\ ].*)?  # a date
      | (?:[a-z]{3,9},?\ )?\d{1,2}\.?[\ -][a-z]{3,9}\.?[\ -]\d{2,4}(?:\ .*)?
      | [a-z]{3,9}\.?\ \d{1,2},?\ \d{4}(?:\ .*)?
      | \d{1,2}:\d{2}(?::\d{2})?.*
      | true | false | yes | no
      | [0-9a-f]{32,} | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
      | www\..* | [^\s@]++@[^\s@.]++(?:\.[^\s@.]*+)++""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
).fullmatch
_controls = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")


class LabelColumn(NamedTuple):
    """A column that may be read for labels; of JSON rows, a key: they count as they come."""

    number: int  # from 1
    header: str  # "" in a table without a header
    example: str  # the first that stands there


class LabelChoice(NamedTuple):
    """The column that is read for labels, counted from 0, and those that the user may choose."""

    at: int | None = None  # None: no labels are read
    offered: tuple[LabelColumn, ...] = ()

    @property
    def chosen(self) -> LabelColumn | None:
        """The column that is read for labels."""
        return next((one for one in self.offered if one.number - 1 == self.at), None)


NO_LABELS = LabelChoice()


def choose_label(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    taken: Collection[int],
    wanted: int | None,
) -> LabelChoice:
    """Choose from sampled rows the column of the labels: `wanted`, from 1, or none for 0; without
    it, the first whose header says so, else the first of texts that differ. `taken` are the columns
    that are read for ids, paths and names.
    """
    found, ranks = [], {}
    for i, name in enumerate(names):
        cells = [row[i][:_MAX_CLEANED_CHARS] for row in rows if i < len(row)]
        cells = [without_invisible(cell).strip() for cell in cells]
        cells = [cell for cell in cells if cell and cell not in EMPTY_CELLS]
        if i in taken or not cells:
            continue
        found.append(LabelColumn(i + 1, label_of(name, Counter()), label_of(cells[0], Counter())))
        rank = label_rank(name)
        if rank > 0 or (rank == 0 and _is_of_texts(cells, len(rows))):
            ranks[i] = rank
    index = max(ranks, key=lambda i: ranks[i], default=None)
    if wanted is not None and wanted in (0, *(column.number for column in found)):
        index = wanted - 1 if wanted else None
    return LabelChoice(index, tuple(_shown(found, index)))


def _shown(found: Sequence[LabelColumn], index: int | None) -> list[LabelColumn]:
    """The first columns, and the one that is read."""
    return [
        column for n, column in enumerate(found) if n < MAX_OFFERED or column.number - 1 == index
    ]


def _is_of_texts(cells: Sequence[str], count: int) -> bool:
    """Whether most of `count` rows have texts, and not all the same."""
    texts = [cell for cell in cells if _is_text(cell)]
    is_constant = len(set(texts)) < 2 <= count
    return 2 * len(texts) > max(len(cells), count - 1) and not is_constant


def _is_text(cell: str) -> bool:
    """Whether a cell may be somebody's own word: no number, size, date or address, and no data."""
    if len(cell) > MAX_SHOWN_CHARS or _UNLIKE_LABEL(cell):
        return False
    return not (mentions_id(cell) or begins_reference(cell) or is_file_name(cell))


def label_of(cell: str, empty: Counter[str]) -> str:
    """The label that a cell has: on one line, and shortened as other texts are. "" for a word that
    says that it is empty, which is counted.
    """
    text = (cell if len(cell) <= _MAX_CLEANED_CHARS else cell[:_MAX_CLEANED_CHARS]).strip()
    if text in EMPTY_CELLS:
        empty[text] += 1
        return ""
    if len(text) <= MAX_SHOWN_CHARS and text.isprintable() and text[:1] != "'":
        return text
    if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@"):  # which kept it from being run
        text = text[1:]
    return display_text(_controls.sub(" ", without_invisible(text)).strip())
