"""Finds the data ids in a line or a cell: plain ids, URNs and browser links; rejects the rest."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from msgspec.structs import replace

from webapp.idlist.entries import Entry, Unreadable

_UNUSUAL = "Unusual shape: ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f."
_MENDED = "Capital letters were made small."
_NO_ID = "This is text, not a data id."
_NO_PATH = "This is a path or an address, not a data id."
_TOO_LONG = "This is too long for a data id, which has at most 255 characters."

MAX_ID_CHARS = 255
_MAX_WORDS = 4_000_000  # of a line or a cell; a list has no more than 1,500,000 entries
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
DATA_ID = r"f[io]l\.[0-9a-f]{32}"
ID_LENGTH = 36
INVISIBLE = "".join(
    map(chr, [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])
)

is_data_id = re.compile(DATA_ID).fullmatch
_is_uuid = re.compile(_UUID).fullmatch

_BRACKETS = "\"'`()[]{}<>«»“”\u2018\u2019"
# A URN may end in a path with spaces and commas: it goes on until another reference begins.
_WORD = re.compile(
    rf"""urn:ilmn:ica:[^\s,;|\#{re.escape(_BRACKETS)}]*+\#(?:(?![\s,;]["']?(?:urn:|fil\.|fol\.|https?:))[^\t"])*+
      | [^\s,;|{re.escape(_BRACKETS)}]+""",
    re.VERBOSE,
)
_REFERENCE = re.compile(
    rf"""(?: urn:ilmn:ica:region:[^\s:\#]+:data:
           | https?://\S*?/(?:projects?/(?P<project>{_UUID})/)?data/ )
         (?P<named>[^\s\#/?&]+) (?: [\#/?&].* )?
       | (?: [\w.-]{{1,64}}[:=] )? (?P<plain>{DATA_ID}) (?: [\#/?&].* )?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
mentions_id = re.compile(r"\bf(?:il|ol)\.\w", re.IGNORECASE).search
_is_plausible_text = re.compile(rf"[^\s/\\<>\"'`,;]{{1,{MAX_ID_CHARS}}}").fullmatch
_begins_like_id = re.compile(r"f(?:il|ol)\.\w", re.IGNORECASE).match
_has_id_characters = re.compile(r"f(?:il|ol)\.[0-9a-f]+", re.IGNORECASE).fullmatch
_has_letter = re.compile(r"[^\W_]").search
_INVISIBLE_RUN = re.compile(f"[{INVISIBLE}]+")  # str.translate takes three times as long
_MAX_UUID_CHARS = 1_000  # with blanks and invisible characters around it
# These look no further than the first such character: a text may have a million.
is_visible = re.compile(rf"[^\s{INVISIBLE}]").search
_begins_word = re.compile(rf"[^\s,;|{re.escape(_BRACKETS)}{INVISIBLE}]").search

_Word = tuple[tuple[int, int], Entry]  # where it begins and ends, and what it is


def without_invisible(text: str) -> str:
    """The text without zero-width characters, byte-order marks and soft hyphens."""
    return text if text.isascii() else _INVISIBLE_RUN.sub("", text)


def find_entries(text: str, column: int = 0) -> Iterator[Entry]:
    """Every entry of a line or a cell, in order; none if it holds nothing but separators.

    `column` is the cell's in a table; with 0, the entries are numbered. A word that is no data id
    is an id of unusual shape when it is the only word; else it is rejected together with the
    rejected words beside it. The text may be megabytes long: beside it, only one entry is kept.
    Raises Unreadable for millions of words.
    """
    if is_data_id(text):
        yield Entry(column or 1, text, text)
        return
    text = without_invisible(text).strip()
    places = [match.span() for match in islice(_WORD.finditer(text), 2)]
    if len(places) == 1:
        entry = _classify(text[slice(*places[0])], column or 1, is_only_word=True)
        yield entry if entry.data_id else replace(entry, text=text)
    elif places and any(entry.data_id for _, entry in _words(text, column)):
        for number, entry in enumerate(_merge_rejects(text, _words(text, column)), 1):
            yield entry if column else replace(entry, column=number)
    elif places:
        yield Entry(column or 1, text, "", _NO_ID)


def folded(data_id: str) -> str:
    """The id as ICA writes it: one of ICA's shape in small letters, any other as it is."""
    small = data_id.lower()
    return small if small != data_id and is_data_id(small) else data_id


def has_words(text: str) -> bool:
    """Whether find_entries finds anything in a text."""
    return bool(_begins_word(text))


def project_id_in(text: str) -> str:
    """The project id that the text is; "" if it is anything else."""
    if len(text) > _MAX_UUID_CHARS:
        return ""
    text = without_invisible(text).strip().lower()
    return text if _is_uuid(text) else ""


def count_ids(cell: str) -> int:
    """How many data ids of the usual shape a cell holds; 0 if it holds anything else too."""
    count = 0
    for entry in find_entries(cell, 1):
        if entry.unusual or not entry.data_id:
            return 0
        count += 1
    return count


def _words(text: str, column: int) -> Iterator[_Word]:
    for number, match in enumerate(_WORD.finditer(text)):
        if number == _MAX_WORDS:
            raise Unreadable(
                f"One line or cell of this list has more than {_MAX_WORDS:,} words, and no list of "
                "data ids is like that. Put the ids on lines of their own, and upload those."
            )
        yield match.span(), _classify(match[0], column, is_only_word=False)


def _merge_rejects(text: str, words: Iterable[_Word]) -> Iterator[Entry]:
    """The entries of the words; rejected neighbours become one, such as a sentence."""
    # Beside an id, a bullet or a dash is no entry.
    words = (word for word in words if word[1].data_id or _has_letter(word[1].text))
    for has_ids, run in groupby(words, key=lambda word: bool(word[1].data_id)):
        if has_ids:
            yield from (entry for _, entry in run)
        else:
            yield _merged(text, run)


def _merged(text: str, run: Iterator[_Word]) -> Entry:
    """Rejected words and the brackets around them as one entry."""
    (start, end), first = next(run)
    last = deque(run, 1)  # there may be millions: only the last one is kept
    if last:
        end = last[0][0][1]
    while start and text[start - 1] in _BRACKETS:
        start -= 1
    while end < len(text) and text[end] in _BRACKETS:
        end += 1
    return Entry(first.column, text[start:end], "", _NO_ID if last else first.note)


def _classify(word: str, column: int, *, is_only_word: bool) -> Entry:
    """The entry that a word is. An only word may be a data id of unusual shape."""
    name = word.rstrip(".:!?")
    project_id = ""
    if reference := _REFERENCE.fullmatch(name):
        project_id = (reference["project"] or "").lower()
        name = reference["plain"] or reference["named"]
        if is_data_id(small := name.lower()):
            mended = small != name
            return Entry(column, word, small, _MENDED * mended, project_id, mended=mended)
    may_be_id = reference or is_only_word or _begins_like_id(name)
    if may_be_id and _is_plausible_text(name) and name.isprintable() and _has_letter(name):
        return Entry(column, word, name, _why_unusual(name), project_id, unusual=True)
    return Entry(column, word, "", _why_rejected(name if reference else word))


def _why_unusual(name: str) -> str:
    if _has_id_characters(name) and len(name) != ID_LENGTH:
        return (
            f"Unusual shape: {len(name) - 4} characters stand after the dot, where ICA's data ids "
            "have 32. Was it cut when it was copied?"
        )
    return _UNUSUAL


def _why_rejected(word: str) -> str:
    if "/" in word or "\\" in word:
        return _NO_PATH
    return _TOO_LONG if len(word) > MAX_ID_CHARS else _NO_ID
