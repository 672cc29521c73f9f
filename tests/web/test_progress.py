"""What a page asks for again and again: the progress of a submission, and the board's rows."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Barrier

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.markup import element, elements, with_class
from webapp.store import access, polling
from webapp.web.core import htmx
from webapp.web.core.formatting import clock


@contextmanager
def statements():
    """The SQL of all readers and writers meanwhile, without BEGIN and COMMIT."""
    said = []

    def note(_connection, _cursor, statement, *_):
        if not statement.startswith(("BEGIN", "PRAGMA")):
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


def poll(person, place, tag=None):
    part = element(person.get(place), id="progress") if tag is None else None
    path = part["hx-get"] if part else f"{place}/progress?shows=active"
    return person.part(path, **{"HX-PTag": tag or part["hx-ptag"]})


def test_an_unchanged_poll_is_304_from_one_select(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(3))
    stored.work()
    tag = element(demo.get(place), id="progress")["hx-ptag"]
    with statements() as said:
        answer = demo.part(f"{place}/progress?shows=active", **{"HX-PTag": tag})
    assert answer.status_code == 304
    assert answer.get_data() == b""
    assert answer.headers["HX-PTag"] == tag
    assert '"checked": {"at": "' in answer.headers["HX-Trigger"]
    assert len(said) == 1
    assert said[0].startswith("SELECT")


def test_that_somebody_watches_is_written_every_ten_seconds(dashboard, demo):
    place = demo.submit(data_ids(3))
    tag = element(demo.get(place), id="progress")["hx-ptag"]
    writes = 0
    for _ in range(15):
        dashboard.clock.advance(2)
        with statements() as said:
            assert demo.part(f"{place}/progress", **{"HX-PTag": tag}).status_code in {200, 304}
        writes += any(statement.startswith("UPDATE submissions") for statement in said)
    assert writes in {2, 3}


def test_of_many_who_look_at_once_one_has_it_refreshed(database_url, tmp_path):
    """Each of them has read that nobody was there; the others would have ICA asked again."""
    with open_dashboard(database_url, tmp_path, rate=1) as dashboard:
        dashboard.visitor().submit(data_ids(300))
        dashboard.work(2)
        dashboard.clock.advance(11)
        dashboard.context.write(polling.note, 1, dashboard.clock.now)
        dashboard.work()
        dashboard.clock.advance(0.5)
        due = dashboard.next_due()
        dashboard.context.write(polling.note, 1, dashboard.clock.now)
        assert dashboard.next_due() == due > dashboard.clock.now


def test_a_changed_one_is_the_part_under_a_new_tag(dashboard, demo):
    place = demo.submit(data_ids(300))
    tag = element(demo.get(place), id="progress")["hx-ptag"]
    dashboard.work(2)
    answer = demo.part(f"{place}/progress?shows=active", **{"HX-PTag": tag})
    assert answer.status_code == 200
    part = element(answer, id="progress")
    assert part["hx-ptag"] == answer.headers["HX-PTag"] != tag
    assert part["hx-trigger"].startswith("every")
    assert not elements(answer, "html")
    assert "Linked" in text(answer)


def test_all_who_see_the_same_are_answered_by_one_select(stored):
    colleagues = [stored.visitor("colleague-key") for _ in range(3)]
    place = stored.visitor().submit(data_ids(3))
    path = f"{place}/progress?shows=active"
    stored.work()
    colleagues[0].get(place)  # asks ICA whether they may
    first = colleagues[0].part(path)
    for colleague in colleagues:
        with statements() as said:
            assert colleague.part(path, **{"HX-PTag": "old"}).get_data() == first.get_data()
        assert len(said) == 1


def test_many_who_ask_at_once_wait_for_one_rendering(dashboard, demo):
    path = f"{demo.submit(data_ids(3))}/progress?shows=active"
    colleagues = [dashboard.visitor() for _ in range(8)]
    together = Barrier(len(colleagues))

    def ask(colleague):
        together.wait()
        return colleague.part(path).get_data()

    with statements() as said, ThreadPoolExecutor(len(colleagues)) as pool:
        assert len(set(pool.map(ask, colleagues))) == 1
    assert sum("FROM batches" in statement for statement in said) == 1


def test_pages_of_one_moment_have_their_head_rendered_once(dashboard, demo):
    place = demo.submit(data_ids(3))
    demo.get(f"{place}/batches")
    with statements() as said:
        assert "1 batch" in text(demo.get(f"{place}/batches"))
    assert not any("FROM batches" in statement for statement in said)
    dashboard.work(2)
    assert "All 3 items are linked" in text(demo.get(f"{place}/batches"))


@pytest.mark.parametrize("hangs", [False, True])
def test_who_waits_for_a_rendering_in_vain_does_not_stand_in_line(tmp_path, monkeypatch, hangs):
    """The first one fails, or does not come to its end before all others are rendering too."""
    monkeypatch.setattr(htmx, "SHOWN_SECONDS", 0.1)
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path) as dashboard:
        path = f"{dashboard.visitor().submit(data_ids(3))}/progress?shows=active"
        people = [dashboard.visitor() for _ in range(4)]
        together, rendering, begun = Barrier(4), Barrier(3 + hangs), count()

        def fail(_connection, _cursor, statement, *_):
            if "FROM batches" in statement:
                if next(begun) or hangs:
                    rendering.wait(8)
                raise OperationalError(statement, {}, OSError())

        def ask(person):
            together.wait()
            return person.part(path).status_code

        event.listen(Engine, "before_cursor_execute", fail)
        try:
            with ThreadPoolExecutor(len(people)) as pool:
                assert list(pool.map(ask, people)) == [503] * 4
        finally:
            event.remove(Engine, "before_cursor_execute", fail)
        assert not rendering.broken
        assert people[0].part(path).status_code == 200


def test_what_is_kept_of_long_addresses_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(htmx, "MAX_SHOWN_BYTES", 20_000)
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path) as dashboard:
        demo = dashboard.visitor()
        path = f"{demo.draft(data_ids(3))}/progress?shows=draft&tab=items"
        pages = [
            {"HX-Current-URL": f"http://localhost/?search={letter * 8_000}"} for letter in "abc"
        ]
        for page in (*pages, pages[0]):
            with statements() as said:
                assert "HX-Refresh" in demo.part(path, **page).headers
            assert len(said) > 1


@pytest.mark.parametrize("first", [0, 1])
def test_each_is_shown_what_they_may_do_whoever_asks_first(tmp_path, first):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, batch_size=2) as dashboard:
        people = [dashboard.visitor(), dashboard.visitor("colleague-key")]
        place = people[0].submit(data_ids(9))
        people[1].get(place)  # asks ICA whether they may
        for person in people[::-1] if first else people:
            answer = person.part(f"{place}/progress")
            assert answer.status_code == 200
            for shown in (text(answer), text(person.get(place))):
                assert ("Stop" in shown, "by you" in shown) == (person is people[0],) * 2


def test_who_may_not_see_it_gets_nothing_of_what_was_just_rendered(dashboard, demo):
    place = demo.submit(data_ids(3))
    path = f"{place}/progress?shows=active"
    carol, dave = dashboard.visitor("colleague-key"), dashboard.visitor("colleague-key")
    carol.get(place)
    assert carol.part(path).status_code == dave.part(path).status_code == 200
    carol.post("/signout")
    assert carol.part(path).status_code == 401
    assert dashboard.visitor(None).part(path).status_code == 401
    with dashboard.store.write() as connection:
        account = connection.exec_driver_sql("SELECT max(id) FROM accounts").scalar()
        access.remember(connection, account, FIRST_PROJECT, None, dashboard.clock.now)
    assert dave.part(path).status_code == 404


def test_what_was_rendered_is_as_old_as_a_page_at_most(tmp_path):
    """When ICA was asked last is no part of the tag: it is told by each answer."""
    url = f"sqlite:///{tmp_path}/t.db"
    with open_dashboard(url, tmp_path, rate=0.001, batch_size=9) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(9))
        dashboard.work(10)
        dashboard.clock.advance(1.2)
        first = demo.part(f"{place}/progress")
        dashboard.clock.advance(1.2)
        dashboard.work()
        assert demo.part(f"{place}/progress").get_data() == first.get_data()
        dashboard.clock.advance(1)
        later = demo.part(f"{place}/progress")
        assert later.headers["HX-Trigger"] != first.headers["HX-Trigger"]
        assert later.headers["HX-PTag"] == first.headers["HX-PTag"]


def test_a_part_fits_the_page_that_it_is_for(dashboard, demo):
    """Its filters keep what was chosen there, and its addresses where a proxy has put us."""
    place = demo.submit(data_ids(3))
    dashboard.work(30)
    path, here = f"{place}/progress?tab=items", "http://localhost/submissions/1/items"
    for query in ("", "?search=fil.00", "?size=50"):
        answer = demo.part(path, **{"HX-Current-URL": here + query})
        assert query[1:] in element(answer, id="chip-LINKED")["href"]


def test_a_settled_one_asks_no_more(dashboard, demo):
    place = demo.submit(data_ids(3))
    tag = element(demo.get(place), id="progress")["hx-ptag"]
    dashboard.work(30)
    last = demo.part(f"{place}/progress?shows=active", **{"HX-PTag": tag})
    assert "All 3 items are linked" in text(last)
    for answer in (last, demo.get(place), demo.get("/submissions")):
        assert not elements(answer, hx_trigger=None, hx_ptag=None)


def test_who_watched_it_end_is_led_to_the_rest(dashboard, demo):
    place = demo.submit(data_ids(3))
    watched = element(demo.get(place), id="progress")["hx-get"]
    dashboard.work(30)
    assert "Show it as it is now" in text(demo.part(watched))
    assert "Show it as it is now" not in text(demo.get(place))


@pytest.mark.parametrize("project", ["0001", "0002"])
def test_what_still_moves_is_polled_blocked_or_not(dashboard, demo, project):
    place = demo.submit(data_ids(3), project=f"00000000-0000-4000-8000-00000000{project}")
    assert element(demo.get(place), id="progress")["hx-trigger"].startswith("every")
    assert element(demo.get("/submissions"), id="rows")["hx-trigger"].startswith("every")


def test_a_draft_is_not_polled(demo):
    page = demo.get(demo.draft(data_ids(3)))
    assert not [part for part in elements(page, hx_trigger=None) if "every" in part["hx-trigger"]]


def test_the_part_is_the_same_as_on_the_page(dashboard, demo):
    place = demo.submit(data_ids(3))
    on_page = element(demo.get(place), id="progress")
    alone = element(demo.part(f"{place}/progress?shows=active"), id="progress")
    assert on_page.attributes == alone.attributes
    assert " ".join(on_page.text.split()) == " ".join(alone.text.split())


def test_a_worker_that_falls_asleep_is_told_by_the_next_poll(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.work()
    tag = element(demo.get(place), id="progress")["hx-ptag"]
    dashboard.clock.advance(31)
    answer = demo.part(f"{place}/progress?shows=active", **{"HX-PTag": tag})
    assert "has not been heard of since" in text(answer)
    assert element(answer, id="worker-banner")["hx-swap-oob"] == "outerMorph"
    dashboard.work()
    again = demo.part(f"{place}/progress?shows=active", **{"HX-PTag": answer.headers["HX-PTag"]})
    assert "heard" not in text(again)


@pytest.mark.parametrize("path", ["/submissions", "/submissions/new", "/submissions/1", "/account"])
def test_every_page_says_that_the_worker_sleeps(dashboard, demo, path):
    demo.draft(data_ids(1))
    dashboard.work()
    assert "has not been heard of" not in text(demo.get(path))
    dashboard.clock.advance(31)
    assert "has not been heard of" in text(demo.get(path))


def test_a_worker_that_never_came_is_told_of_after_half_a_minute(dashboard, demo):
    assert "has not been heard of" not in text(demo.get("/submissions"))
    dashboard.clock.advance(31)
    assert "has not been heard of" in text(demo.get("/submissions"))


def test_access_that_ica_withdrew_ends_the_polling(dashboard, demo):
    place = demo.submit(data_ids(3))
    colleague = dashboard.visitor("colleague-key")
    tag = element(colleague.get(place), id="progress")["hx-ptag"]
    with dashboard.store.write() as connection:
        carol = connection.exec_driver_sql("SELECT id FROM accounts ORDER BY id DESC").scalar()
        access.remember(connection, carol, FIRST_PROJECT, None, dashboard.clock.now)
    answer = colleague.part(f"{place}/progress?shows=active", **{"HX-PTag": tag})
    assert answer.status_code == 404
    assert colleague.get(place).status_code == 404


def test_a_list_of_another_ica_is_not_polled_by_who_may_read_a_like_project(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(3))
    with stored.store.write() as connection:
        connection.exec_driver_sql("UPDATE submissions SET ica_url = 'https://elsewhere.test'")
    assert demo.get(place).status_code == 404
    assert demo.part(f"{place}/progress").status_code == 404


def test_the_board_s_rows_are_answered_likewise(dashboard, demo):
    demo.submit(data_ids(300))
    place = demo.searched("/submissions", "list")
    part = element(demo.get(place), id="rows")
    assert part["hx-get"] == place.replace("?", "/rows?")
    assert demo.part(part["hx-get"], **{"HX-PTag": part["hx-ptag"]}).status_code == 304
    dashboard.work(2)
    answer = demo.part(part["hx-get"], **{"HX-PTag": part["hx-ptag"]})
    assert answer.status_code == 200
    assert element(answer, id="rows")["hx-ptag"] == answer.headers["HX-PTag"] != part["hx-ptag"]
    chips = element(answer, id="state-chips")  # of the same moment
    assert chips["hx-swap-oob"] == "outerMorph"
    assert chips.text == element(demo.get("/submissions"), id="state-chips").text
    assert not elements(answer, "html")


def test_a_poll_asks_nothing_of_ica(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.visitor("colleague-key").get(place)
    dashboard.sim.forget_calls()
    for _ in range(5):
        dashboard.clock.advance(2)
        demo.part(f"{place}/progress")
        demo.part("/submissions/rows")
        demo.get(place)
        demo.get(f"{place}/items")
    assert dashboard.sim.total_calls() == 0


def test_the_boards_moving_rows_have_small_charts_that_unchanged_polls_do_not_read(dashboard):
    demo = dashboard.visitor()
    ended = demo.submit(data_ids(3))
    dashboard.work(60, step=20)
    moving = demo.submit(data_ids(9000, start=10))
    dashboard.work(60, step=15)
    board = demo.get("/submissions")
    assert [one["id"] for one in elements(board, "tr", id=None)] == [
        f"submission-{place.rpartition('/')[2]}" for place in (moving, ended)
    ]
    assert len(with_class(board, "sparkline")) == 1
    tag = element(board, id="rows")["hx-ptag"]
    with statements() as said:
        assert demo.part("/submissions/rows", **{"HX-PTag": tag}).status_code == 304
    assert not [one for one in said if "snapshots" in one]


def test_what_is_printed_tells_what_it_is_and_of_when(dashboard, demo):
    """Of a list that runs, when ICA counted; of one that has ended, when the page was opened."""
    place = demo.submit(data_ids(300))
    for seconds in (2, 400):
        dashboard.work(seconds)
        dashboard.clock.advance(1)
        page, now = demo.get(place), dashboard.clock.now
        said = with_class(page, "paper")[0].text
        assert said.startswith(f"Linkboard · http://localhost{place} · as of ")
        assert said.endswith(f" as of {clock(now)}") == (seconds == 400)
