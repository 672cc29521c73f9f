"""What operators ask: is it alive, is it ready, how much is there; and the database away."""

import re
import sqlite3
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from tests.dashboard import data_ids, text
from tests.simulated_ica import Clock
from webapp.store import workers
from webapp.store.workers import Beat
from webapp.vault import vault_for
from webapp.work.clock import Clock as DatabaseClock
from webapp.work.context import Context
from webapp.work.worker import Worker


def test_alive_whatever_else_is_wrong(dashboard, nobody):
    dashboard.sim.stop()
    assert nobody.get("/healthz").get_data() == b"ok\n"


def test_ready_says_what_is_missing(dashboard, nobody):
    assert nobody.get("/readyz").status_code == 503
    assert "No worker was ever seen" in text(nobody.get("/readyz"))
    dashboard.work()
    assert nobody.get("/readyz").status_code == 200
    dashboard.clock.advance(31)
    assert "No worker was seen for 31 s" in text(nobody.get("/readyz"))


def test_ready_says_whose_clock_is_wrong(stored):
    """Nothing waits for it: the database's counts."""
    machine, here = Clock(stored.clock.now + 600), stored.settings
    wrong = DatabaseClock(stored.store, database=stored.clock, steady=machine, wall=machine)
    Worker(Context.build(here, stored.store, vault_for(here), clock=wrong)).work_through()
    with stored.store.write() as connection:
        workers.beat(connection, Beat("another", stored.clock.now, 0.0, -90.0), stored.clock.now)
    answer = stored.visitor(key=None).get("/readyz")
    said = answer.get_data(as_text=True).splitlines()
    assert (answer.status_code, said[0]) == (200, "ready")
    assert re.match(r"The clock of the machine of the worker \S+ is 600 s ahead of the", said[1])
    assert said[2].startswith("ICA's clock is 90 s behind the database's.")


def test_metrics_are_read_from_the_store(stored):
    stored.visitor().submit(data_ids(5) + data_ids(2, ending="00"))
    stored.work(60)
    found = stored.visitor(key=None).get("/metrics").get_data(as_text=True)
    figures = dict(re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", found, re.MULTILINE))
    assert figures['linkboard_submissions{state="settled"}'] == "1.0"
    assert figures['linkboard_items{status="FAILED"}'] == "2.0"
    assert figures["linkboard_oldest_due_seconds"] == "0.0"
    assert "fil." not in found


@contextmanager
def statements(change):
    """Every statement that names a table is what `change` makes of it."""
    event.listen(Engine, "before_cursor_execute", change, retval=True)
    yield
    event.remove(Engine, "before_cursor_execute", change)


def away(table):
    """The disk under this table does not answer."""

    def fails(_connection, _cursor, statement, parameters, *_):
        if table in statement:
            cause = sqlite3.OperationalError("disk I/O error")
            raise OperationalError(statement, parameters, cause)
        return statement, parameters

    return statements(fails)


@pytest.mark.parametrize("wrong", ["SELECT nothing FROM submissions", "SELECT 1 FROM nothing"])
def test_a_statement_that_is_our_own_mistake_is_a_500_in_the_log(stored, caplog, wrong):
    def breaks(_connection, _cursor, statement, parameters, *_):
        of_the_board = "last_attempt_id" in statement
        return (wrong, ()) if of_the_board else (statement, parameters)

    demo = stored.visitor()
    with statements(breaks):
        answer = demo.get("/submissions")
    assert answer.status_code == 500
    assert "our mistake" in text(answer)
    assert "nothing" in str(caplog.records[-1].exc_info[1])


def test_a_database_that_is_away_is_a_503_that_says_so(dashboard, demo):
    place = demo.submit(data_ids(1))
    with away("sessions"):
        answers = [demo.get(place), demo.part(f"{place}/progress"), demo.post(f"{place}/stop")]
    for answer in answers:
        assert answer.status_code == 503
        assert "Nothing is lost" in text(answer)
        assert answer.headers["Retry-After"] == "10"


def test_it_is_one_too_when_it_goes_away_after_the_door(dashboard, demo):
    place = demo.submit(data_ids(1))
    for table in ("batches", "workers"):
        with away(table):
            assert demo.get(place).status_code == 503
            assert "Nothing is lost" in text(demo.get(place))
    assert demo.get(place).status_code == 200


def test_operators_are_told_so_likewise(dashboard, nobody):
    with away("workers"):
        assert nobody.get("/healthz").status_code == 200
        assert nobody.get("/readyz").status_code == 503
        assert nobody.get("/metrics").status_code == 503
