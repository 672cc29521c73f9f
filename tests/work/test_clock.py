"""Clocks that are set while all runs, and workers on machines whose clocks are wrong."""

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import Clock as Machine
from tests.web.database_locks import locked
from tests.work.observation import batch_rows, row_counts, submission
from tests.work.test_sending import interrupted
from webapp.store import batches, clock, workers
from webapp.store.clock import CATCH_UP
from webapp.store.enums import BatchState
from webapp.vault import vault_for
from webapp.work import batch_runner
from webapp.work.clock import LOOK_SECONDS, Clock
from webapp.work.context import Context
from webapp.work.worker import Worker

pytestmark = pytest.mark.long

CREATE = "createProjectDataLinkingBatch"
HOUR = 3600.0


class Clocks:
    """The clock of the database, which somebody sets, and of machines that are ahead or behind."""

    def __init__(self, dashboard):
        self.dashboard, self.set_by = dashboard, 0.0

    def database(self):
        return self.dashboard.clock() + self.set_by

    def clock(self, ahead=0.0):
        """That of a process, on a machine whose clock is so far ahead of the true time."""

        def machine():
            return self.dashboard.clock() + ahead

        return Clock(self.dashboard.store, database=self.database, steady=machine, wall=machine)

    def worker(self, ahead=0.0):
        here, its = self.dashboard, self.clock(ahead)
        return Worker(Context.build(here.settings, here.store, vault_for(here.settings), clock=its))


@pytest.fixture
def clocks(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=2, batch_size=20) as dashboard:
        yield Clocks(dashboard)


@pytest.fixture
def on_sqlite(tmp_path):
    """What the database does not matter to, once time goes on for all processes."""
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with open_dashboard(url, tmp_path, rate=2, batch_size=20) as dashboard:
        yield Clocks(dashboard)


def work(clocks, seconds, *at_work):
    """Time goes by, a second at a time, the workers taking turns at what falls due."""
    for _ in range(seconds):
        while units := [unit for worker in at_work if (unit := worker._next_unit())]:
            for unit in units:
                unit()
        clocks.dashboard.clock.advance(1)


def beat_age(clocks):
    """By the time that all processes share."""
    with clocks.dashboard.store.read() as connection:
        reading = clock.read(connection)
        return reading.time(clocks.database()) - workers.last_beat(connection)


def test_a_clock_goes_by_that_of_the_database():
    database, machine = Machine(1000.0), Machine(5000.0)
    one = Clock(None, database=database, steady=machine, wall=machine)
    assert one() == 5000.0  # until it has looked
    assert one.synchronize() == 0.0
    assert (one(), one.machine_ahead) == (1000.0, 4000.0)
    machine.advance(0.5)
    assert one() == 1000.5


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
@pytest.mark.parametrize("later", [0.0, 0.4, 0.9])
def test_time_goes_on_for_all_processes_whoever_notices_first(clocks, jump, later):
    """Each has looked at another moment, so each learns of it at another."""
    true = clocks.dashboard.clock
    first = clocks.clock()
    first.synchronize()
    true.advance(later)
    second = clocks.clock(ahead=600)
    second.synchronize()
    clocks.set_by = jump
    for _ in range(12):
        for one in (second, first):
            one.synchronize()
            assert one() == pytest.approx(true(), abs=2)
        assert first() == pytest.approx(second(), abs=0.2)
        true.advance(0.3)
    with clocks.dashboard.store.read() as connection:
        assert clock.read(connection).generation == 1  # one of them did it


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_it_comes_back_to_the_database_slowly(on_sqlite, jump):
    clocks = on_sqlite
    one, true = clocks.clock(), clocks.dashboard.clock
    one.synchronize()
    clocks.set_by = jump
    true.advance(LOOK_SECONDS)
    assert one.synchronize() == pytest.approx(jump)
    assert "3600 s" in one.difference()
    before = one()
    for _ in range(int(CATCH_UP * HOUR / 600)):
        true.advance(600)
        assert one.synchronize() == 0.0
        assert before + 400 < one() < before + 800
        before = one()
    assert one() == pytest.approx(clocks.database())
    assert one.difference() == ""


def test_while_nothing_can_be_written_time_goes_on_and_then_it_is_told(clocks):
    one, true = clocks.clock(), clocks.dashboard.clock
    one.synchronize()
    clocks.set_by = -HOUR
    true.advance(LOOK_SECONDS)
    with locked(clocks.dashboard.settings.database_url):
        assert one.synchronize() == 0.0
        assert one() == pytest.approx(true())
    while not (jump := one.synchronize()):  # it writes no note for a second
        true.advance(LOOK_SECONDS)
    assert jump == pytest.approx(-HOUR)
    assert one() == pytest.approx(true(), abs=1)


def test_a_machine_that_slept_changes_nobodys_time(clocks):
    """Its steady clock stood still: to it, the database's seems to be set ahead."""
    true, stands = clocks.dashboard.clock, Machine()
    sleeper = Clock(clocks.dashboard.store, database=clocks.database, steady=stands, wall=stands)
    sleeper.synchronize()
    work(clocks, 300, clocks.worker())
    stands.advance(LOOK_SECONDS)
    assert sleeper.synchronize() == 0.0
    assert sleeper() == pytest.approx(true())


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
@pytest.mark.parametrize("ago", [0.5, 1.5])
def test_a_post_under_way_is_left_alone_when_the_clock_is_set(on_sqlite, jump, ago):
    """Another worker looks just then, and has looked at the clock a while ago."""
    clocks = on_sqlite
    dashboard = clocks.dashboard
    place = dashboard.visitor().submit(data_ids(40))
    here, other = clocks.worker(), clocks.worker()
    here._synchronize_clock()
    with dashboard.store.write() as connection:
        claimed = batches.claim(connection, here.id, here._context.clock())
    while other._next_unit():  # it has looked at the clock, and leaves its units
        pass

    def set_it():
        dashboard.clock.advance(ago)
        clocks.set_by = jump
        other.work_through()
        dashboard.clock.advance(LOOK_SECONDS)
        other.work_through()

    mine = interrupted(dashboard, 2, set_it)
    batch_runner.perform(mine, claimed)
    work(clocks, 90, other, clocks.worker())
    assert submission(dashboard, place).counts == {"LINKED": 40}
    assert dashboard.sim.calls()[CREATE] == 2


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_a_worker_whose_machine_is_wrong_doubles_nothing(on_sqlite, ahead):
    """By its own clock leases had run out, and a lost answer was looked for long enough."""
    clocks = on_sqlite
    dashboard = clocks.dashboard
    dashboard.sim.set_faults({"create:dropped-before": "2x"})
    place = dashboard.visitor().submit(data_ids(60))
    right, wrong = clocks.worker(), clocks.worker(ahead)
    work(clocks, 50, wrong, right)
    assert dashboard.sim.calls()[CREATE] == 3
    work(clocks, 90, wrong, right)
    assert submission(dashboard, place).counts == {"LINKED": 60}
    assert dashboard.sim.calls()[CREATE] == 5


@pytest.mark.parametrize("seconds", [-HOUR, HOUR])
def test_a_clock_that_is_set_holds_nothing_up_and_doubles_nothing(clocks, seconds, caplog):
    dashboard = clocks.dashboard
    visitor = dashboard.visitor()
    dashboard.sim.set_faults({"create:dropped-before": "1x"})
    place = visitor.submit(data_ids(60))
    at_work = clocks.worker(), clocks.worker()
    work(clocks, 30, *at_work)
    assert batch_rows(dashboard, place)[0].state == BatchState.SENDING
    clocks.set_by = seconds
    work(clocks, 10, *at_work)
    assert dashboard.sim.calls()[CREATE] == 3
    assert beat_age(clocks) < 10
    work(clocks, 140, *at_work)
    assert submission(dashboard, place).counts == {"LINKED": 60} == row_counts(visitor, place)
    assert dashboard.sim.calls()[CREATE] == 4
    said = [text for record in caplog.records if "clock was set" in (text := record.getMessage())]
    how = "back" if seconds < 0 else "ahead"
    assert said == [f"The database's clock was set 3600 s {how}. Time here goes on."]


def test_a_clock_that_was_set_back_while_nobody_worked_holds_nothing_up(on_sqlite):
    clocks = on_sqlite
    dashboard = clocks.dashboard
    place = dashboard.visitor().submit(data_ids(60))
    work(clocks, 10, clocks.worker())
    clocks.set_by = -HOUR
    work(clocks, 120, clocks.worker())
    assert submission(dashboard, place).counts == {"LINKED": 60}
    assert beat_age(clocks) < 10


def test_a_lost_answer_is_found_though_the_clock_was_set_back_while_nobody_worked(on_sqlite):
    """How long that was, nobody knows: ICA's jobs are looked through by ICA's own clock."""
    clocks = on_sqlite
    dashboard = clocks.dashboard
    dashboard.sim.set_faults({"create:dropped-after": "1x"})
    work(clocks, 1, clocks.worker())
    place = dashboard.visitor().submit(data_ids(10))
    dashboard.clock.advance(900)
    clocks.set_by = -HOUR
    work(clocks, 120, clocks.worker())
    assert submission(dashboard, place).counts == {"LINKED": 10}
    assert dashboard.sim.calls()[CREATE] == 1
