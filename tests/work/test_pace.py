"""After a 429: when ICA is asked again, how fast, by whom, and what the page says of it."""

import pytest

from tests.dashboard import data_ids, open_dashboard
from tests.work.observation import account, page, settle, submission
from tests.work.refusing_ica import refusing_dashboard
from webapp.store import accounts
from webapp.vault import vault_for
from webapp.work import ica_check
from webapp.work.context import Context
from webapp.work.worker import Worker

pytestmark = pytest.mark.long

ANY_GET = ("GET", "")
AGAIN = "Retry-After"


@pytest.fixture
def sqlite_url(tmp_path):
    """The rows are locked in one test below; all else is the same on both databases."""
    return f"sqlite:///{tmp_path / 'b.db'}"


def another_worker(dashboard):
    """A process of its own: with a budget of its own."""
    vault = vault_for(dashboard.settings)
    return Worker(Context.build(dashboard.settings, dashboard.store, vault, clock=dashboard.clock))


def work(dashboard, seconds, *others, step=1.0):
    end = dashboard.clock.now + seconds
    while dashboard.clock.now < end:
        dashboard.work()
        for other in others:
            other.work_through()
        dashboard.clock.advance(step)


def pace(dashboard):
    return accounts.pace(account(dashboard), dashboard.clock.now)


def throttled(dashboard, ica, again):
    """A list of six batches, whose account was just answered 429."""
    place = dashboard.visitor().submit(data_ids(120))
    dashboard.work(1)
    ica.says[ANY_GET], ica.headers = (429, "Slower, please."), {AGAIN: again}
    while not account(dashboard).paced_at:
        dashboard.work(1)
    ica.says.clear()
    ica.asked.clear()
    return place


@pytest.mark.parametrize(("again", "seconds"), [("99999999", 900), ("70", 70), ("0", 1)])
def test_icas_wish_counts_within_reason_for_all_workers(sqlite_url, tmp_path, again, seconds):
    with refusing_dashboard(sqlite_url, tmp_path, rate=2, batch_size=20) as (dashboard, ica):
        other = another_worker(dashboard)
        place = throttled(dashboard, ica, again)
        until = account(dashboard).paused_until
        assert until == pytest.approx(dashboard.clock.now + seconds, abs=1)
        work(dashboard, seconds - 1, other, step=max(1, seconds / 40))
        assert ica.asked == []
        work(dashboard, 100, other)
        assert ica.asked != []
        assert settle(dashboard, place).counts == {"LINKED": 120}


def test_the_page_says_until_when_it_waits_and_why(sqlite_url, tmp_path):
    with refusing_dashboard(sqlite_url, tmp_path, rate=2, batch_size=20) as (dashboard, ica):
        place = throttled(dashboard, ica, "600")
        visitor = dashboard.visitor()
        until = account(dashboard).paused_until
        with dashboard.app.app_context():
            clock = dashboard.app.jinja_env.filters["clock"](until)
        said = page(visitor, place)
        assert f"Waiting for ICA until {clock} , because it asked for fewer calls." in said
        assert "Slower, please." in said
        before = visitor.part(f"{place}/progress").headers["HX-PTag"]
        dashboard.clock.advance(601)
        assert "Waiting for ICA" not in page(visitor, place)
        assert visitor.part(f"{place}/progress").headers["HX-PTag"] != before


def test_another_list_of_the_account_says_so_too(sqlite_url, tmp_path):
    with refusing_dashboard(sqlite_url, tmp_path, rate=2, batch_size=20) as (dashboard, ica):
        throttled(dashboard, ica, "600")
        visitor = dashboard.visitor()
        other = visitor.submit(data_ids(4, start=1000))
        assert submission(dashboard, other).counts == {"NOT_SENT": 4}
        assert "Waiting for ICA until" in page(visitor, other)
        assert ("POST", "/dataLinkingBatch") not in ica.asked


def eligible(ica):
    return [path for _, path in ica.asked if path.endswith("/eligibleForLinking")]


def ask_beforehand(dashboard, times_throttled, seconds=5):
    """ICA is to be asked about ten ids, by a worker that was not there when ICA answered 429."""
    visitor = dashboard.visitor()
    place, now = visitor.draft(data_ids(10)), dashboard.clock.now
    with dashboard.store.write() as connection:
        for ago in range(10 * times_throttled - 10, -10, -10):
            accounts.slow_down(connection, 1, now - ago + seconds, now - ago)
    assert visitor.post(f"{place}/check").status_code == 303
    return visitor, place


def test_ica_is_not_asked_beforehand_either_while_it_wants_no_calls(sqlite_url, tmp_path):
    with refusing_dashboard(sqlite_url, tmp_path) as (dashboard, ica):
        visitor, place = ask_beforehand(dashboard, times_throttled=1, seconds=600)
        work(dashboard, 590, step=50)
        assert eligible(ica) == []
        work(dashboard, 20)
        assert len(eligible(ica)) == 1
        assert "ICA would refuse none of them" in page(visitor, place)


def test_ica_is_asked_beforehand_at_the_pace_that_it_wants(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr(ica_check, "MAX_CALL_IDS", 1)
    with refusing_dashboard(sqlite_url, tmp_path, calls_per_second=1) as (dashboard, ica):
        ask_beforehand(dashboard, times_throttled=20)
        work(dashboard, 30)
        assert 0 < len(eligible(ica)) <= 2  # not ten


def test_each_429_halves_the_pace_and_it_recovers_slowly(sqlite_url, tmp_path):
    with refusing_dashboard(sqlite_url, tmp_path, rate=0.01) as (dashboard, ica):
        throttled(dashboard, ica, "5")
        assert pace(dashboard) == 0.5
        ica.says[ANY_GET] = 429, "Slower still."
        dashboard.work(8)
        assert pace(dashboard) == pytest.approx(0.25, abs=0.02)
        ica.says.clear()
        before = pace(dashboard)
        dashboard.work(60)
        assert before < pace(dashboard) < before + 0.15
        dashboard.work(accounts.RECOVERY_SECONDS, step=10)
        assert pace(dashboard) == 1.0


def test_answers_that_were_under_way_halve_it_once(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        dashboard.visitor()
        now = dashboard.clock.now
        with dashboard.store.write() as connection:
            slower = [accounts.slow_down(connection, 1, now + 5, now) for _ in range(4)]
            assert slower == [0.5] * 4
            for later in range(10, 200, 10):
                accounts.slow_down(connection, 1, now + later + 5, now + later)
            found = accounts.get(connection, 1)
        assert found.pace == accounts.LEAST_PACE
