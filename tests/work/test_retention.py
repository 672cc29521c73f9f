"""What is kept for a time only goes when that is over, and pages say so before and after."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select, update

from tests.dashboard import data_ids, open_dashboard, text
from tests.store.invariants import assert_consistent
from tests.web.confirmation import attempts, breakdown, confirm, statuses
from tests.web.markup import elements
from tests.web.test_find import asked
from tests.work.observation import page, settle, submission
from webapp.store import tables
from webapp.work import housekeeping, retention
from webapp.work.clock import Clock

DAY = 86_400
IDS = [*data_ids(4), *data_ids(3, ending="02", start=100)]  # the last fail first, and link then


@pytest.fixture
def opened(database_url, tmp_path):
    """Opens a dashboard with such settings."""
    return partial(open_dashboard, database_url, tmp_path)


@pytest.fixture
def on_sqlite(tmp_path):
    return partial(open_dashboard, f"sqlite:///{tmp_path / 'b.db'}", tmp_path)


def count(dashboard, table):
    with dashboard.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def done_by_itself(dashboard):
    """What the audit trail has of lists that the program itself has ended."""
    of = tables.audit.c
    itself = (of.who == "Linkboard") & of.submission_id.is_not(None)
    rows = select(of.action, of.submission_name).where(itself).order_by(of.id)
    with dashboard.store.read() as connection:
        return [tuple(row) for row in connection.execute(rows)]


def go_on(dashboard, days):
    """Days go by, and the worker looks after the house."""
    dashboard.clock.advance(days * DAY)
    dashboard.work(15)


@pytest.mark.slow
def test_a_list_that_is_not_submitted_is_discarded_after_a_month(opened):
    with opened() as dashboard:
        demo = dashboard.visitor()
        old = demo.draft(IDS, name="old")
        sent = demo.submit(IDS)
        settle(dashboard, sent)
        board = demo.get("/submissions?state=draft")
        assert "Discarded unless submitted" in page(demo, old)
        assert "if not submitted" in text(board)
        [ends] = elements(board, "time", data_shown="day")
        [also] = elements(demo.get(old), "time", data_shown="day")
        assert also["datetime"] == ends["datetime"]
        go_on(dashboard, 20)
        new = dashboard.visitor().draft(IDS, name="new")
        unreadable = dashboard.visitor().draft("no id " * 200_000)
        dashboard.work(5)
        assert "It is discarded by itself" in page(dashboard.visitor(), unreadable)
        go_on(dashboard, 11)
        demo = dashboard.visitor()
        assert demo.get(old).status_code == 404
        assert demo.get(new).status_code == demo.get(sent).status_code == 200
        go_on(dashboard, 20)
        demo = dashboard.visitor()
        assert [demo.get(place).status_code for place in (new, unreadable, sent)] == [404, 404, 200]
        assert count(dashboard, tables.items) == len(IDS)
        assert count(dashboard, tables.uploads) == 1
        assert {("discard", "old"), ("discard", "new")} < set(done_by_itself(dashboard))


def test_what_is_changed_meanwhile_stays(on_sqlite):
    with on_sqlite() as dashboard:
        demo = dashboard.visitor()
        place = demo.draft(IDS)
        go_on(dashboard, 29)
        demo = dashboard.visitor()
        demo.post(f"{place}/edit", {"name": "looked at", "note": ""})
        go_on(dashboard, 20)
        assert dashboard.visitor().get(place).status_code == 200


def test_by_default_nothing_that_was_submitted_goes(on_sqlite):
    with on_sqlite() as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        confirm(demo, f"{place}/retry")
        settle(dashboard, place)
        demo.post(f"{place}/archive")
        kept = [count(dashboard, table) for table in (tables.upload_pieces, tables.history)]
        go_on(dashboard, 399)
        demo = dashboard.visitor()
        assert demo.get(f"{place}/list").status_code == 200
        assert (
            [count(dashboard, table) for table in (tables.upload_pieces, tables.history)]
            == kept
            == [1, 3]
        )


@pytest.mark.slow
def test_a_list_as_it_came_goes_and_its_items_stay(opened):
    with opened(upload_days=7) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        before = submission(dashboard, place).kept_bytes
        go_on(dashboard, 6)
        assert dashboard.visitor().get(f"{place}/list").status_code == 200
        go_on(dashboard, 2)
        demo = dashboard.visitor()
        answer = demo.get(f"{place}/list")
        assert answer.status_code == 410
        for said in (text(answer), page(demo, place)):
            assert "This list is not kept any more as it was uploaded" in said
        assert f"{place}/list" not in demo.get(place).get_data(as_text=True)
        assert count(dashboard, tables.upload_pieces) == 0
        assert submission(dashboard, place).kept_bytes == before - len("\n".join(IDS))
        assert len(statuses(demo, place)) == len(IDS)
        confirm(demo, f"{place}/retry")
        assert settle(dashboard, place).counts == {"LINKED": len(IDS)}


@pytest.mark.slow
def test_what_is_in_the_archive_is_deleted_unless_others_need_it(opened):
    with opened(archive_days=30) as dashboard:
        demo = dashboard.visitor()
        needed = demo.submit(IDS[:4], name="needed")
        settle(dashboard, needed)
        second = demo.submit(IDS[:4], name="second")  # finds them linked
        settle(dashboard, second)
        confirm(demo, f"{needed}/undo")  # without this one nothing says that they are not any more
        other = demo.submit(data_ids(2, start=700), name="other")
        for place in (needed, other):
            settle(dashboard, place)
            assert demo.post(f"{place}/archive").status_code == 303
        go_on(dashboard, 29)
        assert dashboard.visitor().get(other).status_code == 200
        go_on(dashboard, 2)
        demo = dashboard.visitor()
        assert [demo.get(place).status_code for place in (needed, second, other)] == [200, 200, 404]
        assert count(dashboard, tables.submissions) == 2
        assert done_by_itself(dashboard) == [("delete", "other")]
        demo.post(f"{second}/delete")
        go_on(dashboard, 1)
        assert dashboard.visitor().get(needed).status_code == 404


@pytest.mark.slow
def test_what_attempts_found_goes_and_their_numbers_stay(opened):
    with opened(history_days=10) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        confirm(demo, f"{place}/retry")
        settle(dashboard, place)
        now, first = statuses(demo, place), attempts(demo, place)[0]
        numbers = breakdown(demo.get(first))
        kept = submission(dashboard, place).kept_bytes
        go_on(dashboard, 9)
        assert count(dashboard, tables.history) == 3
        go_on(dashboard, 2)
        demo = dashboard.visitor()
        assert count(dashboard, tables.history) == 0
        assert submission(dashboard, place).kept_bytes == kept - 3 * 230
        assert statuses(demo, place) == now
        assert breakdown(demo.get(first)) == numbers == {"LINKED": 4, "FAILED": 3}
        assert "had found of items that later attempts took over was removed" in page(demo, first)
        assert len(statuses(demo, first)) == 4
        confirm(demo, f"{place}/undo")
        settle(dashboard, place)
        assert set(statuses(demo, place).values()) == {"UNLINKED"}
        assert count(dashboard, tables.history) == len(IDS)


def test_a_running_list_loses_nothing(on_sqlite):
    with on_sqlite(history_days=1, upload_days=1) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        dashboard.clock.advance(3 * DAY)
        demo = dashboard.visitor()
        dashboard.sim.set_faults({"create:503": 1})
        confirm(demo, f"{place}/retry")
        for _ in range(2):
            dashboard.clock.advance(700)
            dashboard.work(10)
        assert count(dashboard, tables.history) == 3
        assert count(dashboard, tables.upload_pieces) == 1
        with dashboard.store.read() as connection:
            assert_consistent(connection)


@pytest.mark.parametrize(("days", "left"), [(90, 0), (0, 1)])
def test_questions_are_kept_as_long_as_the_setting_says(on_sqlite, days, left):
    with on_sqlite(find_days=days) as dashboard:
        asked(dashboard.visitor(), IDS)
        go_on(dashboard, 89)
        assert count(dashboard, tables.finds) == 1
        go_on(dashboard, 2)
        assert count(dashboard, tables.finds) == left


def perform_while(dashboard, act):
    """A round of retention: `act` comes between what it has found and what it does of it."""
    looks = iter([lambda: None, act])

    def clock():
        next(looks, lambda: None)()
        return dashboard.clock.now

    retention.perform(replace(dashboard.context, clock=Clock.alone(clock)))
    assert next(looks, None) is None


RULES = ("draft_days", "upload_days", "archive_days", "history_days")
OTHERS = dict.fromkeys((*RULES, "find_days", "audit_days"), 0)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_a_list_that_vanishes_meanwhile_does_not_keep_the_others(opened, rule):
    with opened(session_days=9, session_hours=99, **OTHERS | {rule: 1}) as dashboard:
        demo = dashboard.visitor()
        first, _ = (old_list(dashboard, demo, rule, start) for start in (0, 100))
        dashboard.clock.advance(1.5 * DAY)

        def delete():
            word = "discard" if rule == "draft_days" else "delete"
            assert demo.post(f"{first}/{word}").status_code == 303
            housekeeping.perform(dashboard.context)

        perform_while(dashboard, delete)
        housekeeping.perform(dashboard.context)
        kept = {  # of the second
            "draft_days": [0, 0, 0],
            "upload_days": [1, 0, 0],
            "archive_days": [0, 0, 0],
            "history_days": [1, 1, 0],
        }
        left = (tables.submissions, tables.upload_pieces, tables.history)
        assert [count(dashboard, table) for table in left] == kept[rule]


def old_list(dashboard, demo, rule, start):
    """A list of which something ends by this rule: its address."""
    ids = data_ids(1, ending="02", start=start)
    if rule == "draft_days":
        return demo.draft(ids)
    place = demo.submit(ids)
    settle(dashboard, place)
    if rule == "history_days":
        confirm(demo, f"{place}/retry")
        settle(dashboard, place)
    if rule == "archive_days":
        demo.post(f"{place}/archive")
    return place


def test_a_list_that_runs_again_meanwhile_keeps_its_upload(on_sqlite):
    with on_sqlite(session_days=9, session_hours=99, **OTHERS | {"upload_days": 1}) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        dashboard.clock.advance(1.5 * DAY)
        perform_while(dashboard, lambda: confirm(demo, f"{place}/retry"))
        assert count(dashboard, tables.upload_pieces) == 1


def test_a_long_history_goes_in_several_turns(on_sqlite):
    with on_sqlite(**OTHERS | {"history_days": 1}) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(IDS)
        settle(dashboard, place)
        confirm(demo, f"{place}/retry")
        settle(dashboard, place)
        with dashboard.store.write() as connection:  # as if the list were long
            of = tables.history.c
            far = update(tables.history).where(of.position == 7).values(position=20_000)
            assert connection.execute(far).rowcount == 1
        dashboard.clock.advance(2 * DAY)

        def clock():
            dashboard.clock.advance(3)  # at each look
            return dashboard.clock.now

        for left in (2, 0):
            retention.perform(replace(dashboard.context, clock=Clock.alone(clock)))
            assert count(dashboard, tables.history) == left
