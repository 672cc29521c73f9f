"""What a list holds: an entry, the limits of a list, and why a list can't be read."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

SHOWN = 200  # characters of a text that are kept


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


def _never_give_up() -> None:
    pass


class Limits(NamedTuple):
    """What is read at most.

    `pause` is called for every 256 kB or so that are looked at, with entries in them or without:
    it may give somebody else a turn, or raise what ends the reading.
    """

    entries: int = 1_500_000
    lines: int = 5_000_000
    unpacked_bytes: int = 500_000_000  # of a gzipped file or a workbook: 10 times an upload
    pause: Callable[[], None] = _never_give_up


class Unreadable(Exception):
    """A list that can't be read; the message is a sentence for its owner that names the place."""


def shown(text: str) -> str:
    """A text of the list made fit for a page and a database, shortened to SHOWN characters."""
    short = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return short if short.isascii() else "".join(map(_mended_character, short))


def _mended_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8: show it as Latin-1
        return chr(code - 0xDC00)
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= code <= 0xDFFF else character
