"""Trying items again, and undoing links: a page that says what and how many, then the act."""

import secrets
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import (
    Connection,
    batches,
    chores,
    copies,
    drafts,
    families,
    scopes,
    submissions,
)
from webapp.store.items import CHUNK
from webapp.store.scopes import Scope, Tally
from webapp.store.submissions import New, Submission
from webapp.store.words import LEFT_OUT, ChoreKind, State, is_for_retry
from webapp.web import params, reasons, scope
from webapp.web.acts import RETRY, UNDO, Act
from webapp.web.desk import desk, submission_or_404, viewer
from webapp.work import chores as working
from webapp.work import copy, unit

LONGEST_TOKEN = 64


blueprint = Blueprint("retry", __name__)


@blueprint.get("/submissions/<int:submission_id>/retry")
def ask(submission_id: int) -> ResponseReturnValue:
    return _confirmation(RETRY, _begun(submission_id))


@blueprint.post("/submissions/<int:submission_id>/retry")
def retry(submission_id: int) -> ResponseReturnValue:
    return _act(RETRY, _begun(submission_id))


@blueprint.get("/submissions/<int:submission_id>/undo")
def ask_undo(submission_id: int) -> ResponseReturnValue:
    return _confirmation(UNDO, _undoable(submission_id))


@blueprint.post("/submissions/<int:submission_id>/undo")
def undo(submission_id: int) -> ResponseReturnValue:
    return _act(UNDO, _undoable(submission_id))


def _begun(submission_id: int) -> Submission:
    found = submission_or_404(submission_id)
    if found.state not in {State.ACTIVE, State.SETTLED}:
        abort(409, "This list was not submitted yet, so it has nothing to try again or to undo.")
    return found


def _undoable(submission_id: int) -> Submission:
    found = _begun(submission_id)
    if found.kind != "link":
        abort(409, "This submission unlinks. To link its items again, submit them as a new list.")
    return found


def _act(act: Act, source: Submission) -> ResponseReturnValue:
    """Carry out what was confirmed. Picked items come by POST too: they are too many for a URL."""
    token = request.form.get("token", "")[:LONGEST_TOKEN]
    if not token:
        return _confirmation(act, source)
    with desk().store.read() as connection:
        earlier = _made_by(connection, source, token)
    if earlier:
        return redirect(url_for("submissions.page", submission_id=earlier), 303)
    chosen, tally = _frozen(act, source)
    said = min(request.form.get("confirmed", tally.confirmed, int), source.item_count)
    if tally.confirmed > said or not tally.made:
        return _confirmation(act, source, said if tally.made else 0)
    found = _begin_at_once(_make(act, source, token, chosen, tally, said))
    if found.state == State.UNREADABLE:
        with desk().store.write() as connection:
            submissions.discard(connection, found.id, desk().now())
        flash(found.problem, "info")
        return redirect(url_for("submissions.page", submission_id=source.id), 303)
    return redirect(url_for("submissions.page", submission_id=found.id), 303)


def _frozen(act: Act, source: Submission) -> tuple[Scope, Tally]:
    """What was confirmed, as it was when the page was shown, and what becomes of it.

    A million items take a while to count, so that is done before the store is written to.
    """
    now = desk().now()
    at = request.form.get("at", now if source.state == State.ACTIVE else None, float)
    if at is not None and not 0 < at <= now:
        at = now
    with desk().store.read() as connection:
        unsent = scopes.unsent(connection, source.id)
        chosen = replace(scope.of_request(act.status), at=at, unsent=unsent)
        return chosen, scopes.tally(connection, source, act.kind(source), chosen)


def _confirmation(act: Act, source: Submission, grown_from: int = 0) -> ResponseReturnValue:
    chosen = scope.of_request(act.status)
    if request.values.get("picked") and not chosen.positions:
        flash("No item was picked. Tick those you mean, then choose again.", "info")
        return redirect(url_for("submissions.page", submission_id=source.id) + "#items", 303)
    with desk().store.read() as connection:
        tally, alone = _counted(connection, act, source, chosen)
        shared = copies.shared(connection, source, chosen) if act is UNDO else 0
    page = render_template(
        "retry/confirm.html",
        act=act,
        place=url_for(f"retry.{act.source}", submission_id=source.id),
        submission=source,
        scope=chosen,
        positions=scope.compact(chosen),
        words=scope.in_words(chosen, tally.confirmed, reasons.text_of(source, chosen.reason_id)),
        tally=tally,
        skipped=act.told(tally.skipped),
        choices=_choices(source, chosen, alone),
        shared=shared,
        shared_of=copies.LOOKED_AT if tally.made > copies.LOOKED_AT else None,
        grown_from=grown_from,
        at=desk().now() if source.state == State.ACTIVE else None,
        token=secrets.token_urlsafe(12),
    )
    return page, 422 if request.method == "POST" and (grown_from or not tally.made) else 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A status that can be added to what is tried again, or taken away."""

    word: str
    count: int
    href: str | None
    chosen: bool


def _counted(
    connection: Connection, act: Act, source: Submission, chosen: Scope
) -> tuple[Tally, dict[str, Tally]]:
    """The tally of the scope and, of a retry by statuses, that of each chosen or offered one."""
    kind = act.kind(source)
    if act is UNDO or chosen.positions or chosen.reason_id is not None:
        return scopes.tally(connection, source, kind, chosen), {}
    over = source.state == State.SETTLED
    offered = [
        word for word, count in source.counts.items() if count and is_for_retry(word, over=over)
    ]
    alone = {
        word: scopes.tally(connection, source, kind, Scope(statuses=(word,)))
        for word in dict.fromkeys(["FAILED", *chosen.statuses, *offered])
    }
    return sum((alone[word] for word in chosen.statuses), Tally()), alone


def _choices(source: Submission, chosen: Scope, alone: dict[str, Tally]) -> list[Choice]:
    """Statuses are offered, not assumed; the last one can't be taken away."""
    place = url_for("retry.ask", submission_id=source.id)
    found = []
    for word, tally in alone.items():
        if word == LEFT_OUT:
            continue
        others = [status for status in chosen.statuses if status != word]
        target = others if word in chosen.statuses else [*chosen.statuses, word]
        href = place + params.query({"status": target}) if target else None
        found.append(Choice(word, tally.confirmed, href, word in chosen.statuses))
    return found


def _make(
    act: Act, source: Submission, token: str, chosen: Scope, tally: Tally, confirmed: int
) -> int:
    """Open the new submission and ask for its items.

    A second click finds what the first one made, by the token of the page.
    """
    now = desk().now()
    with desk().store.write() as connection:
        drafts.lock(connection, source.family_id)  # no attempt's number is given twice
        if drafts.lock(connection, source.id).state == State.DISCARDED:
            abort(409, "This submission was deleted meanwhile, so nothing was made of it.")
        earlier = _made_by(connection, source, token)
        if earlier:
            return earlier
        attempt = families.last_attempt(connection, source.family_id) + 1
        new = _new(act, source, token, attempt if act is RETRY else 1)
        made = submissions.create(connection, new, State.READING, now)
        target = submissions.get(connection, made)
        chores.add(connection, target, ChoreKind.COPY, copy.spec(source, chosen), confirmed, now)
    flash(act.said(tally.made), "success")
    return made


def _made_by(connection: Connection, source: Submission, token: str) -> int | None:
    """What the first click on this very page has made."""
    made = families.made_from(connection, source)
    return next((child.id for child in made if child.review.get("token") == token), None)


def _new(act: Act, source: Submission, token: str, attempt: int) -> New:
    stem = source.name[:230]
    if act is RETRY:
        stem = stem.removesuffix(f", attempt {source.attempt}")
    return New(
        account=viewer(),
        project_id=source.project_id,
        project_name=source.project_name,
        name=f"{stem}, attempt {attempt}" if act is RETRY else f"Undo of {stem}",
        source=act.source,
        batch_size=desk().settings.batch_size,
        kind=act.kind(source),
        parent=source,
        attempt=attempt,
        review={"token": token},
    )


def _begin_at_once(submission_id: int) -> Submission:
    """Few items are copied, and the first batch sent, within this request; many by the worker."""
    context, now = desk().context, desk().now()
    with desk().store.write() as connection:
        chore = chores.latest(connection, submission_id, ChoreKind.COPY)
        if chore and chore.total <= CHUNK:
            chore = chores.claim_one(connection, chore.id, "web", now)
        else:
            chore = None
    if chore:
        working.perform(context, chore)
        with desk().store.write() as connection:
            first = batches.claim_first(connection, submission_id, "web", desk().now())
        if first:
            unit.perform(context, first)
    with desk().store.read() as connection:
        return submissions.get(connection, submission_id)
