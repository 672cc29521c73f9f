"""A stretch of a file with the entries in it: what every format is cut into."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import TextIO

from msgspec import Struct

from webapp.idlist.entries import Unreadable
from webapp.idlist.words import Found

LONGEST = 64_000_000  # characters in one line
LINE_END = re.compile(r"\r\n|\r|\n")


class Part(Enum):
    """What a stretch of a file is."""

    ENTRIES = auto()
    BLANK = auto()
    HEADER = auto()  # footers too
    COMMENT = auto()
    FRAME = auto()  # what holds a document together: JSON's brackets


class Record(Struct, frozen=True, gc=False):
    """A line, a row of a table, a value of a JSON document."""

    part: Part
    line: int  # where its entries stand; if it has none, the first of its lines
    raw: str  # as it stood, line end included
    found: Sequence[Found] = ()
    cells: Sequence[str] = ()
    lines: int = 1  # how many lines end in it


def each_line(text: TextIO) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, its end (LF, CRLF or CR) included.

    Raises Unreadable for a NUL byte and for a line of more than LONGEST characters.
    """
    number = 0
    while line := text.readline(LONGEST):
        number += 1
        if "\0" in line:
            place = f"line {number:,}, character {line.index(chr(0)) + 1:,}"
            raise Unreadable(
                f"There is a NUL byte at {place}: this is a binary or a damaged file, "
                "not a list of data ids."
            )
        if len(line) == LONGEST:
            raise Unreadable(f"Line {number:,} is longer than {LONGEST:,} characters.")
        yield number, line


def line_end(raw: str) -> str:
    """The line end that a stretch closes with; "" if the file ends without one."""
    if raw.endswith("\r\n"):
        return "\r\n"
    return raw[-1:] if raw[-1:] in {"\r", "\n"} else ""
