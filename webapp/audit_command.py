"""What an operator can have of the audit trail: `linkboard audit`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from webapp.serve import opened_store
from webapp.settings import Settings
from webapp.store import audit


def lines(settings: Settings, since: datetime | None, submission_id: int | None) -> Iterator[str]:
    """A document of JSON for each row since then (UTC), the oldest first. Raises SettingsError."""
    start = since.replace(tzinfo=UTC).timestamp() if since else 0.0
    with opened_store(settings) as store:
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
