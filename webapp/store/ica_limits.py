"""Limits of an ICA: how many ids a batch may have, where it was found to refuse more."""

from sqlalchemy import Connection, case, select

from webapp.store import sql
from webapp.store.tables import ica_limits

REMEMBERED_SECONDS = 86_400.0
USUAL_SIZE = 100  # a smaller one may have passed for what was in it, or as it came a moment later
UNUSUAL_SECONDS = 600.0  # that such a one is remembered


def batch_size(connection: Connection, ica_url: str, now: float) -> int | None:
    """The size of batch that this ICA took when larger ones were refused; None: not known."""
    of = ica_limits.c
    holds = case((of.batch_size >= USUAL_SIZE, REMEMBERED_SECONDS), else_=UNUSUAL_SECONDS)
    mine = (of.ica_url == ica_url) & (of.batch_size_at > now - holds)
    return connection.execute(select(of.batch_size).where(mine)).scalar()


def note_batch_size(connection: Connection, ica_url: str, size: int, now: float) -> None:
    """This ICA took a batch of this size after it had refused a larger one."""
    found = {"batch_size": size, "batch_size_at": now}
    statement = sql.insert(connection, ica_limits).values(ica_url=ica_url, **found)
    key = ["ica_url"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=found))
