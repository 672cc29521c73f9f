"""The benchmark: every figure beside its yardstick, from real processes on this machine."""

import argparse
import json
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from tests.bench import (
    board,
    calls,
    growth,
    lists,
    pages,
    polls,
    resolving,
    running,
    settling,
    starting,
)
from tests.bench.table import Table, machine
from tests.postgres import Cluster, throwaway_cluster

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"  # in README

PARTS = {
    "calls": calls.measure,
    "polls": polls.measure,
    "board": board.measure,
    "starting": starting.measure,
    "lists": lists.measure,
    "settling": settling.measure,
    "resolving": resolving.measure,
    "pages": pages.measure,
    "growth": growth.measure,
}


class Bench(NamedTuple):
    """What is measured: lists of `size` items, on SQLite or on a PostgreSQL of its own."""

    size: int
    cluster: Cluster | None

    @contextmanager
    def dashboard(self, **settings):
        """A running dashboard with a database of its own; see running.dashboard."""
        made = self.cluster.database() if self.cluster else nullcontext("")
        with made as url, running.dashboard(database_url=url, **settings) as started:
            yield started


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="lists of 1,000,000 ids, not 100,000")
    parser.add_argument("--postgres", action="store_true", help="on a throwaway PostgreSQL")
    parser.add_argument("--only", choices=PARTS, help="one part only")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--publish", action="store_true", help="into README and .github, too")
    chosen = parser.parse_args()
    table = Table()
    with throwaway_cluster(durable=True) if chosen.postgres else nullcontext() as cluster:
        bench = Bench(1_000_000 if chosen.full else 100_000, cluster)
        for name, measure in PARTS.items():
            if chosen.only in (None, name):
                measure(bench, table)
    if chosen.json:
        found = {"machine": machine(), "figures": table.rows, "growth": table.growths}
        chosen.json.write_text(json.dumps(found, indent=2))
    if chosen.publish:
        table.draw(Path(".github"))
        publish(table)


def publish(table):
    """Put the table, and what it was measured on, into README's section How fast."""
    readme = Path("README.md")
    before, begin, rest = readme.read_text().partition(BEGIN)
    if not begin:
        sys.exit(f"README.md has no {BEGIN}, where the figures would stand.")
    _, end, after = rest.partition(END)
    shown = f"\nOn {machine()}:\n\n{table.as_markdown()}"
    readme.write_text(before + begin + shown + end + after)


if __name__ == "__main__":
    sys.exit(main())
