"""What holds in every store at every moment: assert_consistent() reads all of it and says so.

The rules are worked out here from the rows and their history alone, one by one in Python, so that
they share nothing with the code that keeps the numbers.
"""

from collections import Counter, defaultdict

from sqlalchemy import select

from webapp.store import tables, usage
from webapp.store.enums import (
    BEGUN,
    ENDED,
    LEFT_OUT,
    NOT_SENT,
    UNREAD,
    UNSENT,
    AttemptState,
    BatchState,
    State,
)
from webapp.store.statuses import MOVING

TAKEN_OUT = {"UNLINKED", "ALREADY_UNLINKED", "PARTIALLY_UNLINKED"}  # all that unlinking changes
USUAL_ID = 36  # characters


def assert_consistent(connection):
    """Every submission that was begun: its rows, batches, attempts, reasons and history agree."""
    for row in connection.execute(select(tables.submissions)).all():
        if row.state in BEGUN:
            Seen(connection, row).check()


class Seen:
    """A submission, and all that belongs to it."""

    def __init__(self, connection, submission):
        def of(table):
            mine = select(table).where(table.c.submission_id == submission.id)
            return connection.execute(mine).all()

        self.submission = submission
        self.attempts = {one.number: one for one in of(tables.attempts)}
        self.batches = {one.id: one for one in of(tables.batches)}
        self.rows = {row.position: row for row in of(tables.items)}
        self.history = {(past.position, past.attempt): past for past in of(tables.history)}
        self.pasts = defaultdict(list)
        for past in self.history.values():
            self.pasts[past.position].append(past)
        self.uploads, self.entries = of(tables.uploads), of(tables.entries)
        self.lookups, self.candidates = of(tables.lookups), of(tables.candidates)
        self.groups = {(one.attempt, one.reason_id): one for one in of(tables.reason_groups)}
        self.holders = {position: self._holder(row) for position, row in self.rows.items()}
        self.appended = any(row.line is None for row in self.rows.values())

    def check(self):
        self.check_rows()
        self.check_history()
        self.check_batches()
        self.check_attempts()
        self.check_reasons()
        self.check_kept_bytes()
        self.check_submission()

    def _holder(self, row):
        """The one batch that holds a row; None for what is left out."""
        if row.batch_id is not None:
            assert row.batch_id in self.batches, f"{row} is held by a batch that is not there"
            return self.batches[row.batch_id]
        if row.status == LEFT_OUT:
            return None
        found = [one for one in self.batches.values() if _in_range(one, row.position)]
        assert len(found) == 1, f"{row} lies in the ranges of {len(found)} batches"
        return found[0]

    def own(self, batch):
        """{position: what the batch's attempt has found}, of all items that it ever held."""
        found = {}
        for position, holder in self.holders.items():
            past = self.history.get((position, batch.attempt))
            taken = past and past.batch_id == batch.id
            if holder and holder.id == batch.id:
                row = self.rows[position]
                stands = row if row.attempt == batch.attempt else past
                found[position] = stands.status if stands else UNREAD
            elif past and taken:
                found[position] = past.status
        return found

    def check_rows(self):
        listed = [row.data_id for row in self.rows.values() if row.line is not None]
        assert len(listed) == len(set(listed)), "an id stands twice in the list"
        empty = self.submission.empty_positions
        assert len(self.rows) == self.submission.item_count - empty
        for one in self.lookups:
            assert one.first_item is None or one.shared or self._has_items(one), one
        for position, row in self.rows.items():
            holder = self.holders[position]
            assert row.attempt in self.attempts, row
            assert row.attempt <= (holder.attempt if holder else 1), row
            if row.attempt > 1 and self.attempts[row.attempt].kind == "unlink":
                assert row.status in TAKEN_OUT, f"{row} stands as unlinking failed"
            if holder and holder.attempt > 1:
                befores = [past for past in self.pasts[position] if past.stood]
                appended = row.line is None and row.attempt == holder.attempt
                assert appended or any(past.attempt < holder.attempt for past in befores), row
                ended = self.attempts[holder.attempt].state == AttemptState.ENDED
                assert not (ended and row.status in MOVING and self._had_outcome(row)), row

    def _has_items(self, lookup):
        """Whether all items are there that a lookup led to; an empty folder has led to none."""
        held = [at in self.rows for at in range(lookup.first_item, lookup.last_item + 1)]
        return all(held) or held == [False]

    def _had_outcome(self, row):
        return any(past.stood and past.status not in MOVING for past in self.pasts[row.position])

    def check_history(self):
        for (position, attempt), past in self.history.items():
            row, holder = self.rows[position], self.holders[position]
            assert holder is not None, f"{past} of an item that was never taken: {row}"
            assert holder.attempt > 1, f"{past} of an item that was never taken: {row}"
            assert attempt <= holder.attempt, past
            assert past.stood or attempt > 1, past
            if past.batch_id is None:
                assert (past.status, attempt) == (LEFT_OUT, 1), past
            else:
                assert self.batches[past.batch_id].attempt == attempt, past
            if row.attempt == attempt:  # it stands again as it stood then
                assert past.stood, (past, row)
                assert (past.status, past.reason) == (row.status, row.reason), (past, row)
            elif past.stood:
                assert attempt < holder.attempt, (past, row)

    def check_batches(self):
        for batch in self.batches.values():
            own = self.own(batch)
            held = [row for row in self.rows.values() if _is(self.holders[row.position], batch)]
            taken = [p for p in own if not _is(self.holders[p], batch) and self._stood(p, batch)]
            assert batch.held == Counter(row.status for row in held), batch
            assert batch.found == Counter(own.values()), (batch, Counter(own.values()))
            assert batch.taken == Counter(own[p] for p in taken), (batch, taken)
            if not self.appended:
                assert len(own) == batch.size, batch
            if _is_open(batch):
                assert not batch.taken.keys() & MOVING, f"{batch}: taken while it moves"
            elif batch.attempt > 1 or batch.state != BatchState.LOST:
                assert UNREAD not in batch.found, batch

    def _stood(self, position, batch):
        return self.history[position, batch.attempt].stood

    def check_attempts(self):
        assert self.submission.last_attempt_id == max(one.id for one in self.attempts.values())
        for number, attempt in self.attempts.items():
            batch_rows = [one for one in self.batches.values() if one.attempt == number]
            if attempt.state == AttemptState.GATHERING:
                continue
            open_ones = [one for one in batch_rows if _is_open(one)]
            assert (attempt.state == AttemptState.ENDED) == (not open_ones), (attempt, batch_rows)
            if not self.appended:
                assert attempt.size == sum(one.size for one in batch_rows), attempt
                assert attempt.size == sum(attempt.counts.values()), attempt
            if not open_ones:
                counts = sum((Counter(one.found) for one in batch_rows), Counter())
                assert attempt.counts == counts, (attempt, counts)

    def check_reasons(self):
        count: Counter[tuple[int, int]] = Counter()
        standing: Counter[tuple[int, int]] = Counter()
        for row in self.rows.values():
            if row.reason_id is not None:
                count[row.attempt, row.reason_id] += 1
                standing[row.attempt, row.reason_id] += 1
        for (position, attempt), past in self.history.items():
            if past.reason_id is not None and self.rows[position].attempt != attempt:
                count[attempt, past.reason_id] += 1
        for key in self.groups.keys() | count.keys():
            numbers = (self.groups[key].count, self.groups[key].standing)
            assert numbers == (count[key], standing[key]), (self.groups[key], count, standing)

    def check_kept_bytes(self):
        """But for lists with entries or unusual ids: revision 0005 estimates what old ones keep."""
        if self.entries or any(len(row.data_id) != USUAL_ID for row in self.rows.values()):
            return
        sent = sum(one.size for one in self.uploads if one.dropped_at is None)
        rows = sum(
            usage.ITEM_BYTES + 2 * len(row.data_id) + len(row.label) for row in self.rows.values()
        )
        past = usage.HISTORY_BYTES * len(self.history)
        named = usage.of_lookups(one.text + one.label for one in self.lookups)
        named += usage.of_candidates(
            (one.data_id, one.name, one.path, one.project_id, one.project_name, one.status)
            for one in self.candidates
        )
        assert self.submission.kept_bytes == sent + rows + past + named, (self.submission, past)

    def check_submission(self):
        submission = self.submission
        left_out = [row for p, row in self.rows.items() if self.holders[p] is None]
        assert submission.left_out == len(left_out), submission
        runs = any(map(_is_open, self.batches.values())) or any(
            one.state == AttemptState.GATHERING for one in self.attempts.values()
        )
        assert (submission.state == State.ACTIVE) == runs, submission
        if not self.appended:
            count = submission.item_count - submission.empty_positions
            assert sum(submission.counts.values()) == count, submission
        if not runs:
            assert submission.counts == self.standing(), (submission, self.standing())

    def standing(self):
        """{status: rows} as they stand; what was never sent says so."""
        found: defaultdict[str, int] = defaultdict(int)
        for position, row in self.rows.items():
            holder = self.holders[position]
            unsent = row.status == UNREAD and holder.state in UNSENT
            found[NOT_SENT if unsent else row.status] += 1
        return dict(found)


def _in_range(batch, position):
    return batch.attempt == 1 and batch.first_position <= position <= batch.last_position


def _is(holder, batch):
    return holder is not None and holder.id == batch.id


def _is_open(batch):
    return batch.state not in ENDED or batch.task != ""
