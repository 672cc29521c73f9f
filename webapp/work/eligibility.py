"""Checking: ICA is asked which ids of a draft it would refuse, before anything is sent."""

from itertools import accumulate
from urllib.parse import quote_plus

from webapp.store import accounts, chores, drafts, submissions
from webapp.store.chores import Chore
from webapp.work.context import Context

AT_ONCE = 200  # ids that one call asks about, if their length allows
URL_LENGTH = 6000  # characters of ids in one address; servers take 8,000 in all
AROUND = "&id="
IDS_A_CALL = URL_LENGTH // (len(AROUND + "fil.") + 32)  # of the usual length

Row = tuple[int, str]  # position, data id


def step(context: Context, chore: Chore) -> Chore:
    """Some ids by one call, with the key of whoever made the draft."""
    with context.store.read() as connection:
        submission = submissions.get(connection, chore.submission_id)
        account = accounts.get(connection, chore.account_id)
        rows = _that_fit(drafts.to_check(connection, submission.id, chore.done, AT_ONCE))
    data_ids = [data_id for _, data_id in rows]
    eligible = context.clients.of(account).eligible(submission.project_id, data_ids)
    refused = [data_id for data_id in data_ids if data_id not in eligible]
    last = rows[-1][0] if rows else chore.total
    return _record(context, chore, last, refused)


def _record(context: Context, chore: Chore, last: int, refused: list[str]) -> Chore:
    now = context.clock()
    with context.store.write() as connection:
        kept = chores.advance(connection, chore, now, last)
        drafts.mark_refused(connection, chore.submission_id, chore.done + 1, last, refused)
        if kept.ended_at:
            drafts.note_refused(connection, chore.submission_id, checked_at=now)
    return kept


def _that_fit(rows: list[Row]) -> list[Row]:
    """The first rows whose ids fit into one address."""
    lengths = accumulate(len(AROUND + quote_plus(data_id)) for _, data_id in rows)
    return [row for row, length in zip(rows, lengths, strict=True) if length <= URL_LENGTH]
