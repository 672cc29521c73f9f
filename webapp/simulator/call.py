"""One authenticated call of an operation: its input, and what handlers need to answer it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import random
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from webapp.simulator.documents import Document
from webapp.simulator.operations import Operation
from webapp.simulator.paging import PageRequest, Selection
from webapp.simulator.problems import Problem
from webapp.simulator.state import State
from webapp.simulator.users import User

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Call:
    """The user, the API version, the query and body, and the time (seconds since 1970)."""

    state: State
    operation: Operation
    user: User
    version: str
    path: str
    args: MultiDict[str, str]
    body: bytes
    now: float

    def hit_by(self, fault: str) -> bool:
        """Whether this fault hits the call; a counted fault is used up by it."""
        return self.state.faults.hits(fault, self.operation.name)

    @property
    def is_later_page(self) -> bool:
        """Whether a page is requested that is not the first one."""
        return bool(self.args.get("pageToken") or self.args.get("pageOffset", "").strip("0"))

    def page(self, selection: Selection, render: Callable[[int], Any]) -> Document:
        """The requested page of a selection; this is where the faults of paging are injected.

        `render` makes an item's document from its position.
        """
        request = PageRequest.read(self.path, self.args, self.state.options.page_items)
        if request.offset is not None and self.hit_by("refused-offset"):
            raise Problem(400, "pageOffset and sort are not supported")
        if request.offset and self.hit_by("twice"):
            request = replace(request, offset=request.offset - 1)
        if request.position and self.hit_by("refused-token"):
            raise Problem(400, "pageToken is not valid")
        page = request.answer(selection, render)
        if page["nextPageToken"] and self.hit_by("repeated-cursor"):
            page["nextPageToken"] = request.token(request.position)
        if page["nextPageToken"] is None and self.hit_by("circling-cursor"):
            page["nextPageToken"] = request.token(0)
        if request.offset is None and self.hit_by("endless-cursor"):
            following = page["nextPageToken"] and request.position + request.size
            page["nextPageToken"] = request.token(following or 0, random())
        if self.hit_by("null-totals"):
            page.update(totalItemCount=None, remainingRecords=None)
        return page

    def page_of(self, rows: Sequence[Row], render: Callable[[Row], Document]) -> Document:
        """The requested page of some rows; `render` makes a row's document."""
        return self.page(Selection(range(len(rows))), lambda i: render(rows[i]))

    def statuses(self, known: Sequence[str]) -> list[str]:
        """The query's status filters. Raises Problem 400 for one that is not `known`."""
        statuses = self.args.getlist("status")
        for status in statuses:
            if status not in known:
                raise Problem(400, f"{status[:100]!r} is not a valid status")
        return statuses
