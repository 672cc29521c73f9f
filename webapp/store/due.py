"""What is due: one look into all queues, so cheap that it comes before every claim."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from webapp.store import batches, chores, uploads


class Due(NamedTuple):
    """Whether claim() of batches, of chores and of uploads would find any."""

    batch: bool
    chore: bool
    upload: bool


_LOOK = select(
    exists().where(batches.DUE).label("batch"),
    exists().where(chores.DUE).label("chore"),
    exists().where(uploads.DUE).label("upload"),
)


def look(connection: Connection, now: float, *, not_of: Collection[int] = ()) -> Due:
    """What is due now; accounts of `not_of` are at their limit."""
    found = connection.execute(_LOOK, {"now": now, "not_of": [*not_of]})
    return Due(**found.mappings().one())
