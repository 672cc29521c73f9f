"""Reads the rows of a worksheet's XML as a stream; only the current row is kept.

A small file may unpack to 500 MB of anything, so all that is kept has a limit: in expat the open
elements, the current tag or comment, and the names; here a text, a row, and the shared texts.
Document types, and so entities, are refused. In all that is at most 650 MB, nearly all of it
shared texts. For why no library reads it, see workbook.py.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from string import ascii_uppercase
from typing import Self
from xml.parsers import expat

from webapp.idlist.entries import Record, Unreadable, display_text
from webapp.idlist.formats.tables import make_row

MAX_COLUMNS = 16_384  # of Excel: XFD
_LETTERS = (product(ascii_uppercase, repeat=length) for length in (1, 2, 3))
COLUMN_NAMES = list(map("".join, islice(chain.from_iterable(_LETTERS), MAX_COLUMNS)))  # A to XFD
_COLUMN_NUMBERS = {name: number for number, name in enumerate(COLUMN_NAMES, 1)}
NO_COLUMNS = range(MAX_COLUMNS + 1, MAX_COLUMNS + 1)
_MAX_CELLS = 100_000_000  # in all rows, each up to its last cell with a value
_STEP_BYTES = 1 << 14  # of XML, whose rows are kept until they are handed on
_MAX_DEPTH = 100  # nested elements; Excel writes some ten
_MAX_TAG_BYTES = 1 << 19  # of a tag or a comment
_MAX_NAMES = 10_000  # of elements and attributes
_MAX_TEXT_CHARS = 1 << 20
_MAX_ROW_CHARS = 1 << 22
_MAX_STRINGS = 5_000_000
_MAX_STRINGS_BYTES = 500_000_000  # of memory
_MAX_ELEMENTS = 10_000  # sheets, or links between parts


class _Parser:
    """What all parsers of parts share: names without prefix, errors, limits."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._begin
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._depth = self._fed = 0
        self._text: list[str] = []  # the current text, in one or more pieces

    def read(self, xml: Iterable[bytes]) -> Self:
        """Read all of a part."""
        for _ in self.steps(xml):
            pass
        return self

    def steps(self, xml: Iterable[bytes]) -> Iterator[None]:
        """Read a part, at most _STEP_BYTES a step."""
        for chunk in xml:
            for start in range(0, len(chunk), _STEP_BYTES):
                self._feed(chunk[start : start + _STEP_BYTES])
                yield
        self._feed(b"", is_last=True)

    def _feed(self, chunk: bytes, is_last: bool = False) -> None:
        try:
            self._expat.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise damaged(f"its XML breaks at line {error.lineno:,}") from error
        self._fed += len(chunk)
        self._text[:] = ["".join(self._text)]
        if self._fed - self._expat.CurrentByteIndex > _MAX_TAG_BYTES:
            raise damaged(f"a tag or a comment in it is longer than {_MAX_TAG_BYTES:,} bytes")
        if len(self._expat.intern) > _MAX_NAMES:
            raise damaged(f"its XML has more than {_MAX_NAMES:,} different names")
        if len(self._text[0]) > _MAX_TEXT_CHARS:
            raise damaged(f"one text in it is longer than {_MAX_TEXT_CHARS:,} characters")

    def _collect_text(self, on: bool) -> None:
        self._expat.CharacterDataHandler = self._text.append if on else None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise damaged(f"its XML has more than {_MAX_DEPTH:,} elements in one another")
        self.begin(name.rpartition(":")[2], attributes)  # some programs write x:row

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name.rpartition(":")[2])

    def _refuse_doctype(self, *_: object) -> None:
        raise damaged("its XML has a document type, which no workbook has")

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""


class Elements(_Parser):
    """The attributes of every element of one name."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._tag = tag

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._tag:
            self.found.append(attributes)
            if len(self.found) > _MAX_ELEMENTS:
                raise damaged(f"it has more than {_MAX_ELEMENTS:,} elements {tag}")


class Strings(_Parser):
    """The texts that the cells of a workbook refer to by number."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._bytes_left = _MAX_STRINGS_BYTES
        self._is_phonetic = False  # how a text is pronounced is not part of it

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t":
            self._collect_text(not self._is_phonetic)
        elif tag == "si":
            self._text.clear()
        elif tag == "rPh":
            self._is_phonetic = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._collect_text(False)
        elif tag == "si":
            self.texts.append("".join(self._text))
            self._bytes_left -= self.texts[-1].__sizeof__()
            if len(self.texts) > _MAX_STRINGS or self._bytes_left < 0:
                raise damaged(
                    f"it has more than {_MAX_STRINGS:,} texts, or more than "
                    f"{_MAX_STRINGS_BYTES // 1_000_000:,} MB of them"
                )
        elif tag == "rPh":
            self._is_phonetic = False


class Sheet(_Parser):
    """A worksheet. `strings` are the shared texts, `replaced` the columns, from 1, to replace."""

    def __init__(self, strings: list[str], replaced: range) -> None:
        super().__init__()
        self.last_column = 0  # of all rows so far, from 1, with a cell, even an empty one
        self._rows: list[Record] = []
        self._strings = strings
        self._replaced = replaced
        self._start = self._end_of_replaced = 0  # 0: not met in this row yet
        self._number = self._column = 0
        self._type = ""
        self._cells: dict[int, str] = {}
        self._row_chars = 0
        self._cells_left = _MAX_CELLS

    def rows(self, xml: Iterable[bytes]) -> Iterator[Record]:
        """The rows in order, without blank ones.

        `start` and `end` are the bytes of the XML where the cells of the replaced columns begin
        and end, or where they belong.
        """
        for _ in self.steps(xml):
            yield from self._rows
            self._rows.clear()

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "v" or tag == "t":
            self._collect_text(True)
        elif tag == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self._column = _COLUMN_NUMBERS.get(letters) or self._next_column(letters)
            self.last_column = max(self.last_column, self._column)
            self._type = attributes.get("t", "")
            self._text.clear()
            if self._column >= self._replaced.start:
                self._start = self._start or self._expat.CurrentByteIndex
                if self._column >= self._replaced.stop:
                    self._end_of_replaced = self._end_of_replaced or self._expat.CurrentByteIndex
        elif tag == "row":
            self._number = max(self._number + 1, _number(attributes.get("r", "")))
            self._cells = {}
            self._column = self._row_chars = self._start = self._end_of_replaced = 0

    def end(self, tag: str) -> None:
        if tag == "v" or tag == "t":
            self._collect_text(False)
        elif tag == "c":
            if value := "".join(self._text):
                text = self._shared_string(value) if self._type == "s" else value
                self._cells[self._column] = text
                self._row_chars += len(text)
                if self._row_chars > _MAX_ROW_CHARS:
                    problem = f"row {self._number:,} has more than {_MAX_ROW_CHARS:,} characters"
                    raise damaged(problem)
        elif tag == "row" and self._cells:
            row_end = self._expat.CurrentByteIndex
            start, end = self._start or row_end, self._end_of_replaced or row_end
            self._rows.append(make_row(self._number, "", self._row(), 1, start, end))

    def _next_column(self, letters: str) -> int:
        if letters or self._column == MAX_COLUMNS:
            name = display_text(letters) or "behind the last one"
            raise damaged(f"row {self._number:,} has a cell in a column {name}")
        return self._column + 1

    def _row(self) -> list[str]:
        width = max(self._cells)
        self._cells_left -= width
        if self._cells_left < 0:
            raise damaged(f"it has more than {_MAX_CELLS:,} cells up to row {self._number:,}")
        row = [""] * width
        for column, text in self._cells.items():
            row[column - 1] = text
        return row

    def _shared_string(self, value: str) -> str:
        number = _number(value)
        if number >= len(self._strings):
            raise damaged(f"row {self._number:,} refers to a text that is not there")
        return self._strings[number]


def damaged(why: str) -> Unreadable:
    """The error for a workbook that can't be read."""
    return Unreadable(
        f"The workbook can't be read: {why}. Open it in Excel, save it again as .xlsx or as "
        ".csv, and upload that."
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
