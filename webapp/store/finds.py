"""Finds: a question "where are my ids?" and, as of now and for one reader, its answer."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    select,
)

from webapp.store import submissions as submissions_of
from webapp.store.accounts import Account
from webapp.store.engine import Store
from webapp.store.outcomes import batch_of_unread, unsent
from webapp.store.tables import accounts, batches, find_ids, finds, items, submissions
from webapp.store.words import LEFT_OUT, NOT_SENT, UNREAD, State

CHUNK = 1_000  # ids whose items are looked up by one statement
KEPT_FOR = 90 * 86_400.0  # seconds after which a question is forgotten

# outcomes beside the statuses of items
NEVER = "NEVER"  # no submission that the reader may see holds the id
DRAFTED = "DRAFT"  # only a draft of the reader's own holds it
_NEVER_WENT_OUT = (DRAFTED, NOT_SENT, LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Find:
    """A row of finds, and the name of its account."""

    id: str
    account_id: int
    created_at: float
    name: str
    review: dict[str, Any]
    asker: str


class Latest(NamedTuple):
    """What became of an id: the status in the submission that went to ICA last."""

    ordinal: int
    data_id: str
    line: int
    submission_id: int | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Holding:
    """An id of a question as one submission holds it."""

    ordinal: int
    submission_id: int
    position: int
    status: str
    reason: str
    name: str
    path: str
    changed_at: float | None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom, and when, an answer is worked out."""

    account: Account
    now: float


def create(
    connection: Connection,
    find_id: str,
    account: Account,
    name: str,
    review: dict[str, Any],
    now: float,
) -> None:
    """Keep a question; its ids follow."""
    statement = insert(finds).values(
        id=find_id, account_id=account.id, created_at=now, name=name, review=review
    )
    connection.execute(statement)


def add(connection: Connection, find_id: str, first: int, rows: Sequence[tuple[str, int]]) -> None:
    """Add a chunk of ids, each with its line, at ordinals `first` and up."""
    connection.execute(
        insert(find_ids),
        [
            {"find_id": find_id, "ordinal": ordinal, "data_id": data_id, "line": line}
            for ordinal, (data_id, line) in enumerate(rows, start=first)
        ],
    )


def get(connection: Connection, find_id: str, ica_url: str) -> Find | None:
    """The question, if it was asked by somebody of the same ICA; else None."""
    statement = (
        select(finds, accounts.c.name.label("asker"))
        .join(accounts, accounts.c.id == finds.c.account_id)
        .where(finds.c.id == find_id, accounts.c.ica_url == ica_url)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return Find(**row) if row else None


def latest(store: Store, find_id: str, reader: Reader) -> Iterator[Latest]:
    """What became of each id, in the order of the question; CHUNK ids a transaction.

    The latest submission counts. One that never reached ICA with the id (a draft, left out, not
    sent) says less of it than any that did.
    """
    last = 0
    while True:
        with store.read() as connection:
            rows = connection.execute(_latest(find_id, last, reader)).all()
        for row in rows:
            if row.ordinal != last:
                last = row.ordinal
                yield Latest(*row)
        if not rows:
            return


def holdings(
    connection: Connection, find_id: str, ordinals: Collection[int], reader: Reader
) -> dict[int, list[Holding]]:
    """Every submission that holds one of these ids: by ordinal, the one that counts first."""
    status = _status()
    columns = (
        find_ids.c.ordinal,
        submissions.c.id,
        items.c.position,
        status,
        items.c.reason,
        items.c.name,
        items.c.path,
        items.c.changed_at,
    )
    statement = (
        select(*columns)
        .select_from(_joined(reader))
        .where(find_ids.c.find_id == find_id, find_ids.c.ordinal.in_(ordinals))
        .order_by(find_ids.c.ordinal, *_latest_first(status))
    )
    found: dict[int, list[Holding]] = {ordinal: [] for ordinal in ordinals}
    for row in connection.execute(statement):
        if row.id is not None:
            found[row.ordinal].append(Holding(*row))
    return found


def _latest(find_id: str, last: int, reader: Reader) -> Select[Any]:
    status = _status()
    ordinal = find_ids.c.ordinal
    return (
        select(ordinal, find_ids.c.data_id, find_ids.c.line, submissions.c.id, status)
        .select_from(_joined(reader))
        .where(find_ids.c.find_id == find_id, ordinal.between(last + 1, last + CHUNK))
        .order_by(ordinal, *_latest_first(status))
    )


def _joined(reader: Reader) -> FromClause:
    """The ids, the items that hold them, and of their submissions those that the reader may see.

    Outer joins keep the ids that nobody holds, and the order of the tables: from few to many.
    """
    seen = and_(
        submissions.c.id == items.c.submission_id,
        submissions.c.state.in_([State.DRAFT, State.ACTIVE, State.SETTLED]),
        submissions_of.seen_by(reader.account, reader.now),
    )
    return (
        find_ids.outerjoin(items, items.c.data_id == find_ids.c.data_id)
        .outerjoin(submissions, seen)
        .outerjoin(batches, batch_of_unread())
    )


def _status() -> ColumnElement[str]:
    return case(
        (submissions.c.id.is_(None), NEVER),
        (submissions.c.state == State.DRAFT, DRAFTED),
        (and_(items.c.status == UNREAD, unsent()), NOT_SENT),
        else_=items.c.status,
    ).label("outcome")


def _latest_first(status: ColumnElement[str]) -> tuple[ColumnElement[Any], ...]:
    weight = case((submissions.c.id.is_(None), 0), (status.in_(_NEVER_WENT_OUT), 1), else_=2)
    moment = func.coalesce(submissions.c.submitted_at, 0.0)
    return weight.desc(), moment.desc(), submissions.c.id.desc(), items.c.position


def sweep(connection: Connection, now: float, limit: int) -> bool:
    """Forget up to `limit` ids of a question older than KEPT_FOR; False when there is none."""
    old = select(finds.c.id).where(finds.c.created_at < now - KEPT_FOR).limit(1)
    find_id = connection.execute(old).scalar()
    if find_id is None:
        return False
    end = select(func.max(find_ids.c.ordinal)).where(find_ids.c.find_id == find_id)
    last = connection.execute(end).scalar()
    if last is None:
        connection.execute(delete(finds).where(finds.c.id == find_id))
    else:
        ours = (find_ids.c.find_id == find_id) & (find_ids.c.ordinal > last - limit)
        connection.execute(delete(find_ids).where(ours))
    return True
