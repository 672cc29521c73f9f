"""The attempts at a submission: all of them side by side, and each with its own items."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, batches, reasons
from webapp.store.items import Item
from webapp.store.reasons import Group
from webapp.store.retry import history
from webapp.store.submissions import Submission
from webapp.web.core import params
from webapp.web.core.access import begun_submission, submission_or_404
from webapp.web.core.context import context, viewer
from webapp.web.core.links import ListUrl, Pager
from webapp.web.core.page import Page, render
from webapp.web.items import exports
from webapp.web.items.reasons_panel import FEW_GROUPS
from webapp.web.retry.attempt_list import AttemptRow, rows
from webapp.web.submissions import status_text, tab_page
from webapp.web.submissions.tabs import Tab

NOT_BEGUN = "This list was not submitted yet, so there is no attempt at it."

blueprint = Blueprint("attempts", __name__)


class AttemptPage(Page):
    """One attempt with its items, those of some statuses or all, in the words that it found.

    explained, named: some of them have a reason, a name. history_dropped: those that later attempts
    have taken may be missing.
    """

    template = "retry/attempt.html"
    submission: Submission
    row: AttemptRow
    items: Sequence[Item]
    explained: bool
    named: bool
    history_dropped: bool
    labels: Mapping[str, str]
    reason_groups: list[Group]
    statuses: list[str]
    pager: Pager
    clear_url: str
    export_url: dict[str, str]


@blueprint.get("/submissions/<int:submission_id>/attempts")
def listed(submission_id: int) -> str:
    """All attempts, as a tab of the submission's page."""
    submission = begun_submission(submission_id, 404, NOT_BEGUN)
    return tab_page.page(submission, Tab.ATTEMPTS)


@blueprint.get("/submissions/<int:submission_id>/family")
def former_page(submission_id: int) -> ResponseReturnValue:
    submission = submission_or_404(submission_id)
    return redirect(url_for("attempts.listed", submission_id=submission.id), 301)


@blueprint.get("/submissions/<int:submission_id>/attempts/<int:number>")
def page(submission_id: int, number: int) -> str:
    submission, found = _begun(submission_id)
    row = next((one for one in found if one.attempt.number == number), None)
    if row is None:
        abort(404, f"This submission has no attempt {number}. Its page lists those that there are.")
    statuses = params.words("status")
    place = ListUrl(row.href, {"status": statuses, "size": params.chosen_size()}, "#items")
    counts = {} if row.attempt.runs else row.attempt.counts  # those of ICA are ahead of the rows
    total = sum(counts[word] for word in counts if not statuses or word in statuses) or None
    items = context().read(history.page, row.attempt, statuses, params.cursor(), params.size())
    groups, _ = context().read(reasons.groups, submission_id, FEW_GROUPS, number)
    return render(
        AttemptPage(
            submission=submission,
            row=row,
            items=items.rows,
            explained=any(item.reason for item in items.rows),
            named=any(item.name for item in items.rows),
            history_dropped=(submission.history_dropped_at or 0.0) > row.attempt.created_at,
            labels=status_text.labels_of(row.attempt),
            reason_groups=groups,
            statuses=statuses,
            pager=place.around(items, total, sized=True),
            clear_url=place.changed(status=None),
            export_url=exports.urls(submission, attempt=number, status=statuses),
        )
    )


def _begun(submission_id: int) -> tuple[Submission, list[AttemptRow]]:
    submission = begun_submission(submission_id, 404, NOT_BEGUN)
    with context().store.read() as connection:
        attempt_rows = attempts.of_submission(connection, submission_id)
        batch_rows = batches.of_submission(connection, submission_id)
    return submission, rows(submission, attempt_rows, batch_rows, viewer().id)
