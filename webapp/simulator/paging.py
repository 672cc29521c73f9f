"""ICA's two ways to page: by cursor, complete and unique, and by offset, with a total."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from itsdangerous import BadData, URLSafeSerializer

from webapp.simulator.problems import bad_request

# ICA publishes neither its default nor its maximum; public clients use at most 1,000.
DEFAULT_SIZE = 1_000
LARGEST_SIZE = 1_000
OFFSET_LIMIT = 200_000

Row = TypeVar("Row")


class Selection:
    """Chosen positions: the union of ascending sequences that share none.

    All it does is bisection, so a page at any depth costs the same.
    """

    def __init__(self, *parts: Sequence[int]) -> None:
        self._parts = [part for part in parts if len(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def before(self, position: int) -> int:
        """How many chosen positions are smaller than this one."""
        return sum(bisect_left(part, position) for part in self._parts)

    def page_from(self, position: int, size: int) -> list[int]:
        """The first `size` chosen positions that are not smaller than this one."""
        starts = [(part, bisect_left(part, position)) for part in self._parts]
        merged = heapq.merge(*(part[start : start + size] for part, start in starts))
        return list(islice(merged, size))

    def page_at(self, offset: int, size: int) -> list[int]:
        """`size` chosen positions, leaving out the first `offset` of them."""
        if offset >= len(self):
            return []
        end = max(part[-1] for part in self._parts) + 1
        first = bisect_right(range(end), offset, key=self.before) - 1
        return self.page_from(first, size)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: `offset` None means by cursor, from `position` on.

    `scope` is what a token is good for: the address and its filters.
    """

    scope: str
    size: int
    offset: int | None
    position: int

    @classmethod
    def read(cls, args: Mapping[str, str], scope: str) -> "PageRequest":
        """Read the query's pageSize, pageOffset, pageToken and sort. Raises Problem 400."""
        size = _number(args, "pageSize", DEFAULT_SIZE)
        if not 1 <= size <= LARGEST_SIZE:
            raise bad_request(f"pageSize must be between 1 and {LARGEST_SIZE}")
        token = args.get("pageToken", "")
        by_offset = "pageOffset" in args or "sort" in args
        if by_offset and token:
            raise bad_request("pageToken can't be combined with pageOffset or sort")
        offset = _number(args, "pageOffset", 0) if by_offset else None
        try:
            position = int(_tokens(scope).loads(token)) if token else 0
        except BadData:
            raise bad_request("pageToken is not valid") from None
        return cls(scope, size, offset, position)

    def token(self, position: int) -> str:
        """The token of the page that begins at this position."""
        return str(_tokens(self.scope).dumps(position))

    def answer(self, selection: Selection, draw: Callable[[int], Any]) -> dict[str, Any]:
        """The page of a selection; `draw` makes an item of a position."""
        if self.offset is None:
            return self._by_cursor(selection, draw)
        size = min(self.size, max(0, OFFSET_LIMIT - self.offset))
        return {
            "items": [draw(position) for position in selection.page_at(self.offset, size)],
            "nextPageToken": "",
            "remainingRecords": None,
            "totalItemCount": len(selection),
        }

    def _by_cursor(self, selection: Selection, draw: Callable[[int], Any]) -> dict[str, Any]:
        positions = selection.page_from(self.position, self.size)
        following = positions[-1] + 1 if positions else self.position
        remaining = len(selection) - selection.before(following)
        return {
            "items": [draw(position) for position in positions],
            "nextPageToken": self.token(following) if remaining else None,
            "remainingRecords": _roughly(remaining),
            "totalItemCount": None,
        }


def sorted_rows(
    rows: Sequence[Row], sort: str, keys: Mapping[str, Callable[[Row], Any]]
) -> list[Row]:
    """Rows in the order that a `sort` parameter asks for: `field`, `field desc`, by commas.

    Raises Problem 400 for a field that has no key.
    """
    ordered = list(rows)
    for term in reversed([term.split() for term in sort.split(",") if term.strip()]):
        field, direction = term[0], term[1:]
        if field not in keys or direction not in ([], ["asc"], ["desc"]):
            raise bad_request(f"Sorting by {' '.join(term)!r} is not supported")
        ordered.sort(key=keys[field], reverse=direction == ["desc"])
    return ordered


def _number(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name, "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise bad_request(f"{name} must be a number that is not negative")
    return int(text) if text else default


def _tokens(scope: str) -> URLSafeSerializer:
    """Makes and reads page tokens: one must outlive a restart, and guards nothing."""
    return URLSafeSerializer("the simulator keeps no secrets", salt=scope)


def _roughly(count: int) -> int:
    """ICA's remainingRecords is approximate and may rise while paging: nobody may rely on it."""
    return max(0, count + count % 13 - 6) if count else 0
