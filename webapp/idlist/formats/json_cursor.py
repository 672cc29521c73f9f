"""Reads JSON value by value from a text of any length, with the line and column of each.

Why no library: Python's json needs the whole text in memory, and ijson (3.x, tried) tells neither
where a value stands nor its text as in the file, both of which are shown or written back.
"""

import json
import re
from typing import Any, TextIO

from webapp.idlist.entries import Unreadable, count_lines, nul_byte_error

_CHUNK_CHARS = 1 << 18
_MAX_VALUE_CHARS = 1 << 22  # Python's objects may take 44 bytes for each
_MAX_BLANKS = 1 << 22  # between two values
_UNTERMINATED = "Unterminated string"  # the beginning of a message of json
_blanks = re.compile("[ \t\r\n\v\f\u00a0\u200b\ufeff]*+").match
# No number is an id. As floats they escape Python's limit on the digits of an int.
_DECODER = json.JSONDecoder(strict=False, parse_int=float)


class JsonCursor:
    """A position in a JSON text. `take` gives the text that was passed, as in the file."""

    def __init__(self, text: TextIO) -> None:
        self._file = text
        self._text = ""
        self._taken = self._at = 0  # indexes of _text: up to where it was taken; the position
        self._is_complete = False
        self._line, self._column = 1, 1  # of what was not taken yet

    def peek(self) -> str:
        """Pass white space; the character that follows, "" at the end."""
        passed = 0
        while True:
            found = _blanks(self._text, self._at)
            assert found  # it matches nothing, too
            self._at = found.end()
            if self._at < len(self._text) or self._is_complete:
                return self._text[self._at : self._at + 1]
            passed += len(found[0])
            if passed > _MAX_BLANKS:
                problem = f"more than {_MAX_BLANKS:,} blanks follow"
                raise self.syntax_error(problem, self._at - passed)
            self._read_more()

    def skip(self, character: str) -> bool:
        """Pass this character if it follows; whether it did."""
        follows = self.peek() == character
        self._at += follows
        return follows

    def expect(self, character: str) -> None:
        """Pass this character; raises Unreadable if something else follows."""
        if not self.skip(character):
            raise self.syntax_error(f"{character} is missing")

    def value(self) -> Any:
        """Pass the value that follows and return it. Raises Unreadable if there is none."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or self._is_complete:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                # The value may go on behind what was read so far.
                is_cut = error.pos >= len(self._text) - 16 or error.msg.startswith(_UNTERMINATED)
                if self._is_complete or not is_cut:
                    raise self.syntax_error(error.msg, error.pos) from None
            except RecursionError:
                raise self.too_deep() from None
            tried = len(self._text) - self._at
            if tried > _MAX_VALUE_CHARS:
                problem = f"one value is longer than {_MAX_VALUE_CHARS:,} characters"
                raise self.syntax_error(problem)
            # As much again as was tried, so that all tries together take twice the last one.
            self._read_more(max(_CHUNK_CHARS, min(tried, _MAX_VALUE_CHARS - tried)))

    def small_value(self) -> Any:
        """The value that follows, not passed; None if it is no value or longer than a chunk."""
        self.peek()
        while not self._is_complete and len(self._text) - self._at < _CHUNK_CHARS:
            self._read_more()
        try:
            return _DECODER.raw_decode(self._text, self._at)[0]
        except (json.JSONDecodeError, RecursionError):
            return None

    @property
    def offset(self) -> int:
        """The position, as an index of what `take` will return."""
        return self._at - self._taken

    @property
    def is_full(self) -> bool:
        """Whether so much was passed since the last `take` that it had better be taken."""
        return self.offset > _CHUNK_CHARS

    def line_of(self, text: str, offset: int) -> int:
        """The line on which `text` stands, after `offset`; the line of `offset` if it does not."""
        start = self._taken + offset
        found = self._text.find(text, start, self._at)
        return self._place(found if found >= 0 else start)[0]

    def take(self) -> str:
        """The text that was passed since the last call."""
        taken = self._text[self._taken : self._at]
        self._line, self._column = self._place(self._at)
        self._taken = self._at
        return taken

    def syntax_error(self, problem: str, at: int | None = None) -> Unreadable:
        """The error for a problem at an index of _text, or at the position."""
        at = self._at if at is None else at
        line, column = self._place(at)
        if problem.startswith(_UNTERMINATED):
            problem = "a text in quotes begins and never ends, as if the file was cut off"
        elif self._is_complete and not self._text[at:].strip():
            problem = "the file ends too early, as if it was cut off"
        return Unreadable(f"The JSON breaks at line {line:,}, column {column:,}: {problem}.")

    def too_deep(self) -> Unreadable:
        """The error for more nested values than any list needs."""
        line, column = self._place(self._at)
        return Unreadable(f"The JSON is nested too deep from line {line:,}, column {column:,} on.")

    def _read_more(self, size: int = _CHUNK_CHARS) -> None:
        chunk = self._file.read(size)
        self._text = self._text[self._taken :] + chunk
        self._at -= self._taken
        self._taken = 0
        self._is_complete = not chunk
        if "\0" in chunk:
            raise nul_byte_error(*self._place(self._text.index("\0")))

    def _place(self, at: int) -> tuple[int, int]:
        """Line and column of an index of _text, from 1."""
        before = self._text[self._taken : at]
        lines = count_lines(before)
        if not lines:
            return self._line, self._column + len(before)
        return self._line + lines, len(before) - max(before.rfind("\n"), before.rfind("\r"))
