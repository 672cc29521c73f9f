"""The item table: a page of a submission's items, with its filters, its search and its pager."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, items
from webapp.store.batches import Batch
from webapp.store.enums import State
from webapp.store.items import Item
from webapp.store.paging import Cursor
from webapp.store.retry import other_submissions
from webapp.store.retry.other_submissions import OtherOutcome
from webapp.store.retry.selection import MAX_PICKED_ITEMS
from webapp.store.submissions import Submission
from webapp.web.core import links, params, searches
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context
from webapp.web.core.htmx import PAGE, is_part
from webapp.web.core.links import Chip, ListUrl, Pager
from webapp.web.core.page import Page, Part, render
from webapp.web.core.searches import Search
from webapp.web.items import exports, reasons
from webapp.web.submissions import status_text
from webapp.web.submissions.status_display import ordered, status_label

blueprint = Blueprint("items", __name__)


class ItemRow(NamedTuple):
    """An item as the table shows it; `since`: what another submission has done to it since."""

    item: Item
    status: str
    label: str
    href: str
    since: OtherOutcome | None


class ItemChips(Part):
    """The statuses as filters. oob: they come with another part, and find their place by id."""

    template = "items/_chips.html"
    item_chips: list[Chip]
    oob: bool


class ItemTable(Part):
    """The item table, with its chips.

    search_url: takes what is typed to search, and keeps the filters. rows_read: how many rows were
    read from ICA, of how many, and as of when. drafted: the rows are those of a draft, without
    outcomes. named: some of them have a name; placed: names alone do not tell what they are, and
    some have a path.
    """

    template = "items/_table.html"
    submission: Submission
    rows: list[ItemRow]
    rows_read: tuple[int, int, float | None]
    item_chips: list[Chip]
    reason_chip: Chip | None
    statuses: list[str]
    search: Search
    search_url: str
    filtered: bool
    beyond: bool
    unlinked_since: bool
    drafted: bool
    named: bool
    placed: bool
    pager: Pager
    items_url: str
    here_url: str
    first_url: str
    export_url: dict[str, str]
    most_picked: int = MAX_PICKED_ITEMS
    oob: bool = False


class ItemsPage(Page):
    """The item table as a page of its own."""

    template = "items/items.html"
    submission: Submission


@blueprint.get("/submissions/<int:submission_id>/items")
def page(submission_id: int) -> str:
    submission = listed_or_404(submission_id)
    shown = table(submission)
    return render(shown) if is_part() else render(ItemsPage(submission), shown)


@blueprint.post("/submissions/<int:submission_id>/items")
def search(submission_id: int) -> ResponseReturnValue:
    """Where the table shows what was typed, within the same filters."""
    place = list_url(listed_or_404(submission_id))
    return redirect(place.changed(search=searches.typed()), 303)


def list_url(submission: Submission) -> ListUrl:
    """The table with filters, search and size as the URL has them."""
    chosen = {
        "status": params.words("status"),
        "reason": params.whole("reason"),
        "search": searches.of_request().key,
        "size": params.chosen_size(),
    }
    return ListUrl(url_for("items.page", submission_id=submission.id), chosen)


def table(submission: Submission) -> ItemTable:
    """The table that the URL asks for: filters, search, cursor and size."""
    place, cursor, size = list_url(submission), params.cursor(), params.size()
    statuses, reason_id = (place.chosen[name] for name in ("status", "reason"))
    asked = searches.of_request()
    with context().store.read() as connection:
        batch_rows = batches.of_submission(connection, submission.id)
        wanted = items.slices(batch_rows, statuses, reason_id)
        found = items.page(connection, submission.id, wanted, asked.text, cursor, size)
        since = other_submissions.changed_since(connection, submission, found.rows)
        attempt_rows = attempts.of_submission(connection, submission.id)
    return ItemTable(
        submission=submission,
        rows=_rows(place, found.rows, since, batch_rows),
        rows_read=status_text.rows_read(batch_rows),
        item_chips=_chips(submission, place, status_text.labels(submission, attempt_rows)),
        reason_chip=_reason_chip(submission, place),
        statuses=statuses,
        search=asked,
        search_url=place.changed(search=None),
        filtered=bool(statuses or asked.text or reason_id),
        beyond=not found.rows and cursor != Cursor(),
        unlinked_since=any(not doing.linked for doing in since.values()),
        drafted=_is_drafted(submission),
        named=any(item.name for item in found.rows),
        placed=_tells_paths(submission) and any(item.path for item in found.rows),
        pager=place.around(found),
        items_url=place.address,
        here_url=place.changed(after=cursor.after, before=cursor.before),
        first_url=place.changed(),
        export_url=exports.urls(submission, status=statuses, reason=reason_id, search=asked.key),
    )


def _rows(
    place: ListUrl,
    found: Sequence[Item],
    since: Mapping[int, OtherOutcome],
    batch_rows: Sequence[Batch],
) -> list[ItemRow]:
    start = {**place.chosen, "from": found[0].position - 1} if found else {}
    query = ListUrl("", start).changed()

    def row(item: Item) -> ItemRow:
        status, label = status_text.item_label(item.status, item.position, batch_rows)
        own = url_for("item_page.page", submission_id=item.submission_id, position=item.position)
        return ItemRow(item, status, label, own + query, since.get(item.position))

    return list(map(row, found))


def _tells_paths(submission: Submission) -> bool:
    """Whether its data were known by name and path before they were linked; of a draft, a check
    may have told.
    """
    by_name = submission.folder_query is not None or submission.review.lookups > 0
    return by_name or _is_drafted(submission)


def _is_drafted(submission: Submission) -> bool:
    """Whether no item of it has an outcome that could be filtered by."""
    return submission.state == State.DRAFT and not submission.left_out


def _reason_chip(submission: Submission, place: ListUrl) -> Chip | None:
    """The chosen reason, to be taken away."""
    text = reasons.text_of(submission, place.chosen["reason"])
    if text is None:
        return None
    return Chip(text or "no reason given", place.changed(reason=None), chosen=True)


def _chips(submission: Submission, place: ListUrl, labels: Mapping[str, str]) -> list[Chip]:
    """One for each status there is, and for each that is chosen though there is none of it."""
    if _is_drafted(submission):
        return []
    statuses = place.chosen["status"]
    shown = ordered(submission.counts)
    shown += [word for word in statuses if word not in shown]
    return [
        Chip(
            label=status_label(word, labels),
            href=place.changed(status=links.toggled(statuses, word), reason=None),
            count=submission.counts.get(word, 0),
            chosen=word in statuses,
            status=word,
        )
        for word in shown
    ]


def chips_of_page(submission: Submission, labels: Mapping[str, str]) -> ItemChips:
    """The chips for the table as the browser shows it now, by the address that its poll tells."""
    asked = parse_qs(urlsplit(request.headers.get(PAGE, "")).query)
    statuses = [word for word in asked.get("status", []) if params.STATUS.fullmatch(word)]
    kept = {
        "search": searches.in_address(asked.get("search", [""])[0]),
        "size": params.line(asked.get("size", [""])[0])[:4],
    }
    here = url_for("items.page", submission_id=submission.id)
    place = ListUrl(here, {"status": statuses, **kept})
    return ItemChips(_chips(submission, place, labels), oob=True)
