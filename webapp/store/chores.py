"""Chores: longer work on one submission, and the queue of what is left of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from webapp.store import sql, submissions
from webapp.store.column_types import prepare
from webapp.store.documents import FolderQuery, KeptError
from webapp.store.enums import ASKING, ChoreKind, ErrorCode, Flag, LookupKind, LookupState, Rule
from webapp.store.leases import LEASE_SECONDS, NOT_OF, Queue
from webapp.store.retry.selection import Selection
from webapp.store.tables import ChoreRow, chores

Spec = TypeVar("Spec", bound=Struct)


class AttemptSpec(Struct, frozen=True):
    """Which attempt it is about."""

    attempt: int


class TakeSpec(AttemptSpec, frozen=True, rename={"selection": "scope"}):
    """The items that the attempt is to take; rows have the selection under its former name."""

    selection: Selection


class FlagSpec(Struct, frozen=True):
    """The items that carry a flag: they are left out, or taken back."""

    flag: Flag


class WalkSpec(Struct, frozen=True, omit_defaults=True):
    """How far a walk through all data below a folder has come.

    project: as lookups name it. kind: of the lookups that it is for. scope: of the places where
    these are looked up, the number, from 0, of the one that is walked. total: of its data. read:
    rows by offset. cursor: of the next page, where it is not read by offset; pages and mark: its
    trail.
    """

    project: str
    kind: LookupKind
    folder: str
    scope: int = 0
    total: int | None = None
    read: int = 0
    cursor: str = ""
    pages: int = 0
    mark: str | None = None


class ResolveSpec(Struct, frozen=True, omit_defaults=True):
    """The lookups that are asked for: those that wait or, `closer`, what is like those that were
    not found; and how far that is.

    projects: by what lookups call them, the ids of projects; or, after a blank, why there is none.
    walk: that is under way. walked: folders that were. counted: the last folder whose files were
    counted, by its lookup's position. hides: whether ICA leaves out of what may be linked what is
    linked already; None: that is not known.
    """

    closer: bool = False
    projects: dict[str, str] = {}
    walk: WalkSpec | None = None
    walked: list[str] = []
    counted: int = 0
    hides: bool | None = None


class GatherSpec(Struct, frozen=True, omit_defaults=True):
    """What of a folder is to be read, and how far that is.

    position: of the lookup whose files these are; None: they are the list itself. then: positions
    of further lookups, whose files are read afterwards. former: the lists
    whose ids are left out; lost: one of these is not kept any more. promised: how many ICA said
    there would be, None if it didn't. cursor: of the next page; pages and mark: see walk.Trail.
    read: rows of ICA's pages. apart: of these, such as are not directly or at all in this folder,
    or whose name does not match. known: such as a former list has. anew: how often it was begun
    anew, since ICA took the cursor no more. is_read: no page is left. is_full: of some there was no
    room. path_after: the folder's path at the end, "" where ICA has it no more.
    """

    query: FolderQuery
    position: int | None = None
    then: list[int] = []
    former: list[int] = []
    lost: bool = False
    promised: int | None = None
    cursor: str = ""
    pages: int = 0
    mark: str | None = None
    read: int = 0
    apart: int = 0
    known: int = 0
    anew: int = 0
    is_read: bool = False
    is_full: bool = False
    path_after: str | None = None


class ChooseSpec(Struct, frozen=True):
    """The lookups in a state: each means what the rule leaves of its candidates. value: a folder's
    path or a project's id, for the rules that need one.
    """

    state: LookupState
    rule: Rule
    value: str = ""


prepare(AttemptSpec)
prepare(FlagSpec)
prepare(ResolveSpec)
prepare(GatherSpec)
prepare(ChooseSpec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore(ChoreRow):
    """A row of chores."""

    def spec_as(self, kind: type[Spec]) -> Spec:
        """What is to be done; read here and not with the row, so that a spec that can't be read
        makes its own chore fail and no claim. Raises msgspec.ValidationError.
        """
        return msgspec.convert(self.spec, kind)


QUEUE = Queue(chores, Chore, chores.c.id)
# Set by each lease and not where something fails, since a worker that dies counts nothing.
_FAILED = {"failures": chores.c.failures + 1}
DUE = QUEUE.due() & or_(chores.c.kind.not_in(ASKING), chores.c.account_id.not_in(NOT_OF))
_CLAIM = QUEUE.lease_first(DUE, chores.c.due_at, **_FAILED)
_CLAIM_ONE = QUEUE.lease((chores.c.id == bindparam("chore")) & QUEUE.due(), **_FAILED)
_UNFINISHED = (
    select(chores)
    .where(chores.c.submission_id == sql.SUBMISSION, chores.c.ended_at.is_(None))
    .order_by(chores.c.id)
)


def add(
    connection: Connection,
    submission_id: int,
    account_id: int,
    kind: ChoreKind,
    spec: Struct | None,
    total: int,
    now: float,
) -> int:
    """Ask for a piece of work on `total` items of the submission, to be done by this account's key;
    returns the chore's id.
    """
    values = {
        "submission_id": submission_id,
        "account_id": account_id,
        "kind": kind,
        "spec": msgspec.to_builtins(spec) if spec else {},
        "total": total,
        "created_at": now,
        "due_at": now,
    }
    submissions.touch(connection, submission_id, now)
    statement = insert(chores).values(values).returning(chores.c.id)
    return connection.execute(statement).scalar_one()


def claim(
    connection: Connection, worker: str, now: float, *, not_of: Collection[int] = ()
) -> Chore | None:
    """Lease the chore that waits longest; accounts of `not_of` can't ask ICA anything now."""
    return QUEUE.take(connection, _CLAIM, worker, now, not_of=[*not_of])


def claim_one(connection: Connection, chore_id: int, worker: str, now: float) -> Chore | None:
    """Lease this chore, if it is due and nobody has it."""
    return QUEUE.take(connection, _CLAIM_ONE, worker, now, chore=chore_id)


def keep(connection: Connection, chore: Chore, now: float, **values: Any) -> Chore:
    """Keep how far it is (columns of chores) and the lease; returns the chore as it is now.

    Pages that watch the submission show it. It counts as a success unless `failures` are given.
    Raises LeaseLost, and keeps nothing of the transaction, when the chore is no longer this
    worker's.
    """
    values = {"lease_until": now + LEASE_SECONDS, "failures": 0, "problem": None} | values
    kept = QUEUE.keep(connection, chore, QUEUE.advanced() | values)
    submissions.touch(connection, chore.submission_id, now)
    return kept


def advance(connection: Connection, chore: Chore, now: float, done: int, **values: Any) -> Chore:
    """So many of its items are done; with the last one it ends. Raises LeaseLost as keep() does."""
    if done >= chore.total:
        return end(connection, chore, now, done=chore.total, **values)
    return keep(connection, chore, now, done=done, **values)


def give_back(
    connection: Connection, /, chore: Chore, now: float, *, due_at: float, **values: Any
) -> None:
    """End the lease: what is left is due then. Raises LeaseLost as keep() does."""
    keep(connection, chore, now, lease_until=0.0, due_at=due_at, **values)


def end(connection: Connection, chore: Chore, now: float, **values: Any) -> Chore:
    """Nothing is left to do; with a `problem`, nothing can be. Raises LeaseLost as keep() does."""
    return keep(connection, chore, now, lease_until=0.0, due_at=None, ended_at=now, **values)


def lock(connection: Connection, submission_id: int) -> None:
    """No worker records anything on the submission's chores until the transaction ends.

    Before the submission itself is locked: workers take the two in this order.
    """
    connection.execute(_UNFINISHED.with_for_update(), {"submission": submission_id})


def stop_asking(
    connection: Connection, submission_id: int, now: float, kinds: Collection[ChoreKind] = ASKING
) -> bool:
    """End the chores that ask ICA; their workers notice. False: there were none."""
    statement = update(chores).where(
        chores.c.submission_id == submission_id,
        chores.c.ended_at.is_(None),
        chores.c.kind.in_(kinds),
    )
    stopped = KeptError(ErrorCode.STOPPED, now)
    values = {"worker": "", "lease_until": 0.0, "due_at": None, "ended_at": now, "problem": stopped}
    return connection.execute(statement.values(values)).rowcount > 0


def drop_taking(connection: Connection, submission_id: int, attempt: int) -> None:
    """The attempt takes no more items; its worker notices when it records the next."""
    mine = [
        chore.id
        for chore in unfinished(connection, submission_id)
        if chore.kind == ChoreKind.TAKE and chore.spec_as(AttemptSpec).attempt == attempt
    ]
    connection.execute(delete(chores).where(chores.c.id.in_(mine)))


def latest(connection: Connection, submission_id: int, *kinds: ChoreKind) -> Chore | None:
    """The submission's last chore of these kinds, ended or not; None when there never was one."""
    ours = (chores.c.submission_id == submission_id) & chores.c.kind.in_(kinds)
    last = select(chores).where(ours).order_by(chores.c.id.desc()).limit(1)
    return sql.fetch_one(connection, last, Chore)


def last_of_kind(
    connection: Connection, submission_id: int, kind: ChoreKind, limit: int
) -> list[Chore]:
    """The submission's last chores of a kind, the newest first."""
    ours = (chores.c.submission_id == submission_id) & (chores.c.kind == kind)
    newest = select(chores).where(ours).order_by(chores.c.id.desc()).limit(limit)
    return sql.fetch(connection, newest, Chore)


def unfinished(connection: Connection, submission_id: int) -> list[Chore]:
    """The submission's chores that have not ended, the oldest first."""
    return sql.fetch(connection, _UNFINISHED, Chore, {"submission": submission_id})


def unblock(connection: Connection, account_id: int, now: float) -> None:
    """The account has signed in again: make due now what waited for its key."""
    statement = update(chores).where(
        chores.c.account_id == account_id,
        chores.c.ended_at.is_(None),
        chores.c.problem.is_not(None),
    )
    connection.execute(statement.values(due_at=now, failures=0))


def remove(connection: Connection, submission_id: int) -> None:
    """Remove the submission's chores."""
    connection.execute(delete(chores).where(chores.c.submission_id == submission_id))
