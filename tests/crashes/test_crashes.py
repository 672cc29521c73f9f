"""Processes killed at any moment before an ICA that fails: nothing lost, nothing doubled."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.crashes.people import OwnList, Person, busy_person, longest_untrue, watch
from tests.crashes.system import kill_now_and_then, running
from tests.crashes.verdict import is_at_rest, judge
from tests.processes import until
from tests.simulated_ica import COLLEAGUE_KEY, DEMO_KEY
from webapp.store import Store

SIZES = (1_000, 2_000, 6_000)
LONG_SIZES = (1_000, 2_000, 3_000, 6_000, 28_500, 4_000, 28_500)
REPEATED_IDS = 500  # of each list, which the list before has too
ENDINGS = ("20",) * 90 + ("00", "01", "02", "02", "03", "fe")
FOLDERS = 0.01  # of all ids
EVERYWHERE = ("429", "500", "503", "408", "302", "dropped-before", "dropped-after", "cut", "slow")
OF_OPERATIONS = {
    **dict.fromkeys(("create", "unlink-create"), ("null-job", "refused-batch", "unknown-status")),
    **dict.fromkeys(
        ("items", "unlink-items"),
        ("429-bare", "null-totals", "refused-token", "repeated-cursor", "circling-cursor"),
    ),
    "jobs": ("429-date",),
}
FOR_MINUTES = ("forbidden", "lost-batch")  # after which a batch waits for five minutes
POSTS = ("createProjectDataLinkingBatch", "createProjectDataUnlinkingBatch")
SHARE = 0.1  # of the calls are hit by what may go wrong anywhere, and as many by their own
REST_SECONDS = 240.0  # within which all that is left is done, once ICA fails no more
BOUNDED = (8.0, 1.6)  # seconds, and between two kills
LONG = (1500.0, 12.0)


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_doubled(database_url, tmp_path, record_property):
    """Shorter than what makes a batch wait for minutes, and with all else."""
    sizes = SIZES if database_url.startswith("sqlite") else SIZES[:-1]
    record_property("told", storm(database_url, tmp_path, 1, sizes, *BOUNDED, faults()))


@pytest.mark.long
def test_nothing_is_lost_and_nothing_doubled_for_long(database_url, tmp_path, record_property):
    seed = random.randrange(1_000_000)
    plan = faults() | {f"{of}:{name}": 0.01 for of in ("items", "create") for name in FOR_MINUTES}
    record_property("told", storm(database_url, tmp_path, seed, LONG_SIZES, *LONG, plan))


def faults():
    everywhere = dict.fromkeys(EVERYWHERE, SHARE / len(EVERYWHERE))
    return everywhere | {
        f"{of}:{name}": SHARE / len(names) for of, names in OF_OPERATIONS.items() for name in names
    }


def storm(database_url, folder, seed, sizes, seconds, pause, plan):
    """What it was, in words."""
    began = time.monotonic()
    lists = make_lists(random.Random(seed), sizes)
    more_workers = 0 if database_url.startswith("sqlite") else 1
    with running(database_url, folder, seed, more_workers=more_workers) as (ica, system):
        people = [Person(system.url, key) for key in (DEMO_KEY, COLLEAGUE_KEY, DEMO_KEY)]
        for person in people:
            person.sign_in()
        ica.set_faults(plan)
        with closing(Store(database_url)) as store:
            live_through(system, ica, store, people, lists, seed, seconds, pause)
            verdict = judge(store, ica, people[0], lists)
        said = told(ica, system, people, lists, verdict, time.monotonic() - began, seed)
    assert "Traceback" not in system.said, system.said
    assert verdict.ids_lost == 0, said
    assert verdict.doubled == verdict.doubled_knowingly, said
    return said


def live_through(system, ica, store, people, lists, seed, seconds, pause):
    """People act and watch while processes are killed, until each list is submitted at least; then
    what is left is waited for.
    """
    demo, colleague, watcher = people
    storm_over, all_over = threading.Event(), threading.Event()
    with ThreadPoolExecutor(3) as pool:
        watching = pool.submit(watch, watcher, lists, all_over)
        acting = [
            pool.submit(busy_person, demo, lists[::2], storm_over, seed),
            pool.submit(busy_person, colleague, lists[1::2], storm_over, seed + 1),
        ]
        try:
            end = time.monotonic() + seconds

            def goes_on():
                failed = any(one.done() for one in (watching, *acting))
                lacks = not all(own.submitted for own in lists)
                return time.monotonic() < end + lacks * seconds and not failed

            kill_now_and_then(system, goes_on, pause, seed)
            storm_over.set()
            ica.set_faults({})
            for one in acting:
                one.result()
            until(lambda: watching.done() or is_at_rest(store), REST_SECONDS, pause=0.5)
        finally:
            storm_over.set()
            all_over.set()
        watching.result()


def make_lists(chance, sizes):
    """Lists of so many ids; some of each are in the list before too."""
    lists, before = [], []
    for number, size in enumerate(sizes):
        made = [
            f"{'fol' if chance.random() < FOLDERS else 'fil'}.{number:02x}{place:028x}"
            + chance.choice((*ENDINGS, "10"))
            for place in range(size - min(len(before), REPEATED_IDS))
        ]
        ids = before[:REPEATED_IDS] + made
        lists.append(OwnList(f"list {number}", ids))
        before = ids
    return lists


def told(ica, system, people, lists, verdict, seconds, seed):
    struck = Counter()
    for name, count in ica.struck().items():
        struck[name.partition(":")[2]] += count
    ids = sum(len(own.ids) for own in lists)
    posts = sum(ica.calls()[name] for name in POSTS)
    return (
        f"{ids:,} ids in {seconds:.0f} s: killed {in_words(system.killed)}; "
        f"faults {in_words(struck)}; {posts} POSTs made {verdict.batches} batches; "
        f"{verdict.ids_lost} ids lost, {verdict.doubled} batches doubled, "
        f"{verdict.doubled_knowingly} of them knowingly; "
        f"{sum(one.unanswered for one in people)} requests had no answer, "
        f"{sum(one.busy for one in people)} a 503; a page said something untrue for at most "
        f"{max(map(longest_untrue, lists)):.1f} s; {sum(len(one.shown) for one in lists)} looks; "
        f"seed {seed}"
    )


def in_words(counts):
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
