"""Trying items again, undoing links: a page that says what and how many, then the attempt."""

import secrets
from collections import Counter
from dataclasses import replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import Connection, attempts, batches, chores, drafts
from webapp.store.attempts import Attempt
from webapp.store.enums import AttemptState, State, Task
from webapp.store.items import CHUNK
from webapp.store.retry import assignment, selection
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import DOUBTED, Scope, Tally
from webapp.store.submissions import Submission
from webapp.web import acts, reasons, scope
from webapp.web.acts import UNDO, Act
from webapp.web.desk import begun_submission, desk, viewer
from webapp.web.filters import plural
from webapp.web.params import Chip, Place, toggled
from webapp.work import batch_runner
from webapp.work import chore_runner as working

LONGEST_TOKEN = 64

blueprint = Blueprint("retry", __name__)


@blueprint.route("/submissions/<int:submission_id>/retry", methods=["GET", "POST"])
def retry(submission_id: int) -> ResponseReturnValue:
    return _asked(acts.linking(request.values.getlist("status")), submission_id)


@blueprint.route("/submissions/<int:submission_id>/undo", methods=["GET", "POST"])
def undo(submission_id: int) -> ResponseReturnValue:
    return _asked(UNDO, submission_id)


def _asked(act: Act, submission_id: int) -> ResponseReturnValue:
    """Carry out what was confirmed, else have it confirmed.

    Picked items come by POST both times: they are too many for a URL.
    """
    text = "This list was not submitted yet, so it has nothing to try again or to undo."
    source = begun_submission(submission_id, 409, text)
    token = request.form.get("token", "")[:LONGEST_TOKEN]
    if request.method != "POST" or not token:
        return _confirmation(act, source)
    place = url_for("submissions.page", submission_id=source.id)
    if desk().read(_begun_by, source, token):
        return redirect(place, 303)
    # As it was when the page was shown. To count a million items takes a while, so that is done
    # before the store is written to.
    at = scope.shown_at(desk().now() if source.state == State.ACTIVE else None)
    chosen = replace(scope.of_request(act.status), at=at)
    tally = desk().read(counted, source, act, chosen)
    said = min(request.form.get("confirmed", tally.confirmed, int), source.item_count)
    if tally.confirmed > said or not tally.made:
        return _confirmation(act, source, said if tally.made else 0)
    begun = begin_at_once(source, Confirmed(act.kind, chosen, said, token))
    if begun and begun.state == AttemptState.ENDED and begun.problem:
        flash(begun.problem, "info")
    elif begun:
        flash(f"{plural(tally.made, 'item')} to be {act.doing}.", "success")
    return redirect(place, 303)


def _confirmation(act: Act, source: Submission, grown_from: int = 0) -> ResponseReturnValue:
    chosen = scope.of_request(act.status)
    place = url_for("submissions.page", submission_id=source.id)
    if request.values.get("picked") and not chosen.positions:
        flash("No item was picked. Tick those you mean, then choose again.", "info")
        return redirect(place + "#items", 303)
    with desk().store.read() as connection:
        tally, alone = _counted(connection, act, source, chosen)
        shared = assignment.shared(connection, source, chosen) if act is UNDO else 0
        done = assignment.done_already(connection, source, act.kind, chosen)
        tally = _less(tally, done, chosen)
    page = render_template(
        "retry/confirm.html",
        act=act,
        place=url_for(act.endpoint, submission_id=source.id),
        submission=source,
        scope=chosen,
        positions=scope.compact(chosen),
        words=scope.in_words(chosen, tally.confirmed, reasons.text_of(source, chosen.reason_id)),
        tally=tally,
        skipped=act.told(tally.skipped),
        choices=_choices(act, source, chosen, alone),
        shared=shared,
        done=0 if tally.skipped["meanwhile"] else done,
        shared_of=None if chosen.positions else _looked_at(tally),
        grown_from=grown_from,
        at=desk().now() if source.state == State.ACTIVE else None,
        token=secrets.token_urlsafe(12),
    )
    return page, 422 if request.method == "POST" and (grown_from or not tally.made) else 200


def counted(connection: Connection, source: Submission, act: Act, chosen: Scope) -> Tally:
    """What would become of these items, as the page that has it confirmed says it."""
    found = selection.tally(connection, source, act.kind, chosen)
    return _less(found, assignment.done_already(connection, source, act.kind, chosen), chosen)


def _looked_at(tally: Tally) -> int | None:
    """So many of them were looked for in other submissions; None: all."""
    return assignment.LOOKED_AT if tally.confirmed > assignment.LOOKED_AT else None


def _less(tally: Tally, done: int, chosen: Scope) -> Tally:
    """Without what others have done since, where all items were looked at for that."""
    if _looked_at(tally) and not chosen.positions:
        return tally
    return replace(tally, made=tally.made - done, skipped=tally.skipped + Counter(meanwhile=done))


def _counted(
    connection: Connection, act: Act, source: Submission, chosen: Scope
) -> tuple[Tally, dict[str, Tally]]:
    """The tally of the scope and, of one by statuses, that of each chosen or offered one."""
    if chosen.positions or chosen.reason_id is not None or chosen.attempt is not None:
        return selection.tally(connection, source, act.kind, chosen), {}
    alone = {
        word: selection.tally(connection, source, act.kind, Scope(statuses=(word,)))
        for word in dict.fromkeys([*chosen.statuses, *_offered(connection, act, source)])
    }
    return sum((alone[word] for word in chosen.statuses), Tally()), alone


def _offered(connection: Connection, act: Act, source: Submission) -> list[str]:
    """The statuses of which something can be done in this way."""
    found = acts.offered(act, source.counts, over=source.state == State.SETTLED)
    if act is UNDO:
        cut = batches.of_submission(connection, source.id)
        found += [DOUBTED] if any(batch.sent_again for batch in cut) else []
    return found


def _choices(act: Act, source: Submission, chosen: Scope, alone: dict[str, Tally]) -> list[Chip]:
    """Statuses are offered, not assumed; the last one can't be taken away."""
    place = Place(url_for(act.endpoint, submission_id=source.id), {})
    found = []
    for word, tally in alone.items():
        target = toggled(chosen.statuses, word)
        href = place.but(status=target) if target else None
        found.append(Chip(word, word, tally.confirmed, href, word in chosen.statuses))
    return found


def _begun_by(connection: Connection, source: Submission, token: str) -> bool:
    """Whether a first click on this very page has begun an attempt."""
    return any(one.token == token for one in attempts.of_submission(connection, source.id))


def begin_at_once(source: Submission, confirmed: Confirmed, *, send: bool = True) -> Attempt | None:
    """Open the attempt; few items are taken, and the first batch sent, within this request; many by
    the worker. None for a second click, by the token of the page.
    """
    now = desk().now()
    with desk().store.write() as connection:
        locked = drafts.lock(connection, source.id)  # no attempt's number is given twice
        if locked.state == State.DISCARDED:
            abort(409, "This submission was deleted meanwhile, so nothing was sent.")
        if _begun_by(connection, source, confirmed.token):
            return None
        begun, chore_id = assignment.begin(connection, locked, confirmed, viewer().id, now)
        few = confirmed.items <= CHUNK
        chore = chores.claim_one(connection, chore_id, "web", now) if few else None
    if chore:
        working.perform(desk().context, chore)
    if chore and send:
        do_at_once(source.id, begun.number, Task.SEND, Task.CLOSE)
    return desk().read(attempts.get, source.id, begun.number)


def do_at_once(submission_id: int, attempt: int, *tasks: Task) -> None:
    """Do for the first batch of an attempt what is due, so that the page that follows shows it."""
    for task in tasks:
        now = desk().now()
        if due := desk().write(batches.claim_task, submission_id, attempt, task, "web", now):
            batch_runner.perform(desk().context, due)
