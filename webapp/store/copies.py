"""Copies: items of a submission that another one, made from it, sends again or takes back."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from webapp.store.scopes import DONE, Chosen, Scope, Tally
from webapp.store.submissions import Submission
from webapp.store.tables import items, submissions
from webapp.store.words import UNREAD

AT_ONCE = 2_500  # items that are copied in a transaction; each is marked, looked for and inserted
LOOKED_AT = 2_000  # items of an undo that are looked for in other submissions: a few ms
OTHER = {"link": "unlink", "unlink": "link"}


def copy_chunk(
    connection: Connection,
    source: Submission,
    target: Submission,
    scope: Scope,
    *,
    after: int,
    made: int,
) -> tuple[int, Tally] | None:
    """Copy the next items of the scope, behind position `after`, to the target, which has `made`.

    Returns the last position that was looked at and what became of them; None: there are no more.
    The source's items are marked first and the marked ones copied, so two at once never copy one
    item twice.
    """
    chosen = Chosen(connection, source, target.kind, scope)
    end = chosen.end_of_chunk(after, AT_ONCE)
    if end is None:
        return None
    within = items.c.position.between(after + 1, end)
    found = chosen.tally(within)
    mark = update(items).where(
        chosen.all & within & chosen.allowed & chosen.free & ~_done_since(source, target.kind)
    )
    marked = connection.execute(mark.values(retried_in=target.id)).rowcount
    ours = (items.c.submission_id == source.id) & within & (items.c.retried_in == target.id)
    found.by_status = chosen.by_status(ours)
    found.skipped["meanwhile"] += found.made - marked
    found.made = marked
    _insert(connection, ours, target, made)
    return end, found


def shared(connection: Connection, source: Submission, scope: Scope) -> int:
    """How many of the first LOOKED_AT of these other submissions have linked into the project too:
    unlinking takes them away there as well.
    """
    chosen = Chosen(connection, source, "unlink", scope)
    few = (
        select(items.c.data_id)
        .where(chosen.all & chosen.allowed & chosen.free)
        .limit(LOOKED_AT)
        .subquery()
    )
    theirs, holder = items.alias("theirs"), submissions.alias("holder")
    also = exists().where(
        theirs.c.data_id == few.c.data_id,
        theirs.c.submission_id != source.id,
        theirs.c.status.in_(DONE["link"]),
        *_same_project(holder, theirs, source),
    )
    count: int = connection.execute(select(func.count()).select_from(few).where(also)).scalar_one()
    return count


def _done_since(source: Submission, kind: str) -> ColumnElement[bool]:
    """Another submission has brought about in this project what the copy would, and no other has
    undone that since.
    """
    theirs, holder = items.alias("theirs"), submissions.alias("holder")
    later, undoer = items.alias("later"), submissions.alias("undoer")
    undone = exists().where(
        later.c.data_id == theirs.c.data_id,
        later.c.status.in_(DONE[OTHER[kind]]),
        later.c.changed_at > theirs.c.changed_at,
        *_same_project(undoer, later, source),
    )
    return exists().where(
        theirs.c.data_id == items.c.data_id,
        theirs.c.submission_id != items.c.submission_id,
        theirs.c.status.in_(DONE[kind]),
        theirs.c.changed_at > func.coalesce(items.c.changed_at, 0.0),
        *_same_project(holder, theirs, source),
        ~undone,
    )


def _same_project(holder: Any, held: Any, source: Submission) -> Iterable[ColumnElement[bool]]:
    return (
        holder.c.id == held.c.submission_id,
        holder.c.project_id == source.project_id,
        holder.c.ica_url == source.ica_url,
    )


def _insert(
    connection: Connection, marked: ColumnElement[bool], target: Submission, made: int
) -> None:
    number = func.row_number().over(order_by=items.c.position)
    values: dict[str, Any] = {
        "submission_id": literal(target.id, Integer),
        "position": number + made,
        "data_id": items.c.data_id,
        "line": items.c.line,
        "column": items.c.column,
        "flags": items.c.flags,
        "status": literal(UNREAD),
    } | dict.fromkeys(("reason", "name", "path", "linked_id"), literal(""))
    connection.execute(
        insert(items).from_select(
            list(values),
            select(*(value.label(name) for name, value in values.items())).where(marked),
        )
    )
