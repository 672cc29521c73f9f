"""A state machine: people, ICA and workers do what they may do to a dashboard, in any order."""

import secrets
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, select, true, update

from tests.dashboard import SECRET_KEY, Visitor, data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.store.invariants import assert_consistent
from tests.work import ica_state
from webapp.store import submissions, tables
from webapp.store.enums import AttemptKind, AttemptState, State
from webapp.store.leases import LEASE_SECONDS
from webapp.store.retry.selection import SelectedItems, Selection
from webapp.store.statuses import MEANINGS, MOVING
from webapp.vault import Vault
from webapp.web import create_app
from webapp.web.core.context import KEY
from webapp.work.clients import Clients
from webapp.work.clock import LOOK_SECONDS, Clock
from webapp.work.context import Context
from webapp.work.worker import Worker

POSTS = ("createProjectDataLinkingBatch", "createProjectDataUnlinkingBatch")
SECOND_PROJECT = "00000000-0000-4000-8000-000000000004"
POOL = [
    *data_ids(5),
    *data_ids(2, ending="00", start=10),
    *data_ids(1, ending="01", start=20),
    *data_ids(4, ending="02", start=30),
    *data_ids(1, ending="03", start=40),
    *data_ids(2, ending="fe", start=50),
    *(f"fol.{number:030x}{ending}" for number, ending in enumerate(("10", "20", "ff"), start=60)),
]
# Not "slow" and "drip": both take real time, and to the program either is an answer that never came
# (as after "dropped-after"); tests/ica/test_deadlines.py shows that each call ends in time.
FAULTS = {  # of each operation, what may go wrong with it
    **dict.fromkeys(
        ("create", "unlink-create"),
        (
            *("429", "500", "408", "302", "dropped-before", "dropped-after", "cut", "null-job"),
            *("refused-batch", "forbidden", "too-large", "too-large-400"),
        ),
    ),
    **dict.fromkeys(
        ("items", "unlink-items"),
        (
            *("429-bare", "500", "cut", "null-totals", "lost-batch", "forbidden"),
            *("circling-cursor", "repeated-cursor", "endless-cursor", "refused-offset"),
            *("malformed-item", "nameless-item", "capitals", "refused-token"),
        ),
    ),
    "jobs": ("429", "500", "dropped-before", "refused-offset"),
    "job": ("429", "500", "cut", "unknown-job"),
}
UNDONE = {
    "429",
    "500",
    "dropped-before",
    "refused-batch",
    "forbidden",
    "too-large",
    "too-large-400",
}  # of a POST that these hit, nothing
EACH_FAULT = [f"{operation}:{name}" for operation, names in FAULTS.items() for name in names]
EACH_FAULT += ["create:unknown-status"]
AGAIN = ["FAILED", "PARTIALLY_LINKED", "UNKNOWN", "UNREAD", "NOT_SENT", "QUARANTINED", *MOVING]
RELINK = ["UNLINKED", "ALREADY_UNLINKED", "PARTIALLY_UNLINKED"]
UNDO = ["LINKED", "PARTIALLY_UNLINKED"]
NUMBERS = some.integers(0, 5)
CALLS = some.integers(1, 12)
PEOPLE = some.sampled_from(["demo-key", "colleague-key"])
IDS = some.sets(some.sampled_from(POOL), min_size=1, max_size=12)
PLACES = some.sets(some.integers(1, 12), min_size=1, max_size=4)
MAX_LISTS = 3
AHEAD_SECONDS = 600.0  # by which the clock of the second worker's machine is wrong
JUMPS = (-3600.0, -40.0, 40.0, 3600.0)
LATER = some.sampled_from([0.0, LOOK_SECONDS])
REST_SECONDS = 4 * 3600.0  # after which nothing is due any more when ICA does not fail


class Died(BaseException):
    """A process is killed: nothing that it does catches this."""


def die():
    raise Died


class Trap:
    """Runs a function at one of the next calls to ICA, before its answer is used."""

    def __init__(self):
        self._action, self._calls = None, 0

    def set(self, calls, action):
        self._action, self._calls = action, calls

    def on_call(self):
        self._calls -= 1
        if self._action and self._calls <= 0:
            action, self._action = self._action, None
            action()


def with_lists(function):
    return precondition(lambda machine: machine.lists)(function)


class Machine(RuleBasedStateMachine):
    """Two people, two workers, one ICA; `url` is of a database of its own."""

    url = ""
    steps = 0  # of all machines
    did: ClassVar[Counter[str]] = Counter()  # what all machines met

    # the dashboard

    @initialize(
        rate=some.sampled_from([1.0, 4.0, 1000.0]),
        batch_size=some.sampled_from([3, 5, 20]),
        version=some.sampled_from(["v4", "v4", "v4", "v3"]),
        page_items=some.sampled_from([1000, 10]),
        ids=some.sets(some.sampled_from(POOL), min_size=6, max_size=12),
    )
    def begin(self, rate, batch_size, version, page_items, ids):
        self.left = ExitStack()
        folder = Path(tempfile.mkdtemp(prefix="linkboard-machine-"))
        self.left.callback(shutil.rmtree, folder)
        set_up = {"rate": rate, "batch_size": batch_size, "ica_version": version}
        ica = {"batch_items": 2, "page_items": page_items}  # batch_items: by the faults too-large
        self.dashboard = self.left.enter_context(
            open_dashboard(self.url, folder, ica=ica, **set_up)
        )
        self._empty()
        self.lists, self.frozen, self.sent, self.doubted = [], {}, set(), set()
        self.trap, self.faults, self.struck = Trap(), {}, 0
        self.hindered = version == "v3"  # which does not tell of folders, only of what is in them
        self.clock_set_by = 0.0
        self.workers = [Worker(self._process()), Worker(self._process(ahead=AHEAD_SECONDS))]
        self.people, self.others = (self._people() for _ in range(2))
        self.submit("demo-key", ids, 0)

    def _empty(self):
        with self.dashboard.store.write() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                if table is not tables.clock:
                    connection.execute(delete(table))
            connection.execute(update(tables.clock).values(offset=0.0, generation=0))

    def _people(self):
        """Two people at a web server of their own."""
        here = self._process()
        app = create_app(self.dashboard.settings, self.dashboard.store, clock=here.clock)
        app.extensions[KEY] = here
        found = {key: Visitor(app) for key in ("demo-key", "colleague-key")}
        for key, person in found.items():
            person.sign_in(key)
        return found

    def _process(self, ahead=0.0):
        """The context of a process, on a machine whose clock is so far ahead of the true time."""

        def on_call(account_id):
            context.budget.spend(account_id)
            self.dashboard.clock.advance(0.002)  # so that ICA's moments tell what came first
            self.trap.on_call()

        def machine():
            return self.dashboard.clock() + ahead

        settings, vault = self.dashboard.settings, Vault(SECRET_KEY)
        store = self.dashboard.store
        clock = Clock(store, database=self._database_clock, steady=machine, wall=machine)
        context = Context.build(settings, store, vault, clock=clock)
        clients = Clients(settings, vault, clock=clock, on_call=on_call)
        return replace(context, clients=clients)

    def _database_clock(self):
        return self.dashboard.clock() + self.clock_set_by

    def teardown(self):
        if hasattr(self, "left"):
            with self.left:
                self.rest()

    # what people do

    @precondition(lambda self: len(self.lists) < MAX_LISTS)
    @rule(who=PEOPLE, ids=IDS, how=NUMBERS)
    def submit(self, who, ids, how):
        """To another project for 5; for 3 and more, what was linked before is left out."""
        project = SECOND_PROJECT if how == 5 else FIRST_PROJECT
        with suppress(Died):
            answer = self.people[who].upload(sorted(ids), project=project)
            if answer.status_code == 303:
                self.lists.append(answer.location)
                if how >= 3:
                    self._post(who, f"{answer.location}/leave-out", which="linked")
                self._post(who, f"{answer.location}/submit")

    @precondition(lambda self: len(self.lists) < MAX_LISTS - 1)
    @rule(ids=IDS, calls=CALLS)
    def submit_twins(self, ids, calls):
        """The same ids twice, both answers lost, and one is looked for while the other is."""
        Machine.did["lists twice at once"] += 1
        self._count_faults()
        self.faults |= {"create:dropped-after": "2x"}
        self.dashboard.sim.set_faults(self.faults)
        for who in ("demo-key", "colleague-key"):
            self.submit(who, ids, 0)
        self.trap.set(calls, lambda: self.workers[1].work_through())

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS)
    def retry_all(self, who, which):
        self._post(who, f"{self._list(which)}/retry", status=AGAIN)

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, reason=NUMBERS)
    def retry_a_group(self, who, which, reason):
        place = self._list(which)
        of = tables.items.c
        mine = (of.submission_id == _number(place)) & of.reason_id.is_not(None)
        reasons = sorted(set(self._read(select(of.reason_id).where(mine))))
        if reasons:
            self._post(who, f"{place}/retry", reason=str(reasons[reason % len(reasons)]))

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, places=PLACES)
    def retry_some(self, who, which, places):
        self._post(who, f"{self._list(which)}/retry", picked="1", position=sorted(places))

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS)
    def link_again(self, who, which):
        self._post(who, f"{self._list(which)}/retry", status=RELINK)

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS)
    def send_what_was_left_out(self, who, which):
        self._post(who, f"{self._list(which)}/retry", status="LEFT_OUT")

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, doubted=some.booleans())
    def undo(self, who, which, doubted):
        statuses = [*UNDO, "ALREADY_LINKED"] if doubted else UNDO
        self._post(who, f"{self._list(which)}/undo", status=statuses)

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, places=PLACES)
    def undo_some(self, who, which, places):
        self._post(who, f"{self._list(which)}/undo", picked="1", position=sorted(places))

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, number=NUMBERS)
    def undo_what_failed(self, who, which, number):
        asked = {"status": "FAILED", "attempt": self._attempt(self._list(which), number)}
        self._post(who, f"{self._list(which)}/undo", **asked)

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS, number=NUMBERS)
    def stop(self, who, which, number):
        place = self._list(which)
        self._post(who, f"{place}/stop", attempt=self._attempt(place, number))

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS)
    def delete(self, who, which):
        place = self._list(which)
        self._post(who, f"{place}/delete")
        state = tables.submissions.c.state
        mine = tables.submissions.c.id == _number(place)
        if self._read(select(state).where(mine, state != State.DISCARDED)) == []:
            self.lists.remove(place)

    # what ICA and processes do

    @rule(fault=some.sampled_from(EACH_FAULT), calls=some.integers(1, 6))
    def ica_will_fail(self, fault, calls):
        Machine.did[f"fault {fault}"] += 1
        self._count_faults()
        self.hindered |= "items:" in fault
        self.faults |= {fault: f"{calls}x"}
        self.dashboard.sim.set_faults(self.faults)

    @with_lists
    @rule(who=PEOPLE, which=NUMBERS)
    def ica_forgets_its_batches(self, who, which):
        """For so long that they are taken for lost, one that was just begun among them."""
        self.retry_all(who, which)
        self._pass(5, 1)
        self._count_faults()
        self.hindered = True
        self.faults |= {"items:lost-batch": "9x", "unlink-items:lost-batch": "9x"}
        self.dashboard.sim.set_faults(self.faults)
        self._pass(700, 1)

    @rule(calls=CALLS)
    def a_process_will_die(self, calls):
        Machine.did["deaths to come"] += 1
        self.trap.set(calls, die)

    @rule(calls=CALLS)
    def a_process_will_stall(self, calls):
        """Beyond its lease, while another works."""

        def overtaken():
            Machine.did["stalls beyond a lease"] += 1
            self.hindered = True
            self.dashboard.clock.advance(LEASE_SECONDS + 1)
            Worker(self._process()).work_through()

        self.trap.set(calls, overtaken)

    @rule(seconds=some.sampled_from(JUMPS), later=LATER)
    def the_clock_is_set(self, seconds, later):
        """Who looks only later is still at work by what it saw before."""
        Machine.did["clocks set"] += 1
        self.clock_set_by += seconds
        self.dashboard.clock.advance(later)

    @rule(calls=CALLS, seconds=some.sampled_from(JUMPS), later=LATER)
    def the_clock_will_be_set(self, calls, seconds, later):
        """In the middle of a unit, while another worker goes on."""

        def set_it():
            self.the_clock_is_set(seconds, later)
            self.workers[1].work_through()

        self.trap.set(calls, set_it)

    @with_lists
    @rule(
        calls=CALLS,
        who=PEOPLE,
        which=NUMBERS,
        what=some.sampled_from(["retry_all", "undo", "link_again", "stop", "delete"]),
    )
    def somebody_will_come_between(self, calls, who, which, what):
        """An action between ICA's answer and what is made of it: pages come late."""
        more = {"undo": {"doubted": True}, "stop": {"number": which}}.get(what, {})

        def action():
            here, self.people = self.people, self.others  # nobody waits for whom they come between
            if self.lists:
                getattr(self, what)(who, which, **more)
            self.people = here

        self.trap.set(calls, action)

    @rule(seconds=some.sampled_from([0, 5, 60]), count=some.sampled_from([1, 2]))
    def work(self, seconds, count):
        self._pass(seconds, count)

    @rule(count=some.sampled_from([1, 2]))
    def work_until_some_have_ended(self, count):
        """And others of their batch have not: now a late page may come."""
        of = tables.batches.c
        for _ in range(60):
            found = self._read(select(of.found).where(of.state == "running"))
            if any(words.keys() & MOVING and words.keys() - MOVING for words in found):
                return
            self._pass(1, count)

    @rule()
    def rest(self):
        """All is done that can be; then the store says what ICA says."""
        self._count_faults()
        self.faults = {}
        self.dashboard.sim.set_faults({})
        end = self.dashboard.clock.now + REST_SECONDS
        while self._next_due() is not None:
            assert self.dashboard.clock.now < end, "it comes to no rest"
            self._pass(60, 2)
        self.holds()
        ica_state.assert_as_in_ica(self.dashboard)

    # what holds after each step

    @invariant()
    def holds(self):
        if not hasattr(self, "faults"):
            return
        Machine.steps += 1
        self.dashboard.clock.advance(0.01)
        with self.dashboard.store.read() as connection:
            assert_consistent(connection)
            self._ended_attempts_stay(connection)
            self._nothing_is_sent_twice(connection)
            self._offers_are_exact(connection)
            if self.dashboard.settings.ica_version == "v4":
                appended = select(tables.items).where(tables.items.c.line.is_(None))
                assert connection.execute(appended).all() == []

    def _ended_attempts_stay(self, connection):
        ended = tables.attempts.c.state == AttemptState.ENDED
        for one in connection.execute(select(tables.attempts).where(ended)):
            kept = (one.kind, one.size, one.counts, one.receipt, one.ended_at)
            assert self.frozen.setdefault(one.id, kept) == kept

    def _nothing_is_sent_twice(self, connection):
        """POSTs are as many as batches, and those that ICA or its silence made us repeat.

        Whether a batch was sent may be in doubt only where looking for it was hindered.
        """
        of = tables.batches.c
        key = select(of.submission_id, of.attempt, of.ordinal)
        self.sent |= set(connection.execute(key.where(of.intent_at > 0)).all())
        self.doubted |= set(connection.execute(key.where(of.sent_again)).all())
        self._count_faults()
        calls = self.dashboard.sim.calls()
        posts = sum(calls.get(name, 0) for name in POSTS)
        allowed = len(self.sent) + self.struck + len(self.doubted) * self.hindered
        assert posts <= allowed, f"{posts} POSTs, at most {allowed}"

    def _offers_are_exact(self, connection):
        """What a page offers by the batches' numbers is what the rows would give."""
        for place in self.lists:
            found = submissions.many(connection, [_number(place)])
            for kind in AttemptKind:
                chosen = SelectedItems(
                    connection, found[_number(place)], kind, Selection(tuple(MEANINGS))
                )
                assert chosen.count() == chosen.count(true()), kind

    # how

    def _list(self, which):
        return self.lists[which % len(self.lists)]

    def _post(self, who, path, **data):
        token = {"token": secrets.token_hex(4)}
        with suppress(Died):
            answer = self.people[who].post(path, {**token, **data})
            assert answer.status_code < 500, text(answer)

    def _attempt(self, place, number):
        """One of the numbers of its attempts, as a form would say it."""
        mine = tables.attempts.c.submission_id == _number(place)
        numbers = self._read(select(tables.attempts.c.number).where(mine)) or [1]
        return str(numbers[number % len(numbers)])

    def _read(self, statement):
        with self.dashboard.store.read() as connection:
            return list(connection.execute(statement).scalars())

    def _count_faults(self):
        """How often ICA did nothing when it was asked to make a batch."""
        left = self.dashboard.sim.faults()
        for fault, amount in self.faults.items():
            if "create:" in fault and fault.partition(":")[2] in UNDONE:
                self.struck += int(amount[:-1]) - int(left[fault][:-1])
        self.faults = left

    def _pass(self, seconds, count):
        """Time goes by, as many workers doing in turns what falls due."""
        end = self.dashboard.clock.now + seconds
        while True:
            self._work_in_turns(count)
            due = self._next_due()
            if due is None or due > end:
                break
            self.dashboard.clock.advance(max(due - self.dashboard.clock.now, 1.0))
        self.dashboard.clock.now = max(end, self.dashboard.clock.now)

    def _next_due(self):
        """By the true time, from which that of the processes differs while it comes back to the
        database's.
        """
        due, here = self.dashboard.next_due(), self.workers[0]._context.clock
        return None if due is None else due - here() + self.dashboard.clock.now

    def _work_in_turns(self, count):
        """Each claims before any of them begins, until nothing is due."""
        while units := [
            (number, unit) for number in range(count) if (unit := self.workers[number]._next_unit())
        ]:
            for number, unit in units:
                try:
                    unit()
                except Died:
                    self.workers[number] = Worker(self._process(ahead=number * AHEAD_SECONDS))


def _number(place):
    return int(place.rpartition("/")[2])
