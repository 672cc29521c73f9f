"""Finds the entries of a line or a cell: data ids, plain or in URNs and browser links; where it has
none, paths or names; rejects the rest.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice

from msgspec.structs import replace

from webapp.idlist.blanks import EMPTY_CELLS
from webapp.idlist.entries import Entry, Lookup, LookupKind, Unreadable
from webapp.idlist.lookups import (
    IS_TEXT,
    REFERENCE_START,
    begins_reference,
    has_file_ending,
    is_file_name,
    is_name_of_words,
    is_pattern,
    is_section_title,
    may_be_name,
    reference,
    why_no_lookup,
)

_UNUSUAL = "Unusual shape: ICA's data ids are fil. or fol. and 32 characters of 0-9 and a-f."
_SAYS_EMPTY = "This says that there is nothing, and names no data."
_MENDED = "Capital letters were made small."

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
# Groups are repeated atomically, (?>(?:x)*): in Python before 3.11.5, Debian 12's for one, (?:x)*+
# does not go back to where an x began that fails in its middle.
# A URN may end in a path with spaces and commas: it goes on until another reference begins.
_WORD = re.compile(
    rf"""urn:ilmn:ica:[^\s,;|\#{re.escape(_BRACKETS)}]*+\#(?>(?:(?![\s,;]["']?(?:urn:|fil\.|fol\.|https?:))[^\t"])*)
      | [^\s,;|{re.escape(_BRACKETS)}]+""",
    re.VERBOSE,
)
# A path goes on, with blanks and commas, until another one begins, or to the end of its quotes.
_QUOTED = "|".join(rf"{mark}{REFERENCE_START}[^{mark}\t\r\n]*+{mark}" for mark in "\"'")
_PATH_OR_WORD = re.compile(
    rf"""(?P<quoted>{_QUOTED})
      | (?P<bare>{REFERENCE_START}
          (?>(?:(?![\s,;|]["'(\[{{<]?{REFERENCE_START})[^\t\r\n])*))
      | [^\s,;|{re.escape(_BRACKETS)}]+""",
    re.VERBOSE | re.IGNORECASE,
)
begins_with_path = re.compile(rf"[{re.escape(_BRACKETS)}]*+{REFERENCE_START}", re.IGNORECASE).match
_CLOSING = {
    "(": ")",
    "[": "]",
    "{": "}",
    "<": ">",
    "`": "`",
    "«": "»",
    "“": "”",
    "\u2018": "\u2019",
}
_AFTER_WORD = ".:!?"
_AFTER_PATH = " ,;|\u00a0"
_NAME = re.compile(r"[^,;|\t\r\n]+")
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


def find_entries(text: str, column: int = 0, *, assume_names: bool = False) -> Iterator[Entry]:
    """Every entry of a line or a cell, in order; none if it holds nothing but separators.

    `column` is the cell's in a table; with 0, the entries are numbered. Ids count before paths, and
    these before names. A word that is none of them is an id of unusual shape when it is the only
    word; else it is rejected together with the rejected words beside it. With `assume_names`, what
    may be a name is one. The text may be megabytes long: beside it, only one entry is kept.
    Raises Unreadable for millions of words.
    """
    if is_data_id(text):
        yield Entry(column or 1, text, text)
        return
    text = without_invisible(text).strip()
    places = [match.span() for match in islice(_WORD.finditer(text), 2)]
    if len(places) == 1:
        word = text[slice(*places[0])]
        if word.rstrip(_AFTER_WORD) in EMPTY_CELLS or word in EMPTY_CELLS:
            yield Entry(column or 1, text, "", _SAYS_EMPTY)
            return
        entry = _classify(word, column or 1, is_only_word=True)
        is_name = entry.may_be_name and (assume_names or is_file_name(entry.text))
        if entry.data_id and not (is_name or is_section_title(text)):
            yield entry
            return
    if not places:
        return
    if len(places) > 1 and any(entry.data_id for _, entry in _words(text, column)):
        found = _merge_rejects(text, _words(text, column))
    else:
        found = _without_ids(text, column or 1, assume_names)
    for number, entry in enumerate(found, 1):
        yield entry if column else replace(entry, column=number)


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
    if not mentions_id(without_invisible(cell)):
        return 0
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


def _without_ids(text: str, column: int, assume_names: bool) -> Iterator[Entry]:
    """The entries of a text in which no data id stands."""
    if "/" in text and any(entry.lookup for _, entry in _paths(text, column)):
        yield from _merge_rejects(text, _paths(text, column))
    elif begins_with_path(text):
        _, first = next(_paths(text, column))
        yield replace(first, text=text)
    elif is_file_name(bare := _without_quotes(text)):
        yield _named(bare, text, column)
    elif all(is_file_name(word[0]) for word in _WORD.finditer(text)):
        yield from (_named(word[0], word[0], column) for word in _WORD.finditer(text))
    elif is_name_of_words(bare):
        yield _named(bare, text, column)
    elif assume_names:
        yield from _assumed(text, column)
    else:
        yield _rejected(text, column)


def _paths(text: str, column: int) -> Iterator[_Word]:
    """The paths and addresses of a text, and the words that are none. One at the beginning of the
    text may have blanks; others may not, and have a folder or the ending of a file.
    """
    if not begins_with_path(text):
        for word in _WORD.finditer(text):
            named = _as_path(word[0], column) if _is_path(word[0]) else None
            yield word.span(), named or Entry(column, word[0], "", IS_TEXT)
        return
    for match in _PATH_OR_WORD.finditer(text):
        found, start = match[0], match.start()
        if match["quoted"]:
            entry = replace(_as_path(found[1:-1], column), text=found)
        elif match["bare"]:
            found = found.rstrip(_AFTER_PATH)
            if found[-1] == _CLOSING.get(text[start - 1 : start]):
                found = found[:-1]
            entry = _as_path(found, column)
        else:
            entry = Entry(column, found, "", IS_TEXT)
        yield (start, start + len(found)), entry


def _is_path(word: str) -> bool:
    return bool(begins_reference(word)) and (word.count("/") > 1 or has_file_ending(word))


def _as_path(text: str, column: int) -> Entry:
    found = reference(text)
    if isinstance(found, str):
        return Entry(column, text, "", found)
    return Entry(column, text, "", lookup=found)


def _named(name: str, text: str, column: int) -> Entry:
    return Entry(column, text, "", lookup=Lookup(LookupKind.NAME, name))


def _assumed(text: str, column: int) -> Iterator[Entry]:
    """Names that somebody said are names: between commas, semicolons and tabs. A name that has a
    comma itself stands in quotes, or has the ending of a file that no other part of it has.
    """
    bare = _without_quotes(text)
    others = (match[0].strip() for match in _NAME.finditer(bare[: bare.rfind(",") + 1]))
    is_one = bare != text or (has_file_ending(bare) and not any(map(has_file_ending, others)))
    for part in [bare] if is_one else (match[0].strip() for match in _NAME.finditer(text)):
        name = _without_quotes(part)
        if may_be_name(name) and name not in EMPTY_CELLS:
            yield _named(name, part, column)
        elif has_words(part):
            yield _rejected(part, column)


def _rejected(text: str, column: int) -> Entry:
    return Entry(column, text, "", why_no_lookup(text), may_be_name=may_be_name(text))


def _without_quotes(text: str) -> str:
    """The text without the one pair of quotes around it, or the apostrophe that keeps a spreadsheet
    from running it.
    """
    if text[0] == "'" and text[1:2] in ("=", "+", "-", "@"):
        return text[1:]
    is_quoted = len(text) > 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if is_quoted and text[0] not in text[1:-1] else text


def _merge_rejects(text: str, words: Iterable[_Word]) -> Iterator[Entry]:
    """The entries of the words; rejected neighbours become one, such as a sentence."""
    # Beside an id, a bullet or a dash is no entry.
    words = (word for word in words if _is_used(word) or _has_letter(word[1].text))
    for are_used, run in groupby(words, key=_is_used):
        if are_used:
            yield from (entry for _, entry in run)
        else:
            yield _merged(text, run)


def _is_used(word: _Word) -> bool:
    return bool(word[1].data_id or word[1].lookup)


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
    return Entry(first.column, text[start:end], "", IS_TEXT if last else first.note)


def _classify(word: str, column: int, *, is_only_word: bool) -> Entry:
    """The entry that a word is. An only word may be a data id of unusual shape."""
    name = word.rstrip(_AFTER_WORD)
    project_id = ""
    if found := _REFERENCE.fullmatch(name):
        project_id = (found["project"] or "").lower()
        name = found["plain"] or found["named"].rstrip(_AFTER_WORD)
        if is_data_id(small := name.lower()):
            mended = small != name
            return Entry(column, word, small, _MENDED * mended, project_id, mended=mended)
    begins_like_id = found is not None or _begins_like_id(name) is not None
    may_be_id = begins_like_id or (is_only_word and not is_pattern(name))
    if may_be_id and _is_plausible_text(name) and name.isprintable() and _has_letter(name):
        found_id = Entry(column, word, name, _why_unusual(name), project_id, unusual=True)
        found_id.may_be_name = not begins_like_id
        return found_id
    return Entry(column, word, "", why_no_lookup(name if found else word))


def _why_unusual(name: str) -> str:
    if _has_id_characters(name) and len(name) != ID_LENGTH:
        return (
            f"Unusual shape: {len(name) - 4} characters stand after the dot, where ICA's data ids "
            "have 32. Was it cut when it was copied?"
        )
    return _UNUSUAL
