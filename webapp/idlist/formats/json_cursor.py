"""Reads JSON value by value from a text of any length, and knows the line and column it is at."""

import json
from typing import Any, TextIO

from webapp.idlist.entries import Unreadable, count_lines, nul_byte

_CHUNK = 1 << 18
_LONGEST = 1 << 23  # characters in one value
_UNTERMINATED = "Unterminated string"  # as json words it
_SPACE = " \t\r\n\v\f\u00a0\u200b\ufeff"
# Numbers are no ids: floats spare us Python's limit on the digits of an int.
_DECODER = json.JSONDecoder(strict=False, parse_int=float)


class Cursor:
    """A place in a JSON text. What was passed is handed out, as it stood, by `take`."""

    def __init__(self, text: TextIO) -> None:
        self._file = text
        self._text = ""
        self._mark = self._at = 0  # up to where it was taken; where the cursor is
        self._complete = False
        self._line, self._column = 1, 1  # of the mark

    def peek(self) -> str:
        """Pass white space; the character that follows, "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or self._complete:
                return self._text[self._at : self._at + 1]
            self._read_more()

    def skip(self, character: str) -> bool:
        """Pass this character if it follows; whether it did."""
        follows = self.peek() == character
        self._at += follows
        return follows

    def expect(self, character: str) -> None:
        """Pass this character; raises Unreadable if something else follows."""
        if not self.skip(character):
            raise self.broken(f"{character} is missing")

    def value(self) -> Any:
        """Pass the value that follows and return it. Raises Unreadable if there is none."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or self._complete:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                # The end of what was read so far may only have cut it.
                is_cut = error.pos >= len(self._text) - 16 or error.msg.startswith(_UNTERMINATED)
                if self._complete or not is_cut:
                    raise self.broken(error.msg, error.pos) from None
            except RecursionError:
                raise self.too_deep() from None
            if len(self._text) - self._at > _LONGEST:
                raise self.broken(f"one value is longer than {_LONGEST:,} characters")
            self._read_more()

    def small_value(self) -> Any:
        """The value that follows, if it is whole within a chunk, else None; it is not passed."""
        self.peek()
        while not self._complete and len(self._text) - self._at < _CHUNK:
            self._read_more()
        try:
            return _DECODER.raw_decode(self._text, self._at)[0]
        except (json.JSONDecodeError, RecursionError):
            return None

    @property
    def offset(self) -> int:
        """Where in the text that `take` will hand out the cursor is."""
        return self._at - self._mark

    def line_of(self, needle: str, offset: int) -> int:
        """On which line `needle` stands, after `offset`; the line of `offset` if it does not."""
        start = self._mark + offset
        found = self._text.find(needle, start, self._at)
        return self._place(found if found >= 0 else start)[0]

    def take(self) -> str:
        """What was passed since the last time."""
        taken = self._text[self._mark : self._at]
        self._line, self._column = self._place(self._at)
        self._mark = self._at
        return taken

    def broken(self, problem: str, at: int | None = None) -> Unreadable:
        """What is wrong, at which place."""
        at = self._at if at is None else at
        line, column = self._place(at)
        if problem.startswith(_UNTERMINATED):
            problem = "a text in quotes begins and never ends, as if the file was cut off"
        elif self._complete and not self._text[at:].strip():
            problem = "the file ends too early, as if it was cut off"
        return Unreadable(f"The JSON breaks at line {line:,}, column {column:,}: {problem}.")

    def too_deep(self) -> Unreadable:
        """The values are nested too deep for anything that a list needs."""
        line, column = self._place(self._at)
        return Unreadable(f"The JSON is nested too deep from line {line:,}, column {column:,} on.")

    def _read_more(self) -> None:
        chunk = self._file.read(_CHUNK)
        self._text = self._text[self._mark :] + chunk
        self._at -= self._mark
        self._mark = 0
        self._complete = not chunk
        if "\0" in chunk:
            line, column = self._place(self._text.index("\0"))
            raise nul_byte(line, column)

    def _place(self, at: int) -> tuple[int, int]:
        """Line and column of an index of the text, from 1."""
        before = self._text[self._mark : at]
        lines = count_lines(before)
        if not lines:
            return self._line, self._column + len(before)
        return self._line + lines, len(before) - max(before.rfind("\n"), before.rfind("\r"))
