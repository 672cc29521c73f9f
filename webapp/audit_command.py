"""What an operator can have of the audit trail: `linkboard audit`."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from webapp.serve import database_problem
from webapp.settings import Settings, SettingsError
from webapp.store import DatabaseAway, Store, audit


def lines(settings: Settings, since: datetime | None, submission_id: int | None) -> Iterator[str]:
    """A document of JSON for each row since then (UTC), the oldest first. Raises SettingsError."""
    start = since.replace(tzinfo=UTC).timestamp() if since else 0.0
    with closing(Store(settings.database)) as store:
        _demand_tables(store)
        for row in audit.each(store, start, submission_id):
            moment = datetime.fromtimestamp(row.at, UTC)
            document = {
                "at": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "action": row.action,
                "account": row.account_id,
                "who": row.who,
                "address": row.address,
                "submission": row.submission_id,
                "owner": row.owner_id,
                "name": row.submission_name,
                "details": row.details,
            }
            yield json.dumps(document, ensure_ascii=False)


def _demand_tables(store: Store) -> None:
    try:
        trouble = store.trouble()
    except (DatabaseAway, ModuleNotFoundError) as error:
        raise SettingsError(database_problem(error)) from error
    if trouble:
        raise SettingsError(trouble)
