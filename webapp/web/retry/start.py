"""Starting an attempt: the counts to confirm, and what is done of it within the request."""

from collections import Counter
from dataclasses import replace

from flask import abort

from webapp.store import Connection, attempts, batches, chores, drafts
from webapp.store.attempts import Attempt
from webapp.store.enums import AttemptKind, AuditAction, State, Task
from webapp.store.items import CHUNK_ROWS
from webapp.store.retry import assignment
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import SelectedItems, Selection, SelectionCounts
from webapp.store.submissions import Submission
from webapp.web.core import audit
from webapp.web.core.context import context, viewer
from webapp.web.retry.actions import Action
from webapp.work import batch_runner, chore_runner

MAX_TOKEN_LENGTH = 64


def counted(
    connection: Connection, source: Submission, action: Action, chosen: Selection
) -> SelectionCounts:
    """What would become of these items: the counts that the visitor confirms."""
    found = SelectedItems(connection, source, action.kind, chosen).count()
    done = assignment.done_already(connection, source, action.kind, chosen)
    return without_done(found, done, chosen)


def looked_at(counts: SelectionCounts) -> int | None:
    """How many of the items were looked for in other submissions; None: all."""
    return assignment.SAMPLE_ITEMS if counts.confirmed > assignment.SAMPLE_ITEMS else None


def without_done(counts: SelectionCounts, done: int, chosen: Selection) -> SelectionCounts:
    """The counts with the `done` items, which others have done since, among the skipped.

    As they came where not all items were looked for in other submissions.
    """
    if looked_at(counts) and not chosen.positions:
        return counts
    return replace(
        counts, made=counts.made - done, skipped=counts.skipped + Counter(meanwhile=done)
    )


def begun_by(connection: Connection, source: Submission, token: str) -> bool:
    """Whether an attempt was begun by the page with this token."""
    return any(one.token == token for one in attempts.of_submission(connection, source.id))


def begin_at_once(source: Submission, confirmed: Confirmed, *, send: bool = True) -> Attempt | None:
    """Begin the attempt and return it; None where a first click on the same page has begun it.

    Few items are taken, and with `send` the first batch is sent, within the request; the worker
    does the rest.
    """
    now = context().clock()
    with context().store.write() as connection:
        locked = drafts.lock(connection, source.id)  # no attempt's number is given twice
        if locked.state == State.DISCARDED:
            abort(409, "This submission was deleted meanwhile, so nothing was sent.")
        if begun_by(connection, source, confirmed.token):
            return None
        begun, chore_id = assignment.begin(connection, locked, confirmed, viewer().id, now)
        undoes = confirmed.kind == AttemptKind.UNLINK
        action = AuditAction.UNDO if undoes else AuditAction.RETRY
        audit.note(connection, action, source, attempt=begun.number, items=confirmed.items)
        few = confirmed.items <= CHUNK_ROWS
        chore = chores.claim_one(connection, chore_id, "web", now) if few else None
    if chore:
        chore_runner.perform(context(), chore)
    if chore and send:
        do_at_once(source.id, begun.number, Task.SEND, Task.CLOSE)
    return context().read(attempts.get, source.id, begun.number)


def do_at_once(submission_id: int, attempt: int, *tasks: Task) -> None:
    """Do these tasks for the first batch of an attempt, so that the next page shows the outcome."""
    for task in tasks:
        now = context().clock()
        if due := context().write(batches.claim_task, submission_id, attempt, task, "web", now):
            batch_runner.perform(context(), due)
