"""Keyset paging, both ways, over whole numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind a key, before a key, or at the start (neither)."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in reading order; `previous` and `next` are cursors, None at either end."""

    rows: Sequence[Row]
    previous: int | None
    next: int | None


def cut(found: Sequence[Row], cursor: Cursor, size: int, key: Callable[[Row], int]) -> Page[Row]:
    """A page of `found`, which holds up to size + 1 rows in the direction of the cursor."""
    more = len(found) > size
    rows = list(found[:size])
    if cursor.before is not None:
        rows.reverse()
        has_previous, has_next = more, bool(rows)
    else:
        has_previous, has_next = cursor.after is not None and bool(rows), more
    return Page(
        rows,
        previous=key(rows[0]) if has_previous else None,
        next=key(rows[-1]) if has_next else None,
    )
