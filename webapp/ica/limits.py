"""What one ICA was found to take less of than usual, remembered by the process for an hour."""

import threading

MIN_PAGE_ROWS = 10  # smaller pages are not tried
REMEMBERED_SECONDS = 3600.0  # then all of it is tried again
_MOST_PATHS = 1_000
MAX_VALUES = 100  # names or paths that one call asks for
MAX_VALUE_CHARS = 5_500  # of these, as they stand in the address: servers take 8,192 in all


class Limits:
    """Of one ICA, by the id of an operation: how many rows a page may have, whether it takes no
    offset, how many values a call may ask for, and whether one with a comma is one. Threads and
    clients share it. `now` is in seconds since 1970.
    """

    def __init__(self) -> None:
        self._rows: dict[str, tuple[int, float]] = {}  # and when that was found
        self._no_offsets: dict[str, float] = {}  # when that was found
        self._vain: set[str] = set()  # paths where the smallest page was refused as well
        self._values: dict[str, tuple[int, int, float]] = {}  # their number, characters, and when
        self._refused_values: set[str] = set()  # operations that have refused many values once
        self._keeps_commas: set[str] = set()
        self._lock = threading.Lock()

    def rows(self, operation: str, wanted: int, now: float) -> int:
        """How many rows to ask for where so many are wanted."""
        taken, found_at = self._rows.get(operation, (wanted, now))
        return min(wanted, taken) if now - found_at <= REMEMBERED_SECONDS else wanted

    def smaller(self, rows: int, path: str) -> int | None:
        """How many rows to ask for after so many were refused; None: their number is not why."""
        if rows > MIN_PAGE_ROWS and path not in self._vain:
            return max(rows // 2, MIN_PAGE_ROWS)
        return None

    def note_rows(self, operation: str, rows: int, now: float) -> None:
        """So many rows were taken, after more had been refused. What is smaller than what was known
        is remembered as long as that.
        """
        with self._lock:
            _, found_at = self._rows.get(operation, (rows, now))
            is_known = now - found_at <= REMEMBERED_SECONDS
            self._rows[operation] = rows, found_at if is_known else now

    def note_vain(self, path: str) -> None:
        """The smallest page of this path was refused too."""
        with self._lock:
            if len(self._vain) >= _MOST_PATHS:
                self._vain.clear()
            self._vain.add(path)

    def takes_offsets(self, operation: str, now: float) -> bool:
        """Whether the operation pages by offset, as far as is known."""
        return now - self._no_offsets.get(operation, float("-inf")) > REMEMBERED_SECONDS

    def note_no_offsets(self, operation: str, now: float) -> None:
        """The operation was refused with an offset, twice, and not without one."""
        with self._lock:
            self._no_offsets[operation] = now

    def values(self, operation: str, now: float) -> tuple[int, int]:
        """How many values a call may ask for, and of how many characters."""
        count, chars, found_at = self._values.get(operation, (MAX_VALUES, MAX_VALUE_CHARS, now))
        if now - found_at > REMEMBERED_SECONDS:
            return MAX_VALUES, MAX_VALUE_CHARS
        return count, chars

    def note_values(self, operation: str, count: int, chars: int, now: float) -> None:
        """So many values, of so many characters, were taken after twice as many had been refused.
        That is remembered from the second time on: the first time it may have passed by.
        """
        with self._lock:
            if operation in self._refused_values:
                known, known_chars = self.values(operation, now)
                self._values[operation] = min(count, known), min(chars, known_chars), now
            self._refused_values.add(operation)

    def keeps_commas(self, operation: str) -> bool:
        """Whether a value with a comma is known to be one value."""
        return operation in self._keeps_commas

    def note_comma(self, operation: str) -> None:
        """A value with a comma was found."""
        self._keeps_commas.add(operation)
