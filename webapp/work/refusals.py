"""Refusals: where ICA does not take an account's key any more, its access ends here too."""

from collections.abc import Callable

from webapp.store import Connection, Store, access, accounts, audit, sessions
from webapp.store.accounts import Account
from webapp.store.audit import Actor
from webapp.store.enums import AuditAction


def note(store: Store, clock: Callable[[], float], account: Account, takes_key: bool) -> None:
    """Told of every call for an account, by the worker and by pages, whether ICA takes its key:
    count a refusal, or forget them. `account` as it was when its key was last looked up.

    When ICA has refused the key several times in a row, or there is none, the account's
    sessions end, and the next sign-in asks ICA anew what it may read. Its work waits for that.
    """
    if not takes_key:  # not kept at any price: what ICA refuses now it refuses again
        store.write_if_free(_count, account, clock())
    elif account.refusals:
        store.write_if_free(accounts.clear_refusals, account.id)


def _count(connection: Connection, account: Account, now: float) -> None:
    if not accounts.count_refusal(connection, account, now):
        return
    access.forget(connection, account.id)
    if ended := sessions.end_all(connection, account.id, now):
        by, action = Actor(account.id, audit.PROGRAM.who), AuditAction.SESSION_END
        why = "ICA does not take the key" if account.sealed_key else "the key was erased"
        audit.record(connection, action, by, now, sessions=ended, why=why)
