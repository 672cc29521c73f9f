"""Attempts: one go at some items of a submission, by one account. The first is its own list."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from webapp.store import sql
from webapp.store.enums import NOT_SENT, AttemptKind, AttemptState, Source
from webapp.store.tables import AttemptRow, accounts, attempts, submissions

_BY = select(attempts, accounts.c.name.label("by")).join(
    accounts, accounts.c.id == attempts.c.account_id
)
_GET = _BY.where(
    attempts.c.submission_id == sql.SUBMISSION, attempts.c.number == bindparam("wanted")
)
_OF_SUBMISSIONS = _BY.where(
    attempts.c.submission_id.in_(bindparam("wanted", expanding=True))
).order_by(attempts.c.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(AttemptRow):
    """A row of attempts, and the name of its account."""

    by: str

    @property
    def runs(self) -> bool:
        """Whether it gathers its items, or has any that has no outcome yet."""
        return self.state in {AttemptState.GATHERING, AttemptState.ACTIVE}

    @property
    def took(self) -> float | None:
        """Seconds from its beginning to its end; None before that."""
        if self.begun_at is None or self.ended_at is None:
            return None
        return max(self.ended_at - self.begun_at, 0.0)


def add(
    connection: Connection,
    submission_id: int,
    kind: AttemptKind,
    account_id: int,
    token: str,
    now: float,
) -> Attempt:
    """Open the next attempt of a submission, whose row the caller has locked or just made.

    A submission without any gets its first, a draft; a later one gathers its items.
    """
    last = select(func.max(attempts.c.number)).where(attempts.c.submission_id == submission_id)
    number = (connection.execute(last).scalar() or 0) + 1
    state = AttemptState.GATHERING if number > 1 else AttemptState.DRAFT
    made_by = {"account_id": account_id, "created_at": now, "token": token}
    new = {"submission_id": submission_id, "number": number, "kind": kind, "state": state}
    connection.execute(insert(attempts).values(new | made_by))
    made = get(connection, submission_id, number)
    change_submission = update(submissions).where(submissions.c.id == submission_id)
    connection.execute(change_submission.values(last_attempt_id=made.id))
    return made


def change(connection: Connection, attempt: Attempt, **values: Any) -> None:
    """Set columns of the attempt."""
    connection.execute(update(attempts).where(attempts.c.id == attempt.id).values(values))


def get(connection: Connection, submission_id: int, number: int) -> Attempt:
    """The attempt. Raises sqlalchemy.exc.NoResultFound when there is none."""
    found = connection.execute(_GET, {"submission": submission_id, "wanted": number})
    return Attempt(**found.mappings().one())


def of_submissions(
    connection: Connection, submission_ids: Collection[int]
) -> dict[int, list[Attempt]]:
    """By submission its attempts, in their order, a draft's too."""
    found: dict[int, list[Attempt]] = {key: [] for key in submission_ids}
    for attempt in sql.fetch(connection, _OF_SUBMISSIONS, Attempt, {"wanted": [*found]}):
        found[attempt.submission_id].append(attempt)
    return found


def of_submission(connection: Connection, submission_id: int) -> list[Attempt]:
    """The submission's attempts in their order."""
    return of_submissions(connection, [submission_id])[submission_id]


def lengths(
    connection: Connection, ica_url: str, kind: AttemptKind, limit: int
) -> list[tuple[int, float]]:
    """Items and seconds of the `limit` attempts that this ICA ended last, less those of which not
    all was sent, and those of batches that were made elsewhere.
    """
    length = attempts.c.ended_at - attempts.c.begun_at
    statement = (
        select(attempts.c.size, length, attempts.c.counts)
        .join(submissions, submissions.c.id == attempts.c.submission_id)
        .where(submissions.c.ica_url == ica_url, submissions.c.source != Source.ADOPT)
        .where(attempts.c.kind == kind, attempts.c.state == AttemptState.ENDED)
        .where(attempts.c.size > 0, length > 0)
        .order_by(attempts.c.id.desc())
        .limit(limit)
    )
    found = connection.execute(statement)
    return [(size, float(seconds)) for size, seconds, counts in found if NOT_SENT not in counts]


def by_token(connection: Connection, token: str) -> list[Attempt]:
    """What the confirmation with this token has begun, in the order of the submissions."""
    wanted = _BY.where(attempts.c.token == token).order_by(attempts.c.submission_id)
    return sql.fetch(connection, wanted, Attempt)


def former(connection: Connection, former_id: int) -> tuple[int, int] | None:
    """Submission and number of what was a submission of its own in 0.2.0; None if none was."""
    wanted = select(attempts.c.submission_id, attempts.c.number).where(
        attempts.c.former_id == former_id, attempts.c.number > 1
    )
    row = connection.execute(wanted).one_or_none()
    return tuple(row) if row else None
