"""Trying the items of a reason again in all submissions: one confirmation, one receipt."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.store import attempts, reasons, submissions
from webapp.store.attempts import Attempt
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import Selection, SelectionCounts
from webapp.store.submissions import Submission
from webapp.web.core import params
from webapp.web.core.context import context, viewer
from webapp.web.core.page import Page, render
from webapp.web.items import reasons as reasons_page
from webapp.web.retry import actions
from webapp.web.retry.actions import RETRY
from webapp.web.retry.selection import shown_at
from webapp.web.retry.start import MAX_TOKEN_LENGTH, begin_at_once, counted

MAX_SUBMISSIONS = 50  # of one confirmation
SENDING_SECONDS = 8.0  # within the request; then the worker goes on

blueprint = Blueprint("reason_retry", __name__)


class SubmissionRetry(NamedTuple):
    """What is tried again of one submission."""

    submission: Submission
    selection: Selection
    counts: SelectionCounts


class ReceiptRow(NamedTuple):
    """What became of the items of one submission, in a sentence; "" before all are taken."""

    submission: Submission
    attempt: Attempt
    receipt: str


class ReasonRetryPage(Page):
    """Has it confirmed.

    made: how many items can be tried again. at: when it is shown. changed: why the form that was
    sent could not be taken, "" for a first look.
    """

    template = "retry/reason_retry.html"
    parts: Sequence[SubmissionRetry]
    made: int
    reason_id: int
    status: str
    text: str
    project_id: str
    since: str
    at: float
    token: str
    changed: str
    most: int = MAX_SUBMISSIONS


class ReasonReceiptPage(Page):
    """What became of what was confirmed."""

    template = "retry/reason_receipt.html"
    rows: list[ReceiptRow]


@blueprint.route("/reasons/retry", methods=["GET", "POST"])
def retry() -> ResponseReturnValue:
    """Have it confirmed; then each submission gets an attempt at what the page showed of it."""
    if request.method != "POST":
        return _confirmation(_parts())
    token = request.form.get("token", "")[:MAX_TOKEN_LENGTH] or abort(
        400, "Confirm it on its page."
    )
    confirmed = dict(map(_confirmed, request.form.getlist("list")[:MAX_SUBMISSIONS]))
    parts = [part for part in _parts() if part.submission.id in confirmed]
    done = {one.submission_id for one in context().read(attempts.by_token, token)}
    left = [part for part in parts if part.submission.id not in done]
    grown = [part for part in left if part.counts.confirmed > confirmed[part.submission.id]]
    if grown or not (left or done):
        grown_text = "There are more of them than when you looked."
        gone_text = "None of them can be tried again any more: it was done meanwhile."
        return _confirmation(parts, grown_text if grown else gone_text)
    until = context().clock() + SENDING_SECONDS
    for part in left:
        count = min(confirmed[part.submission.id], part.submission.item_count)
        asked = Confirmed(RETRY.kind, part.selection, count, token)
        begin_at_once(part.submission, asked, send=context().clock() < until)
    return redirect(url_for("reason_retry.receipt", token=token), 303)


@blueprint.get("/reasons/retry/<token>")
def receipt(token: str) -> str:
    """What became of each submission's items, as far as the visitor may see it."""
    now = context().clock()
    with context().store.read() as connection:
        rows = [
            ReceiptRow(found, one, actions.receipt(one))
            for one in attempts.by_token(connection, token)
            if (found := submissions.visible(connection, one.submission_id, viewer(), now))
        ]
    if not rows:
        abort(404, "There is no such receipt, or you may not see any of its submissions.")
    return render(ReasonReceiptPage(rows))


def _reason() -> int:
    text = "This address is not one of ours: begin again at the reasons."
    return params.number(request.values.get("reason", ""), text)


def _confirmed(text: str) -> tuple[int, int]:
    """A submission's id and how many of its items the page showed, as its form has them: 12:345."""
    wrong = "This form is not one of ours: begin again at the page that it stands on."
    first, _, second = text.partition(":")
    return params.number(first, wrong), params.number(second, wrong)


def _parts() -> list[SubmissionRetry]:
    """The submissions that have items of the group, each with what can be tried again now."""
    reason_id = _reason()
    selection = Selection(reason_id=reason_id, at=shown_at(context().clock()))
    parts = []
    with context().store.read() as connection:
        held = reasons.holders(connection, reasons_page.submissions_of_request(), reason_id)
        keys = [holder.submission_id for holder in held[:MAX_SUBMISSIONS]]
        known = submissions.many(connection, keys)
        for source in (known[key] for key in keys):
            counts = counted(connection, source, RETRY, selection)
            if counts.made and source.begun:
                parts.append(SubmissionRetry(source, selection, counts))
    return parts


def _confirmation(parts: Sequence[SubmissionRetry], changed: str = "") -> ResponseReturnValue:
    named = context().read(reasons.named, _reason())
    status, text = named or abort(404, "There is no such reason.")
    page = ReasonRetryPage(
        parts=parts,
        made=sum(part.counts.made for part in parts),
        reason_id=_reason(),
        project_id=params.text("project"),
        since=request.values.get("since", "30d"),
        at=context().clock(),
        token=secrets.token_urlsafe(12),
        changed=changed,
        text=text,
        status=status,
    )
    return render(page), 422 if changed else 200
