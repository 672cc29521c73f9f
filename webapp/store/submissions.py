"""Submissions: one list that one account submits to one project under one name."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from webapp.store import access as access_of
from webapp.store import attempts, paging, sql
from webapp.store.accounts import Account
from webapp.store.documents import FolderQuery, NamedProject, Review
from webapp.store.engine import Store
from webapp.store.enums import (
    BEGUN,
    LEFT_OUT,
    LISTED,
    UNREAD,
    AttemptKind,
    AttemptState,
    BoardWord,
    Phase,
    Source,
    State,
)
from webapp.store.tables import SubmissionRow, access, accounts, items, submissions

EXPORT_ROWS = 100
WATCHER_SECONDS = 30.0  # that a watcher counts after they were last seen
IS_LIST = submissions.c.project_id != ""  # else it is the file of a form that is still filled in


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission(SubmissionRow):
    """A row of submissions, and the name of its account."""

    submitter: str

    def is_watched(self, now: float) -> bool:
        """Whether somebody looked at it just now."""
        return now - self.watched_at < WATCHER_SECONDS

    @property
    def begun(self) -> bool:
        """Whether its list was submitted."""
        return self.state in BEGUN

    @property
    def is_adopted(self) -> bool:
        """Whether its batch was made elsewhere; its account has it watched."""
        return self.source == Source.ADOPT

    @property
    def shown_state(self) -> Phase | State:
        """What to show of it: its phase while it is active, else its state."""
        return self.phase or self.state


class New(NamedTuple):
    """What a submission starts with. lookup_projects: none for all data that may be linked."""

    account: Account
    project_id: str
    project_name: str
    name: str
    source: Source
    batch_size: int
    kept_bytes: int = 0
    lookup_projects: Sequence[NamedProject] = ()
    folder_query: FolderQuery | None = None


def create(connection: Connection, new: New, now: float) -> int:
    """Open a submission that is still to be read, with its first attempt, and return its id."""
    values = new._asdict() | dict.fromkeys(("created_at", "changed_at", "watched_at"), now)
    account: Account = values.pop("account")
    values |= {"account_id": account.id, "ica_url": account.ica_url}
    values["project_name"] = new.project_name[:255]
    statement = insert(submissions).values(values).returning(submissions.c.id)
    submission_id: int = connection.execute(statement).scalar_one()
    attempts.add(connection, submission_id, AttemptKind.LINK, account.id, "", now)
    return submission_id


def get(connection: Connection, submission_id: int) -> Submission:
    """The submission. Raises sqlalchemy.exc.NoResultFound when there is none."""
    found = connection.execute(_BY_ID, {"submission": submission_id})
    return Submission(**found.mappings().one())


def visible(
    connection: Connection, submission_id: int, account: Account, now: float
) -> Submission | None:
    """The submission if the account may see it, else None."""
    given = viewed_by(account, now) | {"submission": submission_id}
    return sql.fetch_one(connection, _VISIBLE, Submission, given)


def visible_among(
    connection: Connection, submission_ids: Collection[int], account: Account, now: float
) -> list[Submission]:
    """Those of these submissions that the account may see."""
    given = viewed_by(account, now) | {"wanted": [*submission_ids]}
    return sql.fetch(connection, _VISIBLE_AMONG, Submission, given)


def many(connection: Connection, submission_ids: Collection[int]) -> dict[int, Submission]:
    """These submissions by their ids. The caller knows whether somebody may see them."""
    statement = with_submitter().where(submissions.c.id.in_(submission_ids))
    return {found.id: found for found in sql.fetch(connection, statement, Submission)}


def made_again(connection: Connection, submission_id: int) -> tuple[list[int], bool]:
    """A list from a folder and the lists before it, each of which the next one was made again of;
    and whether none of these is gone.
    """
    found: list[int] = []
    asked: int | None = submission_id
    while asked is not None:
        query = select(submissions.c.folder_query).where(submissions.c.id == asked)
        row = connection.execute(query.where(submissions.c.state != State.DISCARDED)).one_or_none()
        if row is None:
            return found, False
        found.append(asked)
        asked = row.folder_query.less if row.folder_query else None
    return found, True


def are_kept(connection: Connection, submission_ids: Collection[int]) -> bool:
    """Whether none of these was deleted: all that was read of their rows until now was whole."""
    there = submissions.c.id.in_(submission_ids) & submissions.c.state.in_(LISTED)
    found = select(func.count()).select_from(submissions).where(there)
    return connection.execute(found).scalar_one() == len(set(submission_ids))


def has_history_of(connection: Connection, former: SubmissionRow) -> bool:
    """Whether the submission was not deleted, nor any history of it since it was read."""
    ours = (submissions.c.id == former.id) & submissions.c.state.in_(LISTED)
    found = connection.execute(select(submissions.c.history_dropped_at).where(ours)).one_or_none()
    return found is not None and found.history_dropped_at == former.history_dropped_at


def holding(connection: Connection, account: Account, data_id: str, now: float) -> list[Submission]:
    """The submissions that the account may see and that hold the id, the newest first."""
    held = select(items.c.submission_id).where(items.c.data_id == data_id)
    listed = submissions.c.state.in_(LISTED)
    statement = with_submitter().where(submissions.c.id.in_(held), listed, seen_by(account, now))
    newest = statement.order_by(submissions.c.id.desc()).limit(50)
    return sql.fetch(connection, newest, Submission)


def project_of(connection: Connection, submission_id: int, ica_url: str) -> str | None:
    """The project of a submission that may be seen by others, None if there is none."""
    statement = select(submissions.c.project_id).where(
        submissions.c.id == submission_id, submissions.c.ica_url == ica_url
    )
    return connection.execute(statement).scalar() or None


def each(store: Store) -> Iterator[Submission]:
    """Every submission that was not thrown away, the oldest first."""
    there = with_submitter().where(submissions.c.state != State.DISCARDED, IS_LIST)
    return paging.each(store, there, submissions.c.id, Submission, EXPORT_ROWS)


def with_submitter() -> Select[Any]:
    """Submissions as they are shown, each with the name of its account."""
    return select(submissions, accounts.c.name.label("submitter")).join(
        accounts, accounts.c.id == submissions.c.account_id
    )


def seen_by(
    account: "Account | ReadOnlyColumnCollection[str, Any] | _Viewer",
    now: float | BindParameter[float],
) -> ColumnElement[bool]:
    """ICA lets the account read the project; a draft is visible to its own account only.

    `account` may be the columns of the table of accounts, in a statement that joins it; SEEN, with
    what viewed_by() gives, is for statements that are made once.
    """
    readable = exists().where(
        access.c.account_id == account.id,
        access.c.project_id == submissions.c.project_id,
        access_of.holds(now),
    )
    return and_(
        submissions.c.ica_url == account.ica_url,
        readable,
        or_(sql.one_of(submissions.c.state, BEGUN), submissions.c.account_id == account.id),
    )


def begun_in(account: Account, project_id: str, since: float, now: float) -> ColumnElement[bool]:
    """What the account may see of a project ("" for all) whose last attempt began since then."""
    condition = and_(seen_by(account, now), submissions.c.begun_at >= since)
    return condition & (submissions.c.project_id == project_id) if project_id else condition


class _Viewer(NamedTuple):
    id: BindParameter[int]
    ica_url: BindParameter[str]


SEEN = seen_by(_Viewer(sql.ACCOUNT, bindparam("ica_url", type_=String)), sql.NOW)
_BY_ID = with_submitter().where(submissions.c.id == sql.SUBMISSION)
_VISIBLE = _BY_ID.where(SEEN)
_AMONG = submissions.c.id.in_(bindparam("wanted", expanding=True))
_VISIBLE_AMONG = with_submitter().where(_AMONG, SEEN)


def viewed_by(account: Account, now: float) -> dict[str, Any]:
    """The parameters of SEEN."""
    return {"account": account.id, "ica_url": account.ica_url, "now": now}


def become_draft(
    connection: Connection, submission_id: int, item_count: int, review: Review, now: float
) -> None:
    """The whole list was read: from now on its rows count."""
    draft = {"state": State.DRAFT, "item_count": item_count, **_as_read(item_count, review)}
    _change(connection, submission_id, [State.READING], now, **draft)


def _as_read(item_count: int, review: Review) -> dict[str, Any]:
    """The review of so many items, of which some may be left out from the start."""
    left_out = sum(review.left_out.values())
    counts = +Counter({UNREAD: item_count - left_out, LEFT_OUT: left_out})
    return {"review": review, "left_out": left_out, "counts": counts}


def become_resolving(
    connection: Connection,
    submission_id: int,
    item_count: int,
    empty_positions: int,
    review: Review,
    now: float,
) -> None:
    """The whole list was read, and has lookups at so many of its positions."""
    read = {"item_count": item_count, "empty_positions": empty_positions}
    read |= _as_read(item_count - empty_positions, review)
    resolving = read | {"state": State.RESOLVING}
    _change(connection, submission_id, [State.READING], now, **resolving)


def begin_gathering(connection: Connection, submission_id: int, now: float) -> None:
    """It is opened without a list: what a folder of ICA holds is read into it."""
    become_resolving(connection, submission_id, 0, 0, Review(), now)


def end_resolving(connection: Connection, submission_id: int, now: float) -> bool:
    """ICA was asked for all lookups, or is not to be asked any more: False when it was not."""
    return _change(connection, submission_id, [State.RESOLVING], now, state=State.DRAFT)


def resolve_on(connection: Connection, submission_id: int, now: float) -> bool:
    """ICA is asked for lookups of the draft that still wait; False when it is no draft any more."""
    return _change(connection, submission_id, [State.DRAFT], now, state=State.RESOLVING)


def become_unreadable(
    connection: Connection, submission_id: int, problem: str, kept_bytes: int, now: float
) -> None:
    """The list can't be read; `problem` says why, in words. So many bytes are left of it."""
    unreadable = {"state": State.UNREADABLE, "problem": problem, "kept_bytes": kept_bytes}
    _change(connection, submission_id, [State.READING], now, **unreadable)


def reread(connection: Connection, submission_id: int, review: Review, now: float) -> bool:
    """The list is to be read again, as the user chose in this review of it.

    False when it was submitted or is being read.
    """
    blank = {"problem": "", "item_count": 0, "empty_positions": 0, "left_out": 0, "counts": {}}
    anew = blank | {"state": State.READING, "review": review}
    read = (State.DRAFT, State.RESOLVING, State.UNREADABLE)
    return _change(connection, submission_id, read, now, **anew)


def note_reading(connection: Connection, submission_id: int, kept_bytes: int, now: float) -> None:
    """The reading went on, and pages that watch it are to show it. So many bytes are kept of it."""
    _change(connection, submission_id, [State.READING], now, kept_bytes=kept_bytes)


def discard(connection: Connection, submission_id: int, now: float) -> bool:
    """Discard what was not submitted; False when it was submitted or discarded before."""
    unsent = (State.DRAFT, State.READING, State.RESOLVING, State.UNREADABLE)
    return _change(connection, submission_id, unsent, now, state=State.DISCARDED)


def confirm(connection: Connection, submission_id: int, size: int, now: float) -> bool:
    """The draft of so many items to send is submitted; False when it is no draft any more (a second
    click).
    """
    return _begin(connection, submission_id, State.DRAFT, size, now, Phase.WAITING)


def begin_adopted(connection: Connection, submission_id: int, now: float) -> None:
    """A submission whose batch was made elsewhere is active from now on; ICA has all of it."""
    _begin(connection, submission_id, State.READING, 0, now, Phase.LINKING)


def _begin(
    connection: Connection, submission_id: int, was: State, size: int, now: float, phase: Phase
) -> bool:
    running = {"state": State.ACTIVE, "phase": phase, "board_word": BoardWord.RUNNING}
    began = {"submitted_at": now, "begun_at": now}
    begun = _change(connection, submission_id, [was], now, **running, **began)
    if begun:
        first = attempts.get(connection, submission_id, 1)
        active = {"state": AttemptState.ACTIVE, "begun_at": now, "size": size}
        attempts.change(connection, first, **active)
    return begun


def _change(
    connection: Connection, submission_id: int, was: Collection[State], now: float, **values: Any
) -> bool:
    return touch(connection, submission_id, now, submissions.c.state.in_(was), **values)


def touch(
    connection: Connection,
    submission_id: int,
    now: float,
    condition: ColumnElement[bool] | None = None,
    **values: Any,
) -> bool:
    """Set columns, if the condition holds, and raise the revision for the pages that show it."""
    statement = update(submissions).where(submissions.c.id == submission_id)
    if condition is not None:
        statement = statement.where(condition)
    changed = {"revision": submissions.c.revision + 1, "changed_at": now}
    return connection.execute(statement.values(changed | values)).rowcount > 0


def change(connection: Connection, submission_id: int, **values: Any) -> None:
    """Set columns where a roll-up follows, which raises the revision."""
    connection.execute(update(submissions).where(submissions.c.id == submission_id).values(values))


def keep_more(connection: Connection, submission_id: int, by: int) -> None:
    """So many more bytes are kept of it than before."""
    change(connection, submission_id, kept_bytes=submissions.c.kept_bytes + by)


def grow(connection: Connection, submission_id: int, by: int, kept_bytes: int) -> int:
    """Make room for `by` items that ICA has and the list has not, of so many bytes; returns the
    first position.
    """
    mine, count = submissions.c.id == submission_id, submissions.c.item_count
    more = {"item_count": count + by, "kept_bytes": submissions.c.kept_bytes + kept_bytes}
    grown = update(submissions).where(mine).values(more).returning(count)
    return connection.execute(grown).scalar_one() - by + 1
