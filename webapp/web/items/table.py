"""The item table, and one item's own page, live from ICA."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.ica.errors import IcaError, NotFound
from webapp.store import attempts, batches, items, submissions
from webapp.store.batches import Batch
from webapp.store.enums import LEFT_OUT, NOT_SENT, UNREAD, State
from webapp.store.items import Item
from webapp.store.paging import Cursor
from webapp.store.retry import history, other_submissions
from webapp.store.retry.other_submissions import Doing
from webapp.store.retry.selection import DOUBTED, MOST_PICKED
from webapp.store.submissions import Submission
from webapp.web.core import errors, links, params
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.htmx import is_part
from webapp.web.core.links import Chip, ListUrl
from webapp.web.items import exports, reasons
from webapp.web.retry import actions
from webapp.web.retry import attempts as attempts_page
from webapp.web.retry.actions import UNDO, Action, offered
from webapp.web.submissions import status_text
from webapp.web.submissions.status_display import ordered, status_label
from webapp.work.clients import ICA_KIND, NoKey

NOT_SHOWN = "ICA does not show it in this project."

blueprint = Blueprint("items", __name__)


class ItemRow(NamedTuple):
    """An item as the table shows it; `since`: what another submission has done to it since."""

    item: Item
    status: str
    label: str | None
    href: str
    since: Doing | None = None


class Answer(NamedTuple):
    """ICA's answer to a question; else a sentence on why there is none, and ICA's own words."""

    found: Any = None
    trouble: str = ""
    details: str = ""


@blueprint.get("/submissions/<int:submission_id>/items")
def page(submission_id: int) -> ResponseReturnValue:
    submission = listed_or_404(submission_id)
    template = "items/_table.html" if is_part() else "items/items.html"
    return render_template(template, submission=submission, **table(submission))


@blueprint.get("/submissions/<int:submission_id>/items/<int:position>")
def item(submission_id: int, position: int) -> ResponseReturnValue:
    """One item: how it stands, what came before, and what ICA says right now."""
    submission, now = listed_or_404(submission_id), context().clock()
    with context().store.read() as connection:
        found = items.get(connection, submission_id, position)
        if found is None:
            abort(404, f"This submission has no item {position:,}.")
        batch_rows = batches.of_submission(connection, submission_id)
        attempt_rows = {
            one.number: one for one in attempts.of_submission(connection, submission_id)
        }
        story = history.of_item(connection, found)
        since = other_submissions.changed_since(connection, submission, [found]).get(position)
        holders = submissions.holding(connection, viewer(), found.data_id, now)
    status, label = status_text.item_label(found.status, position, batch_rows)
    batch = next((batch for batch in batch_rows if batch.id == found.batch_id), None)
    return render_template(
        "items/item.html",
        submission=submission,
        item=found,
        status=status,
        label=label,
        since=since,
        batch=batch,
        in_batch=_ask_batch(submission, found, batch),
        in_project=_ask_project(submission, found, status),
        story=[
            (attempts_page.title(attempt_rows[told.attempt]), attempt_rows[told.attempt], told)
            for told in story
        ],
        actions=_actions(submission, status, found, batch_rows),
        others=[holder for holder in holders if holder.id != submission_id],
        now=now,
        **_neighbours(submission, position),
    )


def _actions(
    submission: Submission, status: str, found: Item, batch_rows: Sequence[Batch]
) -> list[Action]:
    """What can be done with an item that stands so."""
    if submission.state == State.DRAFT:
        return []
    over = submission.state == State.SETTLED
    may_be = [
        action
        for action in (actions.linking([status]), UNDO)
        if offered(action, [status], over=over)
    ]
    in_doubt = status == DOUBTED and any(batch.sent_again for batch in batch_rows)
    return [*may_be, UNDO] if in_doubt else may_be


def _ask_batch(submission: Submission, found: Item, batch: Batch | None) -> Answer:
    """ICA's item of the batch that holds it."""
    if batch is None or not (batch.ica_batch_id and found.ica_item_id):
        return Answer()
    place = (submission.project_id, batch.ica_batch_id, found.ica_item_id)
    kind = ICA_KIND[batch.kind]
    return _ask(lambda: ica_client().item(*place, kind=kind))


def _ask_project(submission: Submission, found: Item, status: str) -> Answer:
    """The datum in the project; not asked of what was never sent."""
    if status in {UNREAD, NOT_SENT, LEFT_OUT}:
        return Answer()
    return _ask(lambda: ica_client().data(submission.project_id, found.data_id), NOT_SHOWN)


def _ask(question: Callable[[], object], not_there: str = "") -> Answer:
    try:
        return Answer(question())
    except (IcaError, NoKey) as error:
        if not_there and isinstance(error, NotFound):
            return Answer(trouble=not_there)
        return Answer(None, errors.sentence(error), errors.quoted(error))


def _neighbours(submission: Submission, position: int) -> dict[str, str | None]:
    """The items before and after it within the filter that it was reached by, and the way back."""
    kept = _place(submission).chosen

    def neighbour(cursor: Cursor) -> str | None:
        for found in items.page(connection, submission.id, wanted, kept["q"], cursor, 1).rows:
            there = url_for("items.item", submission_id=submission.id, position=found.position)
            return ListUrl(there, kept).changed(**{"from": found.position - 1})
        return None

    back = url_for("submissions.page", submission_id=submission.id)
    back += links.query({**kept, "after": params.whole("from")})
    with context().store.read() as connection:
        batch_rows = batches.of_submission(connection, submission.id)
        wanted = items.slices(batch_rows, kept["status"], kept["reason"])
        return {
            "next_url": neighbour(Cursor(after=position)),
            "previous_url": neighbour(Cursor(before=position)),
            "back_url": f"{back}#item-{position}",
        }


def _place(submission: Submission) -> ListUrl:
    """The table with filters, search and size as the URL has them."""
    chosen = {
        "status": params.words("status"),
        "reason": params.whole("reason"),
        "q": params.text("q"),
        "size": params.chosen_size(),
    }
    return ListUrl(url_for("items.page", submission_id=submission.id), chosen)


def table(submission: Submission) -> dict[str, Any]:
    """What the item table shows, from the URL: filters, search, cursor and size."""
    place, cursor, size = _place(submission), params.cursor(), params.size()
    statuses, reason_id, text = (place.chosen[name] for name in ("status", "reason", "q"))
    with context().store.read() as connection:
        batch_rows = batches.of_submission(connection, submission.id)
        wanted = items.slices(batch_rows, statuses, reason_id)
        found = items.page(connection, submission.id, wanted, text, cursor, size)
        since = other_submissions.changed_since(connection, submission, found.rows)
        attempt_rows = attempts.of_submission(connection, submission.id)
    start = {**place.chosen, "from": found.rows[0].position - 1 if found.rows else None}

    def row(item: Item) -> ItemRow:
        status, label = status_text.item_label(item.status, item.position, batch_rows)
        there = url_for("items.item", submission_id=submission.id, position=item.position)
        return ItemRow(
            item, status, label, ListUrl(there, start).changed(), since.get(item.position)
        )

    return {
        "rows": list(map(row, found.rows)),
        "unlinked_since": any(not doing.linked for doing in since.values()),
        "item_chips": chips(submission, place, status_text.labels(submission, attempt_rows)),
        "statuses": statuses,
        "q": text,
        "filtered": bool(statuses or text or reason_id),
        "beyond": not found.rows and cursor != Cursor(),
        "reason": reasons.text_of(submission, reason_id),
        "all_reasons_url": place.changed(reason=None),
        "chosen": place.chosen,
        **place.around(found),
        "items_url": place.address,
        "here_url": place.changed(after=cursor.after, before=cursor.before),
        "first_url": place.changed(),
        "export_url": exports.urls(submission, status=statuses, reason=reason_id, q=text),
        "rows_read": status_text.rows_read(batch_rows),
        "moves": submission.state == State.ACTIVE,
        "pickable": submission.begun,
        "most_picked": MOST_PICKED,
        "drafted": submission.state == State.DRAFT and not submission.left_out,
    }


def chips(submission: Submission, place: ListUrl, labels: Mapping[str, str]) -> list[Chip]:
    """One for each status there is, and for each that is chosen though there is none of it."""
    if submission.state == State.DRAFT and not submission.left_out:
        return []
    statuses = place.chosen["status"]
    shown = ordered(submission.counts)
    shown += [word for word in statuses if word not in shown]
    return [
        Chip(
            word,
            status_label(word, labels),
            submission.counts.get(word, 0),
            place.changed(status=links.toggled(statuses, word), reason=None),
            word in statuses,
        )
        for word in shown
    ]


def chips_of_page(submission: Submission, labels: Mapping[str, str]) -> list[Chip]:
    """The chips for the table as the browser shows it now, by the address that its poll tells."""
    asked = parse_qs(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    statuses = [word for word in asked.get("status", []) if params.STATUS.fullmatch(word)]
    kept: dict[str, Any] = {
        name: params.line(asked[name][0])[: params.LONGEST]
        for name in ("q", "size")
        if name in asked
    }
    here = url_for("items.page", submission_id=submission.id)
    return chips(submission, ListUrl(here, {"status": statuses, **kept}), labels)
