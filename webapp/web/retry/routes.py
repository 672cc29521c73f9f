"""Trying items again, undoing links: a page that says what and how many, then the attempt."""

import secrets
from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, batches
from webapp.store.enums import AttemptState, State
from webapp.store.retry import assignment, selection
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import DOUBTED, Selection, SelectionCounts
from webapp.store.submissions import Submission
from webapp.web.core.access import begun_submission
from webapp.web.core.context import context
from webapp.web.core.formatting import plural
from webapp.web.core.links import Chip, ListUrl, toggled
from webapp.web.items import reasons
from webapp.web.retry import actions, start
from webapp.web.retry import selection as selection_form
from webapp.web.retry.actions import UNDO, Action

blueprint = Blueprint("retry", __name__)


@blueprint.route("/submissions/<int:submission_id>/retry", methods=["GET", "POST"])
def retry(submission_id: int) -> ResponseReturnValue:
    return _asked(actions.linking(request.values.getlist("status")), submission_id)


@blueprint.route("/submissions/<int:submission_id>/undo", methods=["GET", "POST"])
def undo(submission_id: int) -> ResponseReturnValue:
    return _asked(UNDO, submission_id)


def _asked(action: Action, submission_id: int) -> ResponseReturnValue:
    """Carry out what was confirmed, else have it confirmed.

    Picked items come by POST both times: they are too many for a URL.
    """
    text = "This list was not submitted yet, so it has nothing to try again or to undo."
    source = begun_submission(submission_id, 409, text)
    token = request.form.get("token", "")[: start.LONGEST_TOKEN]
    if request.method != "POST" or not token:
        return _confirmation(action, source)
    place = url_for("submissions.page", submission_id=source.id)
    if context().read(start.begun_by, source, token):
        return redirect(place, 303)
    # As it was when the page was shown. To count a million items takes a while, so that is done
    # before the store is written to.
    at = selection_form.shown_at(context().clock() if source.state == State.ACTIVE else None)
    chosen = replace(selection_form.of_request(action.status), at=at)
    counts = context().read(start.counted, source, action, chosen)
    said = min(request.form.get("confirmed", counts.confirmed, int), source.item_count)
    if counts.confirmed > said or not counts.made:
        return _confirmation(action, source, said if counts.made else 0)
    begun = start.begin_at_once(source, Confirmed(action.kind, chosen, said, token))
    if begun and begun.state == AttemptState.ENDED and begun.problem:
        flash(begun.problem, "info")
    elif begun:
        flash(f"{plural(counts.made, 'item')} to be {action.doing}.", "success")
    return redirect(place, 303)


def _confirmation(action: Action, source: Submission, grown_from: int = 0) -> ResponseReturnValue:
    chosen = selection_form.of_request(action.status)
    place = url_for("submissions.page", submission_id=source.id)
    if request.values.get("picked") and not chosen.positions:
        flash("No item was picked. Tick those you mean, then choose again.", "info")
        return redirect(place + "#items", 303)
    with context().store.read() as connection:
        counts, alone = _counted(connection, action, source, chosen)
        shared = assignment.shared(connection, source, chosen) if action is UNDO else 0
        done = assignment.done_already(connection, source, action.kind, chosen)
        counts = start.less(counts, done, chosen)
    page = render_template(
        "retry/confirm.html",
        action=action,
        place=url_for(action.endpoint, submission_id=source.id),
        submission=source,
        selection=chosen,
        positions=selection_form.compact(chosen),
        words=selection_form.in_words(
            chosen, counts.confirmed, reasons.text_of(source, chosen.reason_id)
        ),
        counts=counts,
        skipped=action.told(counts.skipped),
        choices=_choices(action, source, chosen, alone),
        shared=shared,
        done=0 if counts.skipped["meanwhile"] else done,
        shared_of=None if chosen.positions else start.looked_at(counts),
        grown_from=grown_from,
        at=context().clock() if source.state == State.ACTIVE else None,
        token=secrets.token_urlsafe(12),
    )
    return page, 422 if request.method == "POST" and (grown_from or not counts.made) else 200


def _counted(
    connection: Connection, action: Action, source: Submission, chosen: Selection
) -> tuple[SelectionCounts, dict[str, SelectionCounts]]:
    """The tally of the scope and, of one by statuses, that of each chosen or offered one."""
    if chosen.positions or chosen.reason_id is not None or chosen.attempt is not None:
        return selection.count(connection, source, action.kind, chosen), {}
    alone = {
        word: selection.count(connection, source, action.kind, Selection(statuses=(word,)))
        for word in dict.fromkeys([*chosen.statuses, *_offered(connection, action, source)])
    }
    return sum((alone[word] for word in chosen.statuses), SelectionCounts()), alone


def _offered(connection: Connection, action: Action, source: Submission) -> list[str]:
    """The statuses of which something can be done in this way."""
    found = actions.offered(action, source.counts, over=source.state == State.SETTLED)
    if action is UNDO:
        batch_rows = batches.of_submission(connection, source.id)
        found += [DOUBTED] if any(batch.sent_again for batch in batch_rows) else []
    return found


def _choices(
    action: Action, source: Submission, chosen: Selection, alone: dict[str, SelectionCounts]
) -> list[Chip]:
    """Statuses are offered, not assumed; the last one can't be taken away."""
    place = ListUrl(url_for(action.endpoint, submission_id=source.id), {})
    found = []
    for word, counts in alone.items():
        target = toggled(chosen.statuses, word)
        href = place.changed(status=target) if target else None
        found.append(Chip(word, word, counts.confirmed, href, word in chosen.statuses))
    return found
