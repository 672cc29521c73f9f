"""Submissions: one list that one account submits to one project under one name."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    insert,
    or_,
    select,
    update,
)

from webapp.store import access as access_of
from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.pages import Cursor, Page, cut
from webapp.store.tables import (
    access,
    accounts,
    batches,
    snapshots,
    submissions,
)
from webapp.store.words import (
    ENDED,
    LEFT_OUT,
    NOT_SENT,
    UNREAD,
    UNSENT,
    BatchState,
    Phase,
    State,
    Task,
)

WATCHED_EVERY = 10.0  # seconds between two writes that somebody watches
WATCHED_FOR = 30.0  # seconds that a watcher counts after they were last seen


@dataclass(frozen=True, slots=True)
class Submission:
    """A row of submissions, and the name of its account."""

    id: int
    account_id: int
    ica_url: str
    project_id: str
    project_name: str
    kind: str
    source: str
    name: str
    state: str
    phase: str
    created_at: float
    submitted_at: float | None
    settled_at: float | None
    changed_at: float
    watched_at: float
    revision: int
    item_count: int
    batch_count: int
    batch_size: int
    counts: dict[str, int]
    review: dict[str, Any]
    problem: str
    note: str
    archived_at: float | None
    left_out: int
    parent_id: int | None
    root_id: int | None
    attempt: int
    submitter: str

    def is_watched(self, now: float) -> bool:
        """Whether somebody looked at it just now."""
        return now - self.watched_at < WATCHED_FOR

    @property
    def family_id(self) -> int:
        """The id of the first attempt, which all of a family share."""
        return self.root_id or self.id

    @property
    def shown_state(self) -> str:
        """The one word for where it stands: its phase while it is active, else its state."""
        return self.phase or self.state


@dataclass(frozen=True, slots=True)
class New:
    """What a submission starts with."""

    account: Account
    project_id: str
    project_name: str
    name: str
    source: str
    batch_size: int
    kind: str = "link"
    parent: Submission | None = None
    attempt: int = 1
    review: dict[str, Any] = field(default_factory=dict)

    @property
    def root_id(self) -> int | None:
        """The first attempt. An undo is no attempt at what it undoes: a family begins."""
        parent = self.parent
        return parent.family_id if parent and parent.kind == self.kind else None


def create(connection: Connection, new: New, state: State, now: float) -> int:
    """Open a submission and return its id."""
    values = {
        "account_id": new.account.id,
        "ica_url": new.account.ica_url,
        "project_id": new.project_id,
        "project_name": new.project_name[:255],
        "kind": new.kind,
        "source": new.source,
        "name": new.name,
        "state": state,
        "phase": "",
        "created_at": now,
        "changed_at": now,
        "watched_at": now,
        "revision": 1,
        "item_count": 0,
        "batch_count": 0,
        "batch_size": new.batch_size,
        "counts": {},
        "review": new.review,
        "problem": "",
        "note": "",
        "left_out": 0,
        "parent_id": new.parent.id if new.parent else None,
        "root_id": new.root_id,
        "attempt": new.attempt,
    }
    statement = insert(submissions).values(values).returning(submissions.c.id)
    submission_id: int = connection.execute(statement).scalar_one()
    return submission_id


def get(connection: Connection, submission_id: int) -> Submission:
    """The submission. Raises sqlalchemy.exc.NoResultFound when there is none."""
    row = connection.execute(_rows().where(submissions.c.id == submission_id)).mappings().one()
    return Submission(**row)


def visible(
    connection: Connection, submission_id: int, account: Account, now: float
) -> Submission | None:
    """The submission if the account may see it, else None."""
    statement = _rows().where(submissions.c.id == submission_id, seen_by(account, now))
    row = connection.execute(statement).mappings().one_or_none()
    return Submission(**row) if row else None


def many(connection: Connection, submission_ids: Collection[int]) -> dict[int, Submission]:
    """These submissions by their ids. Whether somebody may see them is the caller's to know."""
    statement = _rows().where(submissions.c.id.in_(submission_ids))
    rows = connection.execute(statement).mappings()
    return {row["id"]: Submission(**row) for row in rows}


def project_of(connection: Connection, submission_id: int, ica_url: str) -> str | None:
    """The project of a submission that may be seen by others, None if there is none."""
    statement = select(submissions.c.project_id).where(
        submissions.c.id == submission_id, submissions.c.ica_url == ica_url
    )
    project_id: str | None = connection.execute(statement).scalar()
    return project_id


@dataclass(frozen=True, slots=True)
class Filter:
    """What the board shows: any of it empty shows all."""

    project_id: str = ""
    states: Collection[str] = ()
    text: str = ""
    archived: bool = False  # what is in the archive, and that alone


def board(
    connection: Connection,
    account: Account,
    wanted: Filter,
    cursor: Cursor,
    size: int,
    now: float,
) -> Page[Submission]:
    """Submissions that the account may see, the newest first; cursors are their ids."""
    statement = _rows().where(
        seen_by(account, now), submissions.c.state != State.DISCARDED, *_conditions(wanted)
    )
    key = submissions.c.id
    if cursor.before is not None:
        statement = statement.where(key > cursor.before).order_by(key)
    else:
        statement = statement.order_by(key.desc())
        if cursor.after is not None:
            statement = statement.where(key < cursor.after)
    found = [Submission(**row) for row in connection.execute(statement.limit(size + 1)).mappings()]
    return cut(found, cursor, size, lambda row: row.id)


def any_visible(connection: Connection, account: Account, now: float) -> bool:
    """Whether the account sees any submission at all."""
    kept = submissions.c.state != State.DISCARDED
    statement = select(submissions.c.id).where(seen_by(account, now), kept).limit(1)
    return connection.execute(statement).first() is not None


def _rows() -> Select[Any]:
    return select(submissions, accounts.c.name.label("submitter")).join(
        accounts, accounts.c.id == submissions.c.account_id
    )


def seen_by(account: Account, now: float) -> ColumnElement[bool]:
    """ICA lets the account read the project; what is no submission yet is its maker's alone."""
    readable = (
        select(access.c.project_id)
        .where(access.c.account_id == account.id, access_of.holds(now))
        .scalar_subquery()
    )
    begun = submissions.c.state.in_([State.ACTIVE, State.SETTLED])
    return and_(
        submissions.c.ica_url == account.ica_url,
        submissions.c.project_id.in_(readable),
        or_(begun, submissions.c.account_id == account.id),
    )


def begun_in(account: Account, project_id: str, since: float, now: float) -> ColumnElement[bool]:
    """What the account may see of a project, or of all for "", that was submitted since then."""
    condition = and_(seen_by(account, now), submissions.c.submitted_at >= since)
    return condition & (submissions.c.project_id == project_id) if project_id else condition


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    archived = submissions.c.archived_at
    yield archived.is_not(None) if wanted.archived else archived.is_(None)
    if wanted.project_id:
        yield submissions.c.project_id == wanted.project_id
    if wanted.states:
        yield or_(submissions.c.phase.in_(wanted.states), submissions.c.state.in_(wanted.states))
    if wanted.text:
        yield or_(
            submissions.c.name.icontains(wanted.text, autoescape=True),
            submissions.c.project_name.icontains(wanted.text, autoescape=True),
            accounts.c.name.icontains(wanted.text, autoescape=True),
        )


def become_draft(
    connection: Connection, submission_id: int, item_count: int, review: dict[str, Any], now: float
) -> None:
    """The list was read whole: from here on its rows count."""
    _change(
        connection,
        submission_id,
        State.READING,
        now,
        state=State.DRAFT,
        item_count=item_count,
        review=review,
        counts={UNREAD: item_count},
    )


def become_unreadable(connection: Connection, submission_id: int, problem: str, now: float) -> None:
    """The list can't be read; `problem` says why, in words."""
    _change(connection, submission_id, State.READING, now, state=State.UNREADABLE, problem=problem)


def reread(connection: Connection, submission_id: int, columns: dict[str, int], now: float) -> bool:
    """The list is to be read anew, its ids from these columns (part -> column, from 1).

    False when there is nothing to read anew, because it was submitted or is being read.
    """
    return any(
        _change(
            connection,
            submission_id,
            state,
            now,
            state=State.READING,
            review={"columns": columns},
            problem="",
            item_count=0,
            left_out=0,
            counts={},
        )
        for state in (State.DRAFT, State.UNREADABLE)
    )


def note_reading(connection: Connection, submission_id: int, now: float) -> None:
    """The reading went on; pages that watch it shall show it."""
    _change(connection, submission_id, State.READING, now)


def discard(connection: Connection, submission_id: int, now: float) -> bool:
    """Throw away what was not submitted; False when there is nothing to throw away any more."""
    return any(
        _change(connection, submission_id, state, now, state=State.DISCARDED)
        for state in (State.DRAFT, State.READING, State.UNREADABLE)
    )


def confirm(connection: Connection, submission_id: int, batch_count: int, now: float) -> bool:
    """The draft is submitted; False when it is no draft any more (a second click)."""
    return _change(
        connection,
        submission_id,
        State.DRAFT,
        now,
        state=State.ACTIVE,
        phase=Phase.WAITING,
        batch_count=batch_count,
        submitted_at=now,
    )


def begin_adopted(connection: Connection, submission_id: int, now: float) -> None:
    """A submission that was made elsewhere is watched from now on."""
    _change(
        connection,
        submission_id,
        State.READING,
        now,
        state=State.ACTIVE,
        phase=Phase.LINKING,
        batch_count=1,
        submitted_at=now,
    )


def _change(
    connection: Connection, submission_id: int, was: State, now: float, **values: Any
) -> bool:
    statement = update(submissions).where(
        submissions.c.id == submission_id, submissions.c.state == was
    )
    changed = {"revision": submissions.c.revision + 1, "changed_at": now}
    return connection.execute(statement.values(changed | values)).rowcount > 0


def touch(connection: Connection, submission_id: int, now: float) -> None:
    """Something that its pages show has changed."""
    statement = update(submissions).where(submissions.c.id == submission_id)
    connection.execute(statement.values(revision=submissions.c.revision + 1, changed_at=now))


def note_watched(connection: Connection, submission_id: int, now: float) -> bool:
    """Somebody watches; True when it was worth a write."""
    statement = update(submissions).where(
        submissions.c.id == submission_id, submissions.c.watched_at < now - WATCHED_EVERY
    )
    return connection.execute(statement.values(watched_at=now)).rowcount > 0


def grow(connection: Connection, submission_id: int, by: int) -> int:
    """Room for `by` items that ICA has and the list has not; returns the first position."""
    statement = (
        update(submissions)
        .where(submissions.c.id == submission_id)
        .values(item_count=submissions.c.item_count + by)
        .returning(submissions.c.item_count)
    )
    count: int = connection.execute(statement).scalar_one()
    return count - by + 1


def roll_up(connection: Connection, submission_id: int, now: float) -> None:
    """Work out counts, phase and state from the batches, and raise the revision.

    Called in the transaction that changed a batch, after that change (batches are locked before
    submissions, everywhere).
    """
    lock = select(submissions).where(submissions.c.id == submission_id).with_for_update()
    before = connection.execute(lock).mappings().one()
    columns = (batches.c.state, batches.c.task, batches.c.blocked, batches.c.counts, batches.c.size)
    parts = connection.execute(
        select(*columns).where(batches.c.submission_id == submission_id)
    ).all()
    counts = _sum(parts, before["left_out"])
    after: dict[str, Any] = {"counts": counts, **_standing(parts)}
    if before["counts"] != after["counts"]:
        _snapshot(connection, submission_id, after["counts"], now)
    if after["state"] == State.SETTLED:
        after["settled_at"] = before["settled_at"] or now
    after |= {"revision": before["revision"] + 1, "changed_at": now}
    connection.execute(update(submissions).where(submissions.c.id == submission_id).values(after))


def _snapshot(
    connection: Connection, submission_id: int, counts: dict[str, int], now: float
) -> None:
    values = {"submission_id": submission_id, "at": now, "counts": counts}
    statement = sql.insert(connection, snapshots).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["submission_id", "at"], set_={"counts": counts}
        )
    )


def _sum(parts: Sequence[Any], left_out: int) -> dict[str, int]:
    """Items per status, over all batches; what was not sent and not counted has words of ours."""
    total: Counter[str] = Counter({LEFT_OUT: left_out})
    for part in parts:
        if part.state in UNSENT:
            total[NOT_SENT] += part.size
        else:
            total.update(part.counts or {UNREAD: part.size})
    return {status: count for status, count in sorted(total.items()) if count}


def _standing(parts: Sequence[Any]) -> dict[str, str]:
    """State and phase of a submission with these batches."""
    states = {part.state for part in parts}
    if all(part.state in ENDED and part.task == Task.NONE for part in parts):
        return {"state": State.SETTLED, "phase": ""}
    if any(part.blocked for part in parts):
        phase = Phase.BLOCKED
    elif states == {BatchState.WAITING}:
        phase = Phase.WAITING
    elif states & {BatchState.WAITING, BatchState.SENDING}:
        phase = Phase.SENDING
    elif BatchState.RUNNING in states:
        phase = Phase.LINKING
    else:
        phase = Phase.STOPPING
    return {"state": State.ACTIVE, "phase": phase}
