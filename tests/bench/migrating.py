"""How long a database of 0.2.0 takes to be brought up to date, and what memory and room.

    python -m tests.bench.migrating [--postgresql] [--items 1000000] [--lists 1]

Of each list a half is copied: three tenths fail and are tried again, of these a third once more,
and a tenth is unlinked.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from sqlalchemy import MetaData, create_engine

from tests.postgres import throwaway_cluster
from tests.store import former_database
from webapp.store import sql

BATCH = 25_000
NOW = 1_790_000_000.0
REASON = "Data sharing is disabled in the owning project."
ZEROS = ("lease_until", "try_number", "failures", "missing_count", "round_read", "rows_read")
NO_BATCH = {
    **dict.fromkeys((*ZEROS, "priority", "failed_count", "whole_walks"), 0),
    **dict.fromkeys(("task", "worker", "blocked", "job_status", "job_information"), ""),
    **dict.fromkeys(("sent_at", "settled_at"), NOW),
    "account_id": 1,
    "state": "settled",
}
NO_LIST: dict[str, object] = {
    **dict.fromkeys(("phase", "problem", "note"), ""),
    **dict.fromkeys(("created_at", "changed_at", "watched_at"), NOW),
    **dict.fromkeys(("account_id", "revision", "batch_count", "attempt"), 1),
    "ica_url": "https://ica.test",
    "project_id": "p",
    "project_name": "P",
    "state": "settled",
    "batch_size": BATCH,
    "review": {},
    "left_out": 0,
    "root_id": None,
}


class Maker:
    """Writes lists of 0.2.0 with their copies, as plain rows."""

    def __init__(self, connection, tables, size):
        self.connection, self.tables, self.size = connection, tables, size
        self.submissions = self.batches = 0

    def accounts(self):
        shared = {"ica_url": "https://ica.test", "tenant": "t", "asked_tenant": "", "trouble": ""}
        account = {"id": 1, "subject": "s", "name": "A user", "created_at": NOW}
        self.connection.execute(self.tables["accounts"].insert(), [shared | account])
        reason = {"id": 1, "digest": "0" * 64, "text": REASON}
        self.connection.execute(self.tables["reasons"].insert(), [reason])

    def make_list(self):
        size = self.size
        failed, linked = range(size * 3 // 10), range(size * 3 // 10, size)
        first = self.submissions + 1
        undone = dict.fromkeys(linked[: size // 10], first + 3)
        again = dict.fromkeys(failed[: len(failed) // 3], first + 2)
        self.submission(None, "link", size)
        self.items(first, range(size), "LINKED", failed, dict.fromkeys(failed, first + 1) | undone)
        self.submission(first, "link", len(failed))
        self.items(first + 1, failed, "LINKED", again, again)
        self.submission(first + 1, "link", len(again))
        self.items(first + 2, list(again), "LINKED", list(again)[::2], {})
        self.submission(first, "unlink", len(undone))
        self.items(first + 3, list(undone), "UNLINKED", list(undone)[::20], {})

    def submission(self, parent, kind, size):
        self.submissions += 1
        number = self.submissions
        values = NO_LIST | {
            "id": number,
            "kind": kind,
            "source": "upload" if parent is None else "retry",
            "name": f"list {number}",
            "submitted_at": NOW + number,
            "settled_at": NOW + number + 1,
            "item_count": size,
            "counts": {"LINKED": size},
            "parent_id": parent,
        }
        self.connection.execute(self.tables["submissions"].insert(), [values])
        group = {"submission_id": number, "reason_id": 1, "first_seen": NOW}
        self.connection.execute(self.tables["reason_groups"].insert(), [group])
        for ordinal, start in enumerate(range(0, size, BATCH), start=1):
            self.batch(number, kind, ordinal, start, min(size, start + BATCH))

    def batch(self, submission_id, kind, ordinal, start, end):
        self.batches += 1
        values = NO_BATCH | {
            "id": self.batches,
            "submission_id": submission_id,
            "kind": kind,
            "ordinal": ordinal,
            "first_position": start + 1,
            "last_position": end,
            "size": end - start,
            "counts": {"LINKED": end - start},
            "ica_batch_id": f"batch-{self.batches}",
        }
        self.connection.execute(self.tables["batches"].insert(), [values])

    def items(self, submission_id, places, word, failed, taken):
        failed, first = set(failed), self.batches - (len(places) - 1) // BATCH
        root = submission_id - (submission_id - 1) % 4
        columns = (
            *("submission_id", "position", "data_id", "line", "column", "flags", "status"),
            *("reason", "name", "path", "linked_id", "batch_id", "ica_item_id", "changed_at"),
            *("reason_id", "retried_in"),
        )
        rows = (
            (
                *(submission_id, at + 1, f"fil.{root:06x}{place * 2654435761 % 2**32:026x}"),
                *(place + 1, 1, 0),
                *(("FAILED", REASON, "", "", "") if place in failed else self._linked(word, place)),
                *(first + at // BATCH, f"00000000-0000-4000-8000-{place:012x}", NOW),
                *(1 if place in failed else None, taken.get(place)),
            )
            for at, place in enumerate(places)
        )
        while chunk := list(islice(rows, BATCH)):
            sql.insert_many(self.connection, self.tables["items"], columns, chunk)

    @staticmethod
    def _linked(word, place):
        name = f"sample-{place:07d}_L001_R1.fastq.gz"
        return word, "", name, f"/cohort/runs/2026-03/{name}", f"fil.{place:032x}"


def fill(database_url, count, lists):
    former_database.put(database_url, {})
    engine = create_engine(database_url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        maker = Maker(connection, tables.tables, count // lists)
        maker.accounts()
        for _ in range(lists):
            maker.make_list()
    engine.dispose()


@contextmanager
def database(postgresql, folder):
    """The URL of an empty database, of a file in the folder or of a PostgreSQL of its own."""
    if postgresql:
        with throwaway_cluster() as cluster, cluster.empty_database() as url:
            yield url
    else:
        yield f"sqlite:///{folder}/linkboard.db"


def _most_room(process, folder):
    """The most bytes that lay in the folder while the process ran."""
    most = 0
    while process.poll() is None:
        sizes = [entry.stat().st_size for entry in os.scandir(folder) if entry.is_file()]
        most = max(most, sum(sizes))
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    return most


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--postgresql", action="store_true")
    asked.add_argument("--items", type=int, default=1_000_000)
    asked.add_argument("--lists", type=int, default=1)
    asked.add_argument("--folder", help="where to put the database")
    given = asked.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=given.folder) as folder,
        database(given.postgresql, folder) as url,
    ):
        fill(url, given.items, given.lists)
        before = sum(file.stat().st_size for file in Path(folder).iterdir())
        environ = os.environ | {
            "LINKBOARD_DATABASE_URL": url,
            "LINKBOARD_DATA_DIR": folder,
            "LINKBOARD_SECRET_KEY": "a secret key for measuring, long enough",
        }
        began = time.monotonic()
        migrate = [sys.executable, "-m", "webapp.cli", "migrate"]
        with subprocess.Popen(migrate, env=environ) as process:
            most = _most_room(process, folder)
        took = time.monotonic() - began
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        after = sum(file.stat().st_size for file in Path(folder).iterdir())
        print(f"{took:.1f} s, {memory:.0f} MB of memory at most")
        if not given.postgresql:
            print(
                f"{before / 1e6:.0f} MB before, {most / 1e6:.0f} at most, {after / 1e6:.0f} after"
            )


if __name__ == "__main__":
    main()
