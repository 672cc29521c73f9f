"""Asks for the outcomes of entries, many at a time, and hands them on record by record."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from operator import itemgetter

from webapp.idlist.annotate.formulas import escape_formula
from webapp.idlist.entries import Entry, Record
from webapp.idlist.reader import Reading

Cells = Sequence[str]
Outcomes = Callable[[Sequence[Entry]], Iterable[Cells]]
EntryOutcome = tuple[Entry, Cells]
Found = tuple[Record, Sequence[Entry]]  # some of the entries of a record
FoundOutcomes = tuple[Record, Sequence[EntryOutcome]]
RecordOutcomes = tuple[Record, Iterator[EntryOutcome]]  # to be used before the next one comes

_BATCH_ENTRIES = 1_000
_BATCH_CHARS = 1 << 20  # of the records of a batch
_WINDOW_CHARS = 1 << 16
_WINDOW = re.compile(rf".{{1,{_WINDOW_CHARS}}}\S*+", re.DOTALL)  # it ends where a word ends


def by_record(reading: Reading, outcomes: Outcomes) -> Iterator[RecordOutcomes]:
    """Every record with its entries, which may be a million, and the outcome of each."""
    found = (_with_outcomes(batch, outcomes) for batch in _batches(reading))
    for record, group in groupby(chain.from_iterable(found), key=itemgetter(0)):
        yield record, chain.from_iterable(pairs for _, pairs in group)


def harmless_cell(text: str) -> str:
    """An outcome as a cell: on one line, and no formula."""
    return escape_formula(one_line(text))


def one_line(text: str) -> str:
    """A text without line breaks, tabs and broken characters."""
    if text.isascii() and text.isprintable() and " " not in text:  # most: quickly told
        return text
    text = text.encode("utf-8", "replace").decode()
    if len(text) < _WINDOW_CHARS:
        return " ".join(text.split())
    # A long text is split in windows: as a list of words it would take many times its memory.
    windows = (" ".join(window[0].split()) for window in _WINDOW.finditer(text))
    return " ".join(filter(None, windows))


def _with_outcomes(batch: Sequence[Found], outcomes: Outcomes) -> Iterator[FoundOutcomes]:
    entries = [entry for _, found in batch for entry in found]
    cells = iter(outcomes(entries) if entries else ())
    for record, found in batch:
        yield record, list(zip(found, islice(cells, len(found)), strict=True))


def _batches(reading: Reading) -> Iterator[list[Found]]:
    """Records with their entries: 1,000 in a batch, fewer if the records are long."""
    batch: list[Found] = []
    room, chars = _BATCH_ENTRIES, 0
    for record in reading.records():
        entries = iter(record.entries)
        found = list(islice(entries, room))
        batch.append((record, found))
        room -= len(found) or 1
        chars += len(record.raw) or sum(map(len, record.cells))
        while room == 0 or chars > _BATCH_CHARS:
            yield batch
            found = list(islice(entries, _BATCH_ENTRIES))
            batch, room, chars = [(record, found)], _BATCH_ENTRIES - len(found), 0
    yield batch
