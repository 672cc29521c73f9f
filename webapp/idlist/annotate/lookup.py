"""Asks for the outcomes of entries, many at a time, and hands them on record by record."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from webapp.idlist.entries import Entry, Lines, Record
from webapp.idlist.reader import Reading, RecordEntry

Cells = Sequence[str]
Outcomes = Callable[[Sequence[Entry]], Iterable[Cells]]
EntryOutcome = tuple[RecordEntry, Cells]
RecordOutcomes = tuple[Record, Iterator[EntryOutcome]]  # to be used before the next one comes

_BATCH_ENTRIES = 1_000
_BATCH_CHARS = 1 << 20  # of the records of a batch
_WINDOW_CHARS = 1 << 16
_WINDOW = re.compile(rf".{{1,{_WINDOW_CHARS}}}\S*+", re.DOTALL)  # it ends where a word ends


class LinesOutcomes(NamedTuple):
    """Lines of an id each, and the outcome of each."""

    lines: Lines
    cells: Sequence[Cells]

    def pairs(self) -> Iterator[EntryOutcome]:
        for record, entry, cells in zip(
            self.lines.records(), self.lines.entries(), self.cells, strict=True
        ):
            yield RecordEntry(record, entry, entry.text), cells


Batch = LinesOutcomes | Sequence[EntryOutcome]


def batches(reading: Reading, outcomes: Outcomes) -> Iterator[Batch]:
    """Every record with each of its entries and the outcome of that, many at a time."""
    for batch in _batches(reading.with_records()):
        if isinstance(batch, Lines):
            yield LinesOutcomes(batch, list(outcomes(batch.entries())))
            continue
        entries = [pair.entry for pair in batch if pair.entry]
        found = iter(outcomes(entries) if entries else ())
        yield [(pair, next(found) if pair.entry else ()) for pair in batch]


def by_record(found: Iterable[Batch], prepare: Callable[[str], str]) -> Iterator[RecordOutcomes]:
    """Every record with its entries, which may be a million, and their prepared outcomes."""
    pairs = chain.from_iterable(
        batch.pairs() if isinstance(batch, LinesOutcomes) else batch for batch in found
    )
    for record, group in groupby(pairs, key=lambda pair: pair[0].record):
        yield record, ((pair, list(map(prepare, cells))) for pair, cells in group if pair.entry)


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


def _batches(found: Iterable[RecordEntry | Lines]) -> Iterator[list[RecordEntry] | Lines]:
    """Batches of 1,000, smaller ones if the records are long; lines as they come."""
    batch: list[RecordEntry] = []
    chars = 0
    record = None
    for pair in found:
        if isinstance(pair, Lines):
            yield batch
            yield pair
            batch, chars = [], 0
            continue
        is_full = len(batch) >= _BATCH_ENTRIES
        if pair.record is not record:
            record = pair.record
            chars += len(record.raw) or sum(map(len, record.cells))
            is_full |= chars >= _BATCH_CHARS
        if is_full:
            yield batch
            batch, chars = [], 0
        batch.append(pair)
    yield batch
