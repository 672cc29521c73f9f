"""Taking: the items of a confirmed scope are handed to an attempt's batches, a chunk at a time.

Nothing is copied. A row changes its holder; what is true of it stays, until the attempt has a word
of ICA on it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, literal, null, select, true, update

from webapp.store import attempts, batches, chores, elsewhere, sql, submissions
from webapp.store.attempts import Attempt
from webapp.store.batches import Batch, Counts
from webapp.store.rollup import roll_up
from webapp.store.scopes import Chosen, Scope, Tally
from webapp.store.submissions import Submission
from webapp.store.tables import batches as batches_table
from webapp.store.tables import history, items
from webapp.store.words import LEFT_OUT, UNREAD, AttemptState, ChoreKind

AT_ONCE = 2_000  # items that are taken in a transaction
LOOKED_AT = 500  # items of an undo that are looked for in other submissions
_KEPT = ("status", "reason", "path", "linked_id", "ica_item_id", "changed_at", "reason_id")


class Confirmed(NamedTuple):
    """What was confirmed: an attempt of a kind at a scope that the page said has so many `items`.

    token: of that page, so that a second click begins nothing.
    """

    kind: str
    scope: Scope
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
    kind, scope, total, token = confirmed
    attempt = attempts.add(connection, submission.id, kind, account_id, token, now)
    attempts.change(connection, attempt, begun_at=now)
    submissions.move_again(connection, submission.id, now)
    spec = {"attempt": attempt.number, "scope": asdict(scope)}
    chore = chores.add(connection, submission.id, account_id, ChoreKind.TAKE, spec, total, now)
    roll_up(connection, submission.id, now)
    return attempt, chore


def take_chunk(
    connection: Connection, submission: Submission, attempt: Attempt, scope: Scope, after: int
) -> tuple[int, Tally] | None:
    """Take the next items of the scope, behind position `after`.

    Returns the last position that was looked at and what became of them; None: there are no more.
    All batches are locked, so nobody changes what they hold meanwhile, and two attempts at once
    never take one item both.
    """
    cut = batches.lock_all(connection, submission.id)
    chosen = Chosen(connection, submission, attempt.kind, scope)
    batch = _last_batch(cut, attempt.number)
    room = submission.batch_size - batch.size if batch else submission.batch_size
    end = chosen.end_of_chunk(after, min(AT_ONCE, room or submission.batch_size))
    if end is None:
        return None
    within = items.c.position.between(after + 1, end)
    found = chosen.tally(within)
    rows, done = _rows(connection, submission, attempt, chosen.all & within & chosen.allowed)
    found.made, found.by_status = len(rows), Counter(row.status for row in rows)
    found.skipped["meanwhile"] += done
    if rows:
        _hand_over(connection, cut, attempt, rows, batch if room else None)
    return end, found


def _last_batch(cut: Sequence[Batch], attempt: int) -> Batch | None:
    ours = [batch for batch in cut if batch.attempt == attempt]
    return ours[-1] if ours else None


def _rows(
    connection: Connection, submission: Submission, attempt: Attempt, which: Any
) -> tuple[list[Any], int]:
    """What is to be taken, and of how many others have done the same since."""
    of = items.c
    statement = select(of.position, of.data_id, of.attempt, of.status, of.batch_id).where(which)
    rows = connection.execute(statement.order_by(of.position)).all()
    done = elsewhere.done_since(connection, submission, attempt.kind, rows)
    return [row for row in rows if row.position not in done], len(done)


def _hand_over(
    connection: Connection,
    cut: Sequence[Batch],
    attempt: Attempt,
    rows: Sequence[Any],
    batch: Batch | None,
) -> None:
    """The rows are held by the attempt's batch from now on: this one or, for None, a new one."""
    positions = [row.position for row in rows]
    mine = (items.c.submission_id == attempt.submission_id) & items.c.position.in_(positions)
    first = [
        one
        for one in cut
        if one.attempt == 1
        and one.first_position <= positions[-1]
        and one.last_position >= positions[0]
    ]
    _keep_history(connection, mine, first)
    _count_out(connection, attempt.submission_id, {one.id: one for one in cut}, rows, first)
    batch_id = _count_in(connection, attempt, rows, batch, _next_ordinal(cut, attempt.number))
    held = update(items).where(mine).values(batch_id=batch_id, ica_item_id=None)
    connection.execute(held)


def _keep_history(connection: Connection, mine: Any, first: Sequence[Batch]) -> None:
    """What stands in the rows is kept; where it was kept before, it stands there already."""
    at = [
        (items.c.position.between(one.first_position, one.last_position), one.id) for one in first
    ]
    in_range = case(*at, else_=null()) if at else null()
    holder = case(
        (items.c.batch_id.is_not(None), items.c.batch_id),
        (items.c.status == LEFT_OUT, null()),
        else_=in_range,
    )
    values: dict[str, Any] = {
        **{name: items.c[name] for name in ("submission_id", "position", "attempt", *_KEPT)},
        "batch_id": holder,
        "stood": literal(True),
    }
    rows = select(*(value.label(name) for name, value in values.items())).where(mine, true())
    statement = sql.insert(connection, history).from_select(list(values), rows)
    connection.execute(statement.on_conflict_do_nothing())


def _count_out(
    connection: Connection,
    submission_id: int,
    cut: Mapping[int, Batch],
    rows: Sequence[Any],
    first: Sequence[Batch],
) -> None:
    """The batches that held them hold them no more."""
    held: dict[int, Counter[str]] = defaultdict(Counter)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    left_out = [row for row in rows if row.batch_id is None and row.status == LEFT_OUT]
    submissions.take_left_out(connection, submission_id, len(left_out))
    for row in rows:
        if row.batch_id is None and row.status == LEFT_OUT:
            continue
        holder = cut[row.batch_id] if row.batch_id else _at(first, row.position)
        held[holder.id][row.status] += 1
        if row.attempt == holder.attempt:
            found[holder.id][row.status] += 1
    for batch_id, counts in held.items():
        before = cut[batch_id]
        values = {
            "held": dict(Counter(before.held) - counts),
            "taken": dict(Counter(before.taken) + found[batch_id]),
        }
        _change(connection, batch_id, values)


def _at(first: Sequence[Batch], position: int) -> Batch:
    return next(one for one in first if one.first_position <= position <= one.last_position)


def _count_in(
    connection: Connection,
    attempt: Attempt,
    rows: Sequence[Any],
    batch: Batch | None,
    ordinal: int,
) -> int:
    """The attempt's batch holds them; it waits until all are taken. Its id."""
    held: Counter[str] = Counter(row.status for row in rows)
    last, size = rows[-1].position, len(rows)
    if batch is None:
        return batches.new(
            connection,
            attempt.submission_id,
            attempt=attempt.number,
            account_id=attempt.account_id,
            kind=attempt.kind,
            ordinal=ordinal,
            first_position=rows[0].position,
            last_position=last,
            size=size,
            held=dict(held),
            found={UNREAD: size},
        )
    total = batch.size + size
    values = {"size": total, "last_position": last, "found": {UNREAD: total}}
    _change(connection, batch.id, values | {"held": dict(Counter(batch.held) + held)})
    return batch.id


def _next_ordinal(cut: Sequence[Batch], attempt: int) -> int:
    return 1 + sum(batch.attempt == attempt for batch in cut)


def _change(connection: Connection, batch_id: int, values: Mapping[str, Counts | int]) -> None:
    statement = update(batches_table).where(batches_table.c.id == batch_id)
    connection.execute(statement.values(**values))


def send(
    connection: Connection, attempt: Attempt, receipt: Mapping[str, Any], problem: str, now: float
) -> None:
    """All its items are taken: its batches are due. With none, it has ended, for the problem."""
    ours = (batches_table.c.submission_id == attempt.submission_id) & (
        batches_table.c.attempt == attempt.number
    )
    size = receipt.get("made", 0)
    values = {"state": AttemptState.ACTIVE, "size": size, "receipt": receipt}
    attempts.change(connection, attempt, **values)
    connection.execute(update(batches_table).where(ours).values(due_at=now))
    roll_up(connection, attempt.submission_id, now)
    if not size:
        attempts.change(connection, attempt, problem=problem)


def stop(connection: Connection, attempt: Attempt, now: float, problem: str = "") -> int:
    """Take back what the attempt has not sent yet, gathered or not; how many batches that were."""
    if attempt.state == AttemptState.GATHERING:
        chores.drop_taking(connection, attempt.submission_id, attempt.number)
        size = sum(
            batch.size
            for batch in batches.of_submission(connection, attempt.submission_id)
            if batch.attempt == attempt.number
        )
        attempts.change(connection, attempt, state=AttemptState.ACTIVE, size=size)
    stopped = batches.stop(connection, attempt.submission_id, attempt.number, now)
    if stopped or attempt.state == AttemptState.GATHERING:
        roll_up(connection, attempt.submission_id, now)
    if problem:
        attempts.change(connection, attempt, problem=problem)
    return stopped


def shared(connection: Connection, source: Submission, scope: Scope) -> int:
    """How many of the first LOOKED_AT of these other submissions have linked into the project too:
    unlinking takes them away there as well.
    """
    chosen = Chosen(connection, source, "unlink", scope)
    end = chosen.end_of_chunk(0, LOOKED_AT)
    few = select(items.c.data_id).where(chosen.all, chosen.allowed, items.c.position <= (end or 0))
    data_ids = list(connection.execute(few).scalars())
    doings = elsewhere.last_doings(connection, source, data_ids)
    return sum(doing.linked for doing in doings.values())
