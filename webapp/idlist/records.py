"""A stretch of a file with the entries in it: what every format is cut into."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import TextIO

from msgspec import Struct

from webapp.idlist.entries import Entry, Unreadable

LONGEST = 64_000_000  # characters in one line
_LARGEST = 100_000_000  # bytes of memory that it takes: one emoji makes four of each character


class Part(Enum):
    """What a stretch of a file is."""

    ENTRIES = auto()
    BLANK = auto()
    HEADER = auto()  # what stands above the names of the columns, and footers
    NAMES = auto()  # the row, or the line, with the names of the columns
    COMMENT = auto()
    FRAME = auto()  # what holds a document together: JSON's brackets


class Record(Struct, frozen=True, eq=False, gc=False):
    """A line, a row of a table, a value of a JSON document; two that look alike are two."""

    part: Part
    line: int  # where its entries stand; if it has none, the first of its lines
    raw: str  # as it stood, line end included
    found: Iterable[Entry] = ()  # to be iterated over once, before the next record is read
    cells: Sequence[str] = ()
    lines: int = 1  # how many lines end in it
    offset: int = 0  # JSON: where in `raw` the value begins; workbook: as in its row
    until: int = 0


def each_line(text: TextIO) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, its end (LF, CRLF or CR) included.

    Raises Unreadable for a NUL byte, for a line of more than LONGEST characters, and for one that
    takes more than _LARGEST bytes.
    """
    number = 0
    while line := text.readline(LONGEST):
        number += 1
        if "\0" in line:
            raise nul_byte(number, line.index("\0") + 1)
        if len(line) > _LARGEST // 4:
            _refuse_large(number, line)
        yield number, line


def _refuse_large(number: int, line: str) -> None:
    if len(line) == LONGEST:
        raise Unreadable(f"Line {number:,} is longer than {LONGEST:,} characters.")
    if line.__sizeof__() > _LARGEST:
        raise Unreadable(
            f"Line {number:,} is too large: {len(line):,} characters, some of which need more "
            "room than others, such as \N{GRINNING FACE}. Put the ids on lines of their own."
        )


def nul_byte(line: int, column: int) -> Unreadable:
    """What is said of a NUL byte at this place."""
    return Unreadable(
        f"There is a NUL byte at line {line:,}, character {column:,}: this is a binary or a "
        "damaged file, not a list of data ids."
    )


def count_lines(text: str) -> int:
    """How many lines end in a text: by LF, CRLF or CR."""
    lines = text.count("\n")
    return lines + text.count("\r") - text.count("\r\n") if "\r" in text else lines


def line_end(raw: str) -> str:
    """The line end that a stretch closes with; "" if the file ends without one."""
    if raw.endswith("\r\n"):
        return "\r\n"
    return raw[-1] if raw.endswith(("\r", "\n")) else ""
