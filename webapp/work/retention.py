"""Retention: what is kept for so many days, by the settings, goes when these are over."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from webapp.store import Connection, audit, lifecycle, submissions, uploads
from webapp.store.enums import AuditAction
from webapp.store.retry import other_submissions
from webapp.work.context import Context

INTERVAL_SECONDS = 600.0
TURN_SECONDS = 8.0  # of each rule, in one round
DAY = 86_400.0

log = logging.getLogger(__name__)


class Rule(NamedTuple):
    """What goes after so many days (0: never): how the submissions are found of which something is
    older than a moment, and how that ends, of one of them; whether it did.
    """

    what: str
    days: int
    find: Callable[[Connection, float], Sequence[int]]
    end: Callable[[Context, int, float], bool]


def perform(context: Context) -> None:
    """End all that is too old; each step is a short transaction and may be repeated."""
    kept = context.settings
    for rule in (
        Rule("lists that were not submitted", kept.draft_days, lifecycle.old_drafts, _end_draft),
        Rule("lists as they came", kept.upload_days, lifecycle.old_uploads, _drop_upload),
        Rule("archived lists", kept.archive_days, lifecycle.old_in_archive, _delete_archived),
        Rule("histories of attempts", kept.history_days, lifecycle.old_history, _drop_history),
    ):
        if rule.days:
            _end_old(context, rule)


def _end_old(context: Context, rule: Rule) -> None:
    started = context.clock()
    before, ended = started - rule.days * DAY, 0
    found = context.read(rule.find, before)
    # Each round begins elsewhere: what may not go yet must not keep the rest here for ever.
    first = int(started // INTERVAL_SECONDS) % max(len(found), 1)
    for submission_id in (*found[first:], *found[:first]):
        if context.is_turn_over(started, TURN_SECONDS):
            break
        ended += rule.end(context, submission_id, before)
    if ended:
        log.info("Removed %d %s, which %d days have passed.", ended, rule.what, rule.days)


def _end_draft(context: Context, submission_id: int, before: float) -> bool:
    with context.store.write() as connection:
        submission, now = submissions.get(connection, submission_id), context.clock()
        ended = lifecycle.end_draft(connection, submission_id, before, now)
        if ended:
            audit.record(connection, AuditAction.DISCARD, audit.PROGRAM, now, submission)
    return ended


def _drop_upload(context: Context, submission_id: int, _before: float) -> bool:
    context.write(uploads.drop_pieces, submission_id, context.clock())
    return True


def _delete_archived(context: Context, submission_id: int, before: float) -> bool:
    """Nothing goes without which another list would tell of an id what is not so any more."""
    submission = context.read(submissions.get, submission_id)
    if context.read(other_submissions.dependent_submission, submission):
        return False
    with context.store.write() as connection:
        now = context.clock()
        deleted = lifecycle.discard_archived(connection, submission_id, before, now)
        if deleted:
            audit.record(connection, AuditAction.DELETE, audit.PROGRAM, now, submission)
    return deleted


def _drop_history(context: Context, submission_id: int, before: float) -> bool:
    while context.write(lifecycle.drop_history, submission_id, before, context.clock()):
        if context.stop.is_set():
            return False
    return True
