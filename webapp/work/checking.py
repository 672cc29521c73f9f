"""Checking: ICA is asked which ids of a draft it would refuse, before anything is sent."""

from itertools import accumulate

from webapp.store import accounts, chores, drafts, submissions
from webapp.store.chores import Chore
from webapp.work.context import Context

AT_ONCE = 200  # ids that one call asks about, if their length allows
URL_LENGTH = 6000  # characters of ids in one address; servers take 8,000 in all
AROUND = len("&id=")
EXAMPLES = 3  # refused ids that the review shows

Row = tuple[int, int, int, str]  # position, line, column, data id


def step(context: Context, chore: Chore) -> Chore:
    """Some ids by one call, with the key of whoever made the draft."""
    with context.store.read() as connection:
        submission = submissions.get(connection, chore.submission_id)
        account = accounts.get(connection, chore.account_id)
        rows = _that_fit(drafts.to_check(connection, submission.id, chore.done, AT_ONCE))
    eligible = context.clients.of(account).eligible(submission.project_id, [row[3] for row in rows])
    refused = [row for row in rows if row[3] not in eligible]
    last = rows[-1][0] if rows else chore.total
    return _record(context, chore, last, refused)


def _record(context: Context, chore: Chore, last: int, refused: list[Row]) -> Chore:
    now = context.clock()
    found = {
        "refused": chore.result.get("refused", 0) + len(refused),
        "examples": [*chore.result.get("examples", []), *(row[1:] for row in refused)][:EXAMPLES],
    }
    data_ids = [row[3] for row in refused]
    with context.store.write() as connection:
        kept = chores.advance(connection, chore, now, last, result=found, problem=None, failures=0)
        drafts.mark_refused(connection, chore.submission_id, chore.done + 1, last, data_ids)
        if kept.ended_at:
            drafts.note_checked(connection, chore.submission_id, now, **found)
    return kept


def _that_fit(rows: list[Row]) -> list[Row]:
    """The first rows whose ids fit into one address."""
    lengths = accumulate(len(row[3]) + AROUND for row in rows)
    return [row for row, length in zip(rows, lengths, strict=True) if length <= URL_LENGTH]
