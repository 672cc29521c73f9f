"""Trying a group of reasons again over all submissions: one confirmation, one receipt."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, reasons, scopes, submissions
from webapp.store.scopes import Scope
from webapp.store.submissions import Submission
from webapp.store.taking import Confirmed
from webapp.store.words import BEGUN
from webapp.web import acts, params
from webapp.web import reasons as reasons_page
from webapp.web.acts import RETRY
from webapp.web.desk import desk, viewer
from webapp.web.retry import LONGEST_TOKEN, begin_at_once

MOST = 50  # submissions of one confirmation
SECONDS = 8.0  # within the request; then the worker goes on

blueprint = Blueprint("group_retry", __name__)


@dataclass(frozen=True, slots=True)
class Part:
    """What is tried again of one submission."""

    submission: Submission
    scope: Scope
    confirmed: int
    made: int


@blueprint.get("/reasons/retry")
def ask() -> ResponseReturnValue:
    return _confirmation(_parts(), 200)


@blueprint.post("/reasons/retry")
def retry() -> ResponseReturnValue:
    """Each submission gets an attempt of its own at exactly what the page said of it."""
    token = request.form.get("token", "")[:LONGEST_TOKEN] or abort(400, "Confirm it on its page.")
    asked = [params.pair(text) for text in request.form.getlist("list")][:MOST]
    said = dict(asked)
    parts = [part for part in _parts() if part.submission.id in said]
    with desk().store.read() as connection:
        done = {one.submission_id for one in attempts.by_token(connection, token)}
    left = [part for part in parts if part.submission.id not in done]
    grown = [part for part in left if part.confirmed > said[part.submission.id]]
    if grown or not (left or done):
        return _confirmation(parts, 422)
    until = desk().now() + SECONDS
    for part in left:
        confirmed = Confirmed(RETRY.kind, part.scope, said[part.submission.id], token)
        begin_at_once(part.submission, confirmed, send=desk().now() < until)
    return redirect(url_for("group_retry.receipt", token=token), 303)


@blueprint.get("/reasons/retry/<token>")
def receipt(token: str) -> ResponseReturnValue:
    """What became of each submission's items, as far as the visitor may see it."""
    with desk().store.read() as connection:
        begun = attempts.by_token(connection, token) if token else []
        seen = [
            (found, one)
            for one in begun
            if (found := submissions.visible(connection, one.submission_id, viewer(), desk().now()))
        ]
    if not seen:
        abort(404, "There is no such receipt, or you may not see any of its submissions.")
    rows = [(submission, one, acts.receipt(one)) for submission, one in seen]
    return render_template("reasons/receipt.html", rows=rows)


def _reason() -> int:
    said = "This address is not one of ours: begin again at the reasons."
    return params.number(request.values.get("reason", ""), said)


def _parts() -> list[Part]:
    """The submissions that have items of the group, each with what can be tried again now."""
    reason_id, at = _reason(), request.form.get("at", desk().now(), float)
    with desk().store.read() as connection:
        held = reasons.holders(connection, reasons_page.chosen_of_request(), reason_id)[:MOST]
        known = submissions.many(connection, [holder.submission_id for holder in held])
        parts = []
        for holder in held:
            source = known[holder.submission_id]
            scope = Scope(reason_id=reason_id, at=min(at, desk().now()))
            tally = scopes.tally(connection, source, RETRY.kind, scope)
            if tally.made and source.state in BEGUN:
                parts.append(Part(source, scope, tally.confirmed, tally.made))
    return parts


def _confirmation(parts: Sequence[Part], status: int) -> ResponseReturnValue:
    page = render_template(
        "reasons/retry.html",
        parts=parts,
        made=sum(part.made for part in parts),
        reason_id=_reason(),
        project_id=params.text("project"),
        since=request.values.get("since", "30d"),
        most=MOST,
        at=desk().now(),
        token=secrets.token_urlsafe(12),
        changed=status != 200,
    )
    return page, status
