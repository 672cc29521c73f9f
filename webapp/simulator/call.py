"""One authorised call of an operation: what was asked, and what every answer to it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from webapp.simulator.documents import Document
from webapp.simulator.operations import Operation
from webapp.simulator.paging import PageRequest, Selection
from webapp.simulator.people import User
from webapp.simulator.problems import bad_request
from webapp.simulator.world import World


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, in which version, for what, and when (seconds since 1970)."""

    world: World
    operation: Operation
    user: User
    version: str
    path: str
    args: MultiDict[str, str]
    body: bytes
    now: float

    def struck_by(self, fault: str) -> bool:
        return self.world.dice.hit(fault, self.operation.name)

    def page(self, selection: Selection, draw: Callable[[int], Any], *filters: str) -> Document:
        """The page that is asked for, unless one of the faults of paging strikes."""
        request = PageRequest.read(self.args, "\n".join((self.path, *filters)))
        if request.position and self.struck_by("refused-token"):
            raise bad_request("pageToken is not valid")
        page = request.answer(selection, draw)
        if page["nextPageToken"] and self.struck_by("repeated-cursor"):
            page["nextPageToken"] = request.token(request.position)
        if page["nextPageToken"] is None and self.struck_by("circling-cursor"):
            page["nextPageToken"] = request.token(0)
        if self.struck_by("null-totals"):
            page.update(totalItemCount=None, remainingRecords=None)
        return page

    def statuses(self, known: Sequence[str]) -> list[str]:
        """The status filters. Raises Problem 400 for a word that ICA doesn't know."""
        asked = self.args.getlist("status")
        for status in asked:
            if status not in known:
                raise bad_request(f"{status[:100]!r} is not a valid status")
        return sorted(asked)
