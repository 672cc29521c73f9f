"""Notes for the audit trail: what the visitor does, beside what it changes."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import request

from webapp.store import Connection, DatabaseAway, faults
from webapp.store import audit as audit_store
from webapp.store.audit import Actor
from webapp.store.enums import AuditAction
from webapp.store.tables import SubmissionRow
from webapp.web.core.context import context, remote_address, viewer

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
    _note_export(what, form, submission, partial(audit_store.record, submission=submission))


def note_export_of_many(
    what: str, form: str, submissions: Sequence[SubmissionRow], more: int
) -> None:
    """As note_export(), of a file with items of these submissions and of so many more."""
    record = partial(audit_store.record_of_many, concerned=submissions, more=more)
    _note_export(what, form, None, record)


def _note_export(
    what: str, form: str, submission: SubmissionRow | None, record: Callable[..., None]
) -> None:
    if request.method == "HEAD":
        return
    by, now = Actor.of(viewer(), remote_address()), context().clock()
    try:
        context().write(record, AuditAction.EXPORT, by, now, what=what, form=form)
    except DatabaseAway as error:
        number = submission.id if submission else None
        log.warning(
            "Account %d takes a file (%s, %s) of submission %s from %s, which the audit trail "
            "could not keep: %s",
            *(by.account_id, what, form, number, by.address, faults.reason(error)),
        )
