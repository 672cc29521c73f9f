"""Reading a page as a browser would: its elements, its forms, its links."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bs4 import BeautifulSoup, Tag
from werkzeug import Response

NAMED = ":is(a, button, summary, input)[aria-label]"


@dataclass(frozen=True)
class Element:
    """One element: its tag, its attributes, and the text within it."""

    tag: str
    attributes: Mapping[str, Any]
    text: str

    def __getitem__(self, name: str) -> Any:  # a string, or None
        return self.attributes.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.attributes


@lru_cache(16)
def _read(page: str) -> BeautifulSoup:
    """Once, whatever is looked for in it."""
    return BeautifulSoup(page, "html.parser", multi_valued_attributes=None)


def elements(answer: Response, tag: str = "", **attributes: str | None) -> list[Element]:
    """The elements of a page with this tag and these attributes; None: it only has to be there."""
    wanted: dict[str, Any] = {
        name.rstrip("_").replace("_", "-"): True if value is None else value
        for name, value in attributes.items()
    }
    found = _read(answer.get_data(as_text=True)).find_all(tag or True, attrs=wanted)
    return [Element(one.name, one.attrs, one.get_text()) for one in found]


def element(answer: Response, tag: str = "", **attributes: str | None) -> Element:
    """The only such element."""
    found = elements(answer, tag, **attributes)
    assert len(found) == 1, f"{len(found)} of {tag} {attributes}"
    return found[0]


def named_otherwise(answer: Response) -> list[str]:
    """The names of links, buttons and fields that do not contain the text which is seen there: who
    speaks to a browser says that text.
    """
    controls = _read(answer.get_data(as_text=True)).select(NAMED)
    named = [(str(one["aria-label"]), _seen_at(one)) for one in controls]
    return [name for name, seen in named if _said(seen) not in _said(name)]


def _seen_at(control: Tag) -> str:
    place = control.find_parent("label") if control.name == "input" else control
    return place.get_text() if place else ""


def _said(words: str) -> str:
    return " ".join(words.split()).casefold()


def main(answer: Response) -> Response:
    """The page without its frame: what stands in its main part alone."""
    [found] = _read(answer.get_data(as_text=True)).find_all("main")
    return Response(str(found), answer.status_code, mimetype="text/html")


def with_class(answer, name):
    """The elements that have this class, among others perhaps."""
    return [found for found in elements(answer, class_=None) if name in found["class"].split()]


def link(answer, words):
    """Where the link that says this leads, None when there is none."""
    found = [a for a in elements(answer, "a") if " ".join(a.text.split()) == words]
    return found[0]["href"] if found else None


def rows(answer):
    """The data ids of the item table, in its order."""
    found = elements(answer, "button", data_copy=None)
    return [button["data-copy"] for button in found if button["data-copy"][3:4] == "."]


def column(answer: Response, header: str) -> list[str]:
    """What stands in the only column with this header, row by row."""
    soup = BeautifulSoup(answer.get_data(as_text=True), "html.parser")
    found = []
    for table in soup.find_all("table"):
        heads = [one.get_text().strip() for one in table.select("thead th")]
        if header in heads:
            found.append((heads.index(header), table.select("tbody tr")))
    [(place, rows)] = found
    return [row.find_all(["th", "td"])[place].get_text().strip() for row in rows]


def field_error(answer, name):
    """The sentence that stands beside a field, "" when there is none."""
    found = elements(answer, id=f"{name}-error") or elements(answer, "p", id=name)
    return found[0].text.strip() if found else ""
