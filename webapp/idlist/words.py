"""Finds the data ids in a line or a cell: plain ids, URNs, browser links, and what is none."""

import re
from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

UNUSUAL = "Unusual shape: ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f."
MENDED = "Capital letters were made small."
NO_ID = "This is text, not a data id."
NO_PATH = "This is a path or an address, not a data id."
TOO_LONG = "This is too long for a data id, which has at most 255 characters."
EMPTY_CELL = "This row has nothing in the column of the ids."

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_USUAL = r"f(?:il|ol)\.[0-9a-f]{32}"
INVISIBLE = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)

is_usual = re.compile(_USUAL).fullmatch
is_uuid = re.compile(_UUID).fullmatch

_BRACKETS = "\"'`()[]{}<>«»“”\u2018\u2019"
# A URN may end in a path with spaces and commas: it goes on until another reference begins.
_WORD = re.compile(
    rf"""urn:ilmn:ica:[^\s,;"'\#]*\#(?:(?![\s,;]["']?(?:urn:|fil\.|fol\.|https?:))[^\t"])*
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


class Found(Struct, frozen=True, gc=False):
    """A word or a run of words: a data id, or "" with the reason why it is none."""

    column: int
    text: str
    data_id: str
    note: str = ""
    project_id: str = ""
    unusual: bool = False
    mended: bool = False


def clean(text: str) -> str:
    """Take away what can't be seen: zero-width characters, byte-order marks, soft hyphens."""
    return text if text.isascii() else text.translate(INVISIBLE)


def find(text: str, column: int = 0) -> list[Found]:
    """Every entry of a line or a cell, in order; none if it holds nothing but separators.

    `column` is the cell's in a table; 0 numbers the entries themselves. A word that is no data
    id is one of unusual shape when it stands alone, and else rejected with its neighbours.
    """
    if is_usual(text):
        return [Found(column or 1, text, text)]
    places = [match.span() for match in _WORD.finditer(text)]
    if len(places) == 1:
        word = recognise(text[slice(*places[0])], column or 1, alone=True)
        return [word if word.data_id else replace(word, text=text)]
    words = [(place, recognise(text[slice(*place)], column, alone=False)) for place in places]
    if any(word.data_id for _, word in words):  # then a bullet or a dash is no entry
        words = [(place, word) for place, word in words if _LETTER.search(word.text)]
    elif words:
        return [Found(column or 1, text, "", NO_ID)]
    found = list(_merged(text, words))
    return found if column else [replace(word, column=i) for i, word in enumerate(found, 1)]


def _merged(text: str, words: list[tuple[tuple[int, int], Found]]) -> Iterator[Found]:
    """Join neighbours that were rejected: a sentence is one entry, as it stood."""
    for is_good, group in groupby(words, key=lambda pair: bool(pair[1].data_id)):
        run = list(group)
        if is_good:
            yield from (word for _, word in run)
            continue
        (start, _), (_, end) = run[0][0], run[-1][0]
        while start and text[start - 1] in _BRACKETS:
            start -= 1
        while end < len(text) and text[end] in _BRACKETS:
            end += 1
        note = run[0][1].note if len(run) == 1 else NO_ID
        yield Found(run[0][1].column, text[start:end], "", note)


def recognise(word: str, column: int, *, alone: bool) -> Found:
    """Say what a word is. Alone, it may be a data id of unusual shape."""
    bare = word.rstrip(".:!?")
    reference = _REFERENCE.fullmatch(bare)
    if reference:
        return _referred(word, column, reference)
    if (alone or _LIKE_AN_ID(bare)) and _plausible(bare):
        return Found(column, word, bare, _why_unusual(bare), unusual=True)
    return Found(column, word, "", _why_rejected(word))


def _referred(word: str, column: int, reference: re.Match[str]) -> Found:
    project_id = (reference["project"] or "").lower()
    named: str = reference["plain"] or reference["named"]
    if is_usual(named):
        return Found(column, word, named, project_id=project_id)
    if is_usual(named.lower()):
        return Found(column, word, named.lower(), MENDED, project_id, mended=True)
    if _plausible(named):
        return Found(column, word, named, _why_unusual(named), project_id, unusual=True)
    return Found(column, word, "", _why_rejected(named))


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
