"""Copying: a retry or an undo gets its items from the submission it is made from, then begins."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from webapp.store import Connection, chores, copies, drafts, submissions
from webapp.store.chores import Chore
from webapp.store.scopes import Scope, Tally
from webapp.store.submissions import Submission
from webapp.work.context import Context

NOTHING_LEFT = (
    "Nothing is left to do: every one of these items was taken up by another submission, or has "
    "been settled, since you looked. Nothing was sent."
)


def spec(source: Submission, scope: Scope) -> dict[str, Any]:
    """What step() has to know, as it is kept with the chore."""
    return {"source": source.id, "scope": asdict(scope)}


def step(context: Context, chore: Chore) -> Chore:
    """A chunk of items, a transaction; behind the last one the submission begins by itself.

    The lease is looked at before anything is copied: who lost it must not copy a chunk twice.
    """
    now = context.clock()
    scope = Scope(**chore.spec["scope"])
    with context.store.write() as connection:
        chore = chores.keep(connection, chore, now)
        target = submissions.get(connection, chore.submission_id)
        source = submissions.get(connection, chore.spec["source"])
        after = chore.result.get("after", 0)
        made = chore.result.get("made", 0)
        found = copies.copy_chunk(connection, source, target, scope, after=after, made=made)
        if found is None:
            _begin(connection, target, chore, now)
            return chores.end(connection, chore, now, done=chore.total)
        end, tally = found
        result = _added(chore.result, tally) | {"after": end}
        done = min(chore.done + tally.confirmed, chore.total)
        return chores.keep(connection, chore, now, done=done, result=result)


def _added(result: dict[str, Any], tally: Tally) -> dict[str, Any]:
    """The receipt so far: how many were made again, and how many skipped, why."""
    return {
        "made": result.get("made", 0) + tally.made,
        "skipped": Counter(result.get("skipped", {})) + tally.skipped,
        "by_status": Counter(result.get("by_status", {})) + tally.by_status,
    }


def _begin(connection: Connection, target: Submission, chore: Chore, now: float) -> None:
    """The page that asked for it was its review: it is confirmed at once."""
    made = chore.result.get("made", 0)
    if made == 0:
        submissions.become_unreadable(connection, target.id, NOTHING_LEFT, now)
        return
    skipped = Counter(chore.result.get("skipped", {}))
    skipped["changed"] = chore.total - made - skipped.total()  # no more of the scope by now
    review = target.review | {"receipt": chore.result | {"skipped": +skipped}}
    submissions.become_draft(connection, target.id, made, review, now)
    drafts.begin(connection, submissions.get(connection, target.id), now)
