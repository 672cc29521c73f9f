"""Taking the items of a confirmed attempt, a chunk in each transaction; then it is sent."""

from collections import Counter

from webapp.store import Connection, attempts, batches, chores, submissions
from webapp.store.chores import AttemptSpec, Chore, TakeSpec
from webapp.store.documents import Receipt, TakeProgress
from webapp.store.retry import assignment
from webapp.store.retry.selection import SelectedItems, SelectionCounts
from webapp.work.context import Context

NOTHING_LEFT = (
    "Nothing is left to do: every one of these items was taken up by another attempt, or has "
    "been settled, since you looked. Nothing was sent."
)
GIVEN_UP = (
    "The items could not be gathered: it failed several times. Nothing was sent. Try again; if it "
    "happens again, ask whoever runs Linkboard: the log of its worker says why."
)


def step(context: Context, chore: Chore) -> Chore:
    """A chunk of items; after the last one the attempt's batches become due.

    The lease is checked first: a worker that lost it must not take a chunk that another counted.
    """
    now = context.clock()
    spec = chore.spec_as(TakeSpec)
    with context.store.write() as connection:
        batch_rows = batches.lock_all(connection, chore.submission_id)
        chore = chores.keep(connection, chore, now)
        submission = submissions.get(connection, chore.submission_id)
        attempt = attempts.get(connection, submission.id, spec.attempt)
        chosen = SelectedItems(connection, submission, attempt.kind, spec.selection, batch_rows)
        found = assignment.take_chunk(connection, attempt, chosen, chore.result.after)
        if found is None:
            ended = chores.end(connection, chore, now, done=chore.total)
            assignment.send(connection, attempt, _receipt(chore), NOTHING_LEFT, now)
            return ended
        end, counts = found
        result = _added(chore.result, counts, end)
        done = min(chore.done + counts.confirmed, chore.total)
        return chores.keep(connection, chore, now, done=done, result=result)


def give_up(connection: Connection, chore: Chore, now: float) -> None:
    """It failed again and again: the attempt ends, and its items are again as they were before."""
    number = chore.spec_as(AttemptSpec).attempt
    assignment.stop(connection, chore.submission_id, number, now, problem=GIVEN_UP)


def _added(before: TakeProgress, counts: SelectionCounts, end: int) -> TakeProgress:
    """The receipt so far: how many were taken, and how many skipped, why."""
    return TakeProgress(
        made=before.made + counts.made,
        skipped=Counter(before.skipped) + counts.skipped,
        by_status=Counter(before.by_status) + counts.by_status,
        after=end,
    )


def _receipt(chore: Chore) -> Receipt:
    """It accounts for every item that was confirmed."""
    found, skipped = chore.result, Counter(chore.result.skipped)
    skipped["changed"] = max(chore.total - found.made - skipped.total(), 0)
    return Receipt(found.made, +skipped, found.by_status)
