"""Reads the rows of a worksheet's XML as they stream by; nothing but the row in hand is kept."""

import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from webapp.idlist.entries import Unreadable, shown
from webapp.idlist.tables import Row

LAST_COLUMN = 16_384  # of Excel: XFD
_MOST_CELLS = 100_000_000  # in all rows, each up to its last cell that is filled
_AT_ONCE = 1 << 14  # bytes of XML, whose rows are kept until they are handed on
_LONGEST = 1 << 22
_MOST_STRINGS = 5_000_000
_are_letters = re.compile("[A-Z]{1,3}").fullmatch


def each_sheet_row(xml: Iterable[bytes], strings: list[str], replaced: range) -> Iterator[Row]:
    """The rows of a sheet in order; blank ones are left out.

    `offset` and `until` are where in the XML the cells of the `replaced` columns begin and end,
    or would stand.
    """
    sheet = _Sheet(strings, replaced)
    for chunk in xml:
        for start in range(0, len(chunk), _AT_ONCE):
            sheet.feed(chunk[start : start + _AT_ONCE])
            yield from sheet.rows
            sheet.rows.clear()
    sheet.feed(b"", is_last=True)


def widest_column(xml: Iterable[bytes]) -> int:
    """The last column, from 1, that has a cell in any row, be it empty."""
    width = _Width()
    for chunk in xml:
        width.feed(chunk)
    width.feed(b"", is_last=True)
    return width.widest


def shared_strings(xml: Iterable[bytes]) -> list[str]:
    """The texts that the cells of a workbook refer to by number."""
    strings = _Strings()
    for chunk in xml:
        strings.feed(chunk)
    strings.feed(b"", is_last=True)
    return strings.texts


def attributes(xml: bytes, tag: str) -> list[dict[str, str]]:
    """The attributes of every element of this name."""
    elements = _Elements(tag)
    elements.feed(xml, is_last=True)
    return elements.found


class _Parser:
    """What reading any part has in common: names without prefix, errors, no document types."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._begin_root
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._heard: list[str] = []  # the text since the last element that holds text began
        self._expat.CharacterDataHandler = self._heard.append

    def feed(self, chunk: bytes, is_last: bool = False) -> None:
        try:
            self._expat.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise damaged(f"its XML breaks at line {error.lineno:,}") from error
        self._heard[:] = ["".join(self._heard)]
        if len(self._heard[0]) > _LONGEST:
            raise damaged(f"one text in it is longer than {_LONGEST:,} characters")

    def _begin_root(self, name: str, _: dict[str, str]) -> None:
        cut = name.rfind(":") + 1
        if cut:  # as some programs write it: x:row
            self._expat.StartElementHandler = lambda name, got: self.begin(name[cut:], got)
            self._expat.EndElementHandler = lambda name: self.end(name[cut:])
        else:
            self._expat.StartElementHandler = self.begin
            self._expat.EndElementHandler = self.end

    def _refuse(self, *_: object) -> None:
        raise damaged("its XML has a document type, which no workbook has")

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""


class _Elements(_Parser):
    def __init__(self, tag: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._tag = tag

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._tag:
            self.found.append(attributes)


class _Strings(_Parser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._text = ""
        self._is_spoken = False  # how a text is pronounced is no part of it

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t":
            self._heard.clear()
        elif tag == "si":
            self._text = ""
            self._heard.clear()
        elif tag == "rPh":
            self._is_spoken = True

    def end(self, tag: str) -> None:
        if tag == "t":
            if not self._is_spoken:
                self._text += "".join(self._heard)
        elif tag == "si":
            self.texts.append(self._text)
            if len(self.texts) > _MOST_STRINGS:
                raise damaged(f"it has more than {_MOST_STRINGS:,} texts")
        elif tag == "rPh":
            self._is_spoken = False


class _Cells(_Parser):
    """What reading the cells of a sheet has in common: which row and column they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self._columns: dict[str, int] = {}
        self._number = self._column = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self._column = self._columns.get(letters) or self._find_column(letters)
        elif tag == "row":
            self._number = max(self._number + 1, _number(attributes.get("r", "")))
            self._column = 0
            self._heard.clear()

    def _find_column(self, letters: str) -> int:
        if not letters:
            return self._column + 1
        column = column_number(letters)
        if not column:
            raise damaged(f"row {self._number:,} has a cell in a column {shown(letters)}")
        self._columns[letters] = column
        return column


class _Width(_Cells):
    def __init__(self) -> None:
        super().__init__()
        self.widest = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        super().begin(tag, attributes)
        if self._column > self.widest:
            self.widest = self._column


class _Sheet(_Cells):
    def __init__(self, strings: list[str], replaced: range) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._strings = strings
        self._replaced = replaced
        self._offset = self._until = 0  # 0: not met in this row yet
        self._kind = self._value = ""
        self._cells: dict[int, str] = {}
        self._cells_left = _MOST_CELLS

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "v" or tag == "t":
            self._heard.clear()
        elif tag == "c":
            super().begin(tag, attributes)
            self._kind, self._value = attributes.get("t", ""), ""
            if self._column >= self._replaced.start:
                self._note_place()
        elif tag == "row":
            super().begin(tag, attributes)
            self._cells = {}
            self._offset = self._until = 0

    def end(self, tag: str) -> None:
        if tag == "v" or tag == "t":
            self._value += "".join(self._heard)
        elif tag == "c":
            if self._value:
                self._cells[self._column] = self._text()
        elif tag == "row" and self._cells:
            end = self._expat.CurrentByteIndex
            offset, until = self._offset or end, self._until or end
            self.rows.append(Row(self._number, "", self._row(), 1, offset, until))

    def _note_place(self) -> None:
        self._offset = self._offset or self._expat.CurrentByteIndex
        if self._column >= self._replaced.stop:
            self._until = self._until or self._expat.CurrentByteIndex

    def _row(self) -> list[str]:
        width = max(self._cells)
        self._cells_left -= width
        if self._cells_left < 0:
            raise damaged(f"it has more than {_MOST_CELLS:,} cells up to row {self._number:,}")
        row = [""] * width
        for column, text in self._cells.items():
            row[column - 1] = text
        return row

    def _text(self) -> str:
        if self._kind != "s":
            return self._value
        number = _number(self._value)
        if number >= len(self._strings):
            raise damaged(f"row {self._number:,} refers to a text that is not there")
        return self._strings[number]


def damaged(why: str) -> Unreadable:
    """What is said of a workbook that is none."""
    return Unreadable(
        f"The workbook can't be read: {why}. Open it in Excel, save it again as .xlsx or as "
        ".csv, and upload that."
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def column_number(letters: str) -> int:
    """The column, from 1, that has these letters (AB: 28); 0 if no column of Excel's has them."""
    number = 0
    for letter in letters if _are_letters(letters) else "":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number if number <= LAST_COLUMN else 0


def column_letters(column: int) -> str:
    """The letters of a column, from 1 (28: AB)."""
    text = ""
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(ord("A") + digit) + text
    return text
