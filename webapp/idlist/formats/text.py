"""Reads plain text: one id a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from typing import TextIO

from webapp.idlist.columns import header_rank
from webapp.idlist.entries import (
    ENTRIES,
    MAX_LINE_CHARS,
    Entry,
    Lines,
    Part,
    Record,
    demand_line,
)
from webapp.idlist.ids import (
    DATA_ID,
    ID_LENGTH,
    find_entries,
    has_words,
    is_data_id,
    without_invisible,
)

_BLOCK_CHARS = 1 << 15  # at most 1,000 ids
_MAX_SHORT_CHARS = 10_000  # longer lines are copied as rarely as possible
_COMMENT = re.compile(r"(?:^|\s)#")
_END = r"(?:\r\n?|\n)"
_lines_of = re.compile(rf"[^\r\n]*+{_END}|[^\r\n]++").findall
_are_ids = re.compile(rf"(?:{DATA_ID}(?:{_END}|\Z))++").fullmatch


def read_lines(text: TextIO) -> Iterator[Record | Lines]:
    """A record for each line; lines that are nothing but ids are read together."""
    is_first = True  # a first line that only names its column is a header
    number = 0
    for block in _blocks(text):
        if _are_ids(block):
            ids = block.split()
            end = block[ID_LENGTH : ID_LENGTH + 2].rstrip("f")  # with which each id begins
            yield Lines(number + 1, ids, end)
            number += len(ids)
            is_first = False
            continue
        for line in _lines_of(block):
            number += 1
            demand_line(number, line)
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


def _blocks(text: TextIO) -> Iterator[str]:
    """The text as pieces of whole lines: many short ones, or one that is longer than a block."""
    rest = ""
    while block := rest + text.read(_BLOCK_CHARS):
        if block.endswith("\r"):
            block += text.read(1)  # of one line end, maybe
        end = max(block.rfind("\n"), block.rfind("\r")) + 1
        if end:
            yield block[:end]
            rest = block[end:]
        else:
            yield block + text.readline(MAX_LINE_CHARS - len(block))
            rest = ""


def split_comment(line: str) -> tuple[str, str]:
    """The line up to its comment, and the comment: from a # at its start or after white space."""
    text = without_invisible(line)
    comment = _COMMENT.search(text) if "#" in text else None
    start = comment.start() if comment else len(text)
    return text[:start].strip(), text[start:].strip()
