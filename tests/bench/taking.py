"""How long a retry of half a list takes until all its items are taken, and what others wait.

    python -m tests.bench.taking [--postgresql] [--items 1000000]

The list is written as plain rows, half of them failed. Beside each page stands the list's first
page of items; beside the taking, one UPDATE of the same rows; beside others' writes, the same
writes while nothing else is done.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, text, update

from tests.bench.migrating import database
from tests.bench.table import Table
from tests.dashboard import open_dashboard
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import fields
from webapp.store import Store, accounts, chores, drafts, items, submissions, tables
from webapp.store.documents import Review
from webapp.store.enums import Source
from webapp.store.items import Listed
from webapp.store.rollup import roll_up
from webapp.store.submissions import New
from webapp.work.chore_runner import perform

BATCH = 25_000
CHUNK = 10_000
REASON = "Data sharing is disabled in the owning project."
PAUSE = 0.03  # seconds between two writes of others


def make_list(dashboard, size):
    """A submission of so many items that has ended, every other one failed; its id."""
    now, some = dashboard.clock.now, random.Random(1)
    with dashboard.store.write() as connection:
        account = accounts.get(connection, 1)
        new = New(account, FIRST_PROJECT, "A project", "a list", Source.UPLOAD, batch_size=BATCH)
        submission_id = submissions.create(connection, new, now)
    for first in range(1, size + 1, CHUNK):
        last = min(first + CHUNK - 1, size)
        rows = [Listed(f"fil.{some.getrandbits(128):032x}", n, 1) for n in range(first, last + 1)]
        with dashboard.store.write() as connection:
            items.add(connection, submission_id, first, rows)
    with dashboard.store.write() as connection:
        review = Review(good=size)
        submissions.become_draft(connection, submission_id, size, review, now)
        drafts.begin(connection, submissions.get(connection, submission_id), now)
        _end(connection, submission_id, size)
        roll_up(connection, submission_id, now)
    if not dashboard.store.is_sqlite:
        alone = dashboard.store.engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            connection.execute(text("ANALYZE"))
    return submission_id


def _end(connection, submission_id, size):
    """What ICA would have told of it by and by."""
    reason = {"id": 1, "digest": "0" * 64, "text": REASON, "status": "FAILED"}
    connection.execute(tables.reasons.insert(), [reason])
    group = {"reason_id": 1, "attempt": 1, "first_seen": 1.0}
    numbers = {"submission_id": submission_id, "count": size // 2, "standing": size // 2}
    connection.execute(tables.reason_groups.insert(), [group | numbers])
    of = tables.items.c
    told = {"name": "sample.fastq.gz", "path": "/a/sample.fastq.gz", "changed_at": 1.0}
    held = {"batch_id": (of.position - 1) // BATCH + 1}
    failed = {"status": "FAILED", "reason": REASON, "reason_id": 1}
    for odd, values in ((0, {"status": "LINKED"}), (1, failed)):
        mine = (of.submission_id == submission_id) & (of.position % 2 == odd)
        connection.execute(update(tables.items).where(mine).values(told | held | values))
    ended = {"state": "settled", "task": "", "due_at": None, "ica_batch_id": "ended"}
    for batch in connection.execute(select(tables.batches.c.id, tables.batches.c.size)).all():
        half = {"FAILED": batch.size // 2, "LINKED": batch.size - batch.size // 2}
        counts = {"held": half, "found": half, "counts": half, "total": batch.size}
        mine = update(tables.batches).where(tables.batches.c.id == batch.id)
        connection.execute(mine.values(ended | counts))


def time_pages(table, visitor, place, more=()):
    first = _median(visitor, f"{place}/items")
    for page in ("", "/attempts", "/retry", "/undo", "/reasons", *more):
        name = f"page {page or '/'}"
        table.add(name, _median(visitor, place + page), first, "ms", "<= 3", yardstick_is="items")


def _median(visitor, path):
    times = []
    for _ in range(6):
        began = time.perf_counter()
        answer = visitor.get(path)
        answer.get_data()
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    return sorted(times[1:])[2]


@contextmanager
def others_write(store):
    """A thread that writes all the time; yields its waits in milliseconds."""
    stop, waits = threading.Event(), []

    def write():
        while not stop.wait(PAUSE):
            waits.append(write_once(store))

    thread = threading.Thread(target=write)
    thread.start()
    yield waits
    stop.set()
    thread.join()


def write_once(store):
    began = time.perf_counter()
    with store.write() as connection:
        connection.execute(text("UPDATE accounts SET created_at = created_at + 0"))
    return (time.perf_counter() - began) * 1000


def _p99(waits):
    return sorted(waits)[int(len(waits) * 0.99)]


def take(table, dashboard, url, visitor, place):
    """Confirm and do what the worker would do, while a thread and another process write; returns
    the seconds that it took.
    """
    confirmation = fields(visitor.get(f"{place}/retry"))
    with others_write(dashboard.store) as calm:
        time.sleep(5)
    another = [sys.executable, "-m", "tests.bench.taking", "--write-to", url]
    with (
        others_write(dashboard.store) as waits,
        subprocess.Popen(another, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        began = time.perf_counter()
        assert visitor.post(f"{place}/retry", confirmation).status_code == 303
        while chore := _claimed(dashboard):
            perform(dashboard.context, chore)
        took = time.perf_counter() - began
        theirs = [float(line) for line in process.communicate()[0].split()]
    for name, found in (("a thread's", waits), ("another process's", theirs)):
        at_rest = _p99(calm)
        name = f"{name} writes, p99 of {len(found)}"
        table.add(name, _p99(found), at_rest, "ms", "under 200", yardstick_is="at rest")
    return took


def _claimed(dashboard):
    with dashboard.store.write() as connection:
        return chores.claim(connection, "bench", dashboard.clock.now)


def _one_update(store):
    began = time.perf_counter()
    with store.write() as connection:
        half = tables.items.c.position % 2 == 1
        connection.execute(update(tables.items).where(half).values(batch_id=1_000_000))
    return time.perf_counter() - began


def write_to(url):
    """Write until standard input ends; then tell the waits in milliseconds."""
    over, waits, store = threading.Event(), [], Store(url)

    def wait():
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    print(write_once(store), flush=True)
    while not over.wait(PAUSE):
        waits.append(write_once(store))
    print(*waits, sep="\n")


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--items", type=int, default=1_000_000)
    asked.add_argument("--write-to", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.write_to:
        write_to(given.write_to)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        database(given.postgresql, folder) as url,
        open_dashboard(url, Path(folder), rate=1e9, batch_size=BATCH) as dashboard,
    ):
        visitor, table = dashboard.visitor(), Table()
        place = f"/submissions/{make_list(dashboard, given.items)}"
        time_pages(table, visitor, place)
        took = take(table, dashboard, url, visitor, place)
        time_pages(table, visitor, place, ["/attempts/1", "/attempts/2"])
        naive = _one_update(dashboard.store)  # last, since it takes them from their batches
        table.add("half taken", took, naive, "s", "under 60", yardstick_is="one UPDATE")


if __name__ == "__main__":
    main()
