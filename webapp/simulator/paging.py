"""ICA's two ways to page: by cursor, complete and unique, and by offset, with a total."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from itsdangerous import BadData, URLSafeSerializer

from webapp.simulator.problems import bad_request
from webapp.simulator.selection import Selection

# ICA publishes neither its default nor its maximum; public clients use at most 1,000.
DEFAULT_SIZE = 1_000
LARGEST_SIZE = 1_000
OFFSET_LIMIT = 200_000

Row = TypeVar("Row")


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
        return cls(scope, size, offset, _position_in(token, scope) if token else 0)

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


def _position_in(token: str, scope: str) -> int:
    try:
        return int(_tokens(scope).loads(token))
    except BadData:
        raise bad_request("pageToken is not valid") from None


def _tokens(scope: str) -> URLSafeSerializer:
    """Makes and reads page tokens: one must outlive a restart, and guards nothing."""
    return URLSafeSerializer("the simulator keeps no secrets", salt=scope)


def _roughly(count: int) -> int:
    """ICA's remainingRecords is approximate and may rise while paging: nobody may rely on it."""
    return max(0, count + count % 13 - 6) if count else 0
