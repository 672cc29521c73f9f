"""The walk: the items' own rows are brought up to date, page by page, by cursor."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError, Refused
from webapp.ica.models import FINAL_JOB, MOVING, Item, Page, whole_path
from webapp.idlist import ids
from webapp.store import batches, item_updates, leases
from webapp.store.batches import Batch
from webapp.store.enums import EXPANDED, UNKNOWN, BatchState, Task
from webapp.store.item_updates import Outcome
from webapp.store.submissions import Submission
from webapp.work import ica_failures
from webapp.work.clients import ICA_KIND
from webapp.work.context import Context

PAGE_ROWS = 1000
AHEAD_PAGES = 4  # that a walk has in memory, and writes at once
UNIT_SECONDS = 5.0  # after which a unit gives its lease back
FAILED_STATUSES = ("FAILED", "PARTIALLY_LINKED", "PARTIALLY_UNLINKED")
FAILED_SECONDS, FAILED_GROWTH = 60.0, 1.2  # failed items are read again after either
MAX_REPEATED_WALKS, REPEAT_SECONDS = 3, 40.0  # when the job has ended and items still move
REFRESH_SECONDS, MAX_REFRESH_SECONDS = 5.0, 600.0  # when no job has ended, and items still move
EXPANDED_REASON = "ICA (V3) made one item of each file in this folder; they stand after the list."
PAGE, FAILED = "page", "failed"  # steps; at the second one no batch is stuck
ANEW = {"round_cursor": None, "round_read": 0, "round_pages": 0, "round_mark": None, "circles": 0}
MAX_CIRCLES = 2  # then a walk ends with what is known
IN_A_CIRCLE = "ICA's pages of the batch's items go round in a circle, and none of them has this id."
NOT_LISTED = "Among the batch's items, ICA lists none with this id, or none that can be read."

Change = Callable[..., tuple[int, dict[str, Any]]]
"""Changes a chunk of a locked batch's rows; returns how many, and columns of batches to set."""


class Trail(NamedTuple):
    """How far a round has come: how many cursors it was given, and one of them, the mark.

    The mark moves on each time their number reaches a power of two, so that a cursor of any circle
    comes to stand as the mark, and comes again (Brent's method).
    """

    pages: int
    mark: str | None

    def follow(self, cursor: str | None) -> tuple["Trail", bool]:
        """The trail with the next cursor, and whether that leads in a circle."""
        if cursor is None:
            return START, False
        if cursor == self.mark:
            return START, True
        pages = self.pages + 1
        return Trail(pages, cursor if pages & (pages - 1) == 0 else self.mark), False


START = Trail(0, None)


class Read(NamedTuple):
    """A page that was read, the cursor after it, and the trail of its round.

    is_first: whether it begins a round. circles: its cursor leads back, and is not followed.
    steps: those that have passed by it.
    """

    page: Page[Item]
    following: str | None
    trail: Trail
    is_first: bool
    circles: bool
    steps: tuple[str, ...]


def read_page(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """While a batch runs: a page of its failed items if they are due, else of the next round.

    Where ICA does not give the failed ones alone, they come with all others.
    """
    values: dict[str, Any] = {}
    read = None
    if _is_failed_due(batch, context.clock()):
        read = _unless_in_vain(client, submission, batch)
        values = _after_failed_page(batch, read, context.clock())
    if read is None:
        read = _unless_refused(read_round, client, submission, batch)
        values |= _after_page(batch, read, context.clock())
    _keep(context, batch, read, lease_until=0.0, **values)


def walk(context: Context, client: IcaClient, submission: Submission, batch: Batch) -> None:
    """When the job has ended: a whole walk, as fast as the budget allows.

    While pages are written, in one transaction, the next ones are asked for.
    Where the pages go round in a circle, it is walked once more; then what is known has to do.
    """
    started, keep = context.clock.steady(), partial(_keep, context)
    ahead, values = batch, dict[str, Any]()  # `ahead`: as it is once what was read is kept
    writing: Future[Batch] | None = None
    unwritten: list[Read] = []
    with ThreadPoolExecutor(1, thread_name_prefix="walk") as writer:
        while True:
            try:
                read = read_round(client, submission, ahead, ahead.round_read - batch.round_read)
            except IcaError:  # what was read is kept; who has lost the lease is told that instead
                batch = writing.result() if writing else batch
                if unwritten:
                    keep(batch, *unwritten, **values)
                raise
            unwritten.append(read)
            is_full = len(unwritten) == AHEAD_PAGES or read.circles  # two rounds are two findings
            if writing and (is_full or writing.done()):
                batch, writing = writing.result(), None
            now = context.clock()
            values = _after_page(ahead, read, now) | {"lease_until": now + leases.LEASE_SECONDS}
            ahead = replace(ahead, found=batch.found, **values)
            goes_on = bool(read.following) or (read.circles and ahead.circles < MAX_CIRCLES)
            if not goes_on or context.is_turn_over(started, UNIT_SECONDS, batch.account_id):
                break
            if writing is None:
                writing, unwritten = writer.submit(keep, batch, *unwritten, **values), []
        batch = writing.result() if writing else batch
    if goes_on:
        keep(batch, *unwritten, **values | {"lease_until": 0.0, "due_at": now})
    else:
        _finish(context, keep(batch, *unwritten, **values))


def change_rows(context: Context, batch: Batch, *changes: Change) -> Batch:
    """Make each change to a leased batch's rows, a chunk a transaction, until none is left."""
    for change in changes:
        changed = None
        while changed != 0:
            now = context.clock()
            with context.store.write() as connection:
                batch = batches.lock(connection, batch)
                changed, values = change(connection, batch, now=now)
                values = {"lease_until": now + leases.LEASE_SECONDS} | values
                batch = batches.keep(connection, batch, now, **values)
    return batch


def outcome(item: Item) -> Outcome:
    """ICA's item in the store's words."""
    data_id, said = ids.folded(item.request.data_id), item.processing
    name = path = linked_id = ""
    if item.created:
        data = item.created.data
        linked_id = ids.folded(data.id)
        if data.details:
            name, path = data.details.name or "", whole_path(data)
    reason = said.additional_status_information or ""
    return Outcome(item.id, data_id, said.status, reason, name, path, linked_id)


def _keep(context: Context, batch: Batch, *reads: Read, **values: Any) -> Batch:
    """Bring the rows of pages up to date, and set the values of the batch, in one transaction."""
    now, outcomes = context.clock(), [outcome(item) for read in reads for item in read.page.items]
    steps = {step for read in reads for step in read.steps}
    with context.store.write() as connection:
        batch = batches.lock(connection, batch)
        counts = item_updates.apply(connection, batch, outcomes, now)
        return ica_failures.record_success(connection, batch, now, *steps, **values, **counts)


def _finish(context: Context, batch: Batch) -> None:
    """After a whole walk: settle the batch, or look again while items still move."""
    now = context.clock()
    moves = any(batch.found.get(status) for status in MOVING)
    if moves and batch.job_status not in FINAL_JOB:  # there is no job that has ended
        pause = min(REFRESH_SECONDS * 2**batch.whole_walks, MAX_REFRESH_SECONDS)
        values: dict[str, Any] = {"task": Task.REFRESH, "due_at": now + pause}
        values["whole_walks"] = min(batch.whole_walks + 1, 10)
    elif moves and batch.whole_walks < MAX_REPEATED_WALKS:
        values = {"due_at": now + REPEAT_SECONDS, "whole_walks": batch.whole_walks + 1} | ANEW
    else:
        batch = _mark_unread(context, batch)
        values = {"state": BatchState.SETTLED, "task": Task.NONE, "due_at": None}
        values["settled_at"] = now
    context.write(batches.record, batch, now, counts=batch.found, **values)


def _mark_unread(context: Context, batch: Batch) -> Batch:
    """Items that the whole walk did not find, or found moving, get their final status."""
    expanded = partial(
        item_updates.end_unread, status=EXPANDED, reason=EXPANDED_REASON, begins="fol."
    )
    why = IN_A_CIRCLE if batch.circles >= MAX_CIRCLES else NOT_LISTED
    not_listed = partial(item_updates.end_unread, status=UNKNOWN, reason=why)
    changes = [expanded] if context.settings.ica_version == "v3" else []
    return change_rows(context, batch, *changes, not_listed, item_updates.give_back_moving)


def _unless_refused(
    read: Callable[[IcaClient, Submission, Batch], Read],
    client: IcaClient,
    submission: Submission,
    batch: Batch,
) -> Read:
    """A page; where ICA refuses the token, the round ends here. The walk at the end will tell."""
    try:
        return read(client, submission, batch)
    except Refused as error:
        if error.step != ica_failures.REFUSED_TOKEN:
            raise
        return Read(Page(items=[]), None, START, False, circles=True, steps=())


def _unless_in_vain(client: IcaClient, submission: Submission, batch: Batch) -> Read | None:
    """A page of the failed items; None after an error that time alone does not mend."""
    try:
        return _unless_refused(_read_failed, client, submission, batch)
    except IcaError as error:
        if not ica_failures.is_vain(error):
            raise
        return None


def _read_failed(client: IcaClient, submission: Submission, batch: Batch) -> Read:
    known = client.statuses(ICA_KIND[batch.kind])
    statuses = tuple(status for status in FAILED_STATUSES if status in known)
    trail = Trail(batch.failed_pages, batch.failed_mark)
    return _read(client, submission, batch, batch.failed_cursor, trail, statuses)


def read_round(client: IcaClient, submission: Submission, batch: Batch, unwritten: int = 0) -> Read:
    """The next page of a round, of which so many rows are read and not among those found yet."""
    trail = Trail(batch.round_pages, batch.round_mark)
    read = _read(client, submission, batch, batch.round_cursor, trail)
    so_far = len(read.page.items) + (0 if read.is_first else batch.round_read)
    most = _most_rows(batch) + max(0, unwritten)
    if read.following and so_far > most:  # a circle of ever new cursors
        return read._replace(following=None, trail=START, circles=True)
    return read


def _most_rows(batch: Batch) -> int:
    """More than a round can have. In V3 a folder becomes any number of items, and all are found."""
    known = max(batch.size, sum(batch.found.values())) if batch.total is None else batch.total
    return 2 * known + PAGE_ROWS


def _read(
    client: IcaClient,
    submission: Submission,
    batch: Batch,
    cursor: str | None,
    trail: Trail,
    statuses: tuple[str, ...] = (),
) -> Read:
    """A page, the first one where there is no cursor."""
    name = FAILED if statuses else PAGE
    with ica_failures.step(name):
        try:
            page = client.items(
                submission.project_id,
                str(batch.ica_batch_id),
                statuses=statuses,
                page_token=cursor,
                page_size=PAGE_ROWS,
                kind=ICA_KIND[batch.kind],
            )
        except Refused as error:
            error.step = ica_failures.REFUSED_TOKEN if cursor else name
            raise
    trail, circles = (START if cursor is None else trail).follow(page.next_token)
    following = None if circles else page.next_token
    steps = (name, ica_failures.REFUSED_TOKEN) if cursor else (name,)
    return Read(page, following, trail, cursor is None, circles, steps)


def _is_failed_due(batch: Batch, now: float) -> bool:
    """Failures are what users wait for: they are read first, as soon as there are more of them."""
    count, before = _failed_count(batch), batch.failed_count
    if batch.failed_cursor or count == 0:
        return bool(batch.failed_cursor)
    waited = now - (batch.failed_walked_at or 0.0)
    return count > before * FAILED_GROWTH or (count != before and waited >= FAILED_SECONDS)


def _failed_count(batch: Batch) -> int:
    return sum(batch.counts.get(status, 0) for status in FAILED_STATUSES)


def _after_failed_page(batch: Batch, read: Read | None, now: float) -> dict[str, Any]:
    """How far the failed items are read; without a page, as if all were, until there are more."""
    following, trail = (read.following, read.trail) if read else (None, START)
    values: dict[str, Any] = {"failed_cursor": following}
    values |= {"failed_pages": trail.pages, "failed_mark": trail.mark}
    if following is None:
        values |= {"failed_count": _failed_count(batch), "failed_walked_at": now}
    return values


def _after_page(batch: Batch, read: Read, now: float) -> dict[str, Any]:
    """How far the round is; in the first round this is also how many rows were ever read."""
    begun = now if read.is_first else batch.round_started_at
    count = len(read.page.items) + (0 if read.is_first else batch.round_read)
    values: dict[str, Any] = {
        "round_cursor": read.following,
        "round_read": count,
        "round_started_at": begun,
        "round_pages": read.trail.pages,
        "round_mark": read.trail.mark,
        "circles": batch.circles + read.circles,
        "rows_read": max(count, batch.rows_read),
    }
    if read.following is None or batch.rows_as_of is None:
        values["rows_as_of"] = begun
    return values
