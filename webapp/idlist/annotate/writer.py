"""Gives a list back as it was, with the outcome of every entry beside it."""

import zlib
from collections.abc import Iterable, Iterator

from webapp.idlist.annotate.json_list import annotate_json
from webapp.idlist.annotate.lookup import Cells, EntryOutcome, Outcomes, by_record, harmless_cell
from webapp.idlist.annotate.text import annotate_table, annotate_text
from webapp.idlist.annotate.workbook import annotate_workbook
from webapp.idlist.entries import Kind, Part
from webapp.idlist.formats.tables import NO_DATA, SEPARATOR
from webapp.idlist.headers import DATA_ID_HEADER
from webapp.idlist.reader import Reading

_CHUNK_CHARS = 1 << 16  # that are encoded together


def annotate(reading: Reading, outcomes: Outcomes, headers: Cells) -> Iterator[bytes]:
    """The file of a reading that was not iterated yet, with outcomes, in pieces of bytes.

    `outcomes` gets entries in the order of the file, about 1,000 at a time, and returns the cells
    under `headers` for each. Order, columns, separators, line ends, encoding and gzip stay, and
    so do the bytes of cells, except in text cells that a spreadsheet would run as a formula.

    - A table or a workbook gets the columns at its end; a row of several ids, their outcomes
      joined by "; ". If the table ends with these columns already, they are replaced. A table (not
      a workbook) without a header gets one.
    - A text list becomes a table by tabs (called .csv: by commas), under a header: each entry has a
      row of its own, rejected ones as a comment. A comment at the end of a line stays at the end
      of its last row.
    - A JSON object gets the outcome as an object named "linkboard", in place of an earlier one; a
      string becomes an object.

    Where the first of the headers is DATA_ID_HEADER, its cells are the ids that a name or path led
    to. Of several, all cells of the entry have as many parts, in the same order; and so have those
    of a row of several entries, where NO_DATA stands for a part that is empty.

    Read again, the result gives the same ids, and the same names and paths where these led to none.
    Raises Unreadable as the reading does.
    """
    layout = reading.layout
    records = by_record(reading, outcomes)
    joined = _joined_with_ids if headers[0] == DATA_ID_HEADER else _joined
    rows = (
        (record, headers if record.part is Part.NAMES else joined(pairs))
        for record, pairs in records
    )
    if layout.choice and reading.workbook:
        pieces = annotate_workbook(reading.workbook, layout.choice, rows, headers)
    elif layout.choice:
        texts = annotate_table(layout.delimiter, layout.choice, rows, headers, reading.names)
        pieces = _encoded(reading, texts)
    elif layout.is_json:
        pieces = _encoded(reading, annotate_json(records, headers))
    else:
        pieces = _encoded(reading, annotate_text(records, headers, layout.delimiter, reading.names))
    return _gzipped(pieces) if reading.gzip else pieces


def _joined(pairs: Iterable[EntryOutcome]) -> list[str]:
    """The cells of a row; those of several entries are joined, equal ones once."""
    different = dict.fromkeys(tuple(map(harmless_cell, cells)) for _, cells in pairs)
    return [SEPARATOR.join(dict.fromkeys(cells)) for cells in zip(*different, strict=True)]


def _joined_with_ids(pairs: Iterable[EntryOutcome]) -> list[str]:
    """The cells of a row, with a part for each datum, and for each entry that led to none. What is
    equal stands as often as it is, so that the parts of all cells belong together.
    """
    several = [(entry, tuple(map(harmless_cell, cells))) for entry, cells in pairs]
    if len(several) <= 1 or all(entry.kind is Kind.REJECTED for entry, _ in several):
        return _joined(several)
    columns = zip(*(cells for _, cells in several), strict=True)
    return [SEPARATOR.join(cell or NO_DATA for cell in column) for column in columns]


def _encoded(reading: Reading, texts: Iterable[str]) -> Iterator[bytes]:
    source = reading.source
    if source.has_mark:
        yield "\ufeff".encode(source.encoding)
    waiting: list[str] = []
    chars = 0
    for text in texts:
        waiting.append(text)
        chars += len(text)
        if chars >= _CHUNK_CHARS:
            yield "".join(waiting).encode(source.encoding, source.errors)
            waiting, chars = [], 0
    yield "".join(waiting).encode(source.encoding, source.errors)


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()
