"""Housekeeping: access is renewed, what was thrown away is removed, idle keys are forgotten."""

import logging

from webapp.ica.errors import IcaError, IcaProblem, MayNot, NotThere
from webapp.store import access, accounts, chores, finds, sessions, submissions, upkeep, uploads
from webapp.store.access import Access
from webapp.work.clients import NoKey
from webapp.work.context import Context

EVERY = 5.0  # seconds
ASK_AGAIN = 60.0  # seconds, when ICA gave no answer
ACCESS_AT_ONCE = 20
UNFINISHED_FOR = 3600.0  # seconds after which an upload that has not ended is given up

log = logging.getLogger(__name__)


def keep_house(context: Context) -> None:
    """Everything that is due; each step is short and may be repeated."""
    _throw_away_unfinished(context)
    _sweep(context)
    _renew_access(context)
    now = context.clock()
    with context.store.write() as connection:
        sessions.sweep(connection, now)
        finds.sweep(connection, now)
        forgotten = accounts.forget_idle_keys(connection, now)
    if forgotten:
        log.info("Forgot the keys of %d accounts that have no work and are signed out.", forgotten)


def _throw_away_unfinished(context: Context) -> None:
    """An upload that broke off, or whose web server died, is nobody's: no page leads to it."""
    now = context.clock()
    with context.store.read() as connection:
        unfinished = upkeep.unfinished_uploads(connection, now - UNFINISHED_FOR, limit=5)
    for submission_id in unfinished:
        with context.store.write() as connection:
            submissions.discard(connection, submission_id, now)


def _sweep(context: Context) -> None:
    """Remove what discarded submissions left, some thousand rows at a time."""
    with context.store.read() as connection:
        doomed = upkeep.thrown_away(connection, limit=5)
    for submission_id in doomed:
        with context.store.write() as connection:  # first: whoever still adds rows finds it gone
            uploads.remove(connection, submission_id)
            chores.remove(connection, submission_id)
        dropped = None
        while dropped != 0:
            if context.stop.is_set():
                return
            with context.store.write() as connection:
                dropped = upkeep.drop_rows(connection, submission_id)
        with context.store.write() as connection:
            upkeep.remove(connection, submission_id)


def _renew_access(context: Context) -> None:
    with context.store.read() as connection:
        due = access.due(connection, context.clock(), ACCESS_AT_ONCE)
    for row in due:
        with context.store.read() as connection:
            account = accounts.get(connection, row.account_id)
        ask_access(context, account, row.project_id)


def ask_access(context: Context, account: accounts.Account, project_id: str) -> Access | None:
    """Ask ICA whether the account may read the project, and remember the answer.

    Only ICA's own 403 or 404 takes access away; without an answer the last one holds.
    """
    now = context.clock()
    name: str | None = None
    try:
        name = context.clients.of(account).project(project_id).name
    except (MayNot, NotThere):
        pass
    except (IcaError, NoKey) as error:
        status = error.status if isinstance(error, IcaProblem) else 0
        log.info(
            "No word on access of account %d (%s %d).", account.id, type(error).__name__, status
        )
        with context.store.write() as connection:
            access.ask_later(connection, account.id, project_id, now + ASK_AGAIN)
            return access.find(connection, account.id, project_id)
    with context.store.write() as connection:
        access.remember(connection, account.id, project_id, name, now)
        return access.find(connection, account.id, project_id)
