"""Names and paths of a query: the ids of items that are called so."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from webapp.store import sql
from webapp.store.accounts import Account
from webapp.store.enums import LISTED
from webapp.store.submissions import seen_by
from webapp.store.tables import items, submissions

_LISTED = items.join(submissions, items.c.submission_id == submissions.c.id)


def ids_called(
    connection: Connection,
    reader: Account,
    now: float,
    names: Collection[str],
    paths: Collection[str],
    most: int,
) -> dict[str, list[str]]:
    """By name and by path, the ids of all items that the reader may see and that are called exactly
    so; of each kind at most the first `most` ids.

    One pass through those items' rows, however many names there are.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    shown = submissions.c.state.in_(LISTED) & seen_by(reader, now)
    for column, texts in ((items.c.name, names), (items.c.path, paths)):
        if texts:
            called = select(column, items.c.data_id).distinct().select_from(_LISTED)
            these = called.where(shown, sql.is_one_of(connection, column, [*texts]))
            for text, data_id in sql.plain_rows(connection, these.limit(most)):
                found[text].append(data_id)
    return {text: sorted(ids) for text, ids in found.items()}
