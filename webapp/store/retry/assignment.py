"""Assignment: the items of a confirmed selection go to an attempt's batches, a chunk at a time.

Nothing is copied. The row names another batch; its status stays until the attempt has a result of
ICA for it.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Integer, literal, select, true, update

from webapp.store import attempts, batches, chores, sql, submissions, tables, usage
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch
from webapp.store.chores import TakeSpec
from webapp.store.documents import Receipt
from webapp.store.enums import LEFT_OUT, UNREAD, AttemptKind, AttemptState, ChoreKind
from webapp.store.retry import other_submissions
from webapp.store.retry.history import KEPT_COLUMNS
from webapp.store.retry.other_submissions import TakenRow
from webapp.store.retry.selection import SelectedItems, Selection, SelectionCounts
from webapp.store.rollup import roll_up
from webapp.store.submissions import Submission
from webapp.store.tables import history, items

CHUNK_ITEMS = 5_000  # items that are taken in a transaction
SAMPLE_ITEMS = 500  # items of an undo that are looked for in other submissions


class Confirmed(NamedTuple):
    """What was confirmed: an attempt of a kind at a selection that by the page has so many `items`.

    token: of that page, so that a second click begins nothing.
    """

    kind: AttemptKind
    selection: Selection
    items: int
    token: str


def begin(
    connection: Connection,
    submission: Submission,
    confirmed: Confirmed,
    account_id: int,
    now: float,
) -> tuple[Attempt, int]:
    """Open the confirmed attempt at a locked submission, by this account; it and its chore's id."""
    kind, selection, total, token = confirmed
    attempt = attempts.add(connection, submission.id, kind, account_id, token, now)
    attempts.change(connection, attempt, begun_at=now)
    again = {"begun_at": now, "settled_at": None, "archived_at": None}
    submissions.change(connection, submission.id, **again)
    spec = TakeSpec(attempt.number, selection)
    chore = chores.add(connection, submission.id, account_id, ChoreKind.TAKE, spec, total, now)
    roll_up(connection, submission.id, now)
    return attempt, chore


def take_chunk(
    connection: Connection, attempt: Attempt, chosen: SelectedItems, after: int
) -> tuple[int, SelectionCounts] | None:
    """Take the next of the chosen items, behind position `after`.

    Returns the last position that was read and what became of them; None: there are no more.
    The caller has locked all batches, so nobody changes what they hold meanwhile, and two attempts
    never take the same item.
    """
    submission, batch_rows = chosen.source, chosen.batch_rows
    ours = [batch for batch in batch_rows if batch.attempt == attempt.number]
    room = submission.batch_size - ours[-1].size if ours else 0  # none: a new batch begins
    end = chosen.end_of_chunk(after, min(CHUNK_ITEMS, room or submission.batch_size))
    if end is None:
        return None
    within = items.c.position.between(after + 1, end)
    found = chosen.count(within)
    rows = _columns(connection, chosen.all & within & chosen.allowed)
    done = other_submissions.done_since(connection, submission, attempt.kind, rows)
    rows = [row for row in rows if row.position not in done]
    found.made, found.by_status = len(rows), Counter([row.status for row in rows])
    found.skipped["meanwhile"] += len(done)
    if rows:
        _release(connection, submission.id, batch_rows, rows)
        if not room:  # not due before all items are taken
            at = dict.fromkeys(("first_position", "last_position"), rows[0].position)
            ours.append(batches.new(connection, attempt, ordinal=len(ours) + 1, **at))
        _hold(connection, ours[-1], rows)
    return end, found


def _columns(connection: Connection, which: ColumnElement[bool]) -> list[TakenRow]:
    statement = select(*(items.c[name] for name in TakenRow._fields)).where(which)
    rows = sql.plain_rows(connection, statement.order_by(items.c.position))
    return [*map(TakenRow._make, rows)]


def _release(
    connection: Connection,
    submission_id: int,
    batch_rows: Sequence[Batch],
    rows: Sequence[TakenRow],
) -> None:
    """The batches that held the rows give them up; what is in the rows goes into history."""
    by_id = {batch.id: batch for batch in batch_rows}
    for batch_id, theirs in _by_holder(batch_rows, rows).items():
        _keep_history(connection, submission_id, batch_id, [row.position for row in theirs])
        if batch_id is None:
            left_out = tables.submissions.c.left_out - len(theirs)
            submissions.change(connection, submission_id, left_out=left_out)
            continue
        batch = by_id[batch_id]
        own = Counter([row.status for row in theirs if row.attempt == batch.attempt])
        held = Counter(batch.held) - Counter([row.status for row in theirs])
        batches.change(connection, batch_id, held=held, taken=Counter(batch.taken) + own)


def _by_holder(
    batch_rows: Sequence[Batch], rows: Sequence[TakenRow]
) -> dict[int | None, list[TakenRow]]:
    """The rows by the batch that holds them; None holds what was left out."""
    first = [batch for batch in batch_rows if batch.attempt == 1]
    starts = [batch.first_position for batch in first]
    found: dict[int | None, list[TakenRow]] = defaultdict(list)
    for row in rows:
        if row.batch_id is None and row.status != LEFT_OUT:
            found[first[bisect_right(starts, row.position) - 1].id].append(row)
        else:
            found[row.batch_id].append(row)
    return found


def _keep_history(
    connection: Connection, submission_id: int, batch_id: int | None, positions: Sequence[int]
) -> None:
    """Copy the rows into history, but for those that are there already."""
    names = ("submission_id", "position", "attempt", *KEPT_COLUMNS)
    values: dict[str, Any] = {name: items.c[name] for name in names}
    values |= {"batch_id": literal(batch_id, Integer), "stood": literal(True)}
    rows = select(*values.values()).where(_at(connection, submission_id, positions), true())
    statement = sql.insert(connection, history).from_select(list(values), rows)
    counted = {"preserve_rowcount": True}
    added = connection.execute(statement.on_conflict_do_nothing(), execution_options=counted)
    submissions.keep_more(connection, submission_id, added.rowcount * usage.HISTORY_BYTES)


def _at(
    connection: Connection, submission_id: int, positions: Sequence[int]
) -> ColumnElement[bool]:
    ours = items.c.submission_id == submission_id
    return ours & sql.is_one_of(connection, items.c.position, positions)


def _hold(connection: Connection, batch: Batch, rows: Sequence[TakenRow]) -> None:
    """The batch holds the rows from now on."""
    positions, size = [row.position for row in rows], batch.size + len(rows)
    mine = update(items).where(_at(connection, batch.submission_id, positions))
    connection.execute(mine.values(batch_id=batch.id, ica_item_id=None))
    numbers = {
        "size": size,
        "last_position": positions[-1],
        "held": Counter(batch.held) + Counter([row.status for row in rows]),
        "found": {UNREAD: size},
    }
    batches.change(connection, batch.id, **numbers)


def send(
    connection: Connection, attempt: Attempt, receipt: Receipt, problem: str, now: float
) -> None:
    """All its items are taken: its batches are due. Without any, it ends with the problem."""
    values = {"state": AttemptState.ACTIVE, "size": receipt.made, "receipt": receipt}
    attempts.change(connection, attempt, **values)
    for batch in batches.of_submission(connection, attempt.submission_id, attempt.number):
        batches.change(connection, batch.id, due_at=now)
    roll_up(connection, attempt.submission_id, now)
    if not receipt.made:
        attempts.change(connection, attempt, problem=problem)


STOPPED = "It was stopped before any of its items was sent."


class Stopped(NamedTuple):
    """What was stopped: so many batches that waited, so many that were sent and are followed no
    longer, and whether items were still gathered.
    """

    batches: int
    given_up: int
    gathering: bool


def stop(
    connection: Connection, submission_id: int, number: int, now: float, problem: str = STOPPED
) -> Stopped:
    """Take back what an attempt has not sent yet, gathered or not, and follow no longer what is
    blocked; an attempt that has sent nothing ends with the problem.
    """
    ours = [one for one in batches.lock_all(connection, submission_id) if one.attempt == number]
    attempt = attempts.get(connection, submission_id, number)
    gathering = attempt.state == AttemptState.GATHERING
    if gathering:
        chores.drop_taking(connection, submission_id, number)
        size = sum(batch.size for batch in ours)
        attempts.change(connection, attempt, state=AttemptState.ACTIVE, size=size)
    stopped = batches.stop(connection, submission_id, number, now)
    given_up = batches.give_up(connection, submission_id, number, now)
    if stopped or given_up or gathering:
        roll_up(connection, submission_id, now)
    if gathering:
        attempts.change(connection, attempt, problem=problem)
    return Stopped(stopped, given_up, gathering)


def shared(connection: Connection, source: Submission, selection: Selection) -> int:
    """How many of the first SAMPLE_ITEMS of these are linked into the project by other submissions
    too: unlinking removes them there as well.
    """
    few = _first_few(connection, source, AttemptKind.UNLINK, selection)
    found = other_submissions.last_outcomes(connection, source, [row.data_id for row in few])
    return sum(outcome.linked for outcome in found.values())


def done_already(
    connection: Connection, source: Submission, kind: AttemptKind, selection: Selection
) -> int:
    """How many of the first SAMPLE_ITEMS of these, or of all that are picked, are skipped since
    other submissions have linked or unlinked them.
    """
    few = _first_few(connection, source, kind, selection)
    return len(other_submissions.done_since(connection, source, kind, few))


def _first_few(
    connection: Connection, source: Submission, kind: AttemptKind, selection: Selection
) -> Sequence[TakenRow]:
    chosen = SelectedItems(connection, source, kind, selection)
    end = max(selection.positions, default=0) or chosen.end_of_chunk(0, SAMPLE_ITEMS) or 0
    return _columns(connection, chosen.all & chosen.allowed & (items.c.position <= end))
