"""Gives a list back to its owner as it was, with what became of every entry written beside it."""

import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from webapp.idlist.annotate.formulas import harmless, quoted, row_of, written, written_line
from webapp.idlist.annotate.workbook import annotate_workbook
from webapp.idlist.columns import Choice
from webapp.idlist.entries import Entry, Part, Record, line_end
from webapp.idlist.formats.json_cursor import Cursor
from webapp.idlist.formats.json_list import OUTCOME
from webapp.idlist.formats.tables import SPACES
from webapp.idlist.formats.text import parted
from webapp.idlist.reader import Place, Reading
from webapp.idlist.sniff import JSON, JSON_LINES

Cells = Sequence[str]
Outcomes = Callable[[Sequence[Entry]], Iterable[Cells]]

HEADERS = ("status", "reason", "attempt", "linked_path")
_AT_ONCE = 1_000  # entries whose outcomes are asked for together
_LONG = 1 << 20  # characters of the lines that they stand in
_PIECE = 1 << 16  # characters that are handed on together
_WINDOW = re.compile(rf".{{1,{_PIECE}}}\S*+", re.DOTALL)  # it ends where a word ends


def annotate(reading: Reading, outcomes: Outcomes, headers: Cells = HEADERS) -> Iterator[bytes]:
    """The file of a reading that was not iterated yet, with outcomes, in pieces of bytes.

    `outcomes` gets entries in the order of the file, about 1,000 at a time, and answers with
    cells under `headers` for each. Order, columns, separators, line ends, encoding and gzip stay,
    and cells byte by byte, but for those of a text that a spreadsheet would run as a formula.

    - A table or a workbook gets the columns at its end; a row of several ids, their outcomes
      joined by "; ". Where the columns end a table already, they are replaced. A table (not a
      workbook) without a header gets one.
    - A text list becomes a table by tabs (called .csv: by commas), under a header: each entry has a
      row of its own, rejected ones as a comment. A comment at the end of a line stays at the end
      of its last row.
    - A JSON object gets the outcome as an object named "linkboard", in place of an earlier one; a
      string becomes an object.

    Read again, the result gives the same ids. Raises Unreadable as the reading does.
    """
    is_json = reading.format in {JSON, JSON_LINES}
    told = _told(reading, outcomes, one_line if is_json else harmless_line)
    choice, delimiter = reading.layout.choice, reading.layout.delimiter
    rows = (
        (record, headers if record.part is Part.NAMES else _joined(several))
        for record, several in told
    )
    if choice and reading.workbook:
        pieces = annotate_workbook(reading.workbook, choice, rows, headers)
    elif choice:
        pieces = _encoded(reading, _table(delimiter, choice, rows, headers))
    elif is_json:
        pieces = _encoded(reading, _document(told, headers))
    else:
        pieces = _encoded(reading, _text(told, headers, delimiter))
    return _gzipped(pieces) if reading.gzip else pieces


_Told = tuple[Place, Cells]  # an entry and its outcome
_Stretch = tuple[Record, Iterator[_Told]]  # to be iterated over before the next one comes


def _told(reading: Reading, outcomes: Outcomes, tidy: Callable[[str], str]) -> Iterator[_Stretch]:
    """Every record with the outcomes of its entries, of which it may have a million."""
    pairs = _pairs(reading, outcomes, tidy)
    for record, several in groupby(pairs, key=lambda pair: pair[0].record):
        yield record, (pair for pair in several if pair[0].entry)


def _pairs(reading: Reading, outcomes: Outcomes, tidy: Callable[[str], str]) -> Iterator[_Told]:
    for places in _batches(reading.with_records()):
        entries = [place.entry for place in places if place.entry]
        coming = iter(outcomes(entries) if entries else ())
        for place in places:
            yield place, [tidy(cell) for cell in next(coming)] if place.entry else ()


def _batches(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Some 1,000 places at a time, fewer where they stand in long lines."""
    batch: list[Place] = []
    size = 0
    record = None
    for place in places:
        if place.record is not record:
            record = place.record
            size += len(record.raw) or sum(map(len, record.cells))
            if size >= _LONG:
                yield batch
                batch, size = [], 0
        batch.append(place)
        if len(batch) >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    yield batch


def one_line(text: str) -> str:
    """A text without line breaks, tabs and broken characters."""
    text = text.encode("utf-8", "replace").decode()
    if len(text) < _PIECE:
        return " ".join(text.split())
    windows = (" ".join(window[0].split()) for window in _WINDOW.finditer(text))
    return " ".join(filter(None, windows))


def harmless_line(text: str) -> str:
    """The same, and no spreadsheet takes it for a formula."""
    return harmless(one_line(text))


def _joined(told: Iterable[_Told]) -> list[str]:
    """The cells of a row: of several entries, their different outcomes."""
    different = dict.fromkeys(tuple(cells) for _, cells in told)
    return ["; ".join(dict.fromkeys(cells)) for cells in zip(*different, strict=True)]


def _table(
    delimiter: str, choice: Choice, told: Iterable[tuple[Record, Cells]], headers: Cells
) -> Iterator[str]:
    """The stretches of a table: `told` has each of them and the cells it gets, if it gets any.

    Where the header ends with `headers`, the cells under them are replaced. Columns by white space
    become columns by tabs.
    """
    by_spaces = delimiter == SPACES
    delimiter = "\t" if by_spaces else delimiter
    replaced = choice.ending_in(headers)
    has_names = choice.header is not None
    for record, cells in told:
        end = line_end(record.raw)
        raw = record.raw.removesuffix(end)
        if not cells:
            yield written_line(raw, delimiter) + end
            continue
        if not has_names:  # the columns get a meaning, that of the ids too
            has_names = True
            names = ["data_id" if i == choice.ids else "" for i in range(len(choice.names))]
            yield row_of([*names, *headers], end or "\n", delimiter)
        if by_spaces:
            had: Cells = [quoted(harmless(cell), delimiter) for cell in record.cells]
        else:
            had = written(raw, record.cells, delimiter)
        missing = [""] * (replaced.start - len(had))
        new = row_of(cells, "", delimiter)
        row = [*had[: replaced.start], *missing, new, *had[replaced.stop :]]
        yield delimiter.join(row) + end


def _text(told: Iterator[_Stretch], headers: Cells, delimiter: str) -> Iterator[str]:
    has_header = False
    end = ""
    for record, several in told:
        end = end or line_end(record.raw) or "\n"
        is_header, has_entries = record.part is Part.NAMES, record.part is Part.ENTRIES
        listed, comment = parted(record.raw)
        if not has_entries and (comment or not is_header):
            yield written_line(comment, delimiter) + end
        if is_header or (has_entries and not has_header):
            has_header = True
            yield row_of([harmless(listed) if is_header else "data_id", *headers], end, delimiter)
        yield from _rows(several, comment, end, delimiter)


def _rows(several: Iterator[_Told], comment: str, end: str, delimiter: str) -> Iterator[str]:
    """A row for each entry of a line, in the last one the comment of the line."""
    following = next(several, None)
    while pair := following:
        following = next(several, None)
        place, cells = pair
        last = [comment] if comment and not following else []
        if place.entry and place.entry.data_id:
            text = quoted(harmless(place.text), delimiter)
        else:
            text = written_line(f"# {one_line(place.text)}", delimiter)
        yield text + delimiter + row_of([*cells, *last], end, delimiter)


def _document(told: Iterable[_Stretch], headers: Cells) -> Iterator[str]:
    """The stretches of a document, each with the cells of the entries that its value holds."""
    for record, several in told:
        outcomes = [dict(zip(headers, cells, strict=True)) for _, cells in several]
        if outcomes:
            outcome = json.dumps(outcomes if len(outcomes) > 1 else outcomes[0])
            yield record.raw[: record.offset] + _with_outcome(record.raw[record.offset :], outcome)
        else:
            yield record.raw


def _with_outcome(value: str, outcome: str) -> str:
    if value.startswith('"'):
        return f'{{"id": {value}, "{OUTCOME}": {outcome}}}'
    if not value.startswith("{"):
        return value  # a number or the like, which was rejected
    start, end = _former(value)
    if end:
        return value[:start] + outcome + value[end:]
    inside = value[:-1].rstrip()
    comma = "" if inside == "{" else ", "
    return f'{inside}{comma}"{OUTCOME}": {outcome}{value[len(inside) :]}'


def _former(value: str) -> tuple[int, int]:
    """Where in an object the outcome of an earlier round begins and ends; (0, 0) for nowhere."""
    found = (0, 0)
    cursor = Cursor(io.StringIO(value if f'"{OUTCOME}"' in value else "{}"))
    cursor.expect("{")
    while not cursor.skip("}"):
        name = cursor.value()
        cursor.expect(":")
        cursor.peek()
        start = cursor.offset
        cursor.value()
        found = (start, cursor.offset) if name == OUTCOME else found
        cursor.skip(",")
    return found


def _encoded(reading: Reading, texts: Iterable[str]) -> Iterator[bytes]:
    source = reading.source
    if source.mark:
        yield "\ufeff".encode(source.encoding)
    errors = "surrogateescape" if source.encoding == "utf-8" else "replace"
    several: list[str] = []
    size = 0
    for text in texts:
        several.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(several).encode(source.encoding, errors)
            several, size = [], 0
    yield "".join(several).encode(source.encoding, errors)


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()
