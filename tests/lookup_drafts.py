"""Drafts with lookups and their candidates, put into the store as reading and resolving leave
them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from tests.dashboard import Dashboard, Visitor, data_ids
from webapp.store import drafts, lookups, sql, submissions, tables
from webapp.store.enums import Likeness, LookupKind, LookupState
from webapp.store.lookups import Candidate, Choice, NewLookup

SOURCE = "99999999-9999-4999-8999-999999999999"
FIRST_LINE = 10  # of the lookups

_COLUMNS = tuple(tables.candidates.c.keys())


@dataclass(frozen=True)
class Asked:
    """A lookup as it is after ICA was asked. count: of all its data, where more are known than
    these candidates.
    """

    text: str
    state: LookupState
    candidates: Sequence[Candidate] = ()
    count: int | None = None
    note: str = ""
    files: int | None = None
    closer: bool = False


def candidate(data_id: str, path: str, status: str = "AVAILABLE", **more: Any) -> Candidate:
    """Data of ICA's with this path; `more`: other fields than those of a file in one project."""
    values: dict[str, Any] = {
        "likeness": Likeness.SAME,
        "data_id": data_id,
        "name": path.rstrip("/").rsplit("/", 1)[-1],
        "path": path,
        "project_id": SOURCE,
        "project_name": "Source",
        "status": status,
        "size": 1_500_000,
        "modified_at": 1_760_000_000.0,
    }
    return Candidate(**values | more)


def draft(
    dashboard: Dashboard, visitor: Visitor, asked: Sequence[Asked], ids: Sequence[str] = ()
) -> str:
    """A draft of these ids and, behind them, these lookups, a line each; its address."""
    place = visitor.draft([*ids] or data_ids(1, start=900), name="By names")
    submission_id = int(place.rsplit("/", 1)[-1])
    if not ids:  # a list without any id
        with dashboard.store.write() as connection:
            mine = tables.items.c.submission_id == submission_id
            connection.execute(tables.items.delete().where(mine))
            submissions.change(connection, submission_id, item_count=0, counts={})
            review = replace(submissions.get(connection, submission_id).review, good=0, files=0)
            submissions.change(connection, submission_id, review=review)
    add(dashboard, submission_id, asked)
    return place


def add(dashboard: Dashboard, submission_id: int, asked: Sequence[Asked]) -> None:
    """Lookups behind the items of a draft; those that are found have led to their items."""
    with dashboard.store.write() as connection:
        first = submissions.grow(connection, submission_id, len(asked), 0)
        before = drafts.lock(connection, submission_id)
        rows = [
            NewLookup(at, _kind(one.text), one.text, "", FIRST_LINE + n, 1)
            for n, (at, one) in enumerate(zip(range(first, first + len(asked)), asked, strict=True))
        ]
        lookups.add(connection, submission_id, rows)
        more = before.review.lookups + len(asked)
        good = before.review.good + len(asked)
        submissions.change(
            connection,
            submission_id,
            empty_positions=before.empty_positions + len(asked),
            review=replace(before.review, lookups=more, good=good),
        )
        found = []
        for row, one in zip(rows, asked, strict=True):
            _record(connection, submission_id, row.position, one)
            if one.state == LookupState.FOUND:
                data = one.candidates[0]
                found.append(Choice(row.position, data, lookups.flags_of(data)))
        lookups.choose(connection, submission_id, found)


def _kind(text: str) -> LookupKind:
    if text.endswith("/"):
        return LookupKind.FOLDER
    return LookupKind.PATH if text.startswith("/") else LookupKind.NAME


def _record(connection: Any, submission_id: int, position: int, one: Asked) -> None:
    its = tables.lookups.c
    mine = (its.submission_id == submission_id) & (its.position == position)
    exact = sum(data.likeness < Likeness.NEAR for data in one.candidates)
    values = {
        "state": one.state,
        "count": exact if one.count is None else one.count,
        "note": one.note,
        "files": one.files,
        "closer": one.closer,
    }
    connection.execute(tables.lookups.update().where(mine).values(values))
    rows = [
        (submission_id, position, n, int(data.likeness), *(getattr(data, c) for c in _COLUMNS[4:]))
        for n, data in enumerate(one.candidates, start=1)
    ]
    if rows:
        sql.insert_many(connection, tables.candidates, _COLUMNS, rows)
