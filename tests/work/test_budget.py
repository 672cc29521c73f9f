"""The budget: calls a second over all workers, four units at once, and pauses that ICA asks for."""

import threading
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from sqlalchemy import Engine, event

from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import Clock
from tests.work.observation import settle
from webapp.vault import vault_for
from webapp.work.budget import MAX_RUNNING_UNITS, Budget
from webapp.work.context import Context
from webapp.work.worker import THREADS, Worker

ME, OTHER = 1, 2


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_all_workers_together_hold_the_rate(workers):
    clock = Clock()
    shared = [Budget(10, clock) for _ in range(workers)]
    calls = 0
    for budget in shared:
        budget.share_among(workers)
    for _ in range(600):  # a minute in which everybody calls whenever they may
        for budget in shared:
            if ME not in budget.busy():
                budget.spend(ME)
                calls += 1
        clock.advance(0.1)
    assert 540 <= calls <= 600 + 10 * workers + workers


def test_a_unit_that_made_many_calls_is_paid_for_before_the_next():
    clock = Clock()
    budget = Budget(10, clock)
    for _ in range(40):
        budget.spend(ME)
    assert budget.busy() == {ME}
    assert not budget.is_spent(OTHER)
    clock.advance(2.9)
    assert budget.is_spent(ME)
    clock.advance(0.2)
    assert not budget.is_spent(ME)


def test_a_unit_takes_no_more_places_than_its_account_has():
    budget = Budget(10, Clock())
    budget.begin(ME)
    assert budget.take(ME, 2) == 2
    assert budget.take(ME, 3) == MAX_RUNNING_UNITS - 3
    assert budget.busy() == {ME}
    assert budget.take(OTHER, 1) == 1
    for _ in range(MAX_RUNNING_UNITS):
        budget.end(ME)
    assert budget.busy() == set()


def test_a_pause_lasts_to_its_end_and_not_longer():
    clock = Clock()
    budget = Budget(10, clock)
    budget.learn(ME, 1.0, 30)
    budget.learn(ME, 1.0, 2)
    clock.advance(29.9)
    assert budget.busy() == {ME}
    clock.advance(0.1)
    assert budget.busy() == set()


@pytest.mark.parametrize(("pace", "least", "most"), [(1.0, 590, 620), (0.5, 290, 320)])
def test_an_account_calls_at_the_pace_that_ica_takes(pace, least, most):
    clock = Clock()
    budget = Budget(10, clock)
    budget.learn(ME, pace, 0.0)
    calls = 0
    for _ in range(600):
        if ME not in budget.busy():
            budget.spend(ME)
            calls += 1
        clock.advance(0.1)
    assert least <= calls <= most


def test_four_units_of_an_account_run_at_once():
    budget = Budget(10, Clock())
    for number in range(MAX_RUNNING_UNITS):
        assert ME not in budget.busy(), number
        budget.begin(ME)
    budget.begin(OTHER)
    assert budget.busy() == {ME}
    budget.end(ME)
    assert budget.busy() == set()
    budget.share_among(2)
    assert budget.busy() == {ME}


@pytest.mark.slow
def test_a_worker_takes_up_four_units_of_an_account_before_one_has_ended(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=5) as dashboard:
        place = dashboard.visitor().submit(data_ids(50))
        for _ in range(2):  # housekeeping, and retention
            dashboard.worker._next_unit()()
        taken = []
        while do := dashboard.worker._next_unit():
            taken.append(do)
        assert len(taken) == MAX_RUNNING_UNITS
        for do in taken:
            do()
        assert settle(dashboard, place).counts == {"LINKED": 50}


@pytest.mark.slow
def test_a_worker_whose_threads_all_wait_for_ica_shows_life(database_url, tmp_path):
    """Else pages would say that it has not been heard of."""
    entered, answers, beaten, stop = threading.Semaphore(0), Event(), Event(), Event()

    @contextmanager
    def place():
        entered.release()
        answers.wait(60)
        yield

    def note(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO workers"):
            beaten.set()

    with open_dashboard(database_url, tmp_path, batch_size=1) as dashboard:
        for start, key in enumerate(("demo-key", "colleague-key")):
            dashboard.visitor(key).submit(data_ids(6, start=100 * start))
        here, vault = dashboard.settings, vault_for(dashboard.settings)
        ours = {"clock": dashboard.clock, "stop": stop, "place": place}
        runs = Thread(target=Worker(Context.build(here, dashboard.store, vault, **ours)).run)
        runs.start()
        try:
            for _ in range(THREADS):
                assert entered.acquire(timeout=30)
            event.listen(Engine, "before_cursor_execute", note)
            beaten.clear()
            dashboard.clock.advance(31)
            assert beaten.wait(30)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
            stop.set()
            answers.set()
            runs.join()


@pytest.mark.slow
def test_a_second_of_work_costs_no_more_calls_than_it_may(database_url, tmp_path):
    with open_dashboard(
        database_url, tmp_path, rate=50, batch_size=100, calls_per_second=10
    ) as dashboard:
        dashboard.visitor().submit(data_ids(1000))
        dashboard.sim.forget_calls()
        dashboard.work(30, step=0.25)
        assert 100 <= dashboard.sim.total_calls() <= 30 * 10 + 20


@pytest.mark.slow
def test_two_workers_take_half_each(database_url, tmp_path):
    with open_dashboard(
        database_url, tmp_path, rate=50, batch_size=100, calls_per_second=10
    ) as dashboard:
        dashboard.visitor().submit(data_ids(1000))
        other = Worker(dashboard.context)
        other.work_through()
        dashboard.work(5)
        dashboard.sim.forget_calls()
        for _ in range(120):
            dashboard.work()
            other.work_through()
            dashboard.clock.advance(0.25)
        # Both use one budget here, which takes only half for itself.
        assert 50 <= dashboard.sim.total_calls() <= 30 * 5 + 20


@pytest.mark.slow
def test_after_a_429_no_other_batch_of_the_account_calls(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=5, batch_size=10) as dashboard:
        place = dashboard.visitor().submit(data_ids(60))
        dashboard.work(1)
        dashboard.sim.set_faults({"429": "1x"})
        while dashboard.sim.faults() != {"429": "0x"}:
            dashboard.work(0.5, step=0.5)
        dashboard.sim.forget_calls()
        dashboard.work(1.75, step=0.25)
        assert dashboard.sim.total_calls() == 0
        assert settle(dashboard, place).counts == {"LINKED": 60}
