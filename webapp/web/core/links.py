"""Links: addresses of lists with what was chosen of them, pagers, and filters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from webapp.store.paging import Page


def query(values: Mapping[str, Any]) -> str:
    """A query string of what is there; a list is repeated, what is empty is left out."""
    kept = {name: value for name, value in values.items() if value}
    return "?" + urlencode(kept, doseq=True) if kept else "?"


class Link(NamedTuple):
    """A text, and the address that it leads to."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Pager:
    """The addresses of the pages before and after this one, None at either end."""

    previous_url: str | None
    next_url: str | None
    previous_text: str = "Previous"
    next_text: str = "Next"


class ListUrl(NamedTuple):
    """The address of a list, and what was chosen of it: filters, search, size."""

    address: str
    chosen: Mapping[str, Any]
    anchor: str = ""

    def changed(self, **changed: Any) -> str:
        """The address with some of it chosen otherwise."""
        values = {**self.chosen, **changed}
        return self.address + (query(values) if any(values.values()) else "") + self.anchor

    def around(self, page: Page[Any]) -> Pager:
        """The pager of this page of the list."""
        return Pager(
            previous_url=self.changed(before=page.previous) if page.previous else None,
            next_url=self.changed(after=page.next) if page.next else None,
        )


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
