"""Drafts: what is known of a list's items before they are sent, and which of them will be."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select, update

from webapp.store import batches, chores, paging, sql
from webapp.store.batches import PlannedBatch
from webapp.store.chores import FlagSpec
from webapp.store.documents import Example
from webapp.store.enums import LEFT_OUT, UNREAD, ChoreKind, Flag, State
from webapp.store.items import Item
from webapp.store.paging import Cursor, Page
from webapp.store.rollup import roll_up
from webapp.store.submissions import Submission, change, confirm, get
from webapp.store.tables import items, lookups, submissions

MAX_EXAMPLES = 3  # refused ids that the review shows
REASONS = {  # why an item was left out
    Flag.LINKED: "It was linked into this project before.",
    Flag.UNUSUAL: "Its shape is unusual for a data id.",
    Flag.ELSEWHERE: "Its line names another project.",
    Flag.REFUSED: "ICA said that it can't be linked into this project.",
    Flag.ARCHIVED: "It is archived in ICA.",
    Flag.ARCHIVING: "It is being archived in ICA.",
    Flag.UNARCHIVING: "It is on its way back from ICA's archive.",
    Flag.PARTIAL: "It was not uploaded completely.",
    Flag.DELETING: "It is being deleted in ICA.",
}


def flagged(
    connection: Connection, submission_id: int, flag: Flag, cursor: Cursor, size: int
) -> Page[Item]:
    """Items that carry the flag, in the order of the list; cursors are positions."""
    statement = select(items).where(items.c.submission_id == submission_id, _carries(flag))
    return paging.read(connection, statement, items.c.position, Item, cursor, size)


def lock(connection: Connection, submission_id: int) -> Submission:
    """The submission as it is now, which nobody else changes until the transaction ends."""
    mine = select(submissions.c.id).where(submissions.c.id == submission_id)
    connection.execute(mine.with_for_update())
    return get(connection, submission_id)


def ask(
    connection: Connection,
    submission: Submission,
    kind: ChoreKind,
    flag: Flag | None,
    now: float,
) -> int | None:
    """Ask for a chore on all items of the draft that carry the flag, and return its id.

    None when it is no draft any more, or a chore of the kind is not done yet.
    """
    if lock(connection, submission.id).state != State.DRAFT:
        return None
    if any(chore.kind == kind for chore in chores.unfinished(connection, submission.id)):
        return None
    spec = FlagSpec(flag) if flag else None
    total, account_id = submission.item_count, submission.account_id
    return chores.add(connection, submission.id, account_id, kind, spec, total, now)


def leave_out(
    connection: Connection, submission_id: int, flag: Flag, first: int, last: int, now: float
) -> None:
    """Don't send the items that carry the flag in a range of positions."""
    count = mark_left_out(connection, submission_id, flag, first, last, now)
    _count_left_out(connection, submission_id, flag, count)


def mark_left_out(
    connection: Connection, submission_id: int, flag: Flag, first: int, last: int, now: float
) -> int:
    """The same for rows of a list that is still being read, whose caller counts them."""
    mine = _range(submission_id, first, last) & (items.c.status == UNREAD) & _carries(flag)
    values = {"status": LEFT_OUT, "reason": REASONS[flag], "changed_at": now}
    return connection.execute(update(items).where(mine).values(values)).rowcount


def take_back(
    connection: Connection, submission_id: int, flag: Flag, first: int, last: int, now: float
) -> None:
    """Send after all what was left out for the flag in a range of positions."""
    left_out = (items.c.status == LEFT_OUT) & (items.c.reason == REASONS[flag])
    mine = _range(submission_id, first, last) & left_out
    values = {"status": UNREAD, "reason": "", "changed_at": now}
    count = connection.execute(update(items).where(mine).values(values)).rowcount
    _count_left_out(connection, submission_id, flag, -count)


def _count_left_out(connection: Connection, submission_id: int, flag: Flag, by: int) -> None:
    before = lock(connection, submission_id)
    left_out = before.left_out + by
    unread = before.to_send + before.left_out - left_out
    counts = +Counter({UNREAD: unread, LEFT_OUT: left_out})
    each = Counter(before.review.left_out) + Counter({flag.word: by})
    review = replace(before.review, left_out=each)
    change(connection, submission_id, left_out=left_out, counts=counts, review=review)


def to_check(
    connection: Connection, submission_id: int, after: int, limit: int
) -> list[tuple[int, str]]:
    """The next items that will be sent: position and data id."""
    return [tuple(row) for row in connection.execute(_to_send(submission_id, after).limit(limit))]


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


def note_names(
    connection: Connection, submission_id: int, named: Sequence[tuple[int, str, str]]
) -> None:
    """Keep what items are called: position, name, path."""
    ours = {"submission_id": submission_id}
    sql.update_many(connection, items, ours, ("position", "name", "path"), named)


def note_refused(
    connection: Connection, submission_id: int, checked_at: float | None = None
) -> None:
    """Keep in the review how many ids ICA would refuse, and when it was asked about all.

    Counted by their flags, so that what was left out counts too, and once.
    """
    mine = (items.c.submission_id == submission_id) & _carries(Flag.REFUSED)
    count = connection.execute(select(func.count()).select_from(items).where(mine)).scalar_one()
    first_few = flagged(connection, submission_id, Flag.REFUSED, Cursor(), MAX_EXAMPLES).rows
    examples = [Example(item.line, item.column, item.data_id) for item in first_few]
    before = lock(connection, submission_id).review
    review = replace(
        before,
        refused=count,
        examples=before.examples | {Flag.REFUSED.word: examples},
        checked_at=checked_at or before.checked_at,
    )
    change(connection, submission_id, review=review)


def note_unchecked(connection: Connection, submission_id: int) -> None:
    """The list has items now about which ICA was not asked."""
    before = lock(connection, submission_id).review
    if before.checked_at is not None:
        change(connection, submission_id, review=replace(before, checked_at=None))


def begin(connection: Connection, submission: Submission, now: float) -> bool:
    """Confirm the draft: its batches wait to be sent.

    False when it is no draft any more: it was confirmed before, or thrown away.
    """
    found = planned_batches(connection, submission)
    if not confirm(connection, submission.id, submission.to_send, now):
        return False
    if submission.review.lookups:
        to_nothing = _led_to_nothing(connection, submission.id)
        change(connection, submission.id, review=replace(submission.review, to_nothing=to_nothing))
    batches.add(connection, submission, found, now)
    roll_up(connection, submission.id, now)
    return True


def _led_to_nothing(connection: Connection, submission_id: int) -> int:
    """How many lookups have no item; a folder whose files were chosen may have held none."""
    of = lookups.c
    item = (items.c.submission_id == submission_id) & (items.c.position == of.first_item)
    without = or_(of.first_item.is_(None), ~exists().where(item))
    theirs = select(func.count()).where(of.submission_id == submission_id, without)
    count: int = connection.execute(theirs).scalar_one()
    return count


def planned_batches(connection: Connection, submission: Submission) -> list[PlannedBatch]:
    """Ranges of positions that cover the list, each with batch_size items to send, or fewer."""
    found: list[PlannedBatch] = []
    left = submission.to_send
    while left > 0:
        size = min(left, submission.batch_size)
        first = found[-1].last_position + 1 if found else 1
        left -= size
        last = _nth_to_send(connection, submission.id, first, size) if left else None
        found.append(PlannedBatch(first, last or submission.item_count, size))
    return found


def _nth_to_send(connection: Connection, submission_id: int, first: int, n: int) -> int:
    position = _to_send(submission_id, first - 1).with_only_columns(items.c.position)
    return connection.execute(position.offset(n - 1).limit(1)).scalar_one()


def _to_send(submission_id: int, after: int) -> Select[Any]:
    """Positions and data ids behind a position that will be sent, in the order of the list."""
    ours = (items.c.submission_id == submission_id) & (items.c.status == UNREAD)
    found = select(items.c.position, items.c.data_id).where(ours, items.c.position > after)
    return found.order_by(items.c.position)


def _range(submission_id: int, first: int, last: int) -> ColumnElement[bool]:
    return (items.c.submission_id == submission_id) & items.c.position.between(first, last)


def _carries(flag: Flag) -> ColumnElement[bool]:
    return items.c.flags.bitwise_and(int(flag)) != 0
