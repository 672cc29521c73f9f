"""Reads plain text: one id a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from typing import TextIO

from webapp.idlist.columns import header_rank
from webapp.idlist.entries import ENTRIES, Entry, Part, Record, numbered_lines
from webapp.idlist.ids import find_entries, has_words, is_data_id, without_invisible

_MAX_SHORT_CHARS = 10_000  # longer lines are copied as rarely as possible
_COMMENT = re.compile(r"(?:^|\s)#")


def read_lines(text: TextIO) -> Iterator[Record]:
    """A record for each line."""
    is_first = True  # a first line that only names its column is a header
    for number, line in numbered_lines(text):
        is_short = len(line) < _MAX_SHORT_CHARS
        if is_short and is_data_id(data_id := line.rstrip("\r\n")):  # much faster
            yield Record(ENTRIES, number, line, (Entry(1, data_id, data_id),))
            is_first = False
            continue
        listed, comment = split_comment(line)
        if not has_words(listed):
            yield Record(Part.COMMENT if comment else Part.BLANK, number, line)
            continue
        if is_first and is_short and header_rank(listed):
            yield Record(Part.NAMES, number, line)
        else:
            yield Record(ENTRIES, number, line, find_entries(listed))
        is_first = False


def split_comment(line: str) -> tuple[str, str]:
    """The line up to its comment, and the comment: from a # at its start or after white space."""
    text = without_invisible(line)
    comment = _COMMENT.search(text) if "#" in text else None
    start = comment.start() if comment else len(text)
    return text[:start].strip(), text[start:].strip()
