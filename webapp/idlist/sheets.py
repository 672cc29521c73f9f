"""Reads the rows of a worksheet's XML as they stream by; nothing but the row in hand is kept."""

from collections.abc import Iterable, Iterator
from xml.parsers import expat

from webapp.idlist.entries import Unreadable
from webapp.idlist.tables import Row

MOST_COLUMNS = 256  # a stray cell in the last of Excel's 16,384 must not cost a list of that length
_LONGEST = 1 << 22
_MOST_STRINGS = 5_000_000


def each_sheet_row(xml: Iterable[bytes], strings: list[str]) -> Iterator[Row]:
    """The rows of a sheet in order; blank ones are left out. `offset` is that of their end tag."""
    sheet = _Sheet(strings)
    for chunk in xml:
        sheet.feed(chunk)
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


class _Width(_Parser):
    def __init__(self) -> None:
        super().__init__()
        self.widest = self._column = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            reference = attributes.get("r", "").rstrip("0123456789")
            self._column = column_number(reference) if reference else self._column + 1
            self.widest = max(self.widest, self._column)
        elif tag == "row":
            self._column = 0
            self._heard.clear()


class _Sheet(_Parser):
    def __init__(self, strings: list[str]) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._strings = strings
        self._columns = {column_letters(column): column for column in range(1, MOST_COLUMNS + 1)}
        self._number = self._column = 0
        self._kind = self._value = ""
        self._cells: dict[int, str] = {}

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "v" or tag == "t":
            self._heard.clear()
        elif tag == "c":
            reference = attributes.get("r", "").rstrip("0123456789")
            after = self._column + 1 if not reference else MOST_COLUMNS + 1
            self._column = self._columns.get(reference, after)
            self._kind, self._value = attributes.get("t", ""), ""
        elif tag == "row":
            self._number = max(self._number + 1, _number(attributes.get("r", "")))
            self._cells, self._column = {}, 0
            self._heard.clear()

    def end(self, tag: str) -> None:
        if tag == "v" or tag == "t":
            self._value += "".join(self._heard)
        elif tag == "c":
            if self._value and self._column <= MOST_COLUMNS:
                self._cells[self._column] = self._text()
        elif tag == "row" and self._cells:
            cells = [self._cells.get(i, "") for i in range(1, max(self._cells) + 1)]
            self.rows.append(Row(self._number, "", cells, offset=self._expat.CurrentByteIndex))

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
    """The column, from 1, that has these letters (AB: 28)."""
    number = 0
    for letter in letters[:3]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(column: int) -> str:
    """The letters of a column, from 1 (28: AB)."""
    text = ""
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(ord("A") + digit) + text
    return text
