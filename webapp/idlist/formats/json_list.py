"""A list as JSON: what icav2 and the REST API answer, bare arrays, an API body, JSON lines."""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from msgspec.structs import replace

from webapp.idlist.columns import SUREST, count_ids, names_ids, names_project, rank
from webapp.idlist.entries import Entry, Part, Record, count_lines
from webapp.idlist.formats.json_cursor import Cursor
from webapp.idlist.ids import find, mentions_id, project_in

OUTCOME = "linkboard"  # the name under which an object that was handed back has its outcomes
_DEEPEST = 64  # lists and objects around the one with the ids
_NO_ID = "This value names no data id."
_BESIDE = "This id stands beside the list, not in it. Add it to the list if it is to be linked."
_LISTS = frozenset({"items", "data", "files", "folders", "ids", "results"})


class Document:
    """A document, or several of them as lines."""

    def __init__(self, text: TextIO) -> None:
        self._cursor = Cursor(text)
        self._line = self._column = 0  # of the last entry

    def records(self) -> Iterator[Record]:
        """The values of its lists, and what holds these together. Raises Unreadable."""
        cursor = self._cursor
        while cursor.peek():
            yield from self._top()
        tail = cursor.take()
        ends = count_lines(tail)
        yield Record(Part.FRAME, 0, tail, lines=ends + (not tail.endswith(("\n", "\r"))))

    def _top(self) -> Iterator[Record]:
        """A whole document: a list, an object around a list, or a single value."""
        character = self._cursor.peek()
        if character == "[":
            yield from self._list(1, is_named=True)
        elif character == "{" and not _is_single(self._cursor.small_value()):
            yield from self._object(1)
        else:
            yield self._value(is_named=True)

    def _list(self, depth: int, *, is_named: bool) -> Iterator[Record]:
        """A list of values. In one whose name says nothing, only values with ids are entries."""
        for _ in self._inside("[", "]", depth):
            if self._cursor.peek() == "[":
                yield from self._list(depth + 1, is_named=is_named)
            else:
                yield self._value(is_named=is_named)

    def _object(self, depth: int) -> Iterator[Record]:
        """An object around lists: they are looked for at any of its keys."""
        for _ in self._inside("{", "}", depth):
            key = self._key()
            character = self._cursor.peek()
            if character == "[":
                yield from self._list(depth + 1, is_named=_is_list_name(key))
            elif character == "{":
                yield from self._object(depth + 1)
            else:
                yield from self._beside()

    def _inside(self, opening: str, closing: str, depth: int) -> Iterator[None]:
        """Goes through a list or an object; whoever iterates passes what stands at each step."""
        cursor = self._cursor
        if depth > _DEEPEST:
            raise cursor.too_deep()
        cursor.expect(opening)
        if cursor.skip(closing):
            return
        yield
        while cursor.skip(","):
            yield
        cursor.expect(closing)

    def _key(self) -> str:
        key = self._cursor.value()
        if not isinstance(key, str):
            raise self._cursor.broken("a name in quotes is missing")
        self._cursor.expect(":")
        return key

    def _value(self, *, is_named: bool) -> Record:
        self._cursor.peek()
        offset = self._cursor.offset
        found = _ids(self._cursor.value())
        if not is_named:
            found = [word for word in found if word.data_id and not word.unusual]
        return self._record(found, offset)

    def _beside(self) -> Iterator[Record]:
        """A value beside a list: an id there may be that of the folder that was listed."""
        offset, value = self._cursor.offset, self._cursor.value()
        if isinstance(value, str) and count_ids(value):
            found = [Entry(word.column, word.text, "", _BESIDE) for word in find(value)]
            yield self._record(found, offset, gets_outcome=False)

    def _record(self, found: Sequence[Entry], offset: int, *, gets_outcome: bool = True) -> Record:
        """What was passed up to a value that begins at `offset`; its entries get their places."""
        line = self._cursor.line_of(found[0].text, offset) if found else 0
        raw = self._cursor.take()
        if line != self._line:
            self._line, self._column = line, 0
        placed = [
            replace(word, column=column, text=word.text or raw[offset:])
            for column, word in enumerate(found, self._column + 1)
        ]
        self._column += len(placed)
        part = Part.ENTRIES if placed else Part.FRAME
        value_at = offset if gets_outcome else len(raw)
        return Record(part, line, raw, placed, (), count_lines(raw), value_at)


def _is_single(value: Any) -> bool:
    """Whether an object is an entry itself, not an object around a list of them."""
    if not isinstance(value, dict):
        return False
    value = {key: inner for key, inner in value.items() if key != OUTCOME}
    if any(isinstance(inner, list) and _is_list_name(key) for key, inner in value.items()):
        return False
    return bool(_named(value)[0]) or not _has_list(value)


def _is_list_name(key: str) -> bool:
    return key.lower() in _LISTS or names_ids(key)


def _has_list(value: Any) -> bool:
    return any(isinstance(inner, list) for inner in _each(value))


def _each(value: Any) -> Iterator[Any]:
    """A value and all that is in it, in order, names too."""
    inners = [value]
    while inners:
        inner = inners.pop()
        yield inner
        if isinstance(inner, list):
            inners.extend(reversed(inner))
        elif isinstance(inner, dict):
            inners.extend(part for pair in reversed(inner.items()) for part in reversed(pair))


def _ids(value: Any) -> Sequence[Entry]:
    """The entries of a value: one for each id in its text, or a reject."""
    text, is_sure = (value, True) if isinstance(value, str) else _named(value)
    found: Sequence[Entry] = list(find(text))
    if not is_sure and not any(word.data_id and not word.unusual for word in found):
        found = _anywhere(value) or found
    found = found or [Entry(1, text, "", _NO_ID)]
    project_id = _project(value)
    return [replace(word, project_id=project_id) for word in found] if project_id else found


def _named(value: Any, depth: int = 2) -> tuple[str, bool]:
    """What names the data in an object, and whether its name leaves no doubt; or "".

    That is `dataId`, `id`, or `id` of the object `data`.
    """
    if not isinstance(value, dict):
        return "", False
    texts = [
        (inner if isinstance(inner, str) else _named(inner, depth - 1)[0], rank(key))
        for key, inner in value.items()
        if depth and rank(key)
    ]
    text, best = max(texts, key=lambda pair: (count_ids(pair[0]), pair[1]), default=("", 0))
    return text, bool(text) and best == SUREST


def _anywhere(value: Any) -> list[Entry]:
    """The ids in an object of which no name tells: texts that hold nothing else, names too."""
    texts = (inner for inner in _each(value) if isinstance(inner, str))
    return [word for text in texts if mentions_id(text) and count_ids(text) for word in find(text)]


def _project(value: Any) -> str:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and names_project(key) and project_in(inner):
                return project_in(inner)
    return ""
