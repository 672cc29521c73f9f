"""Trying items again and unlinking them: a page that has it confirmed, then the attempt."""

import secrets
from dataclasses import replace

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, attempts, batches, items
from webapp.store.attempts import Attempt
from webapp.store.enums import AttemptState, State
from webapp.store.retry import assignment
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import DOUBTED, SelectedItems, Selection, SelectionCounts
from webapp.store.submissions import Submission
from webapp.web.core.access import begun_submission
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.links import Chip, Link, ListUrl, toggled
from webapp.web.core.page import Page, render
from webapp.web.items import reasons
from webapp.web.retry import actions, attempt_list, start
from webapp.web.retry import selection as selection_form
from webapp.web.retry.actions import UNDO, Action
from webapp.web.submissions.status_display import status_label

PICKED_SHOWN = 5  # ids of what was picked by hand

blueprint = Blueprint("retry", __name__)


class ConfirmPage(Page):
    """Has an attempt confirmed: what becomes of the selected items, and who has changed them too.

    place: the address that its form is sent to. positions, search and words: the selection as the
    form and as the text of the page have it. picked: id and label of the first of those picked by
    hand.
    shared: items that other submissions have linked too.
    done: items that other submissions have linked, or unlinked, since, not among the skipped.
    shared_of: both were counted among the first so many items; None: among all. before: how many
    were confirmed, if it is another number now. at: now, if any can still change. under_way: the
    attempts that run, by whom each is.
    """

    template = "retry/confirm.html"
    action: Action
    place: str
    submission: Submission
    selection: Selection
    positions: str
    search: str
    words: str
    picked: list[tuple[str, str]]
    counts: SelectionCounts
    skipped: list[tuple[int, str]]
    status_chips: list[Chip]
    shared: int
    shared_of: int | None
    done: int
    before: int
    at: float | None
    under_way: list[tuple[Link, str]]
    token: str


@blueprint.route("/submissions/<int:submission_id>/retry", methods=["GET", "POST"])
def retry(submission_id: int) -> ResponseReturnValue:
    return _begin_or_confirm(actions.linking(request.values.getlist("status")), submission_id)


@blueprint.route("/submissions/<int:submission_id>/undo", methods=["GET", "POST"])
def undo(submission_id: int) -> ResponseReturnValue:
    return _begin_or_confirm(UNDO, submission_id)


def _begin_or_confirm(action: Action, submission_id: int) -> ResponseReturnValue:
    """Begin the attempt if it was confirmed, else show the page that has it confirmed.

    That has an address, to which one can go back, unless more items were picked than fit into one.
    """
    text = "This list was not submitted yet, so it has nothing to try again or to undo."
    source = begun_submission(submission_id, 409, text)
    token = request.form.get("token", "")[: start.MAX_TOKEN_LENGTH]
    named = selection_form.all_that_match() or ("" if token else selection_form.few_picked())
    if named:
        return redirect(url_for(action.endpoint, submission_id=source.id) + named, 303)
    if request.method != "POST" or not token:
        return _confirmation(action, source)
    place = url_for("submissions.page", submission_id=source.id)
    if context().read(start.begun_by, source, token):
        return redirect(place, 303)
    # The items are selected as they were when the page was shown. To count a million of them takes
    # a while, so that is done before the store is written to.
    at = selection_form.shown_at(context().clock() if source.state == State.ACTIVE else None)
    chosen = replace(selection_form.of_request(action.status), at=at)
    counts = context().read(start.counted, source, action, chosen)
    confirmed = min(request.form.get("confirmed", counts.confirmed, int), source.item_count)
    if counts.confirmed > confirmed or not counts.made:
        return _confirmation(action, source, confirmed)
    begun = start.begin_at_once(source, Confirmed(action.kind, chosen, confirmed, token))
    if begun:
        _say_begun(action, begun, counts.made)
    return redirect(place, 303)


def _say_begun(action: Action, begun: Attempt, made: int) -> None:
    batch_rows = context().read(batches.of_submission, begun.submission_id, begun.number)
    if any(batch.lacked_rights for batch in batch_rows):
        return  # the page itself says so
    if begun.state == AttemptState.ENDED and begun.problem:
        flash(begun.problem, "info")
    else:
        # It stays on the page until the attempt has ended, and is true then, too.
        what = f"{plural(made, 'item')} to be {action.doing}"
        flash(f"Attempt {begun.number} has begun: {what}.", "success")


def _confirmation(action: Action, source: Submission, before: int = 0) -> ResponseReturnValue:
    chosen = selection_form.of_request(action.status)
    place = url_for("items.page", submission_id=source.id)
    if request.values.get("picked") and not chosen.positions:
        flash("No item was picked. Tick those you mean, then choose again.", "info")
        return redirect(place, 303)
    with context().store.read() as connection:
        counts, by_status = _counted(connection, action, source, chosen)
        shared = assignment.shared(connection, source, chosen) if action is UNDO else 0
        picked = items.labelled_at(connection, source.id, chosen.positions, PICKED_SHOWN)
        done = assignment.done_already(connection, source, action.kind, chosen)
        attempt_rows = attempts.of_submission(connection, source.id)
        counts = start.without_done(counts, done, chosen)
    page = ConfirmPage(
        action=action,
        place=url_for(action.endpoint, submission_id=source.id),
        submission=source,
        selection=chosen,
        positions=selection_form.compact(chosen),
        search=selection_form.search().key if chosen.text else "",
        words=selection_form.as_text(
            chosen, counts.confirmed, reasons.text_of(source, chosen.reason_id)
        ),
        picked=picked,
        counts=counts,
        skipped=action.why_skipped(counts.skipped),
        status_chips=_chips(action, source, chosen, by_status),
        shared=shared,
        done=0 if counts.skipped["meanwhile"] else done,
        shared_of=None if chosen.positions else start.looked_at(counts),
        before=before,
        at=context().clock() if source.state == State.ACTIVE else None,
        under_way=attempt_list.under_way(source, attempt_rows, viewer().id),
        token=secrets.token_urlsafe(12),
    )
    refused = request.method == "POST" and (before or not counts.made)
    return render(page), 422 if refused else 200


def _counted(
    connection: Connection, action: Action, source: Submission, chosen: Selection
) -> tuple[SelectionCounts, dict[str, SelectionCounts]]:
    """The counts of the selection; if it is by status, those of each chosen or offered one too."""
    by_more = chosen.positions or chosen.text or chosen.attempt is not None
    if by_more or chosen.reason_id is not None:
        return SelectedItems(connection, source, action.kind, chosen).count(), {}
    by_status = {
        word: SelectedItems(connection, source, action.kind, Selection(statuses=(word,))).count()
        for word in dict.fromkeys([*chosen.statuses, *_offered(connection, action, source)])
    }
    return sum((by_status[word] for word in chosen.statuses), SelectionCounts()), by_status


def _offered(connection: Connection, action: Action, source: Submission) -> list[str]:
    """The statuses of the submission whose items the action is offered for."""
    found = actions.offered(action, source.counts, over=source.state == State.SETTLED)
    if action is UNDO:
        batch_rows = batches.of_submission(connection, source.id)
        found += [DOUBTED] if any(batch.sent_again for batch in batch_rows) else []
    return found


def _chips(
    action: Action, source: Submission, chosen: Selection, by_status: dict[str, SelectionCounts]
) -> list[Chip]:
    """The statuses that can be chosen; the last chosen one can't be taken away."""
    place = ListUrl(url_for(action.endpoint, submission_id=source.id), {})
    found = []
    for word, counts in by_status.items():
        target = toggled(chosen.statuses, word)
        href = place.changed(status=target) if target else None
        chosen_now = word in chosen.statuses
        found.append(Chip(status_label(word), href, counts.confirmed, chosen_now, status=word))
    return found
