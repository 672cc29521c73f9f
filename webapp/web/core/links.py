"""Links: addresses of lists with what was chosen of them, pagers, and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from webapp.store.paging import Page
from webapp.web.core import params
from webapp.web.core.params import OFFERED_SIZES

TO = "\N{EN DASH}"


def query(values: Mapping[str, Any]) -> str:
    """A query string of what is there; a list is repeated, what is empty is left out."""
    kept = {name: value for name, value in values.items() if value}
    return "?" + urlencode(kept, doseq=True) if kept else "?"


class Link(NamedTuple):
    """A text, and the address that it leads to."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Size:
    """A number of rows that a page may have; `href` is the list's first page with so many."""

    rows: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """The addresses of the pages before and after this one, None at either end.

    position: which rows these are, and of how many, as far as that is known. sizes: how many rows
    a page may have.
    """

    previous_url: str | None
    next_url: str | None
    previous_text: str = "Previous"
    next_text: str = "Next"
    position: str = ""
    sizes: Sequence[Size] = ()


class ListUrl(NamedTuple):
    """The address of a list, and what was chosen of it: filters, search, size."""

    address: str
    chosen: Mapping[str, Any]
    anchor: str = ""

    def changed(self, **changed: Any) -> str:
        """The address with some of it chosen otherwise."""
        values = {**self.chosen, **changed}
        return self.address + (query(values) if any(values.values()) else "") + self.anchor

    def around(
        self,
        page: Page[Any],
        total: int | None = None,
        before: int | None = None,
        *,
        sized: bool = False,
    ) -> Pager:
        """The pager of this page of the list, which has `total` rows, if that is known.

        before: how many rows stand before this page. Where that is not known, it is what the link
        that led here says. sized: the reader may choose how many rows a page has.
        """
        carried = before is None
        if before is None:
            before = _rows_before(page, total)
        after = None if before is None else before + len(page.rows)
        back = {"before": page.previous, "past": before if carried else None}
        forth = {"after": page.next, "past": after if carried else None}
        return Pager(
            previous_url=self.changed(**back) if page.previous else None,
            next_url=self.changed(**forth) if page.next else None,
            position=_position(before, len(page.rows), total, more=page.next is not None),
            sizes=self._sizes(page) if sized else (),
        )

    def _sizes(self, page: Page[Any]) -> list[Size]:
        """None where all rows are on the smallest page."""
        smallest = OFFERED_SIZES[0]
        if not page.previous and not page.next and len(page.rows) <= smallest:
            return []
        return [
            Size(rows, self.changed(size=rows if rows > smallest else None), rows == params.size())
            for rows in OFFERED_SIZES
        ]


def _rows_before(page: Page[Any], total: int | None) -> int | None:
    """How many rows stand before a page, by the link that led to it; None where that does not say,
    or can't be so.
    """
    if not page.previous:
        return 0
    if total is not None and not page.next:
        return max(total - len(page.rows), 0)
    past, from_its_end = params.whole("past"), params.cursor().before is not None
    if past is None:
        return None
    before = past - len(page.rows) if from_its_end else past
    most = params.MAX_NUMBER if total is None else total - 1
    return before if before > 0 and before + len(page.rows) <= most else None


def _position(before: int | None, rows: int, total: int | None, *, more: bool) -> str:
    """51-100 of 600; where nobody counted them, of as many as are known of."""
    if not rows or (before is None and total is None):
        return ""
    known = total if total is not None else (before or 0) + rows + more
    of = f" of {known:,}" + (" or more" if total is None and more else "")
    if before is None:
        return f"{rows:,}{of}"
    return (f"{before + 1:,}" if rows == 1 else f"{before + 1:,}{TO}{before + rows:,}") + of


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter. `href` sets it, or takes it away when it is chosen; None where it must stay.

    status: the word whose colour and icon it has, if any.
    """

    label: str
    href: str | None
    count: int | None = None
    chosen: bool = False
    status: str | None = None


def toggled(words: Sequence[str], word: str) -> list[str]:
    """What is chosen after a click on the chip of this word."""
    others = [other for other in words if other != word]
    return others if word in words else [*others, word]
