"""Whether an account may read a project: ICA is asked, and its answer is remembered."""

import logging
from enum import Enum, auto

from webapp.ica.errors import (
    Busy,
    Forbidden,
    IcaError,
    IcaProblem,
    NotFound,
    Unauthorized,
    Unreachable,
)
from webapp.store import Connection, access, accounts
from webapp.store.accounts import Account
from webapp.work.clients import NoKey
from webapp.work.context import Context

ASK_AGAIN_SECONDS = 60.0  # when ICA gave no answer

log = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of a question to ICA about a project."""

    ANSWERED = auto()
    TROUBLE = auto()  # of this question: others may be answered
    NOT_NOW = auto()  # ICA can't be asked about any project


def try_asking(
    context: Context, account: Account, project_id: str, *, can_wait: bool = False
) -> Outcome:
    """Ask ICA whether the account may read the project, and remember what it says.

    Only ICA's own 403 or 404 takes access away. Without an answer the last one holds, and nobody
    asks about the project for a minute; when ICA is out of reach or does not take the key, about
    no project of the account. `can_wait`: a page can do without the answer, if the database can't
    keep it at once; but that access has ended is always kept.
    """
    now = context.clock()
    try:
        name: str | None = context.clients.of(account).project(project_id).name
    except (Forbidden, NotFound):
        name = None
    except Busy:
        context.write_if_free(access.put_back, account.id, project_id, now)
        return Outcome.NOT_NOW
    except (IcaError, NoKey) as error:
        return _put_off(context, account, project_id, error)
    if not can_wait or name is None:
        context.write(_keep, account.id, project_id, name, now)
    elif not context.write_if_free(_keep, account.id, project_id, name, now):
        return Outcome.NOT_NOW
    return Outcome.ANSWERED


def _keep(
    connection: Connection, account_id: int, project_id: str, name: str | None, now: float
) -> bool:
    accounts.ask_no_sooner(connection, account_id, 0.0)
    access.remember(connection, account_id, project_id, name, now)
    return True


def _put_off(
    context: Context, account: Account, project_id: str, error: IcaError | NoKey
) -> Outcome:
    kind, status = type(error).__name__, error.status if isinstance(error, IcaProblem) else 0
    log.info("No word on access of account %d (%s %d).", account.id, kind, status)
    ask_at = context.clock() + ASK_AGAIN_SECONDS
    if isinstance(error, (Unreachable, Unauthorized, NoKey)):
        context.write_if_free(accounts.ask_no_sooner, account.id, ask_at)
        return Outcome.NOT_NOW
    context.write_if_free(access.ask_later, account.id, project_id, ask_at)
    return Outcome.TROUBLE
