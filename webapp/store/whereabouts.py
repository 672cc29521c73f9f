"""Whereabouts: which submissions hold the ids of a question, and what became of each id."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Select, and_, case, func, select

from webapp.store.accounts import Account
from webapp.store.engine import Store
from webapp.store.outcomes import batch_of_unread, unsent
from webapp.store.submissions import seen_by
from webapp.store.tables import batches, find_ids, items, submissions
from webapp.store.words import EXPANDED, LEFT_OUT, NOT_SENT, UNREAD, State

CHUNK = 1_000  # ids that one statement looks for

# outcomes beside the statuses of items
NEVER = "NEVER"  # no submission that the reader may see holds the id
DRAFTED = "DRAFT"  # only a draft of the reader's own holds it

NEVER_WENT_OUT = frozenset({DRAFTED, NOT_SENT, LEFT_OUT})
ALREADY = "ALREADY_"
LINKED = frozenset({"LINKED", "ALREADY_LINKED", EXPANDED})
TOLD = LINKED | {"PARTIALLY_LINKED", "UNLINKED", "ALREADY_UNLINKED", "PARTIALLY_UNLINKED"}


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom, and when, an answer is worked out."""

    account: Account
    now: float


class Holder(NamedTuple):
    """A submission that the reader may see."""

    id: int
    project_id: str
    state: str
    begun_at: float  # when it was submitted; a draft, when it was made
    revision: int
    item_count: int


class Sighting(NamedTuple):
    """An id of a question in a submission; `reason` and on are known of a few ids at a time."""

    ordinal: int
    holder: Holder
    position: int
    status: str
    reason: str = ""
    name: str = ""
    path: str = ""
    changed_at: float | None = None


class Verdict(NamedTuple):
    """What became of an id: the status that counts, and the submission that has it.

    `moves` when a submission that holds the id still runs, be it another one.
    """

    outcome: str
    submission_id: int | None
    moves: bool


def that_counts(sightings: Sequence[Sighting]) -> Sighting:
    """The sighting that tells what became of an id, of all there are, the newest first.

    - What never went to ICA (a draft, left out, not sent) counts where nothing else did.
    - That project counts in which the id went to ICA last.
    - What is linked there stays linked, whatever fails or waits later, a failed undo too, until
      ICA tells that it is unlinked, or linked in part. What is not linked is as the newest
      attempt left it: unlinked, failed, on its way.
    - Words such as ALREADY_LINKED confirm what an earlier submission did: that one counts, or
      theirs where none did.
    """
    went_out = [seen for seen in sightings if seen.status not in NEVER_WENT_OUT]
    if not went_out:
        return sightings[0]
    project_id = went_out[0].holder.project_id
    there = [seen for seen in went_out if seen.holder.project_id == project_id]
    told = [seen for seen in there if seen.status in TOLD]
    if told and (told[0].status in LINKED or told[0] is there[0]):
        return _confirmed(told)
    return there[0]


def _confirmed(told: Sequence[Sighting]) -> Sighting:
    """The newest sighting or, where that only confirms another, the one it confirms."""
    newest = told[0]
    for seen in told:
        if seen.status == newest.status.removeprefix(ALREADY):
            return seen
        if seen.status != newest.status:
            break
    return newest


def holders(connection: Connection, reader: Reader) -> dict[int, Holder]:
    """The submissions that the reader may see and whose items count, by their ids."""
    begun_at = func.coalesce(submissions.c.submitted_at, submissions.c.created_at)
    of = submissions.c
    statement = select(of.id, of.project_id, of.state, begun_at, of.revision, of.item_count).where(
        of.state.in_([State.DRAFT, State.ACTIVE, State.SETTLED]),
        seen_by(reader.account, reader.now),
    )
    return {row[0]: Holder(*row) for row in connection.execute(statement.order_by(of.id))}


def standing(seen: Mapping[int, Holder]) -> str:
    """A word that is the same as long as no verdict that does not move can have changed.

    A submission that runs changes all the time, and every verdict that it can change is one that
    moves; but ICA may add items to it.
    """
    told = [
        (one.id, one.state, one.item_count if one.state == State.ACTIVE else one.revision)
        for one in seen.values()
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def verdicts(
    store: Store, find_id: str, count: int, seen: Mapping[int, Holder]
) -> Iterator[Verdict]:
    """What became of each of the `count` ids, in the order of the question."""
    for first in range(1, count + 1, CHUNK):
        ordinals = range(first, min(first + CHUNK, count + 1))
        statement = _held(find_id).where(find_ids.c.ordinal.between(ordinals[0], ordinals[-1]))
        with store.read() as connection:
            rows = connection.execute(statement).all()
        found = _by_ordinal(rows, seen)
        yield from (_verdict(found.get(ordinal, [])) for ordinal in ordinals)


def _verdict(sightings: Sequence[Sighting]) -> Verdict:
    if not sightings:
        return Verdict(NEVER, None, False)
    counts = that_counts(sightings)
    moves = any(seen.holder.state == State.ACTIVE for seen in sightings)
    return Verdict(counts.status, counts.holder.id, moves)


def sightings(
    connection: Connection, find_id: str, ordinals: Collection[int], seen: Mapping[int, Holder]
) -> dict[int, list[Sighting]]:
    """By ordinal, all that is known of each submission that holds the id, the newest first."""
    details = (items.c.reason, items.c.name, items.c.path, items.c.changed_at)
    statement = _held(find_id, *details).where(find_ids.c.ordinal.in_(ordinals))
    return _by_ordinal(connection.execute(statement).all(), seen)


def _held(find_id: str, *details: Column[Any]) -> Select[Any]:
    """The items that hold ids of the question.

    An outer join, though an id that nobody holds makes a row then: so the databases go from the
    ids, which are few, to the items.
    """
    status = case((and_(items.c.status == UNREAD, unsent()), NOT_SENT), else_=items.c.status)
    held = find_ids.outerjoin(items, items.c.data_id == find_ids.c.data_id)
    return (
        select(find_ids.c.ordinal, items.c.submission_id, items.c.position, status, *details)
        .select_from(held.outerjoin(batches, batch_of_unread()))
        .where(find_ids.c.find_id == find_id)
        .order_by(find_ids.c.ordinal)
    )


def _by_ordinal(rows: Sequence[Any], seen: Mapping[int, Holder]) -> dict[int, list[Sighting]]:
    found = [_sighting(row, seen[row[1]]) for row in rows if row[1] in seen]
    return {
        ordinal: sorted(group, key=_newest_first)
        for ordinal, group in groupby(found, attrgetter("ordinal"))
    }


def _sighting(row: Sequence[Any], holder: Holder) -> Sighting:
    ordinal, _, position, status, *details = row
    known = DRAFTED if holder.state == State.DRAFT else status
    return Sighting(ordinal, holder, position, known, *details)


def _newest_first(seen: Sighting) -> tuple[float, int, int]:
    return -seen.holder.begun_at, -seen.holder.id, seen.position
