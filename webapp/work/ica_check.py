"""The check of a draft: ICA is asked which of its ids it would refuse, before anything is sent. Of
the others it tells names and paths by the way.
"""

from itertools import accumulate
from urllib.parse import quote_plus

from webapp.ica.models import Data, DataDetails, whole_path
from webapp.idlist import ids
from webapp.store import accounts, chores, drafts, submissions
from webapp.store.chores import Chore
from webapp.work.context import Context

MAX_CALL_IDS = 200  # that one call asks about, if their length allows
MAX_URL_CHARS = 6000  # of ids in one address; servers take 8,000 in all
ID_PARAMETER = "&id="
USUAL_CALL_IDS = MAX_URL_CHARS // (len(ID_PARAMETER + "fil.") + 32)

Row = tuple[int, str]  # position, data id


def step(context: Context, chore: Chore) -> Chore:
    """Some ids by one call, with the key of whoever made the draft."""
    with context.store.read() as connection:
        submission = submissions.get(connection, chore.submission_id)
        account = accounts.get(connection, chore.account_id)
        rows = _that_fit(drafts.to_check(connection, submission.id, chore.done, MAX_CALL_IDS))
    data_ids = [data_id for _, data_id in rows]
    found = context.clients.of(account).eligible(submission.project_id, data_ids)
    told = {ids.folded(data.id): data for data in found}
    refused = [data_id for data_id in data_ids if data_id not in told]
    named = [_named(position, told[data_id]) for position, data_id in rows if data_id in told]
    last = rows[-1][0] if rows else chore.total
    now = context.clock()
    with context.store.write() as connection:
        kept = chores.advance(connection, chore, now, last)
        drafts.mark_refused(connection, submission.id, chore.done + 1, last, refused)
        drafts.note_names(connection, submission.id, named)
        if kept.ended_at:
            drafts.note_refused(connection, submission.id, checked_at=now)
    return kept


def _named(position: int, data: Data) -> tuple[int, str, str]:
    details = data.details or DataDetails()
    return position, details.name or "", whole_path(data)


def _that_fit(rows: list[Row]) -> list[Row]:
    """The first rows whose ids fit into one address."""
    lengths = accumulate(len(ID_PARAMETER + quote_plus(data_id)) for _, data_id in rows)
    return [row for row, length in zip(rows, lengths, strict=True) if length <= MAX_URL_CHARS]
