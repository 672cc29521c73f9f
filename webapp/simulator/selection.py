"""Rows chosen from a long list, and pages of them at any depth for the same price."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import islice


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
