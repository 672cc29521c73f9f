"""Reads the rows of a worksheet's XML as they stream by; nothing but the row in hand is kept.

A small file unpacks to 500 MB of whatever its maker likes, so all that is kept while it is read
has a limit: in expat the elements that are open, the tag or the comment that is not whole yet and
the names that were met; here a text, a row, and the texts that cells share. There is no document
type, hence nothing that expat would put in. All in all that is at most 650 MB, nearly all of it
shared texts.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from string import ascii_uppercase
from typing import Self
from xml.parsers import expat

from webapp.idlist.entries import Record, Unreadable, shown
from webapp.idlist.formats.tables import as_row

LAST_COLUMN = 16_384  # of Excel: XFD
_WORDS = (product(ascii_uppercase, repeat=length) for length in (1, 2, 3))
COLUMNS = list(map("".join, islice(chain.from_iterable(_WORDS), LAST_COLUMN)))  # A to XFD
_NUMBERS = {letters: number for number, letters in enumerate(COLUMNS, 1)}
NO_COLUMNS = range(LAST_COLUMN + 1, LAST_COLUMN + 1)
_MOST_CELLS = 100_000_000  # in all rows, each up to its last cell that is filled
_AT_ONCE = 1 << 14  # bytes of XML, whose rows are kept until they are handed on
_DEEPEST = 100  # elements in one another; Excel's own are some ten
_LONGEST_TAG = 1 << 19  # bytes, of a comment too
_MOST_NAMES = 10_000  # of elements and their attributes
_LONGEST = 1 << 20  # characters of a text
_LARGEST_ROW = 1 << 22  # characters
_MOST_STRINGS = 5_000_000
_LARGEST_STRINGS = 500_000_000  # bytes of memory
_MOST_FOUND = 10_000  # sheets, or links between parts


def shared_strings(xml: Iterable[bytes]) -> list[str]:
    """The texts that the cells of a workbook refer to by number."""
    return _Strings().read(xml).texts


def attributes(xml: Iterable[bytes], tag: str) -> list[dict[str, str]]:
    """The attributes of every element of this name."""
    return _Elements(tag).read(xml).found


class _Parser:
    """What reading any part has in common: names without prefix, errors, limits."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._begin
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._depth = self._fed = 0
        self._heard: list[str] = []  # the text in hand, a piece or more of it

    def read(self, xml: Iterable[bytes]) -> Self:
        """Read all of a part."""
        for _ in self.steps(xml):
            pass
        return self

    def steps(self, xml: Iterable[bytes]) -> Iterator[None]:
        """Read a part, no more than _AT_ONCE bytes from one step to the next."""
        for chunk in xml:
            for start in range(0, len(chunk), _AT_ONCE):
                self._feed(chunk[start : start + _AT_ONCE])
                yield
        self._feed(b"", is_last=True)

    def _feed(self, chunk: bytes, is_last: bool = False) -> None:
        try:
            self._expat.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise damaged(f"its XML breaks at line {error.lineno:,}") from error
        self._fed += len(chunk)
        self._heard[:] = ["".join(self._heard)]
        if self._fed - self._expat.CurrentByteIndex > _LONGEST_TAG:
            raise damaged(f"a tag or a comment in it is longer than {_LONGEST_TAG:,} bytes")
        if len(self._expat.intern) > _MOST_NAMES:
            raise damaged(f"its XML has more than {_MOST_NAMES:,} different names")
        if len(self._heard[0]) > _LONGEST:
            raise damaged(f"one text in it is longer than {_LONGEST:,} characters")

    def _hear(self, hears: bool) -> None:
        """From here on, text belongs to the text in hand, or no longer."""
        self._expat.CharacterDataHandler = self._heard.append if hears else None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise damaged(f"its XML has more than {_DEEPEST:,} elements in one another")
        self.begin(name.rpartition(":")[2], attributes)  # some programs write x:row

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name.rpartition(":")[2])

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
            if len(self.found) > _MOST_FOUND:
                raise damaged(f"it has more than {_MOST_FOUND:,} elements {tag}")


class _Strings(_Parser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._room = _LARGEST_STRINGS
        self._is_spoken = False  # how a text is pronounced is no part of it

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t":
            self._hear(not self._is_spoken)
        elif tag == "si":
            self._heard.clear()
        elif tag == "rPh":
            self._is_spoken = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._hear(False)
        elif tag == "si":
            self.texts.append("".join(self._heard))
            self._room -= self.texts[-1].__sizeof__()
            if len(self.texts) > _MOST_STRINGS or self._room < 0:
                raise damaged(
                    f"it has more than {_MOST_STRINGS:,} texts, or more than "
                    f"{_LARGEST_STRINGS // 1_000_000:,} MB of them"
                )
        elif tag == "rPh":
            self._is_spoken = False


class Sheet(_Parser):
    """A worksheet; `strings` are the texts that its cells share, `replaced` columns from 1."""

    def __init__(self, strings: list[str], replaced: range) -> None:
        super().__init__()
        self.widest = 0  # column so far, from 1, that has a cell, be it empty
        self._rows: list[Record] = []
        self._strings = strings
        self._replaced = replaced
        self._offset = self._until = 0  # 0: not met in this row yet
        self._number = self._column = 0
        self._kind = ""
        self._cells: dict[int, str] = {}
        self._size = 0  # characters of the row so far
        self._cells_left = _MOST_CELLS

    def rows(self, xml: Iterable[bytes]) -> Iterator[Record]:
        """The rows in order; blank ones are left out.

        `offset` and `until` are where in the XML the cells of the replaced columns begin and end,
        or would stand.
        """
        for _ in self.steps(xml):
            yield from self._rows
            self._rows.clear()

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "v" or tag == "t":
            self._hear(True)
        elif tag == "c":
            letters = attributes.get("r", "").rstrip("0123456789")
            self._column = _NUMBERS.get(letters) or self._next_column(letters)
            self.widest = max(self.widest, self._column)
            self._kind = attributes.get("t", "")
            self._heard.clear()
            if self._column >= self._replaced.start:
                self._note_place()
        elif tag == "row":
            self._number = max(self._number + 1, _number(attributes.get("r", "")))
            self._cells = {}
            self._column = self._size = self._offset = self._until = 0

    def end(self, tag: str) -> None:
        if tag == "v" or tag == "t":
            self._hear(False)
        elif tag == "c":
            if value := "".join(self._heard):
                self._add(self._text(value))
        elif tag == "row" and self._cells:
            end = self._expat.CurrentByteIndex
            offset, until = self._offset or end, self._until or end
            self._rows.append(as_row(self._number, "", self._row(), 1, offset, until))

    def _next_column(self, letters: str) -> int:
        if letters or self._column == LAST_COLUMN:
            which = shown(letters) or "behind the last one"
            raise damaged(f"row {self._number:,} has a cell in a column {which}")
        return self._column + 1

    def _note_place(self) -> None:
        self._offset = self._offset or self._expat.CurrentByteIndex
        if self._column >= self._replaced.stop:
            self._until = self._until or self._expat.CurrentByteIndex

    def _add(self, text: str) -> None:
        self._cells[self._column] = text
        self._size += len(text)
        if self._size > _LARGEST_ROW:
            raise damaged(f"row {self._number:,} has more than {_LARGEST_ROW:,} characters")

    def _row(self) -> list[str]:
        width = max(self._cells)
        self._cells_left -= width
        if self._cells_left < 0:
            raise damaged(f"it has more than {_MOST_CELLS:,} cells up to row {self._number:,}")
        row = [""] * width
        for column, text in self._cells.items():
            row[column - 1] = text
        return row

    def _text(self, value: str) -> str:
        if self._kind != "s":
            return value
        number = _number(value)
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
