"""Drafts: what is known of a list's items before they are sent, and which of them will be."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, update

from webapp.store import batches, chores, pages
from webapp.store.batches import Cut
from webapp.store.items import Item
from webapp.store.pages import Cursor, Page
from webapp.store.rollup import roll_up
from webapp.store.submissions import Submission, confirm, get
from webapp.store.tables import items, submissions
from webapp.store.words import LEFT_OUT, UNREAD, ChoreKind, Flag, State

EXAMPLES = 3  # refused ids that the review shows
REASONS = {  # why an item was left out
    Flag.LINKED: "It was linked into this project before.",
    Flag.UNUSUAL: "Its shape is unusual for a data id.",
    Flag.ELSEWHERE: "Its line names another project.",
    Flag.REFUSED: "ICA said that it can't be linked into this project.",
}


def flagged(
    connection: Connection, submission_id: int, flag: Flag, cursor: Cursor, size: int
) -> Page[Item]:
    """Items that carry the flag, in the order of the list; cursors are positions."""
    statement = select(items).where(items.c.submission_id == submission_id, _carries(flag))
    return pages.read(connection, statement, items.c.position, Item, cursor, size)


def lock(connection: Connection, submission_id: int) -> Submission:
    """The submission as it stands, which nobody else changes until the transaction ends."""
    _locked(connection, submission_id)
    return get(connection, submission_id)


def ask(
    connection: Connection,
    submission: Submission,
    kind: ChoreKind,
    spec: dict[str, Any],
    now: float,
) -> int | None:
    """Ask for a chore on all items of the draft, and return its id.

    None when it is no draft any more, or a chore of the kind is not done yet.
    """
    if lock(connection, submission.id).state != State.DRAFT:
        return None
    if any(chore.kind == kind for chore in chores.unfinished(connection, submission.id)):
        return None
    return chores.add(
        connection,
        submission.id,
        submission.account_id,
        kind,
        spec,
        submission.item_count,
        now,
    )


def leave_out(
    connection: Connection, submission_id: int, flag: Flag, first: int, last: int, now: float
) -> int:
    """Don't send the items that carry the flag in a range of positions; returns how many."""
    mine = _range(submission_id, first, last) & (items.c.status == UNREAD) & _carries(flag)
    values = {"status": LEFT_OUT, "reason": REASONS[flag], "changed_at": now}
    count = connection.execute(update(items).where(mine).values(values)).rowcount
    _count_left_out(connection, submission_id, flag, count)
    return count


def take_back(
    connection: Connection, submission_id: int, flag: Flag, first: int, last: int, now: float
) -> int:
    """Send all the same what was left out for the flag in a range of positions."""
    mine = (
        _range(submission_id, first, last)
        & (items.c.status == LEFT_OUT)
        & (items.c.reason == REASONS[flag])
    )
    values = {"status": UNREAD, "reason": "", "changed_at": now}
    count = connection.execute(update(items).where(mine).values(values)).rowcount
    _count_left_out(connection, submission_id, flag, -count)
    return count


def _count_left_out(connection: Connection, submission_id: int, flag: Flag, by: int) -> None:
    before = _locked(connection, submission_id)
    each = before["review"].get("left_out", {})
    word = flag.word
    left_out = before["left_out"] + by
    _change(
        connection,
        submission_id,
        left_out=left_out,
        counts=_counts(before["item_count"], left_out),
        review=before["review"] | {"left_out": each | {word: each.get(word, 0) + by}},
    )


def _counts(item_count: int, left_out: int) -> dict[str, int]:
    counts = {UNREAD: item_count - left_out, LEFT_OUT: left_out}
    return {status: count for status, count in counts.items() if count}


def to_check(
    connection: Connection, submission_id: int, after: int, limit: int
) -> list[tuple[int, str]]:
    """The next items that will be sent: position and data id."""
    statement = (
        select(items.c.position, items.c.data_id)
        .where(items.c.submission_id == submission_id, items.c.status == UNREAD)
        .where(items.c.position > after)
        .order_by(items.c.position)
        .limit(limit)
    )
    return [tuple(row) for row in connection.execute(statement)]


def mark_refused(
    connection: Connection, submission_id: int, first: int, last: int, refused: Collection[str]
) -> None:
    """Flag the ids in a range of positions that ICA would refuse, and those alone."""
    checked = _range(submission_id, first, last) & (items.c.status == UNREAD)
    before, now = _carries(Flag.REFUSED), items.c.data_id.in_(refused)
    for condition, flags in (
        (before & ~now, items.c.flags - int(Flag.REFUSED)),
        (now & ~before, items.c.flags + int(Flag.REFUSED)),
    ):
        connection.execute(update(items).where(checked & condition).values(flags=flags))


def note_refused(connection: Connection, submission_id: int, **more: Any) -> None:
    """Keep in the review how many ids ICA would refuse, and `more`.

    Counted by their flags, so what was left out meanwhile, or before, counts once.
    """
    mine = (items.c.submission_id == submission_id) & _carries(Flag.REFUSED)
    count = connection.execute(select(func.count()).select_from(items).where(mine)).scalar_one()
    first_few = flagged(connection, submission_id, Flag.REFUSED, Cursor(), EXAMPLES).rows
    examples = [(item.line, item.column, item.data_id) for item in first_few]
    review = _locked(connection, submission_id)["review"]
    found = {
        Flag.REFUSED.word: count,
        "examples": review.get("examples", {}) | {Flag.REFUSED.word: examples},
    }
    _change(connection, submission_id, review=review | found | more)


def begin(connection: Connection, submission: Submission, now: float) -> bool:
    """Confirm the draft: its batches wait to be sent.

    False when it is no draft any more: it was confirmed before, or thrown away.
    """
    found = cuts(connection, submission)
    to_send = submission.item_count - submission.left_out
    if not confirm(connection, submission.id, to_send, now):
        return False
    batches.add(connection, submission, found, now)
    roll_up(connection, submission.id, now)
    return True


def cuts(connection: Connection, submission: Submission) -> list[Cut]:
    """Ranges of positions that cover the list, each with batch_size items to send, or fewer."""
    found: list[Cut] = []
    left = submission.item_count - submission.left_out
    while left > 0:
        size = min(left, submission.batch_size)
        first = found[-1].last_position + 1 if found else 1
        left -= size
        last = _nth_to_send(connection, submission.id, first, size) if left else None
        found.append(Cut(first, last or submission.item_count, size))
    return found


def _nth_to_send(connection: Connection, submission_id: int, first: int, n: int) -> int:
    statement = (
        select(items.c.position)
        .where(items.c.submission_id == submission_id, items.c.status == UNREAD)
        .where(items.c.position >= first)
        .order_by(items.c.position)
        .offset(n - 1)
        .limit(1)
    )
    position: int = connection.execute(statement).scalar_one()
    return position


def _locked(connection: Connection, submission_id: int) -> Any:
    statement = select(submissions).where(submissions.c.id == submission_id)
    return connection.execute(statement.with_for_update()).mappings().one()


def _change(connection: Connection, submission_id: int, **values: Any) -> None:
    statement = update(submissions).where(submissions.c.id == submission_id)
    connection.execute(statement.values(values))


def _range(submission_id: int, first: int, last: int) -> ColumnElement[bool]:
    return (items.c.submission_id == submission_id) & items.c.position.between(first, last)


def _carries(flag: Flag) -> ColumnElement[bool]:
    return items.c.flags.bitwise_and(int(flag)) != 0
