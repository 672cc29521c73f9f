"""Taking: the items of an attempt that was confirmed, a chunk a transaction; then it is sent."""

from collections import Counter
from typing import Any

from webapp.store import Connection, attempts, batches, chores, submissions, taking
from webapp.store.chores import Chore
from webapp.store.scopes import Chosen, Scope, Tally
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
    """A chunk of items; behind the last one the attempt's batches are due by themselves.

    The lease is looked at before: who lost it must not take a chunk that another has counted.
    """
    now = context.clock()
    scope = Scope(**chore.spec["scope"])
    with context.store.write() as connection:
        cut = batches.lock_all(connection, chore.submission_id)
        chore = chores.keep(connection, chore, now)
        submission = submissions.get(connection, chore.submission_id)
        attempt = attempts.get(connection, submission.id, chore.spec["attempt"])
        chosen = Chosen(connection, submission, attempt.kind, scope, cut)
        found = taking.take_chunk(connection, attempt, chosen, chore.result.get("after", 0))
        if found is None:
            ended = chores.end(connection, chore, now, done=chore.total)
            taking.send(connection, attempt, _receipt(chore), NOTHING_LEFT, now)
            return ended
        end, tally = found
        result = _added(chore.result, tally) | {"after": end}
        done = min(chore.done + tally.confirmed, chore.total)
        return chores.keep(connection, chore, now, done=done, result=result)


def give_up(connection: Connection, chore: Chore, now: float) -> None:
    """It failed again and again: the attempt ends, and what it has taken stands as before."""
    taking.stop(connection, chore.submission_id, chore.spec["attempt"], now, problem=GIVEN_UP)


def _added(result: dict[str, Any], tally: Tally) -> dict[str, Any]:
    """The receipt so far: how many were taken, and how many skipped, why."""
    return {
        "made": result.get("made", 0) + tally.made,
        "skipped": Counter(result.get("skipped", {})) + tally.skipped,
        "by_status": Counter(result.get("by_status", {})) + tally.by_status,
    }


def _receipt(chore: Chore) -> dict[str, Any]:
    """It accounts for every item that was confirmed."""
    found = _added(chore.result, Tally())
    skipped = found["skipped"]
    skipped["changed"] = max(chore.total - found["made"] - skipped.total(), 0)
    return found | {"skipped": +skipped}
