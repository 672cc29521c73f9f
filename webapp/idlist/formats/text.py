"""Reads plain text: one entry a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

from webapp.idlist.entries import ENTRIES, MAX_LINE_CHARS, Lines, Part, Record, demand_line
from webapp.idlist.headers import assumes_names, names_entries
from webapp.idlist.ids import DATA_ID, ID_LENGTH, find_entries, has_words, without_invisible
from webapp.idlist.lookups import is_sure_name

_BLOCK_CHARS = 1 << 15  # at most 1,000 ids
_MAX_HEADER_CHARS = 10_000  # with its comment
_COMMENT = re.compile(r"(?:^|\s)#")
_END = r"(?:\r\n?|\n)"
_parts_of = re.compile(rf"((?:{DATA_ID}(?:{_END}|\Z))++)|[^\r\n]*+{_END}|[^\r\n]++").finditer


def read_lines(text: TextIO, names: bool = False) -> Iterator[Record]:
    """A record for each line; lines that are nothing but ids are read together. `names`: what may
    be a name is one, as also below a header that says so.
    """
    is_first = True  # a first line that only names its column is a header
    number = 1
    for part in chain.from_iterable(map(_parts_of, _blocks(text))):
        line = part[0]
        if part[1]:
            ids = line.split()
            end = line[ID_LENGTH : ID_LENGTH + 2].rstrip("f")  # with which each id begins
            record: Record = Lines(ENTRIES, number, ids[0] + end, lines=len(ids), ids=ids)
        else:
            demand_line(number, line)
            record = _line(number, line, may_be_header=is_first, names=names)
            names = names or (record.part is Part.NAMES and assumes_names(split_comment(line)[0]))
        is_first = is_first and record.part in (Part.BLANK, Part.COMMENT)
        yield record
        number += record.lines


def _line(number: int, line: str, *, may_be_header: bool, names: bool) -> Record:
    listed, comment = split_comment(line)
    if not has_words(listed):
        return Record(Part.COMMENT if comment else Part.BLANK, number, line)
    may_be_header = may_be_header and len(line) < _MAX_HEADER_CHARS
    if may_be_header and names_entries(listed) and not is_sure_name(listed):  # R1.fastq is a file
        return Record(Part.NAMES, number, line)
    return Record(ENTRIES, number, line, find_entries(listed, assume_names=names))


def _blocks(text: TextIO) -> Iterator[str]:
    """The text as pieces of whole lines: many short ones, or a long one and some before it."""
    while block := text.read(_BLOCK_CHARS):
        yield block + text.readline(MAX_LINE_CHARS)


def split_comment(line: str) -> tuple[str, str]:
    """The line up to its comment, and the comment: from a # at its start or after white space."""
    text = without_invisible(line)
    comment = _COMMENT.search(text) if "#" in text else None
    start = comment.start() if comment else len(text)
    return text[:start].strip(), text[start:].strip()
