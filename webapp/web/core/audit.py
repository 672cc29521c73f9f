"""Notes for the audit trail: what the visitor does, beside what it changes."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import request

from webapp.store import Connection, DatabaseAway, faults
from webapp.store import audit as audit_store
from webapp.store.audit import Actor
from webapp.store.enums import AuditAction
from webapp.store.tables import SubmissionRow
from webapp.web.core.context import context, network, remote_address, viewer

log = logging.getLogger(__name__)


def note(
    connection: Connection,
    action: AuditAction,
    submission: SubmissionRow | None = None,
    **details: Any,
) -> None:
    """The visitor does this, in the transaction that does it. `details`: see audit.record()."""
    by, now = Actor.of(viewer(), remote_address()), context().clock()
    audit_store.record(connection, action, by, now, submission, **details)


def note_export(what: str, form: str, submission: SubmissionRow | None = None) -> None:
    """The visitor takes a file of this kind and form; before its first byte is sent.

    Where nothing can be written, they take it all the same, and the log says so.
    """
    if request.method != "HEAD":
        with _told_at_least(submission, what, form), context().store.write() as connection:
            note(connection, AuditAction.EXPORT, submission, what=what, form=form)


def note_export_of_many(
    what: str, form: str, submissions: Sequence[SubmissionRow], more: int
) -> None:
    """As note_export(), of a file with items of these submissions and of so many more."""
    if request.method != "HEAD":
        by, now = Actor.of(viewer(), remote_address()), context().clock()
        of = AuditAction.EXPORT, by, now, submissions, more
        with _told_at_least(None, what, form), context().store.write() as connection:
            audit_store.record_of_many(connection, *of, what=what, form=form)


@contextmanager
def _told_at_least(submission: SubmissionRow | None, what: str, form: str) -> Iterator[None]:
    try:
        yield
    except DatabaseAway as error:
        number = submission.id if submission else None
        place = (viewer().id, what, form, number, remote_address())
        log.warning(
            "Account %d takes a file (%s, %s) of submission %s from %s, which the audit trail "
            "could not keep: %s",
            *(*place, faults.reason(error)),
        )


def note_sign_in(connection: Connection, account_id: int, name: str, device: str) -> None:
    """Somebody signs in to this account."""
    by, now = Actor(account_id, name, remote_address()), context().clock()
    audit_store.record(connection, AuditAction.SIGN_IN, by, now, device=device)


def note_failed_sign_in() -> None:
    """ICA did not take somebody's key."""
    place = network(remote_address())
    context().write(audit_store.record_failed_sign_in, place, context().clock())
