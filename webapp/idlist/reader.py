"""Reads a list: entries one by one, and counts that account for every entry and every line."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import replace

from webapp.idlist.columns import MOST_OTHERS, Elsewhere
from webapp.idlist.decode import Source, open_source
from webapp.idlist.entries import Column, Entry, Limits, Part, Record, Unreadable, each_line, shown
from webapp.idlist.formats.json_list import Document
from webapp.idlist.formats.tables import each_row, read_table, with_gaps
from webapp.idlist.formats.text import read_lines
from webapp.idlist.formats.workbook import Workbook
from webapp.idlist.sniff import JSON, JSON_LINES, Layout, lay_out, lay_out_rows

_ENCODINGS = {"utf-8": "UTF-8", "latin-1": "Latin-1", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_DEFAULTS = Limits()
_COLUMNS = 1 << 24  # more than any line has entries


def read(
    pieces: Iterable[bytes],
    *,
    file_name: str = "",
    column: int | None = None,
    limits: Limits = _DEFAULTS,
    after: "Reading | None" = None,
    tell_repeats: bool = True,
) -> "Reading":
    """Open a list that comes in pieces of any size.

    `file_name` helps where the content leaves open whether it is a table; `column` (from 1) is
    the user's choice of the column of ids, None to find it. `after` is a finished reading that
    this one goes on from: its lines count on, and an id of both is a repeat. Without
    `tell_repeats` every id is a good one, which spares the memory to know them all.
    Raises Unreadable at once, or while the reading is iterated over.
    """
    source = open_source(pieces, limits)
    workbook = Workbook(source.stream, limits) if source.is_workbook else None
    if workbook:
        layout = lay_out_rows(workbook.rows(), column)
    else:
        layout = lay_out(source.sample(), file_name, column)
    return Reading(source, layout, workbook, limits, after, tell_repeats)


class Place(NamedTuple):
    """A stretch of the file, with one of the entries in it if it has any."""

    record: Record
    entry: Entry | None = None
    text: str = ""  # of the entry, in full


class Reading:
    """A list that is being read; iterate over it, once, for its entries.

    The layout (`format`, `encoding`, `gzip`) is known from the start; the counts are of what was
    read so far, and so are the columns beside the one that is read. Every entry is counted once,
    as good, repeated or rejected; every line once, as one with entries or as blank, header (or
    footer), comment or frame.
    """

    def __init__(
        self,
        source: Source,
        layout: Layout,
        workbook: Workbook | None,
        limits: Limits,
        after: "Reading | None",
        tell_repeats: bool,
    ) -> None:
        self.source = source
        self.layout = layout
        self.workbook = workbook
        self.format = layout.format
        self.encoding = _ENCODINGS.get(source.encoding, "")
        self.gzip = source.gzip
        self._elsewhere = Elsewhere(layout.choice) if layout.choice else None
        self.good = self.repeated = self.rejected = 0
        self.unusual = self.mended = 0  # among the good ones
        self.lines = self.blank = self.headers = self.comments = 0
        self._entry_lines = self._last_line = 0
        self._entries_left: int = after._entries_left if after else limits.entries
        seen = after._seen if after else _Seen()
        self._seen: _Seen | None = seen if tell_repeats else None
        self._offset: int = after._offset + after.lines if after else 0
        self._limits = limits

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of a table, the column that is read, and others that hold data ids so far."""
        return self._elsewhere.columns() if self._elsewhere else ()

    @property
    def frame(self) -> int:
        """Lines that only hold others together: JSON's brackets, the rest of a quoted cell."""
        return self.lines - self._entry_lines - self.blank - self.headers - self.comments

    @property
    def warnings(self) -> list[str]:
        """What the owner should know of the list as a whole, in sentences."""
        chosen = self.layout.choice.chosen if self.layout.choice else None
        others = [f"{c.number:,}" for c in self.columns if c.ids and not c.chosen]
        more = " and more" if len(others) == MOST_OTHERS else ""
        told = []
        if chosen and others:
            told.append(
                f"The ids were taken from column {chosen.number:,}; data ids stand in column "
                f"{', '.join(others)}{more} too."
            )
        if self.workbook and len(self.workbook.sheets) > 1:
            told.append(f"Only the first sheet, {self.workbook.sheets[0][0]}, is read.")
        if self.encoding == "Latin-1":
            told.append("The file is not in UTF-8; it is read as Latin-1.")
        return told

    def __iter__(self) -> Iterator[Entry]:
        return (place.entry for place in self.with_records() if place.entry)

    def with_records(self) -> Iterator[Place]:
        """The same entries, with the stretch of the file that they stand in.

        A stretch comes once for each of its entries, or once if it has none.
        """
        for record in self._records():
            self._count(record)
            if self._elsewhere and record.part is Part.ENTRIES:
                self._elsewhere.look(record)
            found = None
            for found in record.found:
                yield Place(record, self._entry(record.line, found), found.text)
            if not found:
                yield Place(record)

    def _records(self) -> Iterator[Record]:
        if self.workbook and self.layout.choice:
            return read_table(with_gaps(self.workbook.rows()), self.layout.choice)
        text = self.source.text()
        if self.layout.choice:
            rows = each_row(each_line(text), self.layout.delimiter)
            return read_table(rows, self.layout.choice)
        if self.format in {JSON, JSON_LINES}:
            return Document(text).records()
        return read_lines(text)

    def _count(self, record: Record) -> None:
        self.lines += record.lines
        if self.lines > self._limits.lines:
            raise Unreadable(
                f"This list has more than {self._limits.lines:,} lines, which is the "
                "limit. Split it and upload the parts."
            )
        if record.part is Part.ENTRIES:
            if record.line != self._last_line:
                self._last_line = record.line
                self._entry_lines += 1
        elif record.part is Part.BLANK:
            self.blank += record.lines
        elif record.part in (Part.HEADER, Part.NAMES):
            self.headers += record.lines
        elif record.part is Part.COMMENT:
            self.comments += record.lines

    def _entry(self, line: int, found: Entry) -> Entry:
        """Count an entry, and give it its place among all that were read."""
        line += self._offset
        self._entries_left -= 1
        if self._entries_left < 0:
            raise Unreadable(
                f"This list has more than {self._limits.entries:,} entries, which is the "
                f"limit; line {line:,} goes over it. Split it and upload the parts."
            )
        first = None
        if not found.data_id:
            self.rejected += 1
        elif self._seen and (first := self._seen.first(found, line)):
            self.repeated += 1
        else:
            self.good += 1
            self.unusual += found.unusual
            self.mended += found.mended
        return replace(found, line=line, text=shown(found.text), first=first)


class _Seen:
    """The first place of every id: some 130 bytes for an id, whatever its length."""

    def __init__(self) -> None:
        self._places: dict[int | bytes, int] = {}

    def first(self, entry: Entry, line: int) -> tuple[int, int] | None:
        """Where the id stands first; None if that is here, which is then remembered."""
        key = _key(entry)
        place = self._places.get(key)
        if place is None:
            self._places[key] = line * _COLUMNS + entry.column
            return None
        return divmod(place, _COLUMNS)


def _key(entry: Entry) -> int | bytes:
    """A usual id is a number, half the size of the text: files' are positive, folders' negative."""
    if entry.unusual:
        return blake2b(entry.data_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    digits = int(entry.data_id[4:], 16)
    return digits if entry.data_id[1] == "i" else ~digits
