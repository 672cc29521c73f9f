"""Gives a list back to its owner as it was, with what became of every entry written beside it."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from webapp.idlist.annotate_document import annotated_value
from webapp.idlist.annotate_table import AnnotatedTable
from webapp.idlist.annotate_workbook import annotate_workbook
from webapp.idlist.entries import Entry, Kind
from webapp.idlist.harmless import harmless, quoted, row_of, written_line
from webapp.idlist.layout import JSON, JSON_LINES
from webapp.idlist.lines import without_comment
from webapp.idlist.reading import Reading
from webapp.idlist.records import Part, Record, line_end
from webapp.idlist.words import clean

Cells = Sequence[str]
Outcomes = Callable[[Sequence[Entry]], Iterable[Cells]]

HEADERS = ("status", "reason", "attempt", "linked_path")
_AT_ONCE = 1_000  # entries whose outcomes are asked for together


def annotate(reading: Reading, outcomes: Outcomes, headers: Cells = HEADERS) -> Iterator[bytes]:
    """The file of a reading that was not iterated yet, with outcomes, in pieces of bytes.

    `outcomes` gets entries in the order of the file, about 1,000 at a time, and answers with
    cells under `headers` for each. Order, columns, separators, line ends, encoding and gzip stay,
    and cells byte by byte, but for those of a text that a spreadsheet would run as a formula.

    - A table or a workbook gets the columns at its end; a row of several ids, their outcomes
      joined by "; ". Where the columns end a table already, they are replaced. A table (not a
      workbook) without a header gets one.
    - A text list becomes a table by tabs (called .csv: by commas), under a header: each entry has a
      row of its own, rejected ones as a comment. A comment at the end of a line stays at the end
      of its last row.
    - A JSON object gets the outcome as an object named "linkboard", in place of an earlier one; a
      string becomes an object.

    Read again, the result gives the same ids. Raises Unreadable as the reading does.
    """
    is_json = reading.format in {JSON, JSON_LINES}
    told = _told(reading, outcomes, one_line if is_json else harmless_line)
    if reading.workbook and reading.layout.choice:
        rows = ((record, _joined(several)) for record, several in told)
        pieces = annotate_workbook(reading.workbook, reading.layout.choice, rows, headers)
    else:
        pieces = _encoded(reading, _stretches(reading, told, headers))
    return _gzipped(pieces) if reading.gzip else pieces


class _Told(NamedTuple):
    entry: Entry
    text: str  # in full, as it stood
    cells: list[str]


_Stretch = tuple[Record, list[_Told]]


def _told(
    reading: Reading, outcomes: Outcomes, written: Callable[[str], str]
) -> Iterator[_Stretch]:
    """Every record with the outcomes of its entries."""
    waiting: list[tuple[Record, list[Entry]]] = []
    count = 0
    for pair in chain(reading.with_records(), [None]):
        if pair:
            waiting.append(pair)
            count += 1 + len(pair[1])
        if count >= _AT_ONCE or not pair:
            entries = [entry for _, several in waiting for entry in several]
            cells = iter(outcomes(entries) if entries else ())
            for record, several in waiting:
                yield record, _with_cells(record, several, cells, written)
            waiting.clear()
            count = 0


def _with_cells(
    record: Record, entries: list[Entry], cells: Iterator[Cells], written: Callable[[str], str]
) -> list[_Told]:
    return [
        _Told(entry, found.text, [written(cell) for cell in next(cells)])
        for entry, found in zip(entries, record.found, strict=True)
    ]


def one_line(text: str) -> str:
    """A text without line breaks, tabs and broken characters."""
    return " ".join(text.encode("utf-8", "replace").decode().split())


def harmless_line(text: str) -> str:
    """The same, and no spreadsheet takes it for a formula."""
    return harmless(one_line(text))


def _joined(told: list[_Told]) -> list[str]:
    """The cells of a row: of several entries, their different outcomes."""
    return [
        "; ".join(dict.fromkeys(cells)) for cells in zip(*(one.cells for one in told), strict=True)
    ]


def _stretches(reading: Reading, told: Iterator[_Stretch], headers: Cells) -> Iterator[str]:
    if reading.layout.choice:
        table = AnnotatedTable(reading.layout, headers)
        return (table.written(record, _joined(several)) for record, several in told)
    if reading.format in {JSON, JSON_LINES}:
        return (
            annotated_value(record, [one.cells for one in several], headers)
            for record, several in told
        )
    return _text(told, headers, reading.layout.delimiter)


def _text(told: Iterator[_Stretch], headers: Cells, delimiter: str) -> Iterator[str]:
    has_header = False
    end = ""
    for record, several in told:
        end = end or line_end(record.raw) or "\n"
        text = clean(record.raw).strip()
        listed = without_comment(text)
        comment = text[len(listed) :].strip()
        is_header = record.part is Part.HEADER
        if not several and (comment or not is_header):
            yield written_line(comment, delimiter) + end
        if is_header or (several and not has_header):
            has_header = True
            name = harmless(listed.strip()) if is_header else "data_id"
            yield row_of([name, *headers], end, delimiter)
        yield from _rows(several, comment, end, delimiter)


def _rows(several: list[_Told], comment: str, end: str, delimiter: str) -> Iterator[str]:
    """A row for each entry of a line, in the last one the comment of the line."""
    for i, one in enumerate(several, 1):
        last = [comment] if comment and i == len(several) else []
        if one.entry.kind is Kind.REJECTED:
            text = written_line(f"# {one_line(one.text)}", delimiter)
        else:
            text = quoted(harmless(one.text), delimiter)
        yield text + delimiter + row_of([*one.cells, *last], end, delimiter)


def _encoded(reading: Reading, texts: Iterator[str]) -> Iterator[bytes]:
    source = reading.source
    if source.mark:
        yield "\ufeff".encode(source.encoding)
    errors = "surrogateescape" if source.encoding == "utf-8" else "replace"
    while several := "".join(islice(texts, _AT_ONCE)):
        yield several.encode(source.encoding, errors)


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
