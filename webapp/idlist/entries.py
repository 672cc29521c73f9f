"""What a list holds (entries), what its file is cut into (records), its limits and its errors."""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, StrEnum, auto
from time import thread_time
from typing import NamedTuple, Self

from msgspec import Struct

MAX_LINE_CHARS = 64_000_000
_MAX_LINE_BYTES = 100_000_000  # of memory: one emoji makes Python use four bytes a character
MAX_SHOWN_CHARS = 200  # of a text that is kept
# Python keeps a byte that is not UTF-8 as 0xDC00 plus the byte. It is shown as in Latin-1.
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_SURROGATES |= {0xDC00 + byte: byte for byte in range(0x80, 0x100)}


class Kind(StrEnum):
    """Whether an entry is used."""

    GOOD = "good"
    REPEATED = "repeated"
    REJECTED = "rejected"


class LookupKind(StrEnum):
    """What stands in a list in place of a data id."""

    NAME = "name"
    PATH = "path"
    FOLDER = "folder"  # its path


class Lookup(NamedTuple):
    """A name or a path that stands in place of a data id.

    `text` is a bare name, or an absolute path within a project; that of a folder ends in a slash.
    `project`, an id or a name, is the one that the text itself names; "" for none.
    """

    kind: LookupKind
    text: str
    project: str = ""


class Entry(Struct, gc=False):
    """One place in a list where an id, or a name or path in its place, stands or should stand.

    `line` counts from 1 as an editor does (in a workbook: the row). `column` counts from 1: in a
    table it is the column of the cell (several ids in one cell have the same), else the number of
    the entry in its line.
    """

    column: int
    text: str  # as in the file; iterating over a Reading shortens it to MAX_SHOWN_CHARS
    data_id: str  # "" of a lookup, and if rejected
    note: str = ""  # why it was rejected, or a warning, in words for users
    project_id: str = ""  # the project that its row or its link names
    unusual: bool = False  # not of the shape of ICA's ids: a warning only
    mended: bool = False  # capitals were made small
    line: int = 0  # set by Reading
    first: tuple[int, int] | None = None  # of a repeat: line and column of the first entry
    lookup: Lookup | None = None
    may_be_name: bool = False  # of data: an unusual id, or a rejected text
    label: str = ""  # of its row, from another column

    @property
    def kind(self) -> Kind:
        if not (self.data_id or self.lookup):
            return Kind.REJECTED
        return Kind.REPEATED if self.first else Kind.GOOD


class Holds(StrEnum):
    """What a column of a table holds."""

    IDS = "ids"
    PATHS = "paths"
    NAMES = "names"


class Column(NamedTuple):
    """A column of a table that is read, or that the user may choose."""

    number: int  # from 1
    header: str  # "" in a table without a header
    ids: int  # of the sampled rows, how many hold here what the column holds
    sampled: int
    chosen: bool
    why: str
    kind: Holds = Holds.IDS

    @property
    def is_of_ids(self) -> bool:
        """Whether it holds data ids."""
        return self.kind is Holds.IDS and self.ids > 0


class Limits(NamedTuple):
    """How much is read at most.

    `pause` is called for every 256 kB or so that are read, with entries in them or without. It may
    let another thread run, or raise an exception to end the reading.
    """

    entries: int = 1_500_000
    id_chars: int = 80_000_000  # of all ids, names and paths: 1,500,000 ids have 54,000,000
    lines: int = 5_000_000
    unpacked_bytes: int = 500_000_000  # of a gzipped file or a workbook: 10 times an upload
    pause: Callable[[], None] = lambda: None

    def for_at_most(self, seconds: float, sentence: str) -> Self:
        """These, for a reading in this thread, which ends with `sentence` once it has taken so
        much of the processor's time: the visitor's line may be slow.
        """
        end = thread_time() + seconds

        def pause() -> None:
            if thread_time() > end:
                raise Unreadable(sentence)

        return self._replace(pause=pause)


class Unreadable(Exception):
    """A list that can't be read. The message is a sentence for its owner that names the place."""


class Part(Enum):
    """What a record is in its file."""

    ENTRIES = auto()
    BLANK = auto()
    HEADER = auto()  # rows above the names of the columns, and footers
    NAMES = auto()  # the row, or the line, with the names of the columns
    COMMENT = auto()
    FRAME = auto()  # JSON's brackets and names around the values


ENTRIES = Part.ENTRIES  # for each line: to look it up in the enum takes as long as to make a record


class Record(Struct, eq=False, gc=False):
    """A line, a row of a table, or a value of a JSON document. Compared by identity."""

    part: Part
    line: int  # of its entries; without entries, the first of its lines
    raw: str  # as in the file, line end included; "" for a workbook's row
    entries: Iterable[Entry] = ()  # can be iterated over once, before the next record is read
    cells: Sequence[str] = ()
    lines: int = 1  # how many lines end in it
    start: int = 0  # JSON: where the value begins in `raw`; workbook: see Sheet.rows
    end: int = 0


class Lines(Record, gc=False):
    """Lines of a text, each of which is one data id of ICA's shape; `raw` is the first of them."""

    ids: Sequence[str] = ()

    def part_of(self, start: int, end: int, line: int) -> "Lines":
        """The lines with these ids, numbered from `line` on; with entries, one for each."""
        ids = self.ids[start:end]
        entries = (Entry(1, data_id, data_id, line=n) for n, data_id in enumerate(ids, line))
        raw = ids[0] + line_end(self.raw)
        return Lines(ENTRIES, line, raw, entries, lines=len(ids), ids=ids)


def display_text(text: str) -> str:
    """The text, shortened to MAX_SHOWN_CHARS and fit for a page and a database."""
    short = text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"
    return short if short.isascii() else short.translate(_SURROGATES)


def demand_line(number: int, line: str) -> None:
    """Raises Unreadable for a NUL byte, and for a line that is too long or needs too much memory;
    of one that is too long, MAX_LINE_CHARS or a few more were read.
    """
    if "\0" in line:
        raise nul_byte_error(number, line.index("\0") + 1)
    if len(line) >= MAX_LINE_CHARS:
        raise Unreadable(f"Line {number:,} is longer than {MAX_LINE_CHARS:,} characters.")
    if len(line) > _MAX_LINE_BYTES // 4 and line.__sizeof__() > _MAX_LINE_BYTES:
        raise Unreadable(
            f"Line {number:,} is too large: {len(line):,} characters, some of which need more "
            "room than others, such as \N{GRINNING FACE}. Put the ids on lines of their own."
        )


def nul_byte_error(line: int, column: int) -> Unreadable:
    """The error for a NUL byte at this place."""
    return Unreadable(
        f"There is a NUL byte at line {line:,}, character {column:,}: this is a binary or a "
        "damaged file, not a list of data ids."
    )


def count_lines(text: str) -> int:
    """How many lines end in a text: by LF, CRLF or CR."""
    lines = text.count("\n")
    return lines + text.count("\r") - text.count("\r\n") if "\r" in text else lines


def line_end(raw: str) -> str:
    """The line end at the end of a text; "" if there is none."""
    if raw.endswith("\r\n"):
        return "\r\n"
    return raw[-1] if raw.endswith(("\r", "\n")) else ""
