"""Finds the data ids in a line or a cell: plain ids, URNs, browser links, and what is none."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from msgspec.structs import replace

from webapp.idlist.entries import Entry

UNUSUAL = "Unusual shape: ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f."
MENDED = "Capital letters were made small."
NO_ID = "This is text, not a data id."
NO_PATH = "This is a path or an address, not a data id."
TOO_LONG = "This is too long for a data id, which has at most 255 characters."
EMPTY_CELL = "This row has nothing in the column of the ids."

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_USUAL = r"f(?:il|ol)\.[0-9a-f]{32}"
_UNSEEN = [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
INVISIBLE = "".join(map(chr, _UNSEEN))

is_usual = re.compile(_USUAL).fullmatch
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
       | (?: [\w.-]{{1,64}}[:=] )? (?P<plain>{_USUAL}) (?: [\#/?&].* )?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
mentions_id = re.compile(r"\bf(?:il|ol)\.\w", re.IGNORECASE).search
_PLAUSIBLE = re.compile(r"[^\s/\\<>\"'`,;]{1,255}").fullmatch
_LIKE_AN_ID = re.compile(r"f(?:il|ol)\.\w", re.IGNORECASE).match
_CUT_ID = re.compile(r"f(?:il|ol)\.[0-9a-f]+", re.IGNORECASE).fullmatch
_LETTER = re.compile(r"[^\W_]")
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")  # str.translate takes three times as long


def clean(text: str) -> str:
    """Take away what can't be seen: zero-width characters, byte-order marks, soft hyphens."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def find(text: str, column: int = 0) -> Iterator[Entry]:
    """Every entry of a line or a cell, in order; none if it holds nothing but separators.

    `column` is the cell's in a table; 0 numbers the entries themselves. A word that is no data
    id is one of unusual shape when it stands alone, and else rejected with its neighbours.
    The text may be of megabytes: no more than the entry in hand is kept beside it.
    """
    if is_usual(text):
        yield Entry(column or 1, text, text)
        return
    text = clean(text).strip()
    places = [match.span() for match in islice(_WORD.finditer(text), 2)]
    if len(places) == 1:
        word = recognise(text[slice(*places[0])], column or 1, alone=True)
        yield word if word.data_id else replace(word, text=text)
    elif places and any(word.data_id for _, word in _words(text, column)):
        found = _merged(text, _words(text, column))
        for number, word in enumerate(found, 1):
            yield word if column else replace(word, column=number)
    elif places:
        yield Entry(column or 1, text, "", NO_ID)


def holds_words(text: str) -> bool:
    """Whether anything is found in a text."""
    return bool(_WORD.search(clean(text)))


def project_in(text: str) -> str:
    """The id of the project that a text consists of; "" if it is anything else."""
    text = clean(text).strip().lower()
    return text if _is_uuid(text) else ""


def _words(text: str, column: int) -> Iterator[tuple[tuple[int, int], Entry]]:
    for match in _WORD.finditer(text):
        yield match.span(), recognise(match[0], column, alone=False)


def _merged(text: str, words: Iterable[tuple[tuple[int, int], Entry]]) -> Iterator[Entry]:
    """Join neighbours that were rejected: a sentence is one entry, as it stood."""
    # Beside an id, a bullet or a dash is no entry.
    told = (pair for pair in words if pair[1].data_id or _LETTER.search(pair[1].text))
    for is_good, run in groupby(told, key=lambda pair: bool(pair[1].data_id)):
        if is_good:
            yield from (word for _, word in run)
        else:
            yield _rejected(text, run)


def _rejected(text: str, run: Iterator[tuple[tuple[int, int], Entry]]) -> Entry:
    """A run of rejected words with the brackets around it, as one entry."""
    place, first = next(run)
    last = deque(run, 1)  # of millions of words, no more
    start, end = place[0], (last[0][0] if last else place)[1]
    while start and text[start - 1] in _BRACKETS:
        start -= 1
    while end < len(text) and text[end] in _BRACKETS:
        end += 1
    return Entry(first.column, text[start:end], "", NO_ID if last else first.note)


def recognise(word: str, column: int, *, alone: bool) -> Entry:
    """Say what a word is. Alone, it may be a data id of unusual shape."""
    bare = word.rstrip(".:!?")
    reference = _REFERENCE.fullmatch(bare)
    if reference:
        return _referred(word, column, reference)
    if (alone or _LIKE_AN_ID(bare)) and _plausible(bare):
        return Entry(column, word, bare, _why_unusual(bare), unusual=True)
    return Entry(column, word, "", _why_rejected(word))


def _referred(word: str, column: int, reference: re.Match[str]) -> Entry:
    project_id = (reference["project"] or "").lower()
    named: str = reference["plain"] or reference["named"]
    if is_usual(small := named.lower()):
        mended = small != named
        return Entry(column, word, small, MENDED if mended else "", project_id, mended=mended)
    if _plausible(named):
        return Entry(column, word, named, _why_unusual(named), project_id, unusual=True)
    return Entry(column, word, "", _why_rejected(named))


def _plausible(word: str) -> bool:
    return bool(_PLAUSIBLE(word) and word.isprintable() and _LETTER.search(word))


def _why_unusual(word: str) -> str:
    if _CUT_ID(word) and len(word) != 36:
        return (
            f"Unusual shape: {len(word) - 4} characters stand after the dot, where ICA's data ids "
            "have 32. Was it cut when it was copied?"
        )
    return UNUSUAL


def _why_rejected(word: str) -> str:
    if "/" in word or "\\" in word:
        return NO_PATH
    return TOO_LONG if len(word) > 255 else NO_ID
