"""Tells a recipient that an attempt has ended: one message, tried again until it has arrived."""

from functools import partial

from webapp.network import deadlines
from webapp.notify import email, webhook
from webapp.notify.errors import Failure, Unsent
from webapp.notify.message import Message, Reason, link_to, shortened
from webapp.notify.recipients import Recipients
from webapp.settings import Settings
from webapp.store import Connection, attempts, leases, messages, reasons, submissions
from webapp.store.documents import KeptError
from webapp.store.enums import ErrorCode, State
from webapp.store.reason_masking import readable
from webapp.store.statuses import SUCCESSFUL, meaning
from webapp.store.tables import MessageRow
from webapp.work import units
from webapp.work.context import Context
from webapp.work.units import Ended

TASK = "message"
CALL_SECONDS = 20.0  # for all of a try
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 30.0, 3600.0
GIVE_UP_SECONDS = 86_400.0  # after the end that it tells of
TOP_REASONS = 3
UNEXPECTED = "Linkboard failed several times in a row; the log of its worker says why"
NOT_ALLOWED = "the settings of Linkboard do not allow this recipient any more"


def perform(context: Context, row: MessageRow) -> None:
    """Try a leased message once and record the result; no failure to send is raised."""
    place = {"submission": row.submission_id, "attempt": row.attempt}
    units.perform(context.clock, TASK, partial(_perform, context, row), **place)


def _perform(context: Context, row: MessageRow) -> Ended:
    if leases.is_deadly(row):
        problem = KeptError(ErrorCode.UNEXPECTED, context.clock(), UNEXPECTED)
        context.write(messages.give_up, row, problem)
        return Ended(units.GIVEN_UP)
    message = context.read(_composed, row, context.settings)
    if message is None:
        context.write(messages.give_up, row, None)
        return Ended(units.GIVEN_UP)
    try:
        with deadlines.one_call(CALL_SECONDS):
            _send(context.settings, message, context.clock())
    except Unsent as error:
        return _failed(context, row, error)
    context.write(messages.sent, row, context.clock())
    return Ended()


def _composed(connection: Connection, row: MessageRow, settings: Settings) -> Message | None:
    """The message with the attempt's numbers; None when the list was deleted meanwhile."""
    submission = submissions.many(connection, [row.submission_id]).get(row.submission_id)
    if submission is None or submission.state == State.DISCARDED:
        return None
    attempt = attempts.get(connection, row.submission_id, row.attempt)
    groups, _ = reasons.groups(connection, submission.id, TOP_REASONS, attempt.number)
    counts = attempt.counts
    return Message(
        key=row.key,
        recipient=row.recipient,
        number=submission.id,
        name=shortened(submission.name),
        project=shortened(submission.project_name),
        attempt=attempt.number,
        kind=attempt.kind.value,
        began_at=attempt.begun_at,
        ended_at=row.created_at,
        counts=counts,
        done=sum(count for status, count in counts.items() if status in SUCCESSFUL),
        failed=sum(count for status, count in counts.items() if meaning(status).trouble),
        reasons=[Reason(group.status, readable(group.text), group.count) for group in groups],
        problem="" if groups else attempt.problem,
        link=link_to(settings, f"/submissions/{submission.id}"),
    )


def _send(settings: Settings, message: Message, now: float) -> None:
    """To whom it is for, if the operator still allows that. Raises Unsent."""
    allowed = Recipients(settings)
    if not allowed.allows(message.recipient):
        raise Unsent(Failure.REFUSED, NOT_ALLOWED)
    if hook := allowed.webhooks.get(message.recipient):
        webhook.send(hook, message, settings.webhook_secret, now)
    else:
        email.send(settings, message.recipient, message, now)


def _failed(context: Context, row: MessageRow, error: Unsent) -> Ended:
    """Try again after a pause, ever longer; a day after the attempt's end no more."""
    now = context.clock()
    problem = KeptError(ErrorCode(error.failure), now, str(error))
    if error.final or now - row.created_at >= GIVE_UP_SECONDS:
        context.write(messages.give_up, row, problem)
        return Ended(units.GIVEN_UP, error)
    pause = min(FIRST_PAUSE_SECONDS * 2 ** min(row.failures, 10), MAX_PAUSE_SECONDS)
    context.write(messages.put_off, row, problem, now + max(pause, error.retry_after or 0.0))
    return Ended(units.PUT_OFF, error)
