"""What a list holds, what its file is cut into, its limits, and why it can't be read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, StrEnum, auto
from typing import NamedTuple, TextIO

from msgspec import Struct

LONGEST = 64_000_000  # characters in one line
_LARGEST = 100_000_000  # bytes of memory that it takes: one emoji makes four of each character
SHOWN = 200  # characters of a text that are kept
# A byte that is not UTF-8 is shown as Latin-1: Python keeps it as 0xDC00 and its number.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_SURROGATES |= {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class Kind(StrEnum):
    """What became of an entry."""

    GOOD = "good"
    REPEATED = "repeated"
    REJECTED = "rejected"


class Entry(Struct, frozen=True, gc=False):
    """One place in a list where an id stands, or should stand.

    `line` counts from 1 as an editor does (in a workbook: the row). `column` counts from 1: in a
    table the column of the cell (several ids in one cell share it), else the entries of the line.
    """

    column: int
    text: str  # as it stood; SHOWN characters of it are handed out
    data_id: str  # "" if rejected
    note: str = ""  # why it was rejected, or a warning, in words for users
    project_id: str = ""  # the project that its line or its link names
    unusual: bool = False  # not of the shape of ICA's ids: a warning, not a refusal
    mended: bool = False  # capitals were made small
    line: int = 0  # 0 while its line is looked at
    first: tuple[int, int] | None = None  # of a repeated id: line and column where it stands first

    @property
    def kind(self) -> Kind:
        if not self.data_id:
            return Kind.REJECTED
        return Kind.REPEATED if self.first else Kind.GOOD


class Column(NamedTuple):
    """A column of a table, as a choice for the user."""

    number: int  # from 1
    header: str  # "" in a table without a header
    ids: int  # of the sampled rows, how many hold a data id here
    sampled: int
    chosen: bool
    why: str


class Limits(NamedTuple):
    """What is read at most.

    `pause` is called for every 256 kB or so that are looked at, with entries in them or without:
    it may give somebody else a turn, or raise what ends the reading.
    """

    entries: int = 1_500_000
    lines: int = 5_000_000
    unpacked_bytes: int = 500_000_000  # of a gzipped file or a workbook: 10 times an upload
    pause: Callable[[], None] = lambda: None


class Unreadable(Exception):
    """A list that can't be read; the message is a sentence for its owner that names the place."""


def shown(text: str) -> str:
    """A text of the list made fit for a page and a database, shortened to SHOWN characters."""
    short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return short if short.isascii() else short.translate(_SURROGATES)


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
