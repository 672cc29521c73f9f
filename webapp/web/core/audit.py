"""Notes for the audit trail: what the visitor does, beside what it changes."""

from typing import Any

from webapp.store import Connection
from webapp.store import audit as audit_store
from webapp.store.audit import Actor
from webapp.store.enums import AuditAction
from webapp.store.tables import SubmissionRow
from webapp.web.core.context import context, remote_address, viewer


def note(
    connection: Connection,
    action: AuditAction,
    submission: SubmissionRow | None = None,
    **details: Any,
) -> None:
    """The visitor does this, in the transaction that does it. `details`: see audit.record()."""
    by, now = Actor.of(viewer(), remote_address()), context().clock()
    audit_store.record(connection, action, by, now, submission, **details)


def note_export(what: str, form: str, *submissions: SubmissionRow) -> None:
    """The visitor takes a file of this kind and form; before its first byte is sent."""
    with context().store.write() as connection:
        for submission in submissions or (None,):
            note(connection, AuditAction.EXPORT, submission, what=what, form=form)


def note_sign_in(connection: Connection, account_id: int, name: str, device: str) -> None:
    """Somebody signs in to this account."""
    by, now = Actor(account_id, name, remote_address()), context().clock()
    audit_store.record(connection, AuditAction.SIGN_IN, by, now, device=device)


def note_failed_sign_in() -> None:
    """ICA did not take somebody's key."""
    context().write(audit_store.record_failed_sign_in, remote_address(), context().clock())
