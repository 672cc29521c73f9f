"""ICA's two kinds of paging: by cursor, and by offset, which has a total."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from itsdangerous import BadData, URLSafeSerializer
from werkzeug.datastructures import MultiDict

from webapp.simulator.problems import Problem

# ICA publishes neither its default nor its maximum; public clients use at most 1,000.
DEFAULT_PAGE_ITEMS = 1_000
MAX_PAGE_ITEMS = 1_000
MAX_OFFSET_ITEMS = 200_000
_PAGING = {"pageToken", "pageSize", "pageOffset", "sort"}

Row = TypeVar("Row")


class Selection:
    """Selected positions: the union of disjoint ascending sequences.

    It works by bisection, so every page costs the same.
    """

    def __init__(self, *parts: Sequence[int]) -> None:
        self._parts = [part for part in parts if len(part)]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def before(self, position: int) -> int:
        """How many selected positions are smaller than this one."""
        return sum(bisect_left(part, position) for part in self._parts)

    def page_from(self, position: int, size: int) -> list[int]:
        """The first `size` selected positions that are not smaller than this one."""
        starts = [(part, bisect_left(part, position)) for part in self._parts]
        merged = heapq.merge(*(part[start : start + size] for part, start in starts))
        return list(islice(merged, size))

    def page_at(self, offset: int, size: int) -> list[int]:
        """`size` selected positions after the first `offset` of them."""
        if offset >= len(self):
            return []
        end = max(part[-1] for part in self._parts) + 1
        first = bisect_right(range(end), offset, key=self.before) - 1
        return self.page_from(first, size)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is requested. `offset` is None for paging by cursor, from `position` on.

    A token is valid for one `scope` only: the address and its filters.
    """

    scope: str
    size: int
    offset: int | None
    position: int

    @classmethod
    def read(cls, path: str, args: MultiDict[str, str], most: int) -> "PageRequest":
        """Read the query's pageSize, up to `most`, pageOffset, pageToken and sort. What is sent
        empty counts as not sent.

        Raises Problem 400.
        """
        scope = "\n".join((path, *filters(args)))
        size = _number(args, "pageSize", min(DEFAULT_PAGE_ITEMS, most))
        if not 1 <= size <= most:
            raise Problem(400, f"pageSize must be between 1 and {most}")
        token = args.get("pageToken", "")
        by_offset = bool(args.get("pageOffset") or args.get("sort"))
        if by_offset and token:
            raise Problem(400, "pageToken can't be combined with pageOffset or sort")
        offset = _number(args, "pageOffset", 0) if by_offset else None
        try:
            position = int(_tokens(scope).loads(token)) if token else 0
        except BadData:
            raise Problem(400, "pageToken is not valid") from None
        return cls(scope, size, offset, position)

    def token(self, position: int, variant: float = 0) -> str:
        """The token of the page that begins at a position; another one for each variant below 1."""
        return str(_tokens(self.scope).dumps(position + variant))

    def answer(self, selection: Selection, render: Callable[[int], Any]) -> dict[str, Any]:
        """The page of a selection; `render` makes an item's document from its position."""
        page: dict[str, Any] = {"remainingRecords": None, "totalItemCount": None}
        if self.offset is None:
            positions = selection.page_from(self.position, self.size)
            following = positions[-1] + 1 if positions else self.position
            remaining = len(selection) - selection.before(following)
            page["nextPageToken"] = self.token(following) if remaining else None
            page["remainingRecords"] = _approximate(remaining)
        else:
            size = min(self.size, max(0, MAX_OFFSET_ITEMS - self.offset))
            positions = selection.page_at(self.offset, size)
            page |= {"nextPageToken": "", "totalItemCount": len(selection)}
        return {"items": [render(position) for position in positions], **page}


def filters(args: MultiDict[str, str]) -> list[str]:
    """All of a query that decides which rows there are."""
    given = args.items(multi=True)
    return sorted(f"{name}={value}" for name, value in given if value and name not in _PAGING)


def sorted_rows(
    rows: Sequence[Row], sort: str, keys: Mapping[str, Callable[[Row], Any]]
) -> list[Row]:
    """Rows in the order of a `sort` parameter: `field` or `field desc`, separated by commas.

    Raises Problem 400 for a field that has no key.
    """
    ordered = list(rows)
    for term in reversed([term.split() for term in sort.split(",") if term.strip()]):
        field, direction = term[0], term[1:]
        if field not in keys or direction not in ([], ["asc"], ["desc"]):
            raise Problem(400, f"Sorting by {' '.join(term)!r} is not supported")
        ordered.sort(key=keys[field], reverse=direction == ["desc"])
    return ordered


def _number(args: Mapping[str, str], name: str, default: int) -> int:
    text = args.get(name, "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise Problem(400, f"{name} must be a number that is not negative")
    return int(text) if text else default


def _tokens(scope: str) -> URLSafeSerializer:
    """The key is public: page tokens protect nothing, and must be valid after a restart."""
    return URLSafeSerializer("the simulator keeps no secrets", salt=scope)


def _approximate(count: int) -> int:
    """As in ICA, remainingRecords is approximate and may increase from page to page."""
    return max(0, count + count % 13 - 6) if count else 0
