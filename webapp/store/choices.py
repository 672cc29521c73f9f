"""Choices: what the lookups of a list led to, by groups, and the rules that settle many of them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    and_,
    case,
    false,
    func,
    or_,
    select,
    true,
)

from webapp.store import paging, sql
from webapp.store.chores import ChooseSpec
from webapp.store.enums import Likeness, LookupKind, LookupState, Rule
from webapp.store.lookups import Candidate
from webapp.store.paging import MAX_KEY, Cursor, Page
from webapp.store.submissions import Submission
from webapp.store.tables import CandidateRow, Lookup, candidates, items, lookups

COUNTED_LOOKUPS = 10_000  # the first that are open, of which is counted what a rule would settle
SHOWN_PROJECTS = 10  # the rules of which are offered: those that settle most
FOLDER = "fol."  # begins the data id of a folder
AVAILABLE = "AVAILABLE"  # the status, in ICA, of data that are whole and at hand
WITHOUT_VALUE = (Rule.ONLY, Rule.NEWEST, Rule.AVAILABLE, Rule.ALL)


class Group(StrEnum):
    """Lookups that are shown together: those in a state, and some across the states."""

    FOUND = "found"
    OTHERWISE = "otherwise"
    SEVERAL = "several"
    MISSING = "missing"
    IMPOSSIBLE = "impossible"
    WAITING = "waiting"
    SAME = "same"  # they mean data that another line means, too
    FOLDERS = "folders"  # the paths of folders that were found or chosen; FOUND and SAME lack these
    OPEN = "open"  # they lead to nothing
    EVERY = "every"


STATES = {Group(state.value): state for state in LookupState}


@dataclass(frozen=True, slots=True)
class Tally:
    """How many lookups a list has: by state, those of them that lead to nothing, those that mean
    the same data as another line, the folders, and the missing ones that were not looked for once
    more.
    """

    by_state: Mapping[LookupState, int] = field(default_factory=dict)
    open: Mapping[LookupState, int] = field(default_factory=dict)
    same: Mapping[LookupState, int] = field(default_factory=dict)
    folders: Mapping[LookupState, int] = field(default_factory=dict)
    not_closer: int = 0

    def count(self, group: Group) -> int:
        """How many there are in a group."""
        if group == Group.FOUND:
            found = LookupState.FOUND
            return self.by_state.get(found, 0) - self.folders.get(found, 0)
        if group in STATES:
            return self.by_state.get(STATES[group], 0)
        return {
            Group.SAME: sum(self.same.values()),
            Group.FOLDERS: sum(self.folders.values()),
            Group.OPEN: sum(self.open.values()),
            Group.EVERY: sum(self.by_state.values()),
        }[group]

    def states(self, group: Group) -> Collection[LookupState]:
        """The states of the lookups in a group."""
        if group in STATES:
            return [STATES[group]]
        if group == Group.SAME:
            return self.same
        if group == Group.OPEN:
            return self.open
        if group == Group.FOLDERS:
            return self.folders
        return self.by_state if self.count(group) else []


@dataclass(frozen=True, slots=True)
class Became:
    """The first of the items that a lookup led to, the project of its data, "" where that is not
    known, and how many items there are.
    """

    data_id: str
    name: str
    path: str
    line: int | None
    project: str
    count: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, with all that it holds, as one item."""
        return self.count == 1 and self.data_id.startswith(FOLDER)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a rule would do to the lookups that are open: how many it settles, and for how many it
    leaves more than one datum, or none. items: that these become. value, title: of a rule with a
    value.
    """

    rule: Rule
    settles: int
    several: int
    none: int
    items: int
    value: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Settling:
    """What rules would do to the first `counted` lookups that are open in a state, of `open`.

    incomplete: ICA has more data for these than are kept; no rule settles them.
    """

    rules: list[Settled]
    counted: int
    open: int
    incomplete: int


NO_RULES = Settling([], 0, 0, 0)


def tally(connection: Connection, submission: Submission) -> Tally:
    """How many lookups the list has, by what they led to; nothing is read of a list of ids."""
    if not submission.review.lookups:
        return Tally()
    of, count = lookups.c, func.count()
    shared, as_folders = _how_many(_condition(Group.SAME)), _how_many(_condition(Group.FOLDERS))
    found = select(of.state, count, count - func.count(of.first_item), shared, as_folders)
    rows = connection.execute(found.where(_of(submission.id)).group_by(of.state)).all()
    by_state = Counter({state: number for state, number, *_ in rows})
    not_closer = 0
    if by_state[LookupState.MISSING]:
        far = (of.state == LookupState.MISSING) & ~of.closer
        not_closer = connection.execute(select(count).where(_of(submission.id), far)).scalar_one()
    return Tally(
        by_state=by_state,
        open=+Counter({row[0]: row[2] for row in rows}),
        same=+Counter({row[0]: row[3] for row in rows}),
        folders=+Counter({row[0]: row[4] for row in rows}),
        not_closer=not_closer,
    )


def page(
    connection: Connection,
    submission_id: int,
    tally: Tally,
    group: Group,
    cursor: Cursor,
    size: int,
) -> Page[Lookup]:
    """Lookups of a group in the order of the list; cursors are positions."""
    mine, place = select(lookups).where(_of(submission_id)), lookups.c.position
    if group == Group.EVERY:
        return paging.read(connection, mine, place, Lookup, cursor, size)
    parts = [
        paging.from_cursor(
            mine.where(lookups.c.state == state, _condition(group)), place, cursor, size + 1
        )
        for state in tally.states(group)
    ]
    found = paging.merged(parts, cursor, size + 1) if parts else mine.where(false())
    return paging.page_of(
        sql.fetch(connection, found, Lookup), cursor, size, attrgetter("position")
    )


def candidates_page(
    connection: Connection, submission_id: int, position: int, cursor: Cursor, size: int
) -> Page[CandidateRow]:
    """The candidates of a lookup, the likest first; cursors are their ordinals."""
    its = (candidates.c.submission_id == submission_id) & (candidates.c.position == position)
    statement = select(candidates).where(its)
    return paging.read(connection, statement, candidates.c.ordinal, CandidateRow, cursor, size)


def kept(
    connection: Connection, submission_id: int, positions: Sequence[int]
) -> Counter[tuple[int, int]]:
    """How many candidates are kept of each of these lookups and each likeness."""
    of = candidates.c
    these = (of.submission_id == submission_id) & sql.is_one_of(connection, of.position, positions)
    found = select(of.position, of.likeness, func.count()).where(these)
    rows = connection.execute(found.group_by(of.position, of.likeness)) if positions else ()
    return Counter({(position, likeness): count for position, likeness, count in rows})


def wanted(state: LookupState) -> Likeness:
    """The likeness of the candidates that are exactly what lookups in a state say."""
    return Likeness.OTHERWISE if state == LookupState.OTHERWISE else Likeness.SAME


def named(
    connection: Connection, submission_id: int, chosen: Mapping[int, int]
) -> dict[int, Candidate]:
    """The candidates with these ordinals (by their lookups' positions), where there are any."""
    if not chosen:
        return {}
    of = candidates.c
    these = or_(*(and_(of.position == position, of.ordinal == n) for position, n in chosen.items()))
    statement = select(candidates).where(of.submission_id == submission_id, these)
    return {
        row.position: candidate_of(row) for row in sql.fetch(connection, statement, CandidateRow)
    }


def became(
    connection: Connection, submission_id: int, rows: Collection[Lookup]
) -> dict[int, Became]:
    """By position, what these lookups led to, where they led to anything: as it was chosen."""
    led = {row.position: row for row in rows if row.first_item is not None}
    if not led:
        return {}
    of, its, data = items.c, lookups.c, candidates.c
    item = (of.submission_id == its.submission_id) & (of.position == its.first_item)
    chosen = (data.submission_id == its.submission_id) & (data.position == its.position)
    # as they were found: an item's own are brought up to date once ICA has linked it
    named = func.coalesce(func.max(data.name), of.name)
    placed = func.coalesce(func.max(data.path), of.path)
    found = (
        select(its.position, of.data_id, named, placed, of.line, func.max(data.project_name))
        .join(items, item)
        .outerjoin(candidates, chosen & (data.data_id == of.data_id))
        .where(_of(submission_id), sql.is_one_of(connection, its.position, [*led]))
        .group_by(its.position, of.data_id, of.name, of.path, of.line)
    )
    return {
        position: Became(data_id, name, path, line, project or "", _item_count(led[position]))
        for position, data_id, name, path, line, project in connection.execute(found)
    }


def _item_count(lookup: Lookup) -> int:
    first, last = lookup.first_item, lookup.last_item
    return 0 if first is None or last is None else last - first + 1


def meant(connection: Connection, lookup: Lookup) -> Candidate | None:
    """The candidate that a lookup leads to as one item; None where it leads to none, or to more."""
    if lookup.first_item is None or lookup.last_item != lookup.first_item:
        return None
    of, data = items.c, candidates.c
    item = (of.submission_id == data.submission_id) & (of.data_id == data.data_id)
    found = (
        select(candidates)
        .join(items, item & (of.position == lookup.first_item))
        .where(data.submission_id == lookup.submission_id, data.position == lookup.position)
        .order_by(data.ordinal)
        .limit(1)
    )
    row = sql.fetch_one(connection, found, CandidateRow)
    return candidate_of(row) if row else None


def folders(connection: Connection, submission_id: int, limit: int) -> list[tuple[int, int | None]]:
    """The first lookups that lead to a folder as one item: position, and how many files it has."""
    of, item = lookups.c, items.c
    one = of.kind == LookupKind.FOLDER, of.first_item == of.last_item
    found = (
        select(of.position, of.files)
        .join(items, (item.submission_id == of.submission_id) & (item.position == of.first_item))
        .where(_of(submission_id), *one, item.data_id.startswith(FOLDER))
    )
    rows = connection.execute(found.order_by(of.position).limit(limit))
    return [(position, files) for position, files in rows]


def settling(
    connection: Connection,
    submission_id: int,
    state: LookupState,
    open_count: int,
    asked: tuple[Rule, str] | None = None,
) -> Settling:
    """What the rules would do to the lookups of a state that are open: those without a value and
    those of projects, or the one that is asked for alone.
    """
    if not open_count:
        return NO_RULES
    found = _known(submission_id, state, 1, MAX_KEY, COUNTED_LOOKUPS)
    complete = found.c.kept >= found.c.in_all
    asked_for = (
        {asked: _meets(found, *asked)}
        if asked
        else {(rule, ""): _meets(found, rule, "") for rule in WITHOUT_VALUE}
    )
    numbers = [func.sum(case((met, 1), else_=0)) for met in asked_for.values()]
    by_lookup = select(
        func.min(case((complete, 1), else_=0)).label("complete"),
        *(number.label(f"n{index}") for index, number in enumerate(numbers)),
    ).group_by(found.c.position)
    of = by_lookup.subquery().c
    whole = of.complete == 1
    sums: list[ColumnElement[Any]] = [func.count(), _how_many(~whole)]
    for index, (rule, _) in enumerate(asked_for):
        number = of[f"n{index}"]
        good = number >= 1 if rule == Rule.ALL else number == 1
        sums += [
            _how_many(whole & good),
            _how_many(whole & ~good & (number > 1)),
            _how_many(whole & (number == 0)),
            func.sum(case((whole & good, number), else_=0)),
        ]
    counted, incomplete, *rest = connection.execute(select(*sums)).one()
    rules = [
        Settled(rule, settles, several, none, int(items or 0), value)
        for (rule, value), settles, several, none, items in zip(
            asked_for, rest[::4], rest[1::4], rest[2::4], rest[3::4], strict=True
        )
    ]
    if asked is None:
        rules += _by_project(connection, found, counted - incomplete)
    return Settling(rules, counted, open_count, incomplete)


def _by_project(connection: Connection, found: Subquery, counted: int) -> list[Settled]:
    of = found.c
    single = (
        select(of.position, of.project_id, func.max(of.project_name).label("title"))
        .add_columns(func.count().label("n"))
        .where(_is_exact(found))
        .group_by(of.position, of.project_id)
        .subquery()
        .c
    )
    settles = _how_many(single.n == 1)
    statement = (
        select(single.project_id, func.max(single.title), settles, _how_many(single.n > 1))
        .group_by(single.project_id)
        .having(settles > 0)
        .order_by(settles.desc(), single.project_id)
        .limit(SHOWN_PROJECTS)
    )
    return [
        Settled(Rule.PROJECT, n, several, counted - n - several, n, project_id, title)
        for project_id, title, n, several in connection.execute(statement)
    ]


def picked(
    connection: Connection, submission_id: int, spec: ChooseSpec, first: int, last: int
) -> dict[int, list[Candidate]]:
    """What the rule leaves of the candidates of each open lookup in a range of positions, where it
    settles that one.
    """
    found = _known(submission_id, spec.state, first, last)
    left = (
        select(found, func.count().over(partition_by=found.c.position).label("n"))
        .where(_meets(found, spec.rule, spec.value))
        .subquery()
    )
    enough = true() if spec.rule == Rule.ALL else left.c.n == 1
    columns = [left.c[column.name] for column in candidates.c]
    statement = select(*columns).where(enough).order_by(left.c.position, left.c.ordinal)
    picks: dict[int, list[Candidate]] = {}
    for row in sql.fetch(connection, statement, CandidateRow):
        picks.setdefault(row.position, []).append(candidate_of(row))
    return picks


def last_together(
    connection: Connection, submission_id: int, state: LookupState, first: int, last: int, most: int
) -> int:
    """Up to which position, from the first on, open lookups have at most so many data together; at
    least that of one of them.
    """
    of = lookups.c
    open_ = _of(submission_id) & (of.state == state) & of.first_item.is_(None)
    found = select(of.position, of.count).where(open_, of.position.between(first, last))
    data = 0
    for index, (position, count) in enumerate(connection.execute(found.order_by(of.position))):
        data += count
        if index and data > most:
            return int(position) - 1
    return last


def all_of(connection: Connection, lookup: Lookup) -> list[Candidate]:
    """All candidates that are exactly what the lookup says; none where not all are kept."""
    of = candidates.c
    its = (of.submission_id == lookup.submission_id) & (of.position == lookup.position)
    sure = select(candidates).where(its, of.likeness < int(Likeness.NEAR)).order_by(of.ordinal)
    rows = sql.fetch(connection, sure, CandidateRow)
    exact = wanted(lookup.state)
    found = [candidate_of(row) for row in rows if row.likeness == exact]
    return found if len(rows) >= lookup.count else []


def settled(
    connection: Connection, submission_id: int, state: LookupState, first: int, last: int
) -> list[int]:
    """The positions, in a range, of the lookups in a state that lead to something."""
    of = lookups.c
    led = _of(submission_id) & (of.state == state) & of.first_item.is_not(None)
    found = select(of.position).where(led, of.position.between(first, last))
    return [*connection.execute(found).scalars()]


def candidate_of(row: CandidateRow) -> Candidate:
    """The candidate of a row."""
    values = asdict(row)
    for name in ("submission_id", "position", "ordinal"):
        del values[name]
    return Candidate(**values | {"likeness": Likeness(row.likeness)})


def _known(
    submission_id: int, state: LookupState, first: int, last: int, most: int | None = None
) -> Subquery:
    """The candidates, near ones aside, of the open lookups in a state and a range of positions, or
    of the first `most` of these: with `exact`, the time of the `newest` of the exact ones, how many
    are `kept` and `in_all`.
    """
    of, its = candidates.c, lookups.c
    open_ = _of(submission_id) & (its.state == state) & its.first_item.is_(None)
    theirs = select(its.position, its.count.label("in_all")).where(open_)
    theirs = theirs.where(its.position >= first, its.position <= last).order_by(its.position)
    # limited, so that SQLite looks up the candidates of these, and not these for all candidates
    lookup = theirs.limit(MAX_KEY if most is None else most).subquery()
    exact = of.likeness == int(wanted(state))
    newest = func.max(case((exact, of.modified_at)))
    return (
        select(
            candidates,
            exact.label("exact"),
            newest.over(partition_by=of.position).label("newest"),
            func.count().over(partition_by=of.position).label("kept"),
            lookup.c.in_all,
        )
        .join(lookup, lookup.c.position == of.position)
        .where(of.submission_id == submission_id, of.likeness < int(Likeness.NEAR))
        .subquery()
    )


def _is_exact(found: Subquery) -> ColumnElement[bool]:
    return found.c.exact & (found.c.kept >= found.c.in_all)


def _meets(found: Subquery, rule: Rule, value: str) -> ColumnElement[bool]:
    """Whether the rule leaves a candidate."""
    of = found.c
    conditions: dict[Rule, ColumnElement[bool]] = {
        Rule.NEWEST: of.modified_at == of.newest,
        Rule.AVAILABLE: of.status == AVAILABLE,
        Rule.FOLDER: func.substr(of.path, 1, len(value)) == value,  # LIKE would fold capitals
        Rule.PROJECT: of.project_id == value,
    }
    return _is_exact(found) & conditions.get(rule, true())


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count(case((condition, 1)))


def _condition(group: Group) -> ColumnElement[bool]:
    """What tells a group's lookups from others in the same states."""
    of = lookups.c
    folder = (of.kind == LookupKind.FOLDER) & of.first_item.is_not(None)
    return {
        Group.FOUND: ~folder,
        Group.SAME: of.shared & ~folder,
        Group.OPEN: of.first_item.is_(None),
        Group.FOLDERS: folder,
    }.get(group, true())


def _of(submission_id: int) -> ColumnElement[bool]:
    return lookups.c.submission_id == submission_id
