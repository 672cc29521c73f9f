"""Reads a list: entries one by one, and counts of all entries and all lines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import repeat

from webapp.idlist.columns import MAX_OTHER_COLUMNS, LateColumns
from webapp.idlist.decode import open_source
from webapp.idlist.entries import (
    ENTRIES,
    Column,
    Entry,
    Holds,
    Limits,
    Lines,
    Part,
    Record,
    Unreadable,
    display_text,
    line_end,
)
from webapp.idlist.formats.json_list import JsonList
from webapp.idlist.formats.tables import Labels, fill_gaps, read_table, split_rows
from webapp.idlist.formats.text import read_lines
from webapp.idlist.formats.workbook import Workbook
from webapp.idlist.ids import ID_LENGTH
from webapp.idlist.places import FirstPlaces, Place
from webapp.idlist.sniff import sniff_text, sniff_workbook

_ENCODINGS = {"utf-8": "UTF-8", "latin-1": "Latin-1", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_DEFAULTS = Limits()


class Reading:
    """A list that is being read; iterate over it, once, for its entries.

    The layout (`format`, `encoding`, `gzip`) is known from the start. The counts are of what was
    read so far, and so are the columns beside the one that is read. Every entry is counted once,
    as good, repeated or rejected; every line once, as one with entries or as blank, header (or
    footer), comment or frame.
    """

    def __init__(
        self,
        pieces: Iterable[bytes],
        *,
        file_name: str = "",
        column: int | None = None,
        label: int | None = None,
        limits: Limits = _DEFAULTS,
        after: "Reading | None" = None,
        find_repeats: bool = True,
        names: bool = False,
    ) -> None:
        """Open a list that comes in pieces of any size.

        `file_name` decides where the content leaves open whether it is a table. `column` (from 1)
        is the user's choice of the column to read, None to find it, and so is `label` of that of
        the labels, 0 for none. `after` is a finished reading
        that this one continues: line numbers go on, and an id of both is a repeat. Without
        `find_repeats` every id is good, which saves the memory to remember them. `names`: texts
        that may be names of data are names, as the user said.
        Raises Unreadable at once, or while the reading is iterated over.
        """
        self.source, self.names = open_source(pieces, limits), names
        if self.source.is_workbook:
            self.workbook: Workbook | None = Workbook(self.source.stream, limits)
            self.layout = sniff_workbook(self.workbook.rows(), column, names, label)
        else:
            self.workbook = None
            self.layout = sniff_text(self.source.sample(), file_name, column, names, label)
        self.format, self.gzip = self.layout.format, self.source.gzip
        self.encoding = _ENCODINGS.get(self.source.encoding, "")
        self.good = self.repeated = self.rejected = 0
        self.unusual = self.lookups = 0  # among the good ones
        self.unsure = 0  # entries that may be names of data: unusual ids, or rejected
        self.labelled = 0  # among the good ones
        self.relabelled = 0  # repeated ones with another label than the first
        self.empty_cells: Counter[str] = Counter()  # the words that were taken as empty
        self.lines = self.blank = self.headers = self.comments = 0
        self._late_columns = LateColumns(self.layout.choice) if self.layout.choice else None
        self._entry_lines = self._last_line = 0
        self._limits = limits
        self._chars_left: int = after._chars_left if after else limits.id_chars
        self._entries_left: int = after._entries_left if after else limits.entries
        self._lines_before: int = after._lines_before + after.lines if after else 0
        self._firsts: FirstPlaces = after._firsts if after else FirstPlaces()
        self._finds_repeats = find_repeats

    @property
    def columns(self) -> tuple[Column, ...]:
        """Of a table, the columns that are read, and others with ids, paths or names so far."""
        return self._late_columns.columns() if self._late_columns else ()

    @property
    def frame(self) -> int:
        """Lines without entries inside a record: JSON's brackets, the rest of a quoted cell."""
        return self.lines - self._entry_lines - self.blank - self.headers - self.comments

    @property
    def warnings(self) -> list[str]:
        """What the owner should know of the list as a whole, in sentences."""
        chosen = self.layout.choice.chosen if self.layout.choice else None
        others = [f"{c.number:,}" for c in self.columns if c.is_of_ids and not c.chosen]
        more = " and more" if len(others) == MAX_OTHER_COLUMNS else ""
        warnings = []
        if chosen and chosen.kind is Holds.IDS and others:
            warnings.append(
                f"The ids were taken from column {chosen.number:,}; data ids stand in column "
                f"{', '.join(others)}{more} too."
            )
        if self.workbook and len(self.workbook.sheets) > 1:
            warnings.append(f"Only the first sheet, {self.workbook.sheets[0][0]}, is read.")
        if self.encoding == "Latin-1":
            warnings.append("The file is not in UTF-8; it is read as Latin-1.")
        return warnings

    def __iter__(self) -> Iterator[Entry]:
        for record in self.records():
            for entry in record.entries:
                entry.text = display_text(entry.text)
                yield entry

    def records(self) -> Iterator[Record]:
        """Every record of the file, whose entries are counted as they are iterated over: once,
        before the next record is read.

        Good entries of the usual shape that are alone on their lines come as `Lines`.
        """
        for record in self._read():
            self._count_lines(record)
            if isinstance(record, Lines):
                yield from self._without_repeats(record)
            else:
                record.entries = map(self._counted, record.entries, repeat(record.line))
                yield record

    def _read(self) -> Iterator[Record]:
        layout, choice, empty = self.layout, self.layout.choice, self.empty_cells
        labels = Labels(layout.labels.at, empty)
        if self.workbook and choice:
            return read_table(fill_gaps(self.workbook.rows()), choice, self.names, labels)
        text = self.source.text()
        if choice:
            return read_table(split_rows(text, layout.delimiter), choice, self.names, labels)
        if layout.is_json:
            return JsonList(text, self.names, layout.label_key, empty).records()
        return read_lines(text, self.names)

    def _without_repeats(self, lines: Lines) -> Iterator[Record]:
        """The lines up to each repeat, and the repeat itself as a record of its own."""
        ids, first, start = lines.ids, lines.line + self._lines_before, 0
        while start < len(ids):
            end = self._firsts.first_repeat(ids, start, first) if self._finds_repeats else len(ids)
            if start < end:
                run = lines.part_of(start, end, first + start)
                self.good += run.lines
                fitting = min(run.lines, self._entries_left, self._chars_left // ID_LENGTH)
                self._take_room(run.line, fitting * ID_LENGTH, fitting)
                if fitting < run.lines:
                    self._take_room(run.line + fitting, ID_LENGTH)
                yield run
            if end < len(ids):
                found = self._counted(Entry(1, ids[end], ids[end]), lines.line + end)
                yield Record(ENTRIES, found.line, found.text + line_end(lines.raw), iter([found]))
            start = end + 1

    def _count_lines(self, record: Record) -> None:
        self.lines += record.lines
        if self.lines > self._limits.lines:
            raise Unreadable(
                f"This list has more than {self._limits.lines:,} lines, which is the "
                "limit. Split it and upload the parts."
            )
        if record.part is ENTRIES:
            if isinstance(record, Lines):
                self._entry_lines += record.lines
            elif record.line != self._last_line:
                self._last_line = record.line
                self._entry_lines += 1
            if self._late_columns:
                self._late_columns.add(record)
        elif record.part is Part.BLANK:
            self.blank += record.lines
        elif record.part in (Part.HEADER, Part.NAMES):
            self.headers += record.lines
        elif record.part is Part.COMMENT:
            self.comments += record.lines

    def _counted(self, found: Entry, line: int) -> Entry:
        """Count an entry; it gets its line, and the place of its first entry if it is a repeat."""
        found.line = line = line + self._lines_before
        data_id, lookup = found.data_id, found.lookup
        chars = 0
        self.unsure += found.may_be_name
        if not data_id and lookup is None:
            self.rejected += 1
        elif self._finds_repeats and (first := self._first_place(found)):
            found.first = first[:2]
            self.repeated += 1
            self.relabelled += first[2]
        else:
            self.good += 1
            self.unusual += found.unusual
            if found.label:
                self.labelled += 1
            chars = len(data_id)
            if lookup:
                self.lookups += 1
                chars = len(lookup.text) + len(lookup.project)
        self._take_room(line, chars)
        return found

    def _first_place(self, entry: Entry) -> Place | None:
        line, column, label = entry.line, entry.column, entry.label
        if entry.lookup:
            return self._firsts.of_lookup(entry.lookup, line, column, label)
        return self._firsts.of(entry.data_id, line, column, label, unusual=entry.unusual)

    def _take_room(self, line: int, chars: int, count: int = 1) -> None:
        """Entries from this line on take their room: so many characters if they are good."""
        self._entries_left -= count
        self._chars_left -= chars
        if self._entries_left < 0:
            raise Unreadable(
                f"This list has more than {self._limits.entries:,} entries, which is the "
                f"limit; line {line:,} goes over it. Split it and upload the parts."
            )
        if self._chars_left < 0:
            raise Unreadable(
                f"The ids, names and paths of this list have more than {self._limits.id_chars:,} "
                f"characters in all, which is the limit; line {line:,} goes over it. A data id has "
                f"{ID_LENGTH}. If all is as it should be, split the list and upload the parts."
            )
