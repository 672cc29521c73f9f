"""Search: which submissions hold the ids of a query, and what became of each id."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    select,
)

from webapp.store.accounts import Account
from webapp.store.enums import LEFT_OUT, LISTED, NOT_SENT, UNREAD, UNSENT, Match, State
from webapp.store.find import names, queries
from webapp.store.statuses import IN_PROJECT, TAKEN_OUT
from webapp.store.submissions import seen_by
from webapp.store.tables import attempts, batches, find_ids, items, submissions

# outcomes beside the statuses of items
NEVER = "NEVER"  # no submission that the reader may see holds the id
NO_ITEM = "NO_ITEM"  # of a text that is no id: no item that the reader may see is called so
DRAFTED = "DRAFT"  # only a draft of the reader's own holds it

NEVER_SENT = frozenset({DRAFTED, NOT_SENT, LEFT_OUT})
ALREADY_PREFIX = "ALREADY_"
LINK_STATUSES = IN_PROJECT | TAKEN_OUT | {"PARTIALLY_LINKED"}


class Holder(NamedTuple):
    """A submission that the reader may see."""

    id: int
    project_id: str
    state: State
    created_at: float
    revision: int
    item_count: int
    began: dict[int, float | None]  # its attempts, by their numbers


class Sighting(NamedTuple):
    """An id of a query in a submission; `reason` and on are known of a few ids at a time.

    attempt: whose finding it is; begun_at: when that began, of a draft when it was made.
    """

    holder: Holder
    position: int
    status: str
    attempt: int
    begun_at: float
    reason: str = ""
    name: str = ""
    path: str = ""
    label: str = ""
    changed_at: float | None = None


class Verdict(NamedTuple):
    """What became of an id: the status that counts, and the submission that has it.

    `moves` when a submission that holds the id still runs, be it another one.
    """

    outcome: str
    submission_id: int | None
    moves: bool


def decisive_sighting(sightings: Sequence[Sighting]) -> Sighting:
    """The sighting that decides what became of an id; all are given, the newest first.

    - What was never sent to ICA (a draft, left out, not sent) counts only if nothing else was.
    - The project counts in which the id was sent to ICA last.
    - What is linked there stays linked, whatever fails or waits later, a failed undo too, until
      ICA reports it as unlinked, or as linked in part. What is not linked is as the newest
      attempt left it: unlinked, failed, on its way.
    - A status such as ALREADY_LINKED confirms what an earlier submission did: that one counts. If
      there is none, the confirming one counts.
    """
    went_out = [seen for seen in sightings if seen.status not in NEVER_SENT]
    if not went_out:
        return sightings[0]
    project_id = went_out[0].holder.project_id
    there = [seen for seen in went_out if seen.holder.project_id == project_id]
    decided = [seen for seen in there if seen.status in LINK_STATUSES]
    if decided and (decided[0].status in IN_PROJECT or decided[0] is there[0]):
        return _confirmed(decided)
    return there[0]


def _confirmed(decided: Sequence[Sighting]) -> Sighting:
    """The newest sighting or, where that only confirms another, the one it confirms."""
    newest = decided[0]
    for seen in decided:
        if seen.status == newest.status.removeprefix(ALREADY_PREFIX):
            return seen
        if seen.status != newest.status:
            break
    return newest


def holders(connection: Connection, reader: Account, now: float) -> dict[int, Holder]:
    """The submissions that the reader may see and whose items count, by their ids."""
    shown = submissions.c.state.in_(LISTED) & seen_by(reader, now)
    columns = (submissions.c[name] for name in Holder._fields[:-1])
    rows = connection.execute(select(*columns).where(shown).order_by(submissions.c.id)).mappings()
    found = {row["id"]: Holder(**row, began={}) for row in rows}
    theirs = select(attempts.c.submission_id, attempts.c.number, attempts.c.begun_at)
    for submission_id, number, begun_at in connection.execute(
        theirs.join(submissions).where(shown)
    ):
        found[submission_id].began[number] = begun_at
    return found


def fingerprint(seen: Mapping[int, Holder]) -> str:
    """A hash that stays the same as long as no final verdict can have changed.

    A running submission changes all the time, but its verdicts are not final; only the number of
    its items matters, since ICA may add some.
    """
    states = [
        (one.id, one.state, one.item_count if one.state == State.ACTIVE else one.revision)
        for one in seen.values()
    ]
    return hashlib.sha256(repr(states).encode()).hexdigest()


def verdicts(
    connection: Connection,
    find_id: str,
    count: int,
    seen: Mapping[int, Holder],
    *,
    match: Match | None = None,
) -> list[Verdict | None]:
    """What became of each of the `count` ids, in the order of the query. `match`: some of them were
    found by names and paths, which match like this; None for one that is not told of, see
    _by_names().
    """
    found: list[Verdict | None] = [_NOWHERE] * count
    called: dict[int, set[str]] = {}  # by ordinal, what the reader sees it called
    statements = _HELD_AND_CALLED if match else _HELD
    known: dict[tuple[int, str], Verdict] = {}  # of ids that one submission holds, as most are
    given = {"find": find_id, "count": count}
    rows = connection.execute(statements[connection.dialect.name], given)
    by_thousand = chain.from_iterable(rows.partitions(1_000))  # one by one they take twice as long
    for ordinal, held in groupby(by_thousand, itemgetter(0)):
        mine = [row for row in held if row[1] in seen]
        if match:
            called[ordinal] = {text for row in mine for text in row[_CALLED]}
        if len(mine) > 1:
            found[ordinal - 1] = _verdict(_sightings(mine, seen))
        elif mine:
            key = mine[0][1], mine[0][4]
            if key not in known:
                known[key] = _verdict(_sightings(mine, seen))
            found[ordinal - 1] = known[key]
    return _by_names(connection, find_id, found, called, match) if match else found


def _by_names(
    connection: Connection,
    find_id: str,
    found: list[Verdict | None],
    called: Mapping[int, Set[str]],
    match: Match,
) -> list[Verdict | None]:
    """Which ids a name led to was found out by what its asker might see then. A reader is told of
    those alone that they see called so, now: where there is none, once that there is none, as of a
    name that nothing has. So nobody learns of a name in a project that they may not read.
    """
    rows = connection.execute(_NAMED, {"find": find_id})
    for (_, text), group in groupby(rows, itemgetter(1, 2)):
        data_ids = {row[0]: row[3] for row in group}
        hidden = [
            ordinal
            for ordinal, data_id in data_ids.items()
            if not (seen := called.get(ordinal)) or not names.fitting(match, text, {*seen, data_id})
        ]
        for ordinal in hidden:
            found[ordinal - 1] = None
        if len(hidden) == len(data_ids):
            found[hidden[0] - 1] = _CALLS_NOTHING
    return found


def _verdict(sightings: Sequence[Sighting]) -> Verdict:
    counts = decisive_sighting(sightings)
    moves = any(seen.holder.state == State.ACTIVE for seen in sightings)
    return Verdict(counts.status, counts.holder.id, moves)


def sightings(
    connection: Connection, find_id: str, ordinals: Sequence[int], seen: Mapping[int, Holder]
) -> dict[int, list[Sighting]]:
    """By ordinal, all that is known of each submission that holds the id, the newest first."""
    statement = _HELD_IN_FULL[connection.dialect.name]
    rows = connection.execute(statement, queries.given(find_id, ordinals))
    by_ordinal = groupby((row for row in rows if row[1] in seen), itemgetter(0))
    return {ordinal: _sightings(held, seen) for ordinal, held in by_ordinal}


def _held(which: ColumnElement[bool], *details: Column[Any]) -> dict[str, Select[Any]]:
    """By dialect, a SELECT of the items that hold these ids of a query.

    The ids are looked up in the order of the index, and SQLite, whose indexes lead to a row by its
    key, reads the rows in the order of theirs: so no page is read twice, however the ids are mixed.
    With a limit SQLite keeps such an order; and outer joins, though an id that nobody holds makes a
    row then, have the databases go from the ids, which are few, to the items.
    """
    asked = select(find_ids.c.ordinal, find_ids.c.data_id).where(queries.OURS, which)
    ids = asked.order_by(find_ids.c.data_id).limit(_ALL).subquery()
    held = ids.outerjoin(items, items.c.data_id == ids.c.data_id)
    key = items.c.submission_id, items.c.position
    found = select(ids.c.ordinal, *key).select_from(held).order_by(*key).limit(_ALL).subquery()
    same = and_(*(column == found.c[column.name] for column in key))
    columns = (*key, items.c.attempt, _STATUS, *details)
    return {
        dialect: select(place.c.ordinal, *columns).select_from(rows).order_by(place.c.ordinal)
        for dialect, place, rows in (
            ("sqlite", found, found.outerjoin(items, same)),
            ("postgresql", ids, held),
        )
    }


_ALL = 2**31 - 1
_NOWHERE = Verdict(NEVER, None, False)
_CALLS_NOTHING = Verdict(NO_ITEM, None, False)
_IS_SENT = exists().where(
    batches.c.submission_id == items.c.submission_id,
    batches.c.attempt == 1,
    items.c.position.between(batches.c.first_position, batches.c.last_position),
    batches.c.state.not_in(UNSENT),
)
# Of an item that was not read yet its batch knows whether it was sent.
_STATUS = case((and_(items.c.status == UNREAD, ~_IS_SENT), NOT_SENT), else_=items.c.status)
_ALL_OF_IT = find_ids.c.ordinal <= bindparam("count")
_HELD = _held(_ALL_OF_IT)
_HELD_AND_CALLED = _held(_ALL_OF_IT, items.c.reason, items.c.name, items.c.path, items.c.label)
_CALLED = slice(6, 9)  # name, path and label in its rows
_NAMED = (
    select(find_ids.c.ordinal, find_ids.c.line, find_ids.c.text, find_ids.c.data_id)
    .where(queries.OURS, find_ids.c.text != "")
    .order_by(find_ids.c.ordinal)
)
_IN_FULL = (*(items.c[name] for name in ("reason", "name", "path", "label", "changed_at")),)
_HELD_IN_FULL = _held(queries.THESE, *_IN_FULL)


def _sightings(rows: Iterable[Sequence[Any]], seen: Mapping[int, Holder]) -> list[Sighting]:
    """Rows of one id, the newest first."""
    found = []
    for _, submission_id, position, attempt, status, *details in rows:
        holder = seen[submission_id]
        known = DRAFTED if holder.state == State.DRAFT else status
        begun_at = holder.began.get(attempt) or holder.created_at
        found.append(Sighting(holder, position, known, attempt, begun_at, *details))
    return sorted(found, key=lambda one: (-one.begun_at, -one.holder.id, one.position))
