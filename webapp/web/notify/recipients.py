"""Choosing who is told when an attempt has ended, and what became of the messages so far."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from webapp.notify.recipients import Recipients
from webapp.store import messages, submissions
from webapp.store.enums import AuditAction
from webapp.store.submissions import Submission
from webapp.store.tables import MessageRow
from webapp.web.core import audit, forms
from webapp.web.core.access import own_submission
from webapp.web.core.context import context, viewer
from webapp.web.core.formatting import plural
from webapp.web.core.forms import Errors, FormPage
from webapp.web.core.page import Part

FORM = "telling"  # and a field of it: where that is, no box ticked means nobody
DRAFT_FORM = "choices"  # of the review
MAX_TYPED = 5  # addresses, of one submission
WEBHOOKS = {"json": "a program", "slack": "Slack", "mattermost": "Mattermost", "teams": "Teams"}
NOT_SUBMITTED = (
    "This list was not submitted yet. Choose on its review who is to be told, and submit it there."
)
_BETWEEN_WORDS = re.compile(r"[,;\s]+")

blueprint = Blueprint("recipients", __name__)


class Choice(NamedTuple):
    """Somebody who can be told: the name in the settings, what that is, whether it is chosen."""

    name: str
    text: str
    chosen: bool


class MessageLine(NamedTuple):
    """A message, and what is the matter with it: "" where it arrived."""

    message: MessageRow
    trouble: str


class RecipientsForm(NamedTuple):
    """What can be chosen of a submission. typed: the addresses that were typed, as they were;
    domains: those that they may have, in words, "" where none may be typed. summary: who is chosen.
    lost: what became of messages of the last attempt that are not tried any more. is_open: it is
    shown unfolded. form_id: of a draft its fields belong to the form that submits it.
    """

    submission: Submission
    choices: list[Choice]
    typed: str
    domains: str
    wrong: str
    is_open: bool
    form_id: str
    summary: str
    messages: list[MessageLine]
    lost: list[str]


class RecipientsPart(Part):
    """Who is told; None where the settings allow nobody, or the visitor did not submit the list."""

    template = "notify/_recipients.html"
    recipients: RecipientsForm | None


class RecipientsPage(FormPage):
    """The same as a page of its own, where an address can't be taken."""

    template = "notify/recipients.html"
    submission: Submission


def part(submission: Submission, *, is_open: bool = False) -> RecipientsPart:
    """For a page of the submission; with what came by its form, if that could not be taken."""
    allowed = Recipients(context().settings)
    if not allowed.any or submission.account_id != viewer().id:
        return RecipientsPart(None)
    given, typed, wrong = _given(allowed)
    chosen = submission.recipients if given is None else given
    if given is None:
        typed = ", ".join(one for one in chosen if "@" in one and one not in allowed.named)
    rows = context().read(messages.of_submission, submission.id)
    choices = [Choice(one, _kind(allowed, one), one in chosen) for one in allowed.named]
    return RecipientsPart(
        RecipientsForm(
            submission=submission,
            choices=choices,
            typed=typed,
            domains=" or ".join(allowed.domains),
            wrong=wrong,
            is_open=is_open or wrong != "",
            form_id=FORM if submission.begun else DRAFT_FORM,
            summary=", ".join(submission.recipients) or "nobody",
            messages=[MessageLine(row, _trouble(row)) for row in rows],
            lost=[f"{row.recipient}: {_trouble(row)}" for row in rows if _is_lost(row, rows)],
        )
    )


def keep(submission: Submission) -> str:
    """Keep who was chosen by the form that came, if it had the fields; returns why it can't be
    taken, "" if it was.
    """
    allowed = Recipients(context().settings)
    given, _, wrong = _given(allowed)
    if wrong or given is None or given == submission.recipients:
        return wrong
    with context().store.write() as connection:
        submissions.change(connection, submission.id, recipients=given)
        audit.note(connection, AuditAction.RECIPIENTS, submission, recipients=given)
    return ""


@blueprint.route("/submissions/<int:submission_id>/recipients", methods=["GET", "POST"])
def choose(submission_id: int) -> ResponseReturnValue:
    """Who is told of the ends of attempts from now on."""
    submission = own_submission(submission_id, "choose who is told about")
    if not submission.begun:
        abort(409, NOT_SUBMITTED)
    if request.method != "POST" or (wrong := keep(submission)):
        errors = Errors(recipients_typed=wrong) if request.method == "POST" else Errors()
        return forms.answer(RecipientsPage(errors, submission), part(submission, is_open=True))
    told = context().read(submissions.get, submission_id).recipients
    who = ", ".join(told) or "nobody"
    flash(f"When an attempt of this submission has ended, {who} will be told.", "success")
    return redirect(url_for("submissions.page", submission_id=submission_id), 303)


def _given(allowed: Recipients) -> tuple[list[str] | None, str, str]:
    """Who the form that came names, the addresses as they were typed, and what is wrong with these.
    None: no such form came.
    """
    if FORM not in request.form:
        return None, "", ""
    ticked = request.form.getlist("recipient")
    typed = request.form.get("recipients_typed", "")
    words = list(dict.fromkeys(filter(None, _BETWEEN_WORDS.split(typed))))
    named = [one for one in allowed.named if one in ticked]
    return list(dict.fromkeys([*named, *words])), typed, _wrong(words, allowed)


def _wrong(words: Sequence[str], allowed: Recipients) -> str:
    """Why the typed addresses can't be taken, "" if they can."""
    bad = [word for word in words if not allowed.allows(word)]
    if bad:
        where = f" of {' or '.join(allowed.domains)}" if allowed.domains else ""
        told = f"“{bad[0][:100]}” is no e-mail address{where}, so nobody can be told there."
        return f"{told} Correct it, or take it out."
    if len(words) > MAX_TYPED:
        return f"{plural(len(words), 'address', 'addresses')} are too many: type up to {MAX_TYPED}."
    return ""


def _kind(allowed: Recipients, name: str) -> str:
    """What somebody is whose name is chosen."""
    hook = allowed.webhooks.get(name)
    return f"Message to {WEBHOOKS[hook.kind]}" if hook else "E-mail"


def _is_lost(row: MessageRow, rows: Sequence[MessageRow]) -> bool:
    """Whether it is of the last attempt told of, and did not arrive, and will not."""
    return row.attempt == rows[-1].attempt and row.due_at is None and row.sent_at is None


def _trouble(row: MessageRow) -> str:
    """Why a message did not arrive, and what happens next."""
    if row.sent_at:
        return ""
    why = row.problem.message if row.problem else ""
    if row.due_at is None:
        return f"was not sent, and is not tried any more: {why or 'the list is gone'}."
    return f"was not sent yet: {why}. It is tried again, for a day." if why else "is being sent."
