"""A list as plain text: one id a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from typing import TextIO

from webapp.idlist.columns import names_ids
from webapp.idlist.records import Part, Record, each_line
from webapp.idlist.words import Found, clean, find, holds_words, is_usual

_SHORT = 10_000  # characters; of longer lines as few copies are made as can be
_COMMENT = re.compile(r"(?:^|\s)#")


def read_lines(text: TextIO) -> Iterator[Record]:
    """Cut plain text into a record a line."""
    is_first = True  # a first line that only names its column is a header
    for number, line in each_line(text):
        if len(line) < _SHORT and is_usual(data_id := line.rstrip("\r\n")):  # much faster
            yield Record(Part.ENTRIES, number, line, (Found(1, data_id, data_id),))
            is_first = False
            continue
        record = _read_line(number, line)
        if is_first and record.part is Part.ENTRIES:
            is_first = False
            if len(line) < _SHORT and names_ids(without_comment(clean(line))):
                record = Record(Part.HEADER, number, line)
        yield record


def without_comment(line: str) -> str:
    """The line up to a # that begins it or stands after white space."""
    comment = _COMMENT.search(line) if "#" in line else None
    return line[: comment.start()] if comment else line


def _read_line(number: int, line: str) -> Record:
    text = clean(line)
    listed = without_comment(text)
    if holds_words(listed):
        return Record(Part.ENTRIES, number, line, find(listed.strip()))
    return Record(Part.BLANK if listed == text else Part.COMMENT, number, line)
