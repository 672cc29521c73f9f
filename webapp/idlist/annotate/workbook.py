"""Writes columns into a workbook's sheet; all else in the workbook stays as it is.

Why no library: openpyxl writes anew what it reads, and loses what it doesn't know of a workbook.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from xml.sax.saxutils import escape

from webapp.idlist.columns import ColumnChoice
from webapp.idlist.entries import Record, Unreadable
from webapp.idlist.formats.sheet import COLUMN_NAMES, MAX_COLUMNS, damaged
from webapp.idlist.formats.workbook import Workbook

_DIMENSION = re.compile(rb"<(?:\w+:)?dimension\b[^<>]*+(?<=/)>")
_ROOT = re.compile(rb"<(\w+:)?worksheet\b")
_INVALID_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def annotate_workbook(
    workbook: Workbook,
    choice: ColumnChoice,
    rows: Iterable[tuple[Record, Sequence[str]]],
    headers: Sequence[str],
) -> Iterator[bytes]:
    """The workbook's bytes with cells behind the last column of the first sheet.

    `rows`, from which none may be taken yet, has each record and the cells that it gets. Where the
    header ends with `headers`, the cells under them are replaced.
    """
    output = _Output()
    dates = {part.filename: part.date_time for part in workbook.parts}
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as copy:
        # The sheet comes last, so that the first bytes don't wait for its first reading.
        for name in sorted(dates, key=lambda name: name == workbook.sheet_part):
            pieces = workbook.part(name)
            if name == workbook.sheet_part:
                workbook.replaced = _columns(workbook, choice, headers)
                pieces = _with_cells(pieces, rows, workbook.replaced.start)
            part = zipfile.ZipInfo(name, dates[name])
            part.compress_type = zipfile.ZIP_DEFLATED
            with copy.open(part, "w") as file:
                for piece in pieces:
                    file.write(piece)
                    yield from output.take()
            yield from output.take()
    yield from output.take()


def _columns(workbook: Workbook, choice: ColumnChoice, headers: Sequence[str]) -> range:
    """The columns, from 1, with `headers` already, else the first that no row has a cell in."""
    if named := choice.last_columns(headers):
        return range(named.start + 1, named.stop + 1)
    first = workbook.last_column() + 1
    if first + len(headers) - 1 > MAX_COLUMNS:
        raise Unreadable("The sheet has no room for more columns: its last one is in use.")
    return range(first, first + len(headers))


class _Output(io.RawIOBase):
    """The file of the new archive; what was written is taken piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> list[bytes]:
        taken, self._pieces = self._pieces, []
        return taken


def _with_cells(
    pieces: Iterator[bytes], rows: Iterable[tuple[Record, Sequence[str]]], first: int
) -> Iterator[bytes]:
    """The XML of a sheet with these cells in its rows, from column `first`."""
    beginning = next(pieces, b"")
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise damaged("its sheet is in UTF-16")
    root = _ROOT.search(beginning)
    prefix = (root[1] or b"").decode() if root else ""
    dimension = _DIMENSION.search(beginning)  # how far the sheet reaches: optional, and now wrong
    edits = chain(
        [(*dimension.span(), b"")] if dimension else [],
        (
            (row.start, row.end, _cells_xml(row.line, first, cells, prefix))
            for row, cells in rows
            if cells
        ),
    )
    return _edited(chain([beginning], pieces), edits)


def _cells_xml(row: int, first: int, cells: Sequence[str], prefix: str) -> bytes:
    p = prefix
    return "".join(
        f'<{p}c r="{COLUMN_NAMES[i]}{row}" t="inlineStr"><{p}is><{p}t xml:space="preserve">'
        f"{escape(_INVALID_IN_XML.sub('', cell))}</{p}t></{p}is></{p}c>"
        for i, cell in enumerate(cells, first - 1)
        if cell
    ).encode("ascii", "xmlcharrefreplace")


def _edited(pieces: Iterable[bytes], edits: Iterator[tuple[int, int, bytes]]) -> Iterator[bytes]:
    """The bytes, with some replaced: each edit has their start, their end and the new bytes."""
    edit = next(edits, None)
    offset = done = 0  # of the piece; up to where all bytes are written or replaced
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
