"""Reads the rows of a worksheet's XML as they stream by; nothing but the row in hand is kept."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from xml.parsers import expat

from webapp.idlist.entries import Unreadable
from webapp.idlist.tables import Row

MOST_COLUMNS = 256  # a stray cell in the last of Excel's 16,384 must not cost a list of that length
_MOST_STRINGS = 5_000_000


def each_sheet_row(xml: Iterable[bytes], strings: list[str]) -> Iterator[Row]:
    """The rows of a sheet in order; blank ones are left out. `offset` is that of their end tag."""
    sheet = _Sheet(strings)
    for chunk in xml:
        sheet.feed(chunk)
        yield from sheet.rows
        sheet.rows.clear()
    sheet.feed(b"", is_last=True)


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
    """The shared part of reading XML: texts of some elements, errors, no entities of its own."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.StartDoctypeDeclHandler = self._refuse
        self._collected: list[str] = []

    def feed(self, chunk: bytes, is_last: bool = False) -> None:
        try:
            self._expat.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise damaged(f"its XML breaks at line {error.lineno:,}") from error

    def _collect(self, wanted: bool) -> None:
        self._expat.CharacterDataHandler = self._collected.append if wanted else None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.begin(name[name.find(":") + 1 :], attributes)

    def _end(self, name: str) -> None:
        self.end(name[name.find(":") + 1 :])

    def _refuse(self, *_: object) -> None:
        raise damaged("its XML has a document type, which no workbook has")

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def end(self, tag: str) -> None:
        raise NotImplementedError


class _Elements(_Parser):
    def __init__(self, tag: str) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self._tag = tag

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == self._tag:
            self.found.append(attributes)

    def end(self, tag: str) -> None:
        pass


class _Strings(_Parser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._is_phonetic = False  # how a text is spoken is no part of it

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self._collected.clear()
        elif tag == "rPh":
            self._is_phonetic = True
        elif tag == "t" and not self._is_phonetic:
            self._collect(True)

    def end(self, tag: str) -> None:
        if tag == "t":
            self._collect(False)
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "si":
            self.texts.append("".join(self._collected))
            if len(self.texts) > _MOST_STRINGS:
                raise damaged(f"it has more than {_MOST_STRINGS:,} texts")


class _Sheet(_Parser):
    def __init__(self, strings: list[str]) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._strings = strings
        self._number = 0
        self._cells: dict[int, str] = {}
        self._column = 0
        self._kind = ""

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._column = _column(attributes.get("r", "")) or self._column + 1
            self._kind = attributes.get("t", "")
            self._collected.clear()
        elif tag in {"v", "t"}:
            self._collect(True)
        elif tag == "row":
            self._number = max(self._number + 1, _number(attributes.get("r", "")))
            self._cells, self._column = {}, 0

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._collect(False)
        elif tag == "c":
            if self._collected and self._column <= MOST_COLUMNS:
                self._cells[self._column] = self._text("".join(self._collected))
        elif tag == "row" and self._cells:
            cells = [self._cells.get(i, "") for i in range(1, max(self._cells) + 1)]
            self.rows.append(Row(self._number, "", cells, offset=self._expat.CurrentByteIndex))

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


@lru_cache(4096)
def _letters(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _column(reference: str) -> int:
    """The column of a cell's reference (AB12: 28); 0 if it is none."""
    letters = reference.rstrip("0123456789")
    return _letters(letters) if letters.isascii() and letters.isupper() and len(letters) < 4 else 0


def letters(column: int) -> str:
    """The letters of a column, from 1 (28: AB)."""
    text = ""
    while column:
        column, digit = divmod(column - 1, 26)
        text = chr(ord("A") + digit) + text
    return text
