"""The selection of items that a request names, and the text for it."""

import re
from collections.abc import Iterator
from itertools import groupby, islice
from urllib.parse import parse_qs

from flask import abort, request

from webapp.store.retry.selection import MAX_PICKED_ITEMS, Selection
from webapp.web.core import searches
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.links import query
from webapp.web.core.params import number, words
from webapp.web.core.searches import Search
from webapp.web.submissions.status_display import status_label
from webapp.web.submissions.status_text import WHEN_ENDED

MAX_QUERY = 2_000  # characters of an address, which everything in between lets through
RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
NOT_OURS = "This selection is not one of ours: go back to the submission and choose again."
FORGOTTEN = (
    "This search is not kept any more, or is somebody else's, so nothing was chosen. Go back to "
    "the submission's items, type again what you look for, and choose again."
)


def of_request(default: str) -> Selection:
    """Items by `position` (repeated) and `positions` (1-50,77), else of a `reason`, found by a
    `search`, or by `status`. With an `attempt`: those that it found in this status, and could not
    unlink.

    Without any of them: those with the status `default`. With `picked` and no position: none.
    """
    values = request.values
    positions = _picked()
    if positions or "picked" in values:
        return Selection(positions=positions)
    statuses = words("status", NOT_OURS)
    reason_id, attempt = (
        number(values[name], NOT_OURS, 1) if values.get(name) else None
        for name in ("reason", "attempt")
    )
    text = search().text
    if reason_id is None and not statuses and not text:
        statuses = [default]
    return Selection(statuses=statuses, reason_id=reason_id, attempt=attempt, text=text)


def search() -> Search:
    """The search that narrows the selection; one that is not known would widen it: a 404."""
    found = searches.of_key(request.values.get("search", ""))
    return abort(404, FORGOTTEN) if found.unknown else found


def all_that_match() -> str | None:
    """Where the form asks for all items that its table's filters match: these, as a query."""
    asked = parse_qs(request.form.get("all", ""))
    names = ("status", "reason", "search")
    kept: dict[str, list[str]] = {name: asked[name] for name in names if name in asked}
    return query(kept) if kept else None


def few_picked() -> str:
    """Items that a form names one by one, as a query; "" where there are none, or too many."""
    positions = _picked() if request.method == "POST" else ()
    found = query({"picked": "1", "positions": compact(Selection(positions=positions))})
    return found if positions and len(found) <= MAX_QUERY else ""


def _picked() -> tuple[int, ...]:
    # A position may come twice: ticked on the page, and remembered by selection.js.
    named = list(islice(_positions(), 2 * MAX_PICKED_ITEMS + 1))
    found = set(named)
    if len(found) > MAX_PICKED_ITEMS or len(named) > 2 * MAX_PICKED_ITEMS:
        abort(400, f"At most {MAX_PICKED_ITEMS:,} items can be picked by hand. Use a filter.")
    return tuple(sorted(found))


def _positions() -> Iterator[int]:
    for text in request.values.getlist("position"):
        yield number(text, NOT_OURS, 1)
    for text in filter(None, request.values.get("positions", "").split(",")):
        found = RANGE.fullmatch(text) or abort(400, NOT_OURS)
        first, last = (number(end, NOT_OURS, 1) for end in (found[1], found[2] or found[1]))
        if not first <= last < first + MAX_PICKED_ITEMS:
            abort(400, NOT_OURS)
        yield from range(first, last + 1)


def shown_at(default: float | None) -> float | None:
    """When the confirmed page was shown, no later than now; `default` if the form does not say."""
    at, now = request.form.get("at", default, float), context().clock()
    return at if at is None or 0 < at <= now else now


def compact(selection: Selection) -> str:
    """The positions as ranges: 1-50,77."""
    found = []
    for _, run in groupby(enumerate(selection.positions), lambda place: place[1] - place[0]):
        first, *others = [position for _, position in run]
        found.append(f"{first}-{others[-1]}" if others else str(first))
    return ",".join(found)


def as_text(selection: Selection, count: int, reason: str | None) -> str:
    """The selection with its exact count: 12 items that you picked."""
    many = plural(count, "item")
    if selection.positions:
        return f"{many} that you picked"
    if selection.text:
        many += f" found by the search “{selection.text}”"
    if selection.attempt is not None:
        return f"{many} that attempt {selection.attempt} did not unlink"
    having = []
    if selection.reason_id is not None:
        having.append(f"the reason “{reason}”" if reason else "no reason")
    if selection.statuses:
        named = (status_label(word, WHEN_ENDED) for word in selection.statuses)
        having.append(f"the status {' or '.join(named)}")
    return f"{many} with {' and '.join(having)}" if having else many
