"""Kept files: the file of a form that could not be taken, kept so that it need not be sent again.

It is the upload of a submission that is still to be read and has no project: nobody may see that
one, nobody reads the file, and housekeeping discards it as any unfinished upload. When the form
comes again, the submission gets its project, and its list is read.
"""

from sqlalchemy import ColumnElement, Connection, func, select

from webapp.store import sql, uploads
from webapp.store import submissions as submissions_of
from webapp.store.accounts import Account
from webapp.store.enums import State
from webapp.store.submissions import New, touch
from webapp.store.tables import SubmissionRow, submissions


def begin(connection: Connection, new: New, now: float) -> int:
    """Keep a file with the name of `new`, whose pieces follow; the submission's id."""
    submission_id = submissions_of.create(connection, new._replace(project_id=""), now)
    uploads.add(connection, submission_id, [new.name])
    return submission_id


def find(connection: Connection, submission_id: int, account: Account) -> SubmissionRow | None:
    """The account's kept file; None when this is none, or kept no longer."""
    found = select(submissions).where(submissions.c.id == submission_id, _of(account))
    return sql.fetch_one(connection, found, SubmissionRow)


def count(connection: Connection, account: Account) -> int:
    """How many files of the account are kept."""
    found = select(func.count()).select_from(submissions).where(_of(account))
    return connection.execute(found).scalar_one()


def keep_on(connection: Connection, submission_id: int, account: Account, now: float) -> None:
    """The account's form came once more: its file is kept for an hour from now."""
    touch(connection, submission_id, now, _of(account), created_at=now)


def take(connection: Connection, submission_id: int, new: New, now: float) -> bool:
    """The file of the account is the list of this submission from now on; False when it is kept no
    longer. Its upload is not due before uploads.make_due().
    """
    values = new._asdict() | dict.fromkeys(("created_at", "watched_at"), now)
    account: Account = values.pop("account")
    values["project_name"] = new.project_name[:255]
    return touch(connection, submission_id, now, _of(account), **values)


def is_list(connection: Connection, submission_id: int, account: Account, project_id: str) -> bool:
    """Whether the account's file is that of a list for this project by now."""
    mine = (submissions.c.id == submission_id) & (submissions.c.account_id == account.id)
    found = select(submissions.c.state).where(
        mine, submissions.c.project_id == (project_id or None)
    )
    return connection.execute(found).scalar() not in {None, State.DISCARDED}


def drop(connection: Connection, submission_id: int, account: Account, now: float) -> None:
    """Discard the account's file, if it is still kept."""
    touch(connection, submission_id, now, _of(account), state=State.DISCARDED)


def _of(account: Account) -> ColumnElement[bool]:
    kept = (submissions.c.state == State.READING) & (submissions.c.project_id == "")
    return kept & (submissions.c.account_id == account.id)
