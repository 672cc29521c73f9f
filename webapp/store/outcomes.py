"""Outcomes: what became of the ids of a list, in the latest attempt at each of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, or_, select

from webapp.store.tables import batches, items, submissions
from webapp.store.words import BEGUN, NOT_SENT, UNREAD, UNSENT, WELL


@dataclass(frozen=True, slots=True)
class Effective:
    """What became of an id in the attempt that counts."""

    status: str
    reason: str
    path: str
    attempt: int


def effective(
    connection: Connection, submission_id: int, data_ids: Collection[str]
) -> dict[str, Effective]:
    """The outcomes of these ids of a submission, retries of it followed; by data id."""
    found: dict[str, Effective] = {}
    wanted: Mapping[int, Collection[str]] = {submission_id: data_ids}
    while wanted:
        later: dict[int, list[str]] = defaultdict(list)
        for holder, ids in wanted.items():
            for row in _rows(connection, holder, ids):
                found[row.data_id] = _after(found.get(row.data_id), row)
                if row.retried_in:
                    later[row.retried_in].append(row.data_id)
        wanted = {holder: later[holder] for holder in _begun(connection, later)}
    return found


def _after(before: Effective | None, row: Row[Any]) -> Effective:
    """What an id came to with this row; an undo that did not come off leaves it linked."""
    if before and row.kind == "unlink":
        undone = Effective(row.status, row.reason, "", before.attempt)
        return undone if row.status in WELL else before
    return Effective(row.status, row.reason, row.path, row.attempt)


def _begun(connection: Connection, submission_ids: Collection[int]) -> list[int]:
    """Those that have begun: what is still being gathered, or was thrown away, changes nothing."""
    statement = select(submissions.c.id).where(
        submissions.c.id.in_(submission_ids), submissions.c.state.in_(BEGUN)
    )
    return list(connection.execute(statement).scalars())


def _rows(connection: Connection, submission_id: int, data_ids: Collection[str]) -> list[Row[Any]]:
    not_sent = and_(items.c.status == UNREAD, unsent())
    # + 0, or SQLite would read the whole submission instead of these ids by their index
    ours = items.c.submission_id + 0 == submission_id
    statement = (
        select(
            items.c.data_id,
            case((not_sent, NOT_SENT), else_=items.c.status).label("status"),
            items.c.reason,
            items.c.path,
            items.c.retried_in,
            submissions.c.attempt,
            submissions.c.kind,
        )
        .join(submissions, submissions.c.id == items.c.submission_id)
        .outerjoin(batches, batch_of_unread())
        .where(items.c.data_id.in_(data_ids), ours)
    )
    return list(connection.execute(statement))


def batch_of_unread() -> ColumnElement[bool]:
    """Joins an item that was not read yet to its batch, which knows whether it was sent."""
    return and_(
        items.c.status == UNREAD,
        batches.c.submission_id == items.c.submission_id,
        items.c.position.between(batches.c.first_position, batches.c.last_position),
    )


def unsent() -> ColumnElement[bool]:
    """The batch was not sent, or there is none."""
    return or_(batches.c.id.is_(None), batches.c.state.in_(UNSENT))
