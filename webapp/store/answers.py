"""Answers: what ICA has for the lookups of a list, kept as it is found out."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    collate,
    delete,
    exists,
    func,
    literal_column,
    select,
)

from webapp.store import drafts, sql, submissions, usage
from webapp.store import lookups as lookups_of
from webapp.store.enums import Likeness, LookupKind, LookupState, State
from webapp.store.lookups import Candidate
from webapp.store.tables import candidates, lookups

MAX_CANDIDATES = 2_000  # that are kept of a lookup
_SOUGHT = tuple(lookups.c[name] for name in ("position", "kind", "text", "project"))
_ANSWER_COLUMNS = ("state", "count", "note", "closer", "first_item", "last_item", "shared")
_NOWHERE = (None, None, False)  # the last three of these, of what leads to no item
_CANDIDATE_COLUMNS = (
    *("submission_id", "position", "ordinal", "likeness", "data_id", "name", "path"),
    *("project_id", "project_name", "status", "size", "modified_at"),
)
_TEXTS = slice(4, 10)  # of these
_ROWS_AT_ONCE = 2_000


class Sought(Struct, frozen=True, gc=False):
    """What is needed of a lookup to ask for it."""

    position: int
    kind: LookupKind
    text: str
    project: str


class Answer(Struct, frozen=True, gc=False):
    """What ICA has for a lookup: the first of its candidates, the likest first, and how many there
    are in `total`, near ones aside.

    note: what a reader should know of it. impossible: it can't be asked for, the note says why.
    closer: what is like it was looked for, too. whole: ICA may have no more for it.
    """

    position: int
    candidates: Sequence[Candidate]
    total: int = 0
    note: str = ""
    impossible: bool = False
    closer: bool = False
    whole: bool = True

    @property
    def state(self) -> LookupState:
        """What that makes of the lookup."""
        if self.impossible:
            return LookupState.IMPOSSIBLE
        likenesses = [one.likeness for one in self.candidates]
        same = likenesses.count(Likeness.SAME)
        if same:
            return LookupState.FOUND if same == 1 and self.whole else LookupState.SEVERAL
        is_otherwise = Likeness.OTHERWISE in likenesses
        return LookupState.OTHERWISE if is_otherwise else LookupState.MISSING


def waiting(
    connection: Connection,
    submission_id: int,
    kinds: Collection[LookupKind],
    after: int,
    limit: int,
) -> list[Sought]:
    """The next lookups of these kinds behind a position that wait to be asked for."""
    these = _of_state(submission_id, LookupState.WAITING) & (lookups.c.position > after)
    found = select(*_SOUGHT).where(these, sql.one_of(lookups.c.kind, kinds))
    return _sought(connection, found.order_by(lookups.c.position).limit(limit))


def waiting_at(
    connection: Connection, submission_id: int, positions: Sequence[int]
) -> list[Sought]:
    """Those of these lookups that wait to be asked for."""
    these = sql.is_one_of(connection, lookups.c.position, positions)
    waits = lookups.c.state == LookupState.WAITING
    return _sought(connection, select(*_SOUGHT).where(_of(submission_id), these, waits))


def waiting_by_key(
    connection: Connection,
    submission_id: int,
    keys: Sequence[str],
    kind: LookupKind,
    project: str,
) -> list[Sought]:
    """The lookups of a kind with one of these keys, naming the project, that wait."""
    these = sql.is_one_of(connection, lookups.c.key, keys)
    ours = (lookups.c.submission_id == submission_id) & (lookups.c.project == project)
    # trim, or SQLite would read all that wait instead of these keys by their index
    waits = func.trim(lookups.c.state) == literal_column(f"'{LookupState.WAITING}'")
    waits &= lookups.c.kind == kind
    return _sought(connection, select(*_SOUGHT).where(ours, these, waits))


def waiting_paths(
    connection: Connection, submission_id: int
) -> Iterator[tuple[str, str, str, int]]:
    """All paths that wait to be asked for, those of a folder together, the least deep first: the
    project that they name, kind, text, position. To be read at once: thousands at a time come from
    the database.
    """
    of = lookups.c
    depth = func.length(of.text) - func.length(func.replace(of.text, "/", ""))
    order = collate(of.text, "C") if connection.dialect.name == "postgresql" else of.text
    these = _of_state(submission_id, LookupState.WAITING) & (of.kind != LookupKind.NAME)
    found = select(of.project, of.kind, of.text, of.position).where(these)
    with connection.execute(found.order_by(of.project, of.kind, depth, order)) as result:
        cursor: Any = result.cursor
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def named_projects(connection: Connection, submission_id: int) -> list[str]:
    """The projects that lookups name which wait to be asked for."""
    these = _of_state(submission_id, LookupState.WAITING) & (lookups.c.project != "")
    return [*connection.execute(select(lookups.c.project).where(these).distinct()).scalars()]


def missing(connection: Connection, submission_id: int, after: int, limit: int) -> list[Sought]:
    """The next lookups behind a position that were not found, and were not looked for closer."""
    these = _of_state(submission_id, LookupState.MISSING) & (lookups.c.position > after)
    found = select(*_SOUGHT).where(these, ~lookups.c.closer)
    return _sought(connection, found.order_by(lookups.c.position).limit(limit))


def looked_closer(connection: Connection, submission_id: int) -> int:
    """How many lookups were not found at first, and were looked for closer."""
    found = select(func.count()).select_from(lookups)
    return connection.execute(found.where(_of(submission_id), lookups.c.closer)).scalar_one()


def uncounted_folders(
    connection: Connection, submission_id: int, after: int, limit: int
) -> list[tuple[int, Candidate]]:
    """The next folders behind a position that were found, of whose files the number is not known:
    the position of the lookup, the folder.
    """
    these = _of_state(submission_id, LookupState.FOUND) & (lookups.c.position > after)
    uncounted = (lookups.c.kind == LookupKind.FOLDER) & lookups.c.files.is_(None)
    found = select(lookups.c.position).where(these, uncounted)
    positions = [*connection.execute(found.order_by(lookups.c.position).limit(limit)).scalars()]
    first = lookups_of.candidates_of(connection, submission_id, positions, 1)
    return [(position, first[position][0]) for position in positions if position in first]


def note_files(connection: Connection, submission_id: int, files: Mapping[int, int]) -> None:
    """So many files are below these folders, by their lookups' positions."""
    ours, columns = {"submission_id": submission_id}, ("position", "files")
    sql.update_many(connection, lookups, ours, columns, [*files.items()])


def hold(
    connection: Connection, submission_id: int, found: Sequence[tuple[int, Candidate]]
) -> None:
    """Keep candidates, by their lookups' positions, of lookups that wait on until all that there is
    for them was read. The same data again are no second candidate.
    """
    if not found:
        return
    these = _candidates_at(connection, submission_id, {position for position, _ in found})
    known = select(candidates.c.position, candidates.c.data_id).where(these)
    seen: set[tuple[int, str]] = {*map(tuple, connection.execute(known))}
    counts = Counter(position for position, _ in seen)
    rows = []
    for position, candidate in found:
        if (position, candidate.data_id) not in seen:
            seen.add((position, candidate.data_id))
            counts[position] += 1
            rows.append(_candidate(submission_id, position, counts[position], candidate))
    sql.insert_many(connection, candidates, _CANDIDATE_COLUMNS, rows)


def held(
    connection: Connection, submission_id: int, kind: LookupKind, limit: int
) -> dict[int, list[Candidate]]:
    """By position, the candidates of the first lookups of a kind that hold some and wait."""
    waits = _of_state(submission_id, LookupState.WAITING) & (lookups.c.kind == kind)
    its = (candidates.c.submission_id == submission_id) & (
        candidates.c.position == lookups.c.position
    )
    found = select(lookups.c.position).where(waits, exists().where(its))
    positions = [*connection.execute(found.order_by(lookups.c.position).limit(limit)).scalars()]
    return lookups_of.candidates_of(connection, submission_id, positions, MAX_CANDIDATES)


def let_go(connection: Connection, submission_id: int, kind: LookupKind) -> None:
    """Drop what lookups of a kind hold that wait on."""
    waits = select(lookups.c.position).where(
        _of_state(submission_id, LookupState.WAITING), lookups.c.kind == kind
    )
    its = (candidates.c.submission_id == submission_id) & candidates.c.position.in_(waits)
    connection.execute(delete(candidates).where(its))


def record(
    connection: Connection,
    submission_id: int,
    answers: Sequence[Answer],
    flags: Mapping[str, int],
    most_bytes: int,
) -> bool:
    """Keep what ICA has for lookups that wait, or were missing. What is found once becomes an item,
    with the `flags` of its data.

    False, and nothing is kept, when all of the list would take more than `most_bytes`. What was
    submitted or thrown away meanwhile is not changed.
    """
    submission = drafts.lock(connection, submission_id)
    if submission.state not in {State.RESOLVING, State.DRAFT}:
        return True
    positions = [answer.position for answer in answers]
    these = _of(submission_id) & sql.is_one_of(connection, lookups.c.position, positions)
    is_open = sql.one_of(lookups.c.state, (LookupState.WAITING, LookupState.MISSING))
    found = select(lookups.c.position).where(these, is_open)
    still = {*connection.execute(found).scalars()}
    answers = [answer for answer in answers if answer.position in still]
    rows = [
        _candidate(submission_id, answer.position, ordinal, candidate)
        for answer in answers
        for ordinal, candidate in enumerate(answer.candidates[:MAX_CANDIDATES], start=1)
    ]
    size = usage.of_candidates(row[_TEXTS] for row in rows)
    if submission.kept_bytes + size > most_bytes:
        return False
    connection.execute(delete(candidates).where(_candidates_at(connection, submission_id, still)))
    sql.insert_many(connection, candidates, _CANDIDATE_COLUMNS, rows)
    submissions.keep_more(connection, submission_id, size)
    states = [answer.state for answer in answers]
    sure = [
        lookups_of.Choice(answer.position, first, flags.get(first.data_id, 0))
        for answer, state in zip(answers, states, strict=True)
        if state == LookupState.FOUND
        for first in answer.candidates[:1]
    ]
    led = lookups_of.add_items(connection, submission_id, sure) if sure else {}
    values = [
        (
            *(answer.position, state.value, answer.total, answer.note, answer.closer),
            *led.get(answer.position, _NOWHERE),
        )
        for answer, state in zip(answers, states, strict=True)
    ]
    ours, columns = {"submission_id": submission_id}, ("position", *_ANSWER_COLUMNS)
    sql.update_many(connection, lookups, ours, columns, values)
    return True


def _of_state(submission_id: int, state: LookupState) -> ColumnElement[bool]:
    return _of(submission_id) & sql.one_of(lookups.c.state, [state])


def _sought(connection: Connection, statement: Select[Any]) -> list[Sought]:
    return [
        Sought(position, LookupKind(kind), text, project)
        for position, kind, text, project in sql.plain_rows(connection, statement)
    ]


def _candidates_at(
    connection: Connection, submission_id: int, positions: Collection[int]
) -> ColumnElement[bool]:
    these = sql.is_one_of(connection, candidates.c.position, [*positions])
    return (candidates.c.submission_id == submission_id) & these


def _candidate(submission_id: int, position: int, ordinal: int, its: Candidate) -> tuple[Any, ...]:
    return (
        submission_id,
        position,
        ordinal,
        int(its.likeness),
        its.data_id,
        its.name,
        its.path,
        its.project_id,
        its.project_name,
        its.status,
        its.size,
        its.modified_at,
    )


def _of(submission_id: int) -> ColumnElement[bool]:
    return lookups.c.submission_id == submission_id
