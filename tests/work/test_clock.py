"""Clocks that are set while all runs, and workers on machines whose clocks are wrong."""

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import Clock as Machine
from tests.work.observation import batch_rows, row_counts, submission
from webapp.store import workers
from webapp.store.enums import BatchState
from webapp.vault import vault_for
from webapp.work.clock import Clock
from webapp.work.context import Context
from webapp.work.worker import Worker

CREATE = "createProjectDataLinkingBatch"
HOUR = 3600.0


class Clocks:
    """The clock of the database, which somebody sets, and of machines that are ahead or behind."""

    def __init__(self, dashboard):
        self.dashboard, self.set_by = dashboard, 0.0

    def database(self):
        return self.dashboard.clock() + self.set_by

    def worker(self, ahead=0.0):
        """A worker whose machine's clock is so far ahead of the true time."""

        def machine():
            return self.dashboard.clock() + ahead

        clock = Clock(self.database, local=machine, wall=machine)
        here = self.dashboard
        return Worker(
            Context.build(here.settings, here.store, vault_for(here.settings), clock=clock)
        )


@pytest.fixture
def clocks(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=2, batch_size=20) as dashboard:
        yield Clocks(dashboard)


def work(clocks, seconds, *at_work):
    """Time goes by, a second at a time, the workers taking turns at what falls due."""
    for _ in range(seconds):
        while units := [unit for worker in at_work if (unit := worker._next_unit())]:
            for unit in units:
                unit()
        clocks.dashboard.clock.advance(1)


def test_a_clock_goes_by_that_of_the_database():
    database, machine = Machine(1000.0), Machine(5000.0)
    clock = Clock(database, local=machine, wall=machine)
    assert clock() == 5000.0  # until it has looked
    assert clock.synchronize() == 0.0
    assert (clock(), clock.machine_ahead) == (1000.0, 4000.0)
    machine.advance(0.5)
    assert clock() == 1000.5
    database.advance(2000)
    assert clock.synchronize() == 0.0  # it has looked just now
    machine.advance(1)
    assert clock.synchronize() == pytest.approx(1998.5)
    assert clock() == 3000.0


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_a_worker_whose_machine_is_wrong_doubles_nothing(clocks, ahead):
    """By its own clock leases had run out, and a lost answer was looked for long enough."""
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
    work(clocks, 25, *at_work)
    assert dashboard.sim.calls()[CREATE] == 3
    with dashboard.store.read() as connection:
        assert abs(workers.last_beat(connection) - clocks.database()) <= 6
    work(clocks, 125, *at_work)
    assert submission(dashboard, place).counts == {"LINKED": 60} == row_counts(visitor, place)
    assert dashboard.sim.calls()[CREATE] == 4
    said = [text for record in caplog.records if "was set" in (text := record.getMessage())]
    assert (
        said
        == [
            f"The database's clock was set 3600 s {'back' if seconds < 0 else 'ahead'}. "
            "What waits for a moment was moved along."
        ]
        * 2
    )


def test_a_clock_that_was_set_back_while_nobody_worked_holds_nothing_up(clocks):
    dashboard = clocks.dashboard
    place = dashboard.visitor().submit(data_ids(60))
    work(clocks, 10, clocks.worker())
    clocks.set_by = -HOUR
    work(clocks, 120, clocks.worker())
    assert submission(dashboard, place).counts == {"LINKED": 60}
    with dashboard.store.read() as connection:
        assert abs(workers.last_beat(connection) - clocks.database()) <= 6
