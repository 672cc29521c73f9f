"""Reads plain text: one entry a line, or several by white space, commas or semicolons."""

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

from webapp.idlist.entries import ENTRIES, MAX_LINE_CHARS, Lines, Part, Record, demand_line
from webapp.idlist.headers import assumes_names, names_entries
from webapp.idlist.ids import (
    DATA_ID,
    ID_LENGTH,
    begins_with_path,
    find_entries,
    has_words,
    mentions_id,
    without_invisible,
)
from webapp.idlist.lookups import has_file_ending, is_data_file, is_sure_name

_BLOCK_CHARS = 1 << 15  # at most 1,000 ids
_MAX_HEADER_CHARS = 10_000  # with its comment
_MAX_COMMENTS = 500  # places in a line at which one may begin
_COMMENT = re.compile(r"(?:^|\s)#")
_END = r"(?:\r\n?|\n)"
_parts_of = re.compile(rf"((?>(?:{DATA_ID}(?:{_END}|\Z))+))|[^\r\n]*+{_END}|[^\r\n]++").finditer


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
    """The line up to its comment, and the comment: from a # at its start or after white space,
    where it is not a part of a path or a name.
    """
    text = without_invisible(line)
    start = _comment_start(text) if "#" in text else len(text)
    return text[:start].strip(), text[start:].strip()


def _comment_start(text: str) -> int:
    """Where the comment begins. Behind ids, the first # after white space begins it; where a path
    or a name may have it, it does only if these have ended before. What can't be told is kept.
    """
    places = [found.start() for found in islice(_COMMENT.finditer(text), _MAX_COMMENTS)]
    if not places or len(text) > _MAX_HEADER_CHARS or mentions_id(text):
        return places[0] if places else len(text)
    listed = text.strip()
    is_path = begins_with_path(listed) is not None
    is_whole = has_file_ending(listed) if is_path else is_data_file(listed)
    return next((at for at in places if _is_comment(text, at, is_path, is_whole)), len(text))


def _is_comment(text: str, at: int, is_path: bool, is_whole: bool) -> bool:
    """Whether a comment begins at a place of a text, which may be a path, or ends as a file does:
    /a/plate #3.bam is one path, and so is /a/plate #3; /a/b.bam # tumour is not.
    """
    before, comment = text[:at].strip(), text[at:].strip()
    if not before or text[at] in "\t\v\f":
        return True
    if is_whole or comment[1:2].isdigit():
        return False
    if not is_path or has_file_ending(before):
        return True
    return before.endswith("/") and "/" not in comment
