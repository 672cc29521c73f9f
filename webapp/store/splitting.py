"""Splitting: a batch that was not sent becomes several, since ICA does not take it whole.

What a batch holds is always exactly what is sent with it, so a crash loses and doubles nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, true, update

from webapp.store import attempts, batches
from webapp.store.batches import Batch
from webapp.store.enums import UNREAD, BatchState
from webapp.store.items import held_by
from webapp.store.rollup import roll_up
from webapp.store.tables import batches as batches_table
from webapp.store.tables import items

MOST_PIECES = 50  # at once; what is left is one batch, and is split when its turn has come


def split(
    connection: Connection, batch: Batch, size: int, now: float, rest_due_at: float, **values: Any
) -> Batch:
    """Leave the first `size` items in a leased batch that is not sent, and set these columns; the
    others go into new batches of its attempt, of as many items each, which are due then.

    Returns the batch as it is now. Raises LeaseLost as batches.keep() does.
    """
    everyone = batches.lock_all(connection, batch.submission_id)
    rows = _rows(connection, batch)
    starts = range(0, len(rows), size)[: MOST_PIECES + 1]
    pieces = [rows[start:end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]
    ends = [*(piece[0][0] - 1 for piece in pieces[1:]), batch.last_position]
    first = {"last_position": ends[0]} | _numbers(pieces[0])
    kept = batches.QUEUE.keep(connection, batch, values | first)
    attempt = attempts.get(connection, batch.submission_id, batch.attempt)
    ordinal = max(one.ordinal for one in everyone if one.attempt == batch.attempt)
    shared = {"due_at": rest_due_at, "rest_of": batch.id, "trouble": values.get("trouble")}
    for number, piece in enumerate(pieces[1:], start=1):
        place = {"first_position": piece[0][0], "last_position": ends[number]}
        rest = batches.new(
            connection, attempt, ordinal=ordinal + number, **place, **_numbers(piece), **shared
        )
        if batch.attempt > 1:  # of the first one, positions say it
            inside = items.c.position.between(piece[0][0], piece[-1][0])
            theirs = update(items).where(held_by(batch), inside)
            connection.execute(theirs.values(batch_id=rest.id))
    roll_up(connection, batch.submission_id, now)
    return kept


def _rows(connection: Connection, batch: Batch) -> Sequence[tuple[int, str]]:
    """The positions of what is to be sent, and the statuses there, in the order of the list."""
    unread = items.c.status == UNREAD if batch.attempt == 1 else true()
    statement = select(items.c.position, items.c.status).where(held_by(batch), unread)
    found = connection.execute(statement.order_by(items.c.position)).all()
    return [(position, status) for position, status in found]


def _numbers(piece: Sequence[tuple[int, str]]) -> dict[str, Any]:
    held = Counter(status for _, status in piece)
    return {"size": len(piece), "held": dict(held), "found": {UNREAD: len(piece)}}


def release(connection: Connection, batch: Batch, now: float) -> list[Batch]:
    """The batch is decided: what was split off it since it was refused is due now; that is returned
    as it was. Called before the batch's own row is changed, for the order of locks.
    """
    of = batches_table.c
    ours = select(batches_table).where((of.id == batch.id) | (of.rest_of == batch.id))
    locked = connection.execute(ours.order_by(of.id).with_for_update()).mappings().all()
    rests = [Batch(**row) for row in locked if row["rest_of"] == batch.id]
    waiting = [one.id for one in rests if one.state == BatchState.WAITING]
    if waiting:
        soon = update(batches_table).where(of.id.in_(waiting), of.due_at > now)
        connection.execute(soon.values(due_at=now))
    return rests
