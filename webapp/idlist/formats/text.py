"""A list as plain text: one id a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from typing import TextIO

from webapp.idlist.columns import names_ids
from webapp.idlist.entries import Entry, Part, Record, each_line
from webapp.idlist.ids import clean, find, holds_words, is_usual

_SHORT = 10_000  # characters; of longer lines as few copies are made as can be
_COMMENT = re.compile(r"(?:^|\s)#")


def read_lines(text: TextIO) -> Iterator[Record]:
    """Cut plain text into a record a line."""
    is_first = True  # a first line that only names its column is a header
    for number, line in each_line(text):
        if len(line) < _SHORT and is_usual(data_id := line.rstrip("\r\n")):  # much faster
            yield Record(Part.ENTRIES, number, line, (Entry(1, data_id, data_id),))
            is_first = False
            continue
        listed, comment = parted(line)
        if not holds_words(listed):
            yield Record(Part.COMMENT if comment else Part.BLANK, number, line)
            continue
        if is_first and len(line) < _SHORT and names_ids(listed):
            yield Record(Part.NAMES, number, line)
        else:
            yield Record(Part.ENTRIES, number, line, find(listed))
        is_first = False


def parted(line: str) -> tuple[str, str]:
    """What a line lists, and the comment: from a # that begins it or stands after white space."""
    text = clean(line)
    comment = _COMMENT.search(text) if "#" in text else None
    at = comment.start() if comment else len(text)
    return text[:at].strip(), text[at:].strip()
