"""The item table: a page of a submission's items, with its filters, its search and its pager."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import parse_qs

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, attempts, batches, items
from webapp.store import reasons as reasons_store
from webapp.store.batches import Batch
from webapp.store.enums import EntryKind, State
from webapp.store.items import Item, Slice
from webapp.store.paging import Cursor
from webapp.store.paging import Page as RowsPage
from webapp.store.retry import other_submissions
from webapp.store.retry.other_submissions import OtherOutcome
from webapp.store.retry.selection import MAX_PICKED_ITEMS
from webapp.store.submissions import Submission
from webapp.web.core import links, params, searches
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.htmx import is_part, query_of_page
from webapp.web.core.links import Chip, ListUrl, Pager
from webapp.web.core.page import Page, Part, render
from webapp.web.core.searches import Search
from webapp.web.items import exports, reasons, returned_list
from webapp.web.submissions import status_text, tab_page
from webapp.web.submissions.status_display import ordered, status_label
from webapp.web.submissions.tabs import Tab

MOST_COUNTED = 10_000  # rows before a page, or behind it, that are counted for its position
PAGES = "#item-pages"  # where the rows begin
READ_SO_FAR = "rows read so far"

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

    search_url: takes what is typed to search, and keeps the filters; read, it is the table without
    a search. rejected_url: where the lines of the list are that were rejected, "" without any, or
    where they are not for this visitor. rows_read: how many rows were read from ICA, of how many,
    and as of when. rows_changed: how often a row had changed at read_at, when the table was read.
    drafted: the rows are those of a draft, without outcomes. explained: some of them have a reason.
    placed: names alone do not tell what they are, and some have a path. named: some have a name
    that the path beside it does not end in. label_header: over
    the labels, "" where no item has one. filters: these as a query, within which items are picked;
    matching: the same as a form asks for all that they match; matched: how many these are, if that
    is known. turned: the reader comes from another page.
    """

    template = "items/_table.html"
    submission: Submission
    rows: list[ItemRow]
    rows_read: tuple[int, int, float | None]
    rows_changed: int
    read_at: float
    item_chips: list[Chip]
    reason_chip: Chip | None
    statuses: list[str]
    search: Search
    search_url: str
    rejected_url: str
    filtered: bool
    beyond: bool
    unlinked_since: bool
    drafted: bool
    explained: bool
    named: bool
    placed: bool
    label_header: str
    pager: Pager
    items_url: str
    here_url: str
    first_url: str
    export_url: dict[str, str]
    filters: str
    matching: str
    matched: int | None
    turned: bool
    most_picked: int = MAX_PICKED_ITEMS
    oob: bool = False


class DraftItemsPage(Page):
    """The item table of a draft as a page of its own."""

    template = "items/items.html"
    submission: Submission


@blueprint.get("/submissions/<int:submission_id>/items")
def page(submission_id: int) -> str:
    submission = listed_or_404(submission_id)
    shown = table(submission)
    if is_part():
        return render(shown)
    if not submission.begun:
        return render(DraftItemsPage(submission), shown)
    return tab_page.page(submission, Tab.ITEMS, shown, returned_list.offers(submission))


@blueprint.post("/submissions/<int:submission_id>/items")
def search(submission_id: int) -> ResponseReturnValue:
    """Where the table shows what was typed, within the same filters."""
    place = list_url(listed_or_404(submission_id))
    return redirect(place.changed(search=searches.typed_in(submission_id)), 303)


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
    asked, now = searches.of_request(), context().clock()
    by_path = _tells_paths(submission)
    with context().store.read() as connection:
        batch_rows = batches.of_submission(connection, submission.id)
        wanted = items.slices(batch_rows, statuses, reason_id)
        found = items.page(connection, submission.id, wanted, asked.text, cursor, size)
        since = other_submissions.changed_since(connection, submission, found.rows)
        attempt_rows = attempts.of_submission(connection, submission.id)
        total = before = None
        if not asked.text:
            total = _total(connection, submission, batch_rows, statuses, reason_id)
            before = _rows_before(connection, submission, wanted, found, total)
    pager = place._replace(anchor=PAGES).around(found, total, before, sized=True)
    if pager.position and reason_id is None and _counts_differ(submission, statuses, total):
        pager = replace(pager, position=f"{pager.position} {READ_SO_FAR}")
    return ItemTable(
        submission=submission,
        rows=_rows(place, found.rows, since, batch_rows),
        rows_read=status_text.rows_read(batch_rows),
        rows_changed=sum(batch.rows_changed for batch in batch_rows),
        read_at=now,
        item_chips=_chips(submission, place, status_text.labels(submission, attempt_rows)),
        reason_chip=_reason_chip(submission, place),
        statuses=statuses,
        search=asked,
        search_url=place.changed(search=None),
        rejected_url=_rejected_url(submission),
        filtered=bool(statuses or asked.text or reason_id),
        beyond=not found.rows and cursor != Cursor(),
        unlinked_since=any(not doing.linked for doing in since.values()),
        drafted=_is_drafted(submission),
        explained=any(item.reason for item in found.rows),
        named=any(item.name and not (by_path and _ends_in_name(item)) for item in found.rows),
        placed=by_path and any(item.path for item in found.rows),
        label_header=submission.review.label_header,
        pager=pager,
        items_url=place.address,
        here_url=place.changed(after=cursor.after, before=cursor.before),
        first_url=place.changed(),
        export_url=exports.urls(submission, status=statuses, reason=reason_id, search=asked.key),
        filters=_filters(place),
        matching=_matching(submission, place),
        matched=total,
        turned=is_part() and cursor != Cursor(),
    )


def _total(
    connection: Connection,
    submission: Submission,
    batch_rows: Sequence[Batch],
    statuses: Sequence[str],
    reason_id: int | None,
) -> int | None:
    """How many rows the filters match; None: that is not known without counting them."""
    if reason_id is not None:
        standing = reasons_store.standing(connection, submission.id, reason_id)
        return sum(count for word, count in standing.items() if not statuses or word in statuses)
    if not statuses:
        return submission.item_count - submission.empty_positions
    return items.total(batch_rows, statuses, submission.left_out) if batch_rows else None


def _counts_differ(submission: Submission, statuses: Sequence[str], total: int | None) -> bool:
    """Whether the chips, which count what ICA says, give another number than the rows do, which are
    read from ICA after that.
    """
    counted = sum(submission.counts.get(word, 0) for word in statuses)
    return bool(statuses) and total is not None and total != counted


def _rows_before(
    connection: Connection,
    submission: Submission,
    wanted: Sequence[Slice],
    found: RowsPage[Item],
    total: int | None,
) -> int | None:
    """How many rows the filters match before a page: by its position where each of the list has a
    row, else counted from the end that is near; None: neither is.
    """
    if found.previous is None or not found.rows:
        return 0
    first, last = found.rows[0].position, found.rows[-1].position
    if wanted == [Slice()] and not submission.empty_positions:
        return first - 1
    before = items.count_before(connection, submission.id, wanted, first, MOST_COUNTED)
    if before is None and total is not None:
        after = items.count_after(connection, submission.id, wanted, last, MOST_COUNTED)
        before = None if after is None else total - len(found.rows) - after
    return before


def _matching(submission: Submission, place: ListUrl) -> str:
    """The filters as a query; without any, all statuses that the submission has now."""
    every = {"status": ordered(submission.counts)}
    return _filters(place) or links.query(every).removeprefix("?")


def _filters(place: ListUrl) -> str:
    filters = {name: place.chosen[name] for name in ("status", "reason", "search")}
    return links.query(filters).removeprefix("?")


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
        # Its page lies below the table's: to build hundreds of addresses takes a millisecond.
        href = f"{place.address}/{item.position}{query}"
        return ItemRow(item, status, label, href, since.get(item.position))

    return list(map(row, found))


def _tells_paths(submission: Submission) -> bool:
    """Whether its data were known by name and path before they were linked; of a draft, a check
    may have told.
    """
    by_name = submission.folder_query is not None or submission.review.lookups > 0
    return by_name or _is_drafted(submission)


def _rejected_url(submission: Submission) -> str:
    """Those of a list with names are its submitter's."""
    review = submission.review
    if not review.rejected or (review.lookups and submission.account_id != viewer().id):
        return ""
    kind = EntryKind.REJECTED.value
    return url_for("drafts.listed", submission_id=submission.id, kind=kind)


def _ends_in_name(item: Item) -> bool:
    return item.path.rstrip("/").endswith(f"/{item.name}")


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
    asked = parse_qs(query_of_page())
    statuses = [word for word in asked.get("status", []) if params.STATUS.fullmatch(word)]
    kept = {
        "search": searches.in_address(asked.get("search", [""])[0]),
        "size": params.line(asked.get("size", [""])[0])[:4],
    }
    here = url_for("items.page", submission_id=submission.id)
    place = ListUrl(here, {"status": statuses, **kept})
    return ItemChips(_chips(submission, place, labels), oob=True)
