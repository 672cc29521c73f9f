"""Whether an account may read a project: ICA is asked, and its answer is remembered."""

import logging

from webapp.ica.errors import Busy, Forbidden, IcaError, IcaProblem, NotFound
from webapp.store import access, accounts
from webapp.store.accounts import Account
from webapp.work.clients import NoKey
from webapp.work.context import Context

ASK_AGAIN_SECONDS = 60.0  # when ICA gave no answer

log = logging.getLogger(__name__)


def ask(context: Context, account: Account, project_id: str) -> bool:
    """Ask ICA whether the account may read the project, and remember what it says.

    Only ICA's own 403 or 404 takes access away; without an answer, which is False, the last one
    holds, and nobody asks about any project of the account for a minute.
    """
    now = context.clock()
    try:
        name: str | None = context.clients.of(account).project(project_id).name
    except (Forbidden, NotFound):
        name = None
    except (IcaError, NoKey) as error:
        if not isinstance(error, Busy):
            _put_off(context, account, project_id, error)
        return False
    with context.store.write() as connection:
        accounts.ask_no_sooner(connection, account.id, 0.0)
        access.remember(connection, account.id, project_id, name, now)
    return True


def _put_off(context: Context, account: Account, project_id: str, error: IcaError | NoKey) -> None:
    kind, status = type(error).__name__, error.status if isinstance(error, IcaProblem) else 0
    log.info("No word on access of account %d (%s %d).", account.id, kind, status)
    ask_at = context.clock() + ASK_AGAIN_SECONDS
    with context.store.write() as connection:
        accounts.ask_no_sooner(connection, account.id, ask_at)
        access.ask_later(connection, account.id, project_id, ask_at)
