"""One item's own page: its outcome, its attempts, and what ICA says of it right now."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flask import Blueprint, abort, url_for

from webapp.ica.errors import IcaError, NotFound
from webapp.store import attempts, batches, items, submissions
from webapp.store.batches import Batch
from webapp.store.enums import LEFT_OUT, NOT_SENT, UNREAD, State
from webapp.store.items import Item
from webapp.store.paging import Cursor
from webapp.store.retry import history, other_submissions
from webapp.store.retry.other_submissions import OtherOutcome
from webapp.store.retry.selection import DOUBTED
from webapp.store.submissions import Submission
from webapp.web.core import errors, params, searches
from webapp.web.core.access import listed_or_404
from webapp.web.core.context import context, ica_client, viewer
from webapp.web.core.links import ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.items import table
from webapp.web.retry import actions, attempt_list
from webapp.web.retry.actions import UNDO, Action, offered
from webapp.web.retry.attempt_list import AttemptRow
from webapp.web.submissions import status_text
from webapp.work.clients import ICA_KIND, NoKey

ON_ITS_WAY = "Not asked: it is on its way to ICA, which has not told of it yet."
NOT_IN_PROJECT = "ICA does not show it in this project."

blueprint = Blueprint("item_page", __name__)


class IcaAnswer(NamedTuple):
    """ICA's answer to a question; else a sentence on why there is none, and ICA's own words."""

    found: Any = None
    trouble: str = ""
    details: str = ""


class ItemPage(Page):
    """An item.

    since: what another submission has done to it since. batch: its last one. story: each attempt
    at it, and the item as that found it. others: the other submissions that hold its data id.
    id_search: what has them show this id.
    """

    template = "items/item_page.html"
    submission: Submission
    item: Item
    status: str
    label: str
    since: OtherOutcome | None
    batch: Batch | None
    in_batch: IcaAnswer
    in_project: IcaAnswer
    story: list[tuple[AttemptRow, Item]]
    actions: list[Action]
    others: list[Submission]
    id_search: str
    now: float
    pager: Pager
    back_url: str


@blueprint.get("/submissions/<int:submission_id>/items/<int:position>")
def page(submission_id: int, position: int) -> str:
    submission, now = listed_or_404(submission_id), context().clock()
    with context().store.read() as connection:
        item = items.get(connection, submission_id, position)
        if item is None:
            abort(404, f"This submission has no item {position:,}.")
        batch_rows = batches.of_submission(connection, submission_id)
        attempt_rows = attempts.of_submission(connection, submission_id)
        past = history.of_item(connection, item)
        since = other_submissions.changed_since(connection, submission, [item]).get(position)
        holders = submissions.holding(connection, viewer(), item.data_id, now)
    status, label = status_text.item_label(item.status, position, batch_rows)
    batch = next((batch for batch in batch_rows if batch.id == item.batch_id), None)
    rows = attempt_list.rows(submission, attempt_rows, batch_rows, viewer().id)
    pager, back_url = _neighbours(submission, position, batch_rows)
    return render(
        ItemPage(
            submission=submission,
            item=item,
            status=status,
            label=label,
            since=since,
            batch=batch,
            in_batch=_ask_batch(submission, item, batch),
            in_project=_ask_project(submission, item, status),
            story=[(row, one) for row in rows for one in past if one.attempt == row.attempt.number],
            actions=_actions(submission, status, batch_rows),
            others=[holder for holder in holders if holder.id != submission_id],
            id_search=searches.of_id(item.data_id),
            now=now,
            pager=pager,
            back_url=back_url,
        )
    )


def _actions(submission: Submission, status: str, batch_rows: Sequence[Batch]) -> list[Action]:
    """What can be done with an item of this status."""
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


def _ask_batch(submission: Submission, item: Item, batch: Batch | None) -> IcaAnswer:
    """ICA's item of the batch that holds it."""
    if batch is None or not (batch.ica_batch_id and item.ica_item_id):
        return IcaAnswer()
    place = (submission.project_id, batch.ica_batch_id, item.ica_item_id)
    kind = ICA_KIND[batch.kind]
    return _ask(lambda: ica_client().item(*place, kind=kind))


def _ask_project(submission: Submission, item: Item, status: str) -> IcaAnswer:
    """The datum in the project; not asked of what was never sent, or may be on its way."""
    if status in {UNREAD, NOT_SENT, LEFT_OUT}:
        begun = submission.begun and status == UNREAD
        return IcaAnswer(trouble=ON_ITS_WAY if begun else "")
    return _ask(lambda: ica_client().data(submission.project_id, item.data_id), NOT_IN_PROJECT)


def _ask(question: Callable[[], object], not_there: str = "") -> IcaAnswer:
    try:
        return IcaAnswer(question())
    except (IcaError, NoKey) as error:
        if not_there and isinstance(error, NotFound):
            return IcaAnswer(trouble=not_there)
        return IcaAnswer(None, errors.sentence(error), errors.quoted(error))


def _neighbours(
    submission: Submission, position: int, batch_rows: Sequence[Batch]
) -> tuple[Pager, str]:
    """The items before and after it within the filter that it was reached by, and the way back."""
    kept, text = table.list_url(submission).chosen, searches.of_request().text
    wanted = items.slices(batch_rows, kept["status"], kept["reason"])

    def neighbour(cursor: Cursor) -> str | None:
        found = context().read(items.page, submission.id, wanted, text, cursor, 1).rows
        if not found:
            return None
        place = url_for("item_page.page", submission_id=submission.id, position=found[0].position)
        return ListUrl(place, kept).changed(**{"from": found[0].position - 1})

    pager = Pager(
        previous_url=neighbour(Cursor(before=position)),
        next_url=neighbour(Cursor(after=position)),
        previous_text="Previous item",
        next_text="Next item",
    )
    back = ListUrl(url_for("items.page", submission_id=submission.id), kept, f"#item-{position}")
    return pager, back.changed(after=params.whole("from"))
