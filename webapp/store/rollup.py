"""The roll-up: counts and states of attempts and their submission, computed from the batches."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from webapp.store import messages, sql
from webapp.store.enums import (
    ENDED,
    LEFT_OUT,
    NOT_SENT,
    UNKNOWN,
    UNREAD,
    UNSENT,
    AttemptKind,
    AttemptState,
    BatchState,
    BoardWord,
    Phase,
    State,
    Task,
)
from webapp.store.statuses import SUCCESSFUL, TAKEN_OUT, meaning
from webapp.store.tables import attempts, batches, snapshots, submissions

SNAPSHOT_SECONDS = 10.0
BATCH_COLUMNS = (  # of each batch
    *("attempt", "kind", "state", "task", "blocked", "counts", "size", "problem"),
    *("held", "found", "taken"),
)
_PARTS = select(*(batches.c[name] for name in BATCH_COLUMNS)).where(
    batches.c.submission_id == sql.SUBMISSION
)
_LOCK = select(submissions).where(submissions.c.id == sql.SUBMISSION).with_for_update()
_CHANGE = update(submissions).where(submissions.c.id == sql.SUBMISSION)
_ATTEMPTS = select(attempts).where(attempts.c.submission_id == sql.SUBMISSION)
_CHANGE_ATTEMPT = update(attempts).where(attempts.c.id == bindparam("which"))
Counts = Mapping[str, int]


def roll_up(connection: Connection, submission_id: int, now: float) -> None:
    """Compute counts, phase and state from the batches, and raise the revision. The recipients of
    the submission are told of an attempt that ends by this.

    Called in the transaction that changed a batch, after that change (batches are locked before
    submissions, everywhere).
    """
    its = {"submission": submission_id}
    before = connection.execute(_LOCK, its).mappings().one()
    parts = connection.execute(_PARTS, its).all()
    gathering = _attempts(connection, before, parts, now)
    counts = _total([{LEFT_OUT: before["left_out"]}, *(_current_counts(part) for part in parts)])
    after: dict[str, Any] = {"counts": counts, **_state_and_phase(parts, gathering=gathering)}
    if after["state"] == State.SETTLED:
        after["settled_at"] = before["settled_at"] or now
        after["problem"] = _refusal(part for part in parts if part.held)
    after["board_word"] = _board_word(after)
    after |= {"revision": before["revision"] + 1, "changed_at": now}
    connection.execute(_CHANGE, its | after)


def _attempts(
    connection: Connection, submission: RowMapping, parts: Sequence[Any], now: float
) -> bool:
    """Bring the attempts up to date; returns whether any of them gathers its items."""
    rows = connection.execute(_ATTEMPTS, {"submission": submission["id"]}).mappings().all()
    for row in rows:
        if row["state"] == AttemptState.ACTIVE:
            ours = [part for part in parts if part.attempt == row["number"]]
            if _attempt(connection, row, ours, now):
                messages.add(connection, submission, row, now)
    return any(row["state"] == AttemptState.GATHERING for row in rows)


def _attempt(connection: Connection, before: RowMapping, parts: Sequence[Any], now: float) -> bool:
    """Bring an attempt up to date; returns whether it has ended now."""
    where = _state_and_phase(parts)
    after: dict[str, Any] = {"counts": _total(map(_own_counts, parts)), "phase": where["phase"]}
    if where["state"] == State.SETTLED:
        after |= {"state": AttemptState.ENDED, "ended_at": now, "problem": _refusal(parts)}
    if before["counts"] != after["counts"]:
        _snapshot(connection, before["id"], after["counts"], now)
    connection.execute(_CHANGE_ATTEMPT, {"which": before["id"]} | after)
    return "ended_at" in after


def _snapshot(connection: Connection, attempt_id: int, counts: Counts, now: float) -> None:
    """Keep at most one each SNAPSHOT_SECONDS, the last one: batches may run for days."""
    values = {"attempt_id": attempt_id, "at": now - now % SNAPSHOT_SECONDS, "counts": counts}
    statement, key = sql.insert(connection, snapshots).values(values), ["attempt_id", "at"]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"counts": counts}))


def _own_counts(part: Any) -> Counts:
    """A batch's items per status, as its attempt found them."""
    if part.state in UNSENT:
        return {NOT_SENT: part.size}
    if part.state in ENDED:
        return dict(part.found)
    return _reported(part) or {UNREAD: part.size}


def _reported(part: Any) -> Counts:
    """ICA's counts; items of the batch that are in none of them count as UNKNOWN."""
    lacking = part.size - sum(part.counts.values())
    if not part.counts or lacking <= 0:
        return dict(part.counts)
    return part.counts | {UNKNOWN: part.counts.get(UNKNOWN, 0) + lacking}


def _current_counts(part: Any) -> Counts:
    """The items that a batch holds, per status as of now.

    While it runs, ICA's counts are ahead of the rows. An unlinking batch changes only what it has
    unlinked; the rest is as before.
    """
    if part.state in UNSENT:
        unread = {NOT_SENT: part.held.get(UNREAD, 0)}
        return _total([unread, {word: n for word, n in part.held.items() if word != UNREAD}])
    if part.state in ENDED or not part.counts:
        return dict(part.held)
    if part.kind == AttemptKind.LINK:
        return _subtract(_reported(part), part.taken)
    counts, taken, found = map(_only_unlinked, (part.counts, part.taken, part.found))
    read = Counter(_subtract(found, taken))  # of the rows, which may be ahead of the counts too
    out, stays = Counter(_subtract(counts, taken)) | read, Counter(part.held) - read
    return _total([_subtract(stays, {}, to=sum(part.held.values()) - out.total()), out])


def _only_unlinked(counts: Counts) -> Counts:
    return {word: count for word, count in counts.items() if word in TAKEN_OUT}


def _subtract(counts: Counts, taken: Counts, to: int | None = None) -> dict[str, int]:
    """Counts less others, down to a sum: what one status lacks is taken from the largest."""
    wanted = max(sum(counts.values()) - sum(taken.values()) if to is None else to, 0)
    found = {word: max(count - taken.get(word, 0), 0) for word, count in counts.items()}
    for word in sorted(found, key=found.__getitem__, reverse=True):
        found[word] -= min(found[word], max(sum(found.values()) - wanted, 0))
    return found


def _total(each: Iterable[Counts]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts)
    return {status: count for status, count in sorted(total.items()) if count}


def _refusal(parts: Iterable[Any]) -> str:
    """Why ICA refused a batch, "" when it refused none."""
    refused = (part.problem for part in parts if part.state == BatchState.REFUSED)
    return next((problem.message for problem in refused), "")


def _state_and_phase(parts: Sequence[Any], *, gathering: bool = False) -> dict[str, State | Phase]:
    """State and phase of what has these batches; attempts that have ended do not count."""
    open_ones = [part for part in parts if part.state not in ENDED or part.task != Task.NONE]
    if not open_ones and not gathering:
        return {"state": State.SETTLED, "phase": Phase.NONE}
    running = {part.attempt for part in open_ones}
    states = {part.state for part in parts if part.attempt in running}
    if any(part.blocked for part in open_ones):
        phase = Phase.BLOCKED
    elif gathering and states <= {BatchState.WAITING}:
        phase = Phase.GATHERING
    elif states == {BatchState.WAITING}:
        phase = Phase.WAITING
    elif states & {BatchState.WAITING, BatchState.SENDING}:
        phase = Phase.SENDING
    elif BatchState.RUNNING in states:
        phase = Phase.LINKING
    else:
        phase = Phase.STOPPING
    return {"state": State.ACTIVE, "phase": phase}


def _board_word(after: Mapping[str, Any]) -> BoardWord:
    """What the board calls a submission that was submitted."""
    if after["state"] != State.SETTLED:
        return BoardWord.BLOCKED if after["phase"] == Phase.BLOCKED else BoardWord.RUNNING
    counts = {word: count for word, count in after["counts"].items() if word != LEFT_OUT}
    if any(word in TAKEN_OUT for word in counts):
        left = any(meaning(word).undo for word in counts)
        return BoardWord.PARTLY_UNDONE if left else BoardWord.UNDONE
    if set(counts) == {NOT_SENT}:
        return BoardWord.NOT_SENT
    return BoardWord.DONE if counts.keys() <= SUCCESSFUL else BoardWord.FAILURES
