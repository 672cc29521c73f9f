"""Housekeeping: access is renewed, what was thrown away is removed, idle keys are forgotten."""

import logging

from webapp.store import access, accounts, chores, lifecycle, sessions, submissions, uploads
from webapp.store.find import queries
from webapp.work import project_access
from webapp.work.context import Context

EVERY = 5.0  # seconds
ACCESS_AT_ONCE = 20
UNFINISHED_FOR = 3600.0  # seconds after which an upload that has not ended is given up

log = logging.getLogger(__name__)


def perform(context: Context) -> None:
    """Everything that is due; each step is short and may be repeated."""
    _discard_unfinished(context)
    _sweep(context)
    _renew_access(context)
    now = context.clock()
    with context.store.write() as connection:
        sessions.sweep(connection, now)
        queries.sweep(connection, now)
        forgotten = accounts.forget_idle_keys(connection, now)
    if forgotten:
        log.info("Forgot the keys of %d accounts that have no work and are signed out.", forgotten)


def _discard_unfinished(context: Context) -> None:
    """An upload that broke off, or whose web server died, is nobody's: no page leads to it."""
    now = context.clock()
    with context.store.read() as connection:
        unfinished = lifecycle.unfinished_uploads(connection, now - UNFINISHED_FOR, limit=5)
    for submission_id in unfinished:
        with context.store.write() as connection:
            submissions.discard(connection, submission_id, now)


def _sweep(context: Context) -> None:
    """Remove what discarded submissions left, some thousand rows at a time."""
    with context.store.read() as connection:
        discarded = lifecycle.discarded(connection, limit=5)
    for submission_id in discarded:
        with context.store.write() as connection:  # first: whoever still adds rows finds it gone
            uploads.remove(connection, submission_id)
            chores.remove(connection, submission_id)
        dropped = None
        while dropped != 0:
            if context.stop.is_set():
                return
            with context.store.write() as connection:
                dropped = lifecycle.drop_rows(connection, submission_id)
        with context.store.write() as connection:
            lifecycle.remove(connection, submission_id)


def _renew_access(context: Context) -> None:
    with context.store.read() as connection:
        due = access.due(connection, context.clock(), ACCESS_AT_ONCE)
    for row in due:
        with context.store.read() as connection:
            account = accounts.get(connection, row.account_id)
        project_access.ask(context, account, row.project_id)
