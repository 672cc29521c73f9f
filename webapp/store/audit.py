"""Audit: who did what, when and from where. It refers to nothing, so it outlives what it tells of.

A row is written in the transaction of the act that it tells of; once that is kept, a line of the
log tells of it too.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from webapp.store import paging
from webapp.store.accounts import Account
from webapp.store.engine import Store, after_commit
from webapp.store.enums import AuditAction, State
from webapp.store.paging import Cursor, Page
from webapp.store.tables import AuditRow as AuditRow
from webapp.store.tables import SubmissionRow, audit, submissions

SWEEP_ROWS = 1_000  # in one transaction
EXPORT_ROWS = 1_000
MINUTE = 60.0
MAX_NETWORKS = 20  # with a row of their own for failed sign-ins within a minute
MAX_ROWS_OF_AN_ACT = 200

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
    connection.execute(insert(audit).values(_row(action, by, now, submission, details)))
    _log(connection, action, by, submission.id if submission else None, details)


def record_of_many(
    connection: Connection,
    action: AuditAction,
    by: Actor,
    now: float,
    concerned: Sequence[SubmissionRow],
    more: int,
    **details: Any,
) -> None:
    """As record(), of an act that concerns these submissions, and `more` that get no row."""
    rows = [_row(action, by, now, one, details) for one in concerned]
    if more:
        rows.append(_row(action, by, now, None, details | {"more": more}))
    connection.execute(insert(audit).values(rows))
    _log(connection, action, by, None, details | {"submissions": len(concerned) + more})


def _row(
    action: AuditAction,
    by: Actor,
    now: float,
    submission: SubmissionRow | None,
    details: dict[str, Any],
) -> dict[str, Any]:
    return {
        "at": now,
        "action": action,
        "account_id": by.account_id,
        "who": by.who[:255],
        "address": by.address[:64],
        "submission_id": submission.id if submission else None,
        "owner_id": submission.account_id if submission else None,
        "submission_name": submission.name if submission else "",
        "details": details,
    }


def record_failed_sign_in(connection: Connection, network: str, now: float) -> None:
    """ICA did not take a key. Of each network there is one such row a minute, with a count.

    Beyond MAX_NETWORKS all others share one, so that nobody fills the table from many addresses.
    """
    action, by = AuditAction.SIGN_IN_FAILED, Actor(None, "", network)
    of = audit.c
    lately = (of.at > now - MINUTE) & (of.action == action)
    counted = select(func.count()).where(lately)
    found = _locked(connection, lately & (of.address == network))
    if not found and connection.execute(counted).scalar_one() >= MAX_NETWORKS:
        by = Actor(None, "other addresses")
        found = _locked(connection, lately & (of.address == by.address))
    if found:
        details = found.details | {"count": found.details["count"] + 1}
        connection.execute(update(audit).where(of.id == found.id).values(details=details))
        _log(connection, action, by, None, {})
    else:
        record(connection, action, by, now, count=1)


def _locked(connection: Connection, which: ColumnElement[bool]) -> Row[Any, Any] | None:
    """A row that nobody else changes before this transaction has ended."""
    found = select(audit.c.id, audit.c.details).where(which).order_by(audit.c.id).limit(1)
    return connection.execute(found.with_for_update()).one_or_none()


def of_submission(
    connection: Connection, submission_id: int, cursor: Cursor, size: int
) -> Page[AuditRow]:
    """What was done with a submission, the newest first."""
    return _page(connection, audit.c.submission_id == submission_id, cursor, size)


def name_of_deleted(connection: Connection, submission_id: int, owner_id: int) -> str | None:
    """The last name of a list of this account that was thrown away or deleted, else None."""
    kept = submissions.c.id == submission_id, submissions.c.state != State.DISCARDED
    statement = select(audit.c.submission_name).where(
        audit.c.submission_id == submission_id,
        audit.c.owner_id == owner_id,
        ~exists().where(*kept),
    )
    return connection.execute(statement.order_by(audit.c.id.desc()).limit(1)).scalar()


def of_account(
    connection: Connection, account_id: int, cursor: Cursor, size: int
) -> Page[AuditRow]:
    """What an account has done, the newest first."""
    return _page(connection, audit.c.account_id == account_id, cursor, size)


def _page(
    connection: Connection, which: ColumnElement[bool], cursor: Cursor, size: int
) -> Page[AuditRow]:
    statement = select(audit).where(which)
    return paging.read(connection, statement, audit.c.id, AuditRow, cursor, size, newest_first=True)


def each(store: Store, since: float, submission_id: int | None) -> Iterator[AuditRow]:
    """All rows since then, of one submission or of all, the oldest first."""
    statement = select(audit).where(audit.c.at >= since)
    if submission_id is not None:
        statement = statement.where(audit.c.submission_id == submission_id)
    return paging.each(store, statement, audit.c.id, AuditRow, EXPORT_ROWS)


def sweep(connection: Connection, before: float) -> int:
    """Delete some rows from before then; returns how many."""
    old = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(SWEEP_ROWS)
    return connection.execute(delete(audit).where(audit.c.id.in_(old))).rowcount


def _log(
    connection: Connection,
    action: AuditAction,
    by: Actor,
    submission_id: int | None,
    details: dict[str, Any],
) -> None:
    """One line of JSON. Names of people and of lists are data, and stay out of it."""
    numbers = {name: value for name, value in details.items() if isinstance(value, int)}
    place = {"account": by.account_id, "address": by.address, "submission": submission_id}
    line = json.dumps({"action": action, **place, **numbers})
    after_commit(connection, partial(log.info, "audit %s", line))
