"""Whether an account may read a project: ICA is asked, and its answer is remembered."""

import logging

from webapp.ica.errors import Forbidden, IcaError, IcaProblem, NotFound
from webapp.store import access
from webapp.store.access import Access
from webapp.store.accounts import Account
from webapp.work.clients import NoKey
from webapp.work.context import Context

ASK_AGAIN_SECONDS = 60.0  # when ICA gave no answer

log = logging.getLogger(__name__)


def ask(context: Context, account: Account, project_id: str) -> Access | None:
    """Ask ICA whether the account may read the project, and remember the answer.

    Only ICA's own 403 or 404 takes access away; without an answer the last one holds.
    """
    now, place = context.clock(), (account.id, project_id)
    try:
        name = context.clients.of(account).project(project_id).name
        context.write(access.remember, *place, name, now)
    except (Forbidden, NotFound):
        context.write(access.remember, *place, None, now)
    except (IcaError, NoKey) as error:
        kind, status = type(error).__name__, error.status if isinstance(error, IcaProblem) else 0
        log.info("No word on access of account %d (%s %d).", account.id, kind, status)
        context.write(access.ask_later, *place, now + ASK_AGAIN_SECONDS)
    return context.read(access.find, *place)
