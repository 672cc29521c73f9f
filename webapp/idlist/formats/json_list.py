"""Reads JSON: what icav2 and the REST API answer, bare arrays, an API body, JSON lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, TextIO

from msgspec.structs import replace

from webapp.idlist.blanks import is_empty_cell
from webapp.idlist.columns import surest
from webapp.idlist.entries import (
    Entry,
    Holds,
    LookupKind,
    Part,
    Record,
    Unreadable,
    count_lines,
)
from webapp.idlist.formats.json_cursor import JsonCursor
from webapp.idlist.headers import (
    DATA_ID_HEADER,
    TOP_RANK,
    assumes_names,
    header_rank,
    is_folder_header,
    is_maybe_header,
    names_entries,
    names_lookups,
    names_project,
)
from webapp.idlist.ids import count_ids, find_entries, mentions_id, project_id_in
from webapp.idlist.labels import label_of
from webapp.idlist.lookups import MAY_BE_NAME, may_be_name

OUTCOME_KEY = "linkboard"  # under which an annotated object has the outcomes of its ids
_SAMPLE_VALUES = 200
_MAX_WHOLE = 1e15  # larger ones have lost digits
_MAX_DEPTH = 64  # lists and objects around the one with the ids
_NO_ID = "This value names no data id."
_BESIDE_LIST = (
    "This id stands beside the list, not in it. Add it to the list if it is to be linked."
)
_LIST_KEYS = frozenset({"items", "data", "files", "folders", "ids", "results"})


class JsonList:
    """A JSON document, or several of them as lines."""

    def __init__(
        self,
        text: TextIO,
        names: bool = False,
        label_key: str | None = None,
        empty: Counter[str] | None = None,
    ) -> None:
        """`names`: what may be a name of data is one. `label_key`: of an object's label. `empty`
        counts the words that say that a value is empty.
        """
        self._cursor = JsonCursor(text)
        self._names, self._label_key = names, label_key
        self._empty = Counter[str]() if empty is None else empty
        self._sampled: list[dict[str, str]] | None = None
        self._line = self._column = 0  # of the last entry

    def records(self) -> Iterator[Record]:
        """The values of its lists, and the text around them. Raises Unreadable."""
        cursor = self._cursor
        while character := cursor.peek():
            if character == "[":
                yield from self._array(1, is_named=True)
            elif character == "{" and not _is_entry(cursor.small_value()):
                yield from self._object(1)
            else:
                yield self._value(is_named=True)
        end = cursor.take()
        lines = count_lines(end) + (not end.endswith(("\n", "\r")))
        yield Record(Part.FRAME, 0, end, lines=lines)

    def sample(self) -> list[dict[str, str]]:
        """Of the first objects with entries, the texts and whole numbers under their own keys; the
        text may be cut off.
        """
        found: list[dict[str, str]] = []
        self._sampled = found
        with suppress(Unreadable):  # it is told when all is read
            for _ in self.records():
                if len(found) >= _SAMPLE_VALUES:
                    break
        return found

    def _passed(self) -> Iterator[Record]:
        """What was passed, once it is much, so that not all of a document without ids is kept."""
        if self._cursor.is_full:
            raw = self._cursor.take()
            yield Record(Part.FRAME, 0, raw, lines=count_lines(raw))

    def _array(self, depth: int, *, is_named: bool) -> Iterator[Record]:
        """The values of a list. If its key says nothing, only values with ids are entries."""
        for _ in self._inside("[", "]", depth):
            if self._cursor.peek() == "[":
                yield from self._array(depth + 1, is_named=is_named)
            else:
                yield self._value(is_named=is_named)
            yield from self._passed()

    def _object(self, depth: int) -> Iterator[Record]:
        """An object around lists, which may stand under any key."""
        cursor = self._cursor
        for _ in self._inside("{", "}", depth):
            key = cursor.value()
            if not isinstance(key, str):
                raise cursor.syntax_error("a name in quotes is missing")
            cursor.expect(":")
            character = cursor.peek()
            if character == "[":
                is_named = _is_list_key(key) or names_lookups(key)
                yield from self._array(depth + 1, is_named=is_named)
            elif character == "{":
                yield from self._object(depth + 1)
            else:
                yield from self._beside_list()
            yield from self._passed()

    def _inside(self, opening: str, closing: str, depth: int) -> Iterator[None]:
        """One step for each member of a list or object; the caller passes the member."""
        cursor = self._cursor
        if depth > _MAX_DEPTH:
            raise cursor.too_deep()
        cursor.expect(opening)
        if cursor.skip(closing):
            return
        yield
        while cursor.skip(","):
            yield
        cursor.expect(closing)

    def _value(self, *, is_named: bool) -> Record:
        self._cursor.peek()
        start = self._cursor.offset
        value = self._cursor.value()
        found = _entries(value, self._names, is_named=is_named)
        if not is_named:
            is_object = isinstance(value, dict)
            found = [e for e in found if (is_object and e.lookup) or (e.data_id and not e.unusual)]
        own: dict[str, Any] = value if found and isinstance(value, dict) else {}
        if self._sampled is not None and own:
            texts = {key: _text_of(one) for key, one in own.items() if isinstance(one, str | float)}
            self._sampled.append(texts)
        for key, inner in own.items():
            if isinstance(inner, str) and is_empty_cell(inner):
                self._count_empty(key, inner)
        label = "" if self._label_key is None else _text_of(own.get(self._label_key))
        return self._record(found, start, label_of(label, self._empty) if label else "")

    def _count_empty(self, key: str, text: str) -> None:
        if key != self._label_key and names_entries(key):
            self._empty[text.strip()] += 1

    def _beside_list(self) -> Iterator[Record]:
        """A value beside a list: an id there may be that of the folder that was listed."""
        start, value = self._cursor.offset, self._cursor.value()
        if isinstance(value, str) and count_ids(value):
            found = [Entry(e.column, e.text, "", _BESIDE_LIST) for e in find_entries(value)]
            yield self._record(found, start, has_outcome=False)

    def _record(
        self, found: Sequence[Entry], start: int, label: str = "", *, has_outcome: bool = True
    ) -> Record:
        """The text that was passed, with a value that begins at `start`, and its entries."""
        line = self._cursor.line_of(found[0].text, start) if found else 0
        raw = self._cursor.take()
        if line != self._line:
            self._line, self._column = line, 0
        entries = [
            replace(entry, column=column, text=entry.text or raw[start:], label=label)
            for column, entry in enumerate(found, self._column + 1)
        ]
        self._column += len(entries)
        part = Part.ENTRIES if entries else Part.FRAME
        value_start = start if has_outcome else len(raw)
        return Record(part, line, raw, entries, (), count_lines(raw), value_start)


def _text_of(value: Any) -> str:
    """A text, or a whole number as one; "" for anything else."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_WHOLE:
        return f"{value:.0f}"
    return value if isinstance(value, str) else ""


def _is_entry(value: Any) -> bool:
    """Whether an object is an entry itself, not an object around a list of them."""
    if not isinstance(value, dict):
        return False
    value = {key: inner for key, inner in value.items() if key != OUTCOME_KEY}
    if any(isinstance(inner, list) and _is_list_key(key) for key, inner in value.items()):
        return False
    if _named_text(value)[0] or not any(isinstance(part, list) for part in _parts(value)):
        return True
    return not _texts_of_ids(value) and bool(_lookups(value, names=False, is_named=False))


def _is_list_key(key: str) -> bool:
    return key.lower() in _LIST_KEYS or header_rank(key) > 0


def _parts(value: Any) -> Iterator[Any]:
    """A value and all that is in it, keys too, in order."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, list):
            waiting.extend(reversed(part))
        elif isinstance(part, dict):
            waiting.extend(inner for pair in reversed(part.items()) for inner in reversed(pair))


def _entries(value: Any, names: bool, *, is_named: bool) -> Sequence[Entry]:
    """The entries of a value: one for each id in its text, or path or name; or a rejected one."""
    if isinstance(value, dict) and OUTCOME_KEY in value:
        told = value[OUTCOME_KEY]
        own = {key: inner for key, inner in value.items() if key != OUTCOME_KEY}
        return _as_told(_entries(own, names, is_named=is_named), told)
    text, is_sure = (value, True) if isinstance(value, str) else _named_text(value)
    found: Sequence[Entry] = list(find_entries(text, assume_names=names))
    if not is_sure and not any(entry.data_id and not entry.unusual for entry in found):
        # No key names the id: take every text, or key, that holds ids and nothing else.
        found = [e for text in _texts_of_ids(value) for e in find_entries(text)] or (
            _lookups(value, names, is_named=is_named) or found
        )
    found = found or [_without_id(value)]
    project_id = _project_id(value)
    return [replace(entry, project_id=project_id) for entry in found] if project_id else found


def _texts_of_ids(value: Any) -> list[str]:
    texts = (part for part in _parts(value) if isinstance(part, str) and mentions_id(part))
    return [text for text in texts if count_ids(text)]


def _as_told(own: Sequence[Entry], told: Any) -> Sequence[Entry]:
    """The entries of an object that was handed back: each the data that it had led to, if any."""
    outcomes = told if isinstance(told, list) else [told]
    if len(outcomes) != len(own):
        return own
    found: list[Entry] = []
    for entry, outcome in zip(own, outcomes, strict=True):
        text = outcome.get(DATA_ID_HEADER) if isinstance(outcome, dict) and entry.lookup else ""
        found += find_entries(text) if isinstance(text, str) and count_ids(text) else [entry]
    return found


def _lookups(value: Any, names: bool, *, is_named: bool) -> list[Entry]:
    """The paths of an object, else its names: under keys that say so, else under `name`, else its
    folders. Where no key names the list around it, only under keys that say so.
    """
    texts = list(_keyed_texts(value))
    groups = [[pair for pair in texts if names_lookups(pair[0])]]
    if is_named:
        groups.append([pair for pair in texts if is_maybe_header(pair[0])])
        groups.append([pair for pair in texts if is_folder_header(pair[0])])
    for group in groups:
        found = [
            entry
            for key, text in group
            for entry in find_entries(text, assume_names=names or assumes_names(key))
            if entry.lookup
        ]
        if kind := surest(found):
            is_path = kind is Holds.PATHS
            return [e for e in found if e.lookup and is_path is (e.lookup.kind != LookupKind.NAME)]
    return []


def _keyed_texts(value: Any, depth: int = 3) -> Iterator[tuple[str, str]]:
    """Every text of an object, and of those in it, with its key; of a list, each."""
    for key, inner in value.items() if isinstance(value, dict) and depth else ():
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, str):
                if not is_empty_cell(part):
                    yield key, part
            else:
                yield from _keyed_texts(part, depth - 1)


def _without_id(value: Any) -> Entry:
    """The rejected entry of a value."""
    for key, text in _keyed_texts(value, 1):
        if is_maybe_header(key) and may_be_name(text):
            return Entry(1, text, "", MAY_BE_NAME, may_be_name=True)
    return Entry(1, "", "", _NO_ID)


def _named_text(value: Any, depth: int = 2) -> tuple[str, bool]:
    """The text whose key names the data in an object, and whether the key is sure; or "".

    Such keys are `dataId`, `id`, or `id` of the object `data`.
    """
    if not isinstance(value, dict):
        return "", False
    texts = [
        (inner if isinstance(inner, str) else _named_text(inner, depth - 1)[0], rank)
        for key, inner in value.items()
        if depth and (rank := header_rank(key))
    ]
    texts = [(text, rank) for text, rank in texts if not is_empty_cell(text)]
    text, best = max(texts, key=lambda pair: (count_ids(pair[0]), pair[1]), default=("", 0))
    return text, bool(text) and best == TOP_RANK


def _project_id(value: Any) -> str:
    members = value.items() if isinstance(value, dict) else ()
    found = (project_id_in(v) for key, v in members if isinstance(v, str) and names_project(key))
    return next(filter(None, found), "")
