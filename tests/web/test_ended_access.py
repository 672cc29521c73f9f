"""Access that ICA has ended ends here too; an outage of ICA hides nothing for a day."""

from dataclasses import replace

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT
from tests.work.observation import account, settle
from tests.work.refusing_ica import refusing_dashboard
from webapp.store import access, accounts, audit
from webapp.store.enums import AuditAction
from webapp.store.paging import Cursor
from webapp.web.core.context import KEY
from webapp.web.core.formatting import clock
from webapp.work.clients import Clients, Places

DAY = 86_400
ANY = ("GET", ""), ("POST", "")  # the ends of all paths
PROJECT = ("GET", f"/projects/{FIRST_PROJECT}")
STALE = "ICA could not be asked"


@pytest.fixture
def opened(database_url, tmp_path):
    with refusing_dashboard(database_url, tmp_path, session_hours=100) as (dashboard, ica):
        yield dashboard, ica


@pytest.fixture
def on_sqlite(tmp_path):
    with refusing_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path) as (dashboard, ica):
        yield dashboard, ica


def refuse(ica, status, *places):
    for place in places or ANY:
        ica.says[place] = status, "Not now."


def asked_about_project(ica):
    """How often, since this was asked last."""
    count = sum(path.endswith(PROJECT[1]) for _, path in ica.asked)
    ica.asked.clear()
    return count


def acts(dashboard, action):
    with dashboard.store.read() as connection:
        found = audit.of_account(connection, 1, Cursor(), 100).rows
    return [row for row in found if row.action == action]


def settled(dashboard):
    """Somebody with a list that has ended; ICA was asked about its project a moment ago."""
    demo = dashboard.visitor()
    place = demo.submit(data_ids(4))
    settle(dashboard, place)
    return demo, place


def test_a_key_that_ica_refuses_again_and_again_ends_the_sessions(opened):
    dashboard, ica = opened
    (demo, place), other = settled(dashboard), dashboard.visitor()
    refuse(ica, 401)
    dashboard.work(310 + 130, step=30)
    assert demo.get(place).location == f"/signin?next={place}"
    assert demo.part(f"{place}/progress").status_code == 401
    assert demo.part("/submissions/rows").status_code == 401
    assert other.get(f"{place}/export.csv").status_code == 303
    (row,) = acts(dashboard, AuditAction.SESSION_END)
    assert (row.who, row.details["sessions"]) == ("Linkboard", 2)
    ica.says.clear()
    ica.asked.clear()
    demo.sign_in()
    assert demo.get(place).status_code == 200
    assert asked_about_project(ica) == 1
    assert account(dashboard).refusals == 0


def test_two_refusals_or_three_within_a_minute_end_nothing(on_sqlite):
    dashboard, ica = on_sqlite
    demo, place = settled(dashboard)
    for _ in range(4):
        refuse(ica, 401, PROJECT)
        dashboard.work(310, step=310)
        ica.says.clear()
        dashboard.work(310, step=310)
    refuse(ica, 401)
    for _ in range(5):
        demo.get("/submissions/new")
        dashboard.clock.advance(10)
    assert demo.get(place).status_code == 200
    assert account(dashboard).refusals == 5


def test_a_batch_whose_key_is_refused_ends_the_sessions_and_waits(on_sqlite):
    dashboard, ica = on_sqlite
    demo = dashboard.visitor()
    place = demo.draft(data_ids(4))
    refuse(ica, 401, ("POST", "/dataLinkingBatch"))
    demo.post(f"{place}/submit")
    for _ in range(2):
        assert demo.get(place).status_code == 200
        dashboard.clock.advance(301)
        dashboard.worker.work_through()  # the project may be read: that clears what was counted
    refuse(ica, 401)
    dashboard.work(900, step=150)
    assert demo.get(place).status_code == 303
    assert account(dashboard).sealed_key
    ica.says.clear()
    demo.sign_in()
    assert settle(dashboard, place).counts == {"LINKED": 4}


def test_without_a_key_the_sessions_end_at_once(on_sqlite):
    dashboard, ica = on_sqlite
    demo, place = settled(dashboard)
    dashboard.context.write(accounts.forget_key, 1)
    dashboard.work(310, step=310)
    assert demo.part(f"{place}/progress").status_code == 401
    ica.asked.clear()
    demo.sign_in()
    assert demo.get(place).status_code == 200
    assert asked_about_project(ica) == 1


def test_a_refusal_of_the_former_key_does_not_end_a_new_session(on_sqlite):
    dashboard, _ = on_sqlite
    dashboard.visitor()
    before = account(dashboard)
    dashboard.clock.advance(100)
    demo = dashboard.visitor()
    for _ in range(5):
        dashboard.clock.advance(100)
        with dashboard.store.write() as connection:
            assert not accounts.count_refusal(connection, before, dashboard.clock.now)
    assert demo.get("/submissions").status_code == 200


def test_whoever_reads_while_the_worker_is_away_has_an_old_answer_asked_again(opened):
    dashboard, ica = opened
    demo, place = settled(dashboard)
    for below in ("", "/items", "/export.csv", "/list", "/attempts", "/items/1"):
        ica.says.clear()
        dashboard.clock.advance(901)
        assert demo.get(place + below).status_code == 200
        dashboard.clock.advance(880)
        ica.asked.clear()
        assert demo.get(place + below).status_code == 200
        assert asked_about_project(ica) == 0
        dashboard.clock.advance(21)
        refuse(ica, 403, PROJECT)
        for polled in (f"{place}/progress", "/submissions/rows"):
            assert demo.part(polled).status_code == 200
        assert asked_about_project(ica) == 0
        assert demo.get(place + below).status_code == 404
        assert asked_about_project(ica) == 1
        assert demo.part(f"{place}/progress").status_code == 404


def test_a_page_over_all_projects_has_old_answers_asked_again(on_sqlite):
    dashboard, ica = on_sqlite
    demo, place = settled(dashboard)
    for page in ("/submissions", "/reasons", "/find", "/submissions/new"):
        ica.says.clear()
        dashboard.clock.advance(901)
        assert demo.get(place).status_code == 200
        dashboard.clock.advance(901)
        ica.asked.clear()
        refuse(ica, 404, PROJECT)
        demo.get(page)
        assert asked_about_project(ica) == 1
        assert demo.part(f"{place}/progress").status_code == 404


def test_an_outage_hides_nothing_for_a_day_and_is_said(opened):
    dashboard, ica = opened
    demo, place = settled(dashboard)
    for status in (429, 500, 503):
        ica.says.clear()
        dashboard.clock.advance(901)
        assert STALE not in text(demo.get(place))
        since = dashboard.clock.now
        refuse(ica, status)
        dashboard.clock.advance(880)
        assert STALE not in text(demo.get(place))
        dashboard.clock.advance(21)
        for page in (place, "/submissions", place):
            answer = demo.get(page)
            assert answer.status_code == 200
            assert STALE in text(answer)
            assert clock(since) in text(answer)
    assert demo.get(f"{place}/export.csv").get_data().count(b"LINKED") == 4
    assert demo.part(f"{place}/progress").status_code == 200
    dashboard.clock.now = since + DAY - 20
    assert demo.get(place).status_code == 200
    dashboard.clock.now = since + DAY + 1
    assert demo.part(f"{place}/progress").status_code == 404
    assert demo.get(place).status_code == 503  # hidden, and said why
    ica.says.clear()
    dashboard.clock.advance(61)
    answer = demo.get(place)
    assert answer.status_code == 200
    assert STALE not in text(answer)


def test_after_a_day_without_ica_nothing_is_said_to_be_lost(on_sqlite):
    dashboard, ica = on_sqlite
    demo, place = settled(dashboard)
    dashboard.clock.advance(DAY - 60)
    demo = dashboard.visitor()
    dashboard.clock.advance(120)
    refuse(ica, 503)
    board = text(demo.get("/submissions"))
    assert STALE in board
    assert "Your lists are kept" in board
    assert "No submissions yet" not in board
    answer = demo.get(place)
    assert answer.status_code == 503
    assert "Nothing is lost: they are here again as soon as ICA answers" in text(answer)
    assert demo.get("/submissions/999").status_code == 404
    ica.says.clear()
    dashboard.clock.advance(61)
    assert demo.get(place).status_code == 200


def test_an_outage_costs_one_waiting_page_a_minute(on_sqlite):
    dashboard, ica = on_sqlite
    demo, place = settled(dashboard)
    dashboard.clock.advance(1000)
    refuse(ica, 503)
    ica.asked.clear()
    for _ in range(3):
        for page in (place, "/submissions", f"{place}/items", "/reasons"):
            assert demo.get(page).status_code == 200
            dashboard.clock.advance(5)
    assert len(ica.asked) == 1
    dashboard.clock.advance(20)
    demo.get(place)
    assert len(ica.asked) == 2


def test_a_project_that_was_never_asked_about_waits_no_longer_in_an_outage(on_sqlite):
    dashboard, ica = on_sqlite
    _, place = settled(dashboard)
    colleague = dashboard.visitor("colleague-key")
    refuse(ica, 503, PROJECT)
    ica.asked.clear()
    for page in ("/submissions", place, "/reasons", place):
        colleague.get(page)
    assert "ICA has not said yet whether it can" in text(colleague.get(place))
    assert asked_about_project(ica) == 1
    ica.says.clear()
    dashboard.clock.advance(61)
    assert colleague.get(place).status_code == 200


def test_signing_out_waits_for_no_answer_of_ica(on_sqlite):
    dashboard, ica = on_sqlite
    demo, _ = settled(dashboard)
    dashboard.clock.advance(1000)
    refuse(ica, 503)
    ica.asked.clear()
    assert demo.get("/account").status_code == 200
    assert demo.post("/signout").status_code == 303
    assert not ica.asked


@pytest.mark.slow
def test_who_finds_no_place_to_ask_ica_leaves_the_question_to_the_next(tmp_path):
    url = f"sqlite:///{tmp_path}/t.db"
    with refusing_dashboard(url, tmp_path) as (dashboard, ica):
        demo, place = settled(dashboard)
        demo.get(place)
        dashboard.clock.advance(901)
        refuse(ica, 403, PROJECT)
        places, here = Places(1), dashboard.app.extensions[KEY]
        budget = {"clock": dashboard.clock, "on_call": here.budget.spend}
        clients = Clients(dashboard.settings, here.vault, **budget, place=places.place)
        dashboard.app.extensions[KEY] = replace(here, clients=clients)
        with places.place():
            for _ in range(2):
                assert STALE in text(demo.get(place))
        assert demo.get(place).status_code == 404


def test_while_another_request_asks_the_page_says_of_when_it_is(on_sqlite):
    dashboard, _ = on_sqlite
    demo, place = settled(dashboard)
    dashboard.clock.advance(901)
    now = dashboard.clock.now
    assert dashboard.context.write(access.claim, 1, FIRST_PROJECT, now, now + 60)
    assert STALE in text(demo.get(place))


@pytest.mark.parametrize("status", [429, 500, 200])
def test_trouble_with_one_project_keeps_nobody_from_another(opened, status):
    dashboard, ica = opened
    demo, place = settled(dashboard)
    colleague = dashboard.visitor("colleague-key")
    other = demo.submit(data_ids(2, start=50), project=READ_ONLY_PROJECT)
    refuse(ica, status, PROJECT)  # 200 with a Problem is an answer that can't be read
    colleague.get("/submissions")
    assert colleague.get(place).status_code == 404
    assert colleague.get(other).status_code == 200
    ica.asked.clear()
    for _ in range(3):
        assert other in colleague.get("/submissions").get_data(as_text=True)
        assert colleague.get(place).status_code == 404
    assert asked_about_project(ica) == 0
    dashboard.clock.advance(901)
    ica.asked.clear()
    refuse(ica, 403, ("GET", f"/projects/{READ_ONLY_PROJECT}"))
    assert STALE in text(demo.get("/submissions"))
    assert demo.part(f"{other}/progress").status_code == 404
    ica.says.clear()
    dashboard.clock.advance(61)
    assert colleague.get(place).status_code == 200


def test_a_page_over_all_projects_says_so_while_older_answers_are_left_unasked(on_sqlite):
    dashboard, ica = on_sqlite
    demo = dashboard.visitor()
    projects = [f"00000000-0000-4000-8000-{number:012}" for number in range(4, 13)]
    places = [demo.submit(data_ids(1), project=project) for project in projects]
    dashboard.clock.advance(901)
    ica.asked.clear()
    assert STALE in text(demo.get("/submissions"))
    assert len([path for _, path in ica.asked if "/projects/" in path]) == 8
    assert STALE not in text(demo.get("/submissions"))
    dashboard.clock.advance(901)
    assert STALE not in text(demo.get(places[0]))
