"""What other submissions to the same project have done to an id since."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Double, FromClause, bindparam, select

from webapp.store import sql
from webapp.store.attempts import of_submission as attempts_of
from webapp.store.enums import BEGUN, AttemptKind
from webapp.store.items import Item, ItemRow
from webapp.store.statuses import IN_PROJECT, SHOWN, UNLINKED, meaning
from webapp.store.submissions import Submission
from webapp.store.tables import attempts, items, submissions


class TakenRow(NamedTuple):
    """What is asked of a row that may be taken."""

    position: int
    data_id: str
    attempt: int
    status: str
    batch_id: int | None


AnyRow = Item | ItemRow | TakenRow


class OtherOutcome(NamedTuple):
    """What became of an id in another submission, by an attempt that began then."""

    status: str
    submission_id: int
    name: str
    begun_at: float

    @property
    def linked(self) -> bool:
        """Whether it is linked into the project; else it was unlinked from it."""
        return self.status in IN_PROJECT


_OTHERS = (  # the other submissions to the same project
    (submissions.c.ica_url == bindparam("ica_url"))
    & (submissions.c.project_id == bindparam("project"))
    & (submissions.c.id != sql.SUBMISSION)
    & submissions.c.state.in_(BEGUN)
)
_ANY = select(submissions.c.id).where(_OTHERS).limit(1)
_ANY_ATTEMPT = _ANY.join(attempts, attempts.c.submission_id == submissions.c.id).where(
    attempts.c.kind == bindparam("kind"), attempts.c.begun_at > bindparam("since", type_=Double)
)


def _others_of(submission: Submission) -> dict[str, Any]:
    """The parameters of _OTHERS."""
    named = {"ica_url": submission.ica_url, "project": submission.project_id}
    return {**named, "submission": submission.id}


def has_earlier(connection: Connection, submission: Submission) -> bool:
    """Whether there is any other submission to the project."""
    return connection.execute(_ANY, _others_of(submission)).first() is not None


def last_outcomes(
    connection: Connection, submission: Submission, data_ids: Collection[str]
) -> dict[str, OtherOutcome]:
    """By id, what others did last to it (linked or unlinked), by when their attempts began.

    An attempt that only found it linked is named where none here linked it.
    """
    of = items.c
    asked = sql.listed(connection, sorted(data_ids))  # in the order of the index that is searched
    statement = (
        select(of.data_id, of.status, of.submission_id, submissions.c.name, attempts.c.begun_at)
        .select_from(asked.join(items, of.data_id == asked.c.value))
        .join(submissions, submissions.c.id == of.submission_id)
        .join(attempts, _is_found_by(attempts, items))
        .where(_OTHERS, items.c.status.in_(IN_PROJECT | UNLINKED))
        .order_by(attempts.c.begun_at, attempts.c.id)
    )
    found: dict[str, OtherOutcome] = {}
    for data_id, *rest in connection.execute(statement, _others_of(submission)):
        outcome, known = OtherOutcome(*rest), found.get(data_id)
        if outcome.status != "ALREADY_LINKED" or known is None or not known.linked:
            found[data_id] = outcome
    return found


def done_since(
    connection: Connection, submission: Submission, kind: AttemptKind, rows: Iterable[AnyRow]
) -> dict[int, OtherOutcome]:
    """By position, which other submission has done to the items what this kind of attempt would.

    Only what others did after the beginning of the attempt whose result is in the row counts.
    """
    began = {one.number: one.begun_at for one in attempts_of(connection, submission.id)}
    since = min((moment for moment in began.values() if moment), default=0.0)
    given = _others_of(submission) | {"kind": kind, "since": since}
    if connection.execute(_ANY_ATTEMPT, given).first() is None:
        return {}
    rows = list(rows)
    outcomes = last_outcomes(connection, submission, {row.data_id for row in rows})
    return {
        row.position: outcome
        for row in rows
        if (outcome := outcomes.get(row.data_id))
        and outcome.linked == (kind == AttemptKind.LINK)
        and outcome.begun_at > (began[row.attempt] or 0.0)
    }


def dependent_submission(connection: Connection, submission: Submission) -> str | None:
    """The name of another submission that shows an id as linked which this one has unlinked since:
    without this one, nothing would show that it is not linked any more. None if there is none.
    """
    if not has_earlier(connection, submission):
        return None
    mine, theirs = items.alias("mine"), items.alias("theirs")
    by_mine, by_theirs = attempts.alias("by_mine"), attempts.alias("by_theirs")
    held = (
        mine.join(theirs, theirs.c.data_id == mine.c.data_id)
        .join(submissions, submissions.c.id == theirs.c.submission_id)
        .join(by_mine, _is_found_by(by_mine, mine))
        .join(by_theirs, _is_found_by(by_theirs, theirs))
    )
    unlinked = (mine.c.submission_id == submission.id) & mine.c.status.in_(UNLINKED)
    linked_before = theirs.c.status.in_(SHOWN) & (by_theirs.c.begun_at < by_mine.c.begun_at)
    found = select(submissions.c.name).select_from(held)
    found = found.where(unlinked, linked_before, _OTHERS)
    return connection.execute(found.limit(1), _others_of(submission)).scalar()


def _is_found_by(attempt: FromClause, item: FromClause) -> ColumnElement[bool]:
    """It is the attempt whose result is in the item's row."""
    same = attempt.c.submission_id == item.c.submission_id
    return same & (attempt.c.number == item.c.attempt)


def changed_since(
    connection: Connection, submission: Submission, rows: Iterable[Item | ItemRow]
) -> dict[int, OtherOutcome]:
    """By position, which other submission has unlinked since what is linked by its row, or has
    linked what by its row has ended and is not linked.
    """
    if not has_earlier(connection, submission):
        return {}
    ended = [row for row in rows if meaning(row.status).final]
    linked = [row for row in ended if row.status in SHOWN]
    not_linked = [row for row in ended if row.status not in SHOWN]
    unlinked_since = done_since(connection, submission, AttemptKind.UNLINK, linked)
    return unlinked_since | done_since(connection, submission, AttemptKind.LINK, not_linked)
