"""Starting an attempt: what it would take, and as much of it as is done within the request."""

from collections import Counter
from dataclasses import replace

from flask import abort

from webapp.store import Connection, attempts, batches, chores, drafts
from webapp.store.attempts import Attempt
from webapp.store.enums import State, Task
from webapp.store.items import CHUNK
from webapp.store.retry import assignment, selection
from webapp.store.retry.assignment import Confirmed
from webapp.store.retry.selection import Selection, SelectionCounts
from webapp.store.submissions import Submission
from webapp.web.core.context import context, viewer
from webapp.web.retry.actions import Action
from webapp.work import batch_runner, chore_runner

LONGEST_TOKEN = 64


def counted(
    connection: Connection, source: Submission, action: Action, chosen: Selection
) -> SelectionCounts:
    """What would become of these items, as the page that has it confirmed says it."""
    found = selection.count(connection, source, action.kind, chosen)
    return less(found, assignment.done_already(connection, source, action.kind, chosen), chosen)


def looked_at(counts: SelectionCounts) -> int | None:
    """So many of them were looked for in other submissions; None: all."""
    return assignment.LOOKED_AT if counts.confirmed > assignment.LOOKED_AT else None


def less(counts: SelectionCounts, done: int, chosen: Selection) -> SelectionCounts:
    """Without what others have done since, where all items were looked at for that."""
    if looked_at(counts) and not chosen.positions:
        return counts
    return replace(
        counts, made=counts.made - done, skipped=counts.skipped + Counter(meanwhile=done)
    )


def begun_by(connection: Connection, source: Submission, token: str) -> bool:
    """Whether a first click on this very page has begun an attempt."""
    return any(one.token == token for one in attempts.of_submission(connection, source.id))


def begin_at_once(source: Submission, confirmed: Confirmed, *, send: bool = True) -> Attempt | None:
    """Open the attempt; few items are taken, and the first batch sent, within this request; many by
    the worker. None for a second click, by the token of the page.
    """
    now = context().clock()
    with context().store.write() as connection:
        locked = drafts.lock(connection, source.id)  # no attempt's number is given twice
        if locked.state == State.DISCARDED:
            abort(409, "This submission was deleted meanwhile, so nothing was sent.")
        if begun_by(connection, source, confirmed.token):
            return None
        begun, chore_id = assignment.begin(connection, locked, confirmed, viewer().id, now)
        few = confirmed.items <= CHUNK
        chore = chores.claim_one(connection, chore_id, "web", now) if few else None
    if chore:
        chore_runner.perform(context(), chore)
    if chore and send:
        do_at_once(source.id, begun.number, Task.SEND, Task.CLOSE)
    return context().read(attempts.get, source.id, begun.number)


def do_at_once(submission_id: int, attempt: int, *tasks: Task) -> None:
    """Do for the first batch of an attempt what is due, so that the page that follows shows it."""
    for task in tasks:
        now = context().clock()
        if due := context().write(batches.claim_task, submission_id, attempt, task, "web", now):
            batch_runner.perform(context(), due)
