"""Writes columns into a workbook's sheet; all else in the workbook stays as it is."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

from webapp.idlist.columns import Choice
from webapp.idlist.entries import Record, Unreadable
from webapp.idlist.formats.sheet import COLUMNS, LAST_COLUMN, damaged
from webapp.idlist.formats.workbook import Workbook

_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\b[^<>]*+(?<=/)>")
_ROOT = re.compile(rb"<(\w+:)?worksheet\b")
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def annotate_workbook(
    workbook: Workbook,
    choice: Choice,
    told: Iterable[tuple[Record, Sequence[str]]],
    headers: Sequence[str],
) -> Iterator[bytes]:
    """The workbook's bytes with cells behind the last column of the first sheet.

    `told`, which must not be begun, has each record and the cells it gets. Where the header that
    was chosen ends with `headers`, the cells under them are replaced.
    """
    sink = _Sink()
    dates = {part.filename: part.date_time for part in workbook.parts}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as copy:
        # The sheet comes last, so that the first bytes don't wait for its first reading.
        for name in sorted(dates, key=lambda name: name == workbook.sheet_path):
            pieces = workbook.part(name)
            if name == workbook.sheet_path:
                workbook.replaced = _columns(workbook, choice, headers)
                pieces = _with_cells(pieces, told, workbook.replaced.start)
            part = zipfile.ZipInfo(name, dates[name])
            part.compress_type = zipfile.ZIP_DEFLATED
            with copy.open(part, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    yield from sink.taken()
            yield from sink.taken()
    yield from sink.taken()


def _columns(workbook: Workbook, choice: Choice, headers: Sequence[str]) -> range:
    """Those that have `headers` already, else the first that no row uses, be it by empty cells."""
    if named := choice.ending_in(headers):
        return range(named.start + 1, named.stop + 1)
    first = workbook.widest_column() + 1
    if first + len(headers) - 1 > LAST_COLUMN:
        raise Unreadable("The sheet has no room for more columns: its last one is in use.")
    return range(first, first + len(headers))


class _Sink(io.RawIOBase):
    """Where the zip archive is written to, and taken from piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> list[bytes]:
        taken, self._pieces = self._pieces, []
        return taken


def _with_cells(
    pieces: Iterator[bytes], told: Iterable[tuple[Record, Sequence[str]]], first: int
) -> Iterator[bytes]:
    """The XML of a sheet with other cells in its rows."""
    beginning = next(pieces, b"")
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise damaged("its sheet is in UTF-16")
    root = _ROOT.search(beginning)
    prefix = (root[1] or b"").decode() if root else ""
    stale = _DIMENSION.search(beginning)  # how far the sheet reaches: optional, and now wrong
    edits = chain(
        [(*stale.span(), b"")] if stale else [],
        (
            (row.offset, row.until, _xml(row.line, first, cells, prefix))
            for row, cells in told
            if cells
        ),
    )
    return _edited(chain([beginning], pieces), edits)


def _xml(row: int, first: int, cells: Sequence[str], prefix: str) -> bytes:
    p = prefix
    return "".join(
        f'<{p}c r="{COLUMNS[column - 1]}{row}" t="inlineStr"><{p}is><{p}t xml:space="preserve">'
        f"{escape(_NOT_IN_XML.sub('', cell))}</{p}t></{p}is></{p}c>"
        for column, cell in enumerate(cells, first)
        if cell
    ).encode("ascii", "xmlcharrefreplace")


def _edited(pieces: Iterable[bytes], edits: Iterator[tuple[int, int, bytes]]) -> Iterator[bytes]:
    """The bytes with others in place of some: each edit has where these begin and end."""
    edit = next(edits, None)
    offset = done = 0  # where the piece begins; up to where all is written or removed
    for piece in pieces:
        end = offset + len(piece)
        while edit and edit[0] < end:
            start, until, added = edit
            yield piece[max(0, done - offset) : max(0, start - offset)]
            yield added
            done = until
            edit = next(edits, None)
        yield piece[max(0, done - offset) :]
        offset = end
