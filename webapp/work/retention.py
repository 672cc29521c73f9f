"""Retention: what is kept for so many days, by the settings, goes when these are over."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from webapp.store import Connection, audit, lifecycle, searches, submissions
from webapp.store.enums import AuditAction, State
from webapp.store.find import queries
from webapp.store.retry import other_submissions
from webapp.store.submissions import Submission
from webapp.work.context import Context

INTERVAL_SECONDS = 600.0
TURN_SECONDS = 8.0  # of each rule, in one round
DAY = 86_400.0
SEARCH_DAYS = 90  # what somebody looked for is kept for their links

log = logging.getLogger(__name__)


class Turn(NamedTuple):
    """One rule's turn in a round: when it began, by the steady clock, and before when is what has
    to go.
    """

    context: Context
    started: float
    before: float

    def is_over(self) -> bool:
        """Whether the rest is left to the next round."""
        return self.context.is_turn_over(self.started, TURN_SECONDS)


def perform(context: Context) -> None:
    """End all that is too old; each step is a short transaction and may be repeated."""
    kept = context.settings
    for what, days, old, end in (
        ("lists that were not submitted", kept.draft_days, lifecycle.unsent_since, _end_draft),
        ("lists as they came", kept.upload_days, lifecycle.with_upload, _drop_upload),
        ("archived lists", kept.archive_days, lifecycle.archived_since, _delete_archived),
        ("histories of attempts", kept.history_days, lifecycle.with_history, _drop_history),
    ):
        if days and (ended := _end_old(_begin(context, days), old, end)):
            log.info("Removed %d %s, which %d days have passed.", ended, what, days)
    for days, sweep in (
        (kept.find_days, queries.sweep),
        (kept.audit_days, audit.sweep),
        (SEARCH_DAYS, searches.sweep),
    ):
        if days:
            _sweep(_begin(context, days), sweep)


def ends_at(submission: Submission, draft_days: int) -> float | None:
    """When a list that is not submitted is discarded by itself, if it is not changed before; None:
    never.
    """
    unsent = submission.state in {State.DRAFT, State.RESOLVING, State.UNREADABLE}
    return submission.changed_at + draft_days * DAY if unsent and draft_days else None


def _begin(context: Context, days: int) -> Turn:
    return Turn(context, context.clock.steady(), context.clock() - days * DAY)


def _sweep(turn: Turn, sweep: Callable[[Connection, float], int]) -> None:
    """Delete some rows at a time, until none is too old."""
    while not turn.is_over() and turn.context.write(sweep, turn.before):
        pass


def _end_old(turn: Turn, old: Callable[[float], Any], end: Callable[[Turn, int], bool]) -> int:
    """End what is too old by a condition for a moment, one submission after the other; of how many
    something has ended. Anything may have become of one since it was found.
    """
    found = turn.context.read(lifecycle.ids_of, old(turn.before))
    ended = 0
    # Each round begins elsewhere: what may not go yet must not keep the rest here for ever.
    first = int(turn.started // INTERVAL_SECONDS) % max(len(found), 1)
    for submission_id in (*found[first:], *found[:first]):
        if turn.is_over():
            break
        ended += end(turn, submission_id)
    return ended


def _end_draft(turn: Turn, submission_id: int) -> bool:
    return _end(turn, submission_id, lifecycle.unsent_since, AuditAction.DISCARD)


def _drop_upload(turn: Turn, submission_id: int) -> bool:
    context = turn.context
    return context.write(lifecycle.drop_upload, submission_id, turn.before, context.clock())


def _delete_archived(turn: Turn, submission_id: int) -> bool:
    """Nothing goes without which another list would tell of an id what is not so any more."""
    submission = turn.context.read(submissions.many, [submission_id]).get(submission_id)
    if not submission or turn.context.read(other_submissions.dependent_submission, submission):
        return False
    return _end(turn, submission_id, lifecycle.archived_since, AuditAction.DELETE)


def _end(turn: Turn, submission_id: int, old: Callable[[float], Any], action: AuditAction) -> bool:
    with turn.context.store.write() as connection:
        now = turn.context.clock()
        ended = lifecycle.discard(connection, submission_id, now, old(turn.before))
        if ended:
            submission = submissions.get(connection, submission_id)
            audit.record(connection, action, audit.PROGRAM, now, submission)
    return ended


def _drop_history(turn: Turn, submission_id: int) -> bool:
    drop, context, dropped = lifecycle.drop_history, turn.context, False
    while context.write(drop, submission_id, turn.before, context.clock()):
        dropped = True
        if turn.is_over():
            break
    return dropped
