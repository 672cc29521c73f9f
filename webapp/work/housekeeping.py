"""Housekeeping: access is renewed, what was thrown away is removed, idle keys are forgotten."""

import logging

from webapp.store import (
    access,
    accounts,
    chores,
    due,
    lifecycle,
    sessions,
    statistics,
    uploads,
)
from webapp.store.find import queries
from webapp.work.context import Context
from webapp.work.project_access import Outcome, try_asking

INTERVAL_SECONDS = 5.0
MAX_SUBMISSIONS, MAX_ACCESS_ROWS = 5, 20  # in one round
UNFINISHED_SECONDS = 3600.0  # after which an upload that is not complete is given up

log = logging.getLogger(__name__)


def perform(context: Context) -> None:
    """Everything that is due; each step is short, a transaction of its own, and may be repeated.

    Who signs in locks the account before its sessions: together, these two would be locked here the
    other way round.
    """
    if not context.store.is_sqlite:
        context.write_if_free(statistics.refresh)
    now = context.clock()
    if not context.read(due.any_housekeeping, now, now - UNFINISHED_SECONDS):
        return
    _discard_unfinished(context)
    _sweep(context)
    _renew_access(context)
    now = context.clock()
    context.write(sessions.sweep, now)
    context.write(queries.sweep, 0.0)  # those that were discarded
    forgotten = context.write(accounts.forget_idle_keys, now)
    if forgotten:
        log.info("Forgot the keys of %d accounts that have no work and are signed out.", forgotten)


def _discard_unfinished(context: Context) -> None:
    """No page leads to an upload that was interrupted, or whose web server died, and no form any
    more to a file that was kept for one.
    """
    now = context.clock()
    unfinished = lifecycle.unfinished_since(now - UNFINISHED_SECONDS)
    for submission_id in context.read(lifecycle.ids_of, unfinished, MAX_SUBMISSIONS):
        context.write(lifecycle.discard, submission_id, now, unfinished)


def _sweep(context: Context) -> None:
    """Remove what discarded submissions left, some thousand rows at a time."""
    for submission_id in context.read(lifecycle.ids_of, lifecycle.DISCARDED, MAX_SUBMISSIONS):
        with context.store.write() as connection:  # first: who adds rows notices that it is gone
            uploads.remove(connection, submission_id)
            chores.remove(connection, submission_id)
        while context.write(lifecycle.drop_rows, submission_id):
            if context.stop.is_set():
                return
        context.write(lifecycle.remove, submission_id)


def _renew_access(context: Context) -> None:
    """Of one account no more after a call without an answer: the next is not answered either."""
    unanswered = set()
    for row in context.read(access.due, context.clock(), MAX_ACCESS_ROWS):
        if row.account_id not in unanswered:
            account = context.read(accounts.get, row.account_id)
            if try_asking(context, account, row.project_id) is not Outcome.ANSWERED:
                unanswered.add(row.account_id)
