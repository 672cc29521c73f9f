"""Audit: who did what, when and from where. It refers to nothing, so it outlives what it tells of.

A row is written in the transaction of the act that it tells of, and comes with a line of the log.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from webapp.store import paging
from webapp.store.accounts import Account
from webapp.store.engine import Store
from webapp.store.enums import AuditAction
from webapp.store.paging import Cursor, Page
from webapp.store.tables import AuditRow as AuditRow
from webapp.store.tables import SubmissionRow, audit

SWEEP_ROWS = 1_000  # in one transaction
EXPORT_ROWS = 1_000
MINUTE = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an account, with the name of its user; without one, `who` says what did it."""

    account_id: int | None
    who: str
    address: str = ""

    @classmethod
    def of(cls, account: Account, address: str) -> "Actor":
        """The user of the account, at this address."""
        return cls(account.id, account.name, address)


OPERATOR = Actor(None, "operator")  # by a command
PROGRAM = Actor(None, "Linkboard")  # by itself


def record(
    connection: Connection,
    action: AuditAction,
    by: Actor,
    now: float,
    submission: SubmissionRow | None = None,
    **details: Any,
) -> None:
    """Somebody does this now. `details`: counts, and what else tells it from another."""
    values: dict[str, Any] = {
        "at": now,
        "action": action,
        "account_id": by.account_id,
        "who": by.who[:255],
        "address": by.address[:64],
        "details": details,
    }
    if submission:
        values |= {
            "submission_id": submission.id,
            "owner_id": submission.account_id,
            "submission_name": submission.name,
        }
    connection.execute(insert(audit).values({"submission_name": ""} | values))
    _log(action, by, submission.id if submission else None, details)


def record_failed_sign_in(connection: Connection, address: str, now: float) -> None:
    """ICA did not take a key. Of each address there is one such row a minute, with a count."""
    action, by = AuditAction.SIGN_IN_FAILED, Actor(None, "", address)
    of = audit.c
    found = select(of.id, of.details).where(
        of.at > now - MINUTE, of.action == action, of.address == address
    )
    if row := connection.execute(found.limit(1)).one_or_none():
        details = row.details | {"count": row.details["count"] + 1}
        connection.execute(update(audit).where(of.id == row.id).values(details=details))
        _log(action, by, None, {})
    else:
        record(connection, action, by, now, count=1)


def of_submission(
    connection: Connection, submission_id: int, cursor: Cursor, size: int
) -> Page[AuditRow]:
    """What was done with a submission, the newest first."""
    return _page(
        connection, select(audit).where(audit.c.submission_id == submission_id), cursor, size
    )


def of_account(
    connection: Connection, account_id: int, cursor: Cursor, size: int
) -> Page[AuditRow]:
    """What an account has done, the newest first."""
    return _page(connection, select(audit).where(audit.c.account_id == account_id), cursor, size)


def _page(
    connection: Connection, statement: Select[Any], cursor: Cursor, size: int
) -> Page[AuditRow]:
    return paging.read(connection, statement, audit.c.id, AuditRow, cursor, size, newest_first=True)


def each(store: Store, since: float, submission_id: int | None) -> Iterator[AuditRow]:
    """All rows since then, of one submission or of all, the oldest first."""
    statement = select(audit).where(audit.c.at >= since)
    if submission_id is not None:
        statement = statement.where(audit.c.submission_id == submission_id)

    def page(connection: Connection, cursor: Cursor) -> Page[AuditRow]:
        return paging.read(connection, statement, audit.c.id, AuditRow, cursor, EXPORT_ROWS)

    return paging.each(store, page)


def sweep(connection: Connection, before: float) -> int:
    """Delete some rows from before then; returns how many."""
    old = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(SWEEP_ROWS)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _log(
    action: AuditAction, by: Actor, submission_id: int | None, details: dict[str, Any]
) -> None:
    """One line of JSON. Names of people and of lists are data, and stay out of it."""
    numbers = {name: value for name, value in details.items() if isinstance(value, int)}
    place = {"account": by.account_id, "address": by.address, "submission": submission_id}
    log.info("audit %s", json.dumps({"action": action, **place, **numbers}))
