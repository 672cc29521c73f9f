"""Gathering: a folder of ICA is read into a list, whatever happens meanwhile."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.databases import make_sqlite
from tests.lookup_drafts import FIRST_LINE, Asked, add, candidate
from tests.simulated_ica import FIRST_PROJECT, STRANGERS_PROJECT
from webapp.simulator import planted
from webapp.simulator.catalogue import data_id
from webapp.store import chores, drafts, items, lookups, submissions, tables
from webapp.store.enums import ChoreKind, LookupState, State
from webapp.store.items import Slice
from webapp.store.leases import LeaseLost
from webapp.store.paging import Cursor
from webapp.work import gathering

SOURCE = "00000000-0000-4000-8000-000000000015"
ODD = data_id(15, "/deliveries/odd/")
ODD_PATHS = [*planted.ODD_PATHS.values()]
COUNT = len(ODD_PATHS)


@pytest.fixture
def dashboard(database_url, tmp_path, monkeypatch):
    """A page has 4 rows."""
    monkeypatch.setattr(gathering, "PAGE_ROWS", 4)
    with open_dashboard(database_url, tmp_path) as dashboard:
        yield dashboard


def made(visitor, *, project=SOURCE, folder=ODD, count=COUNT):
    """A list of the files below a folder, which is still to be read."""
    form = {"make": "1", "project_id": FIRST_PROJECT}
    answer = visitor.post(f"/folders/{project}/{folder}/list?count={count}", form)
    assert answer.status_code == 303, text(answer)
    return answer.location


def number(place):
    return int(place.rsplit("/", 1)[1])


def paths(dashboard, place):
    """The paths of its items, in order; each stands at the next position and line."""
    with dashboard.store.read() as connection:
        found = items.page(connection, number(place), [Slice()], "", Cursor(), 500).rows
        submission = submissions.get(connection, number(place))
    assert [item.position for item in found] == [item.line for item in found]
    assert [item.position for item in found] == [*range(1, len(found) + 1)]
    assert submission.item_count == submission.to_send == len(found)
    return [item.path for item in found]


def one_page(dashboard):
    """A worker reads one page, and dies before it gives its lease back."""
    with dashboard.store.write() as connection:
        chore = chores.claim(connection, "a worker that dies", dashboard.clock.now)
    return gathering.step(dashboard.context, chore)


def test_a_kill_and_a_stop_lose_nothing_and_double_nothing(dashboard):
    demo = dashboard.visitor()
    place = made(demo)
    died = one_page(dashboard)
    assert len(paths(dashboard, place)) == 4
    assert "Reading what the folder holds" in text(demo.get(place))
    dashboard.clock.advance(61)
    one_page(dashboard)
    with pytest.raises(LeaseLost):  # it was not dead after all
        gathering.step(dashboard.context, died)
    assert len(paths(dashboard, place)) == 8
    demo.post(f"{place}/stop-looking")
    stopped = text(demo.get(place))
    assert f"Reading was stopped before its end: 8 of {COUNT} were read" in stopped
    dashboard.work()
    assert len(paths(dashboard, place)) == 8
    dashboard.sim.set_faults({"data-list:refused-token": "1x"})
    demo.post(f"{place}/read-on")
    dashboard.work(5)
    assert sorted(paths(dashboard, place)) == sorted(ODD_PATHS)
    whole = text(demo.get(place))
    assert f"ICA listed {COUNT} files; {COUNT} of them make this list." in whole
    assert "came twice" not in whole
    assert "stopped" not in whole
    demo.post(f"{place}/read-on")
    assert "Nothing is left to read" in text(demo.get(place))
    demo.post(f"{place}/submit")
    assert "read-on" not in demo.get(place).get_data(as_text=True)


def test_what_went_wrong_meanwhile_is_said(dashboard):
    demo = dashboard.visitor()
    closed = made(demo, project=STRANGERS_PROJECT, folder="root")
    moved, fewer = made(demo), made(demo, count=99)
    dashboard.work()
    assert "ICA does not let you look in this folder any more" in text(demo.get(closed))
    assert demo.post(f"{closed}/submit").status_code == 422
    assert "ICA counted 99 files when you asked" in text(demo.get(fewer))
    assert "ICA counted" not in text(demo.get(moved))
    with dashboard.store.write() as connection:  # as if the folder had another path then
        spec = chores.latest(connection, number(moved), ChoreKind.GATHER).spec
        spec["query"]["folder_path"] = "/deliveries/even/"
        mine = tables.chores.c.submission_id == number(moved)
        connection.execute(tables.chores.update().where(mine).values(spec=spec))
    assert "was renamed or moved while it was read: it is /deliveries/odd/ now" in text(
        demo.get(moved)
    )
    dashboard.sim.set_faults({"data-list:endless-cursor": 1.0})
    endless = made(demo)
    dashboard.work(300)
    assert "ICA could not be asked for all of it" in text(demo.get(endless))
    assert sorted(paths(dashboard, endless)) == sorted(ODD_PATHS)


def test_an_account_that_may_keep_no_more_keeps_what_there_is_room_for(tmp_path):
    with open_dashboard(
        make_sqlite(tmp_path / "l.db"), tmp_path, account_gb=(5 * 352 + 100) / 1e9
    ) as dashboard:
        demo = dashboard.visitor()
        place = made(demo)
        dashboard.work()
        assert len(paths(dashboard, place)) == 5
        assert "There was no room for more" in text(demo.get(place))


def test_the_files_of_a_folder_that_a_list_names_stand_behind_the_list(dashboard):
    demo = dashboard.visitor()
    held = data_id(15, ODD_PATHS[0])
    place = demo.draft([*data_ids(1), held])
    submission_id, path = number(place), "/deliveries/odd/"
    folder = candidate(ODD, path, project_id=SOURCE, size=None)
    add(dashboard, submission_id, [Asked(path, LookupState.FOUND, [folder])])
    with dashboard.store.write() as connection:
        before = drafts.lock(connection, submission_id)
        now = dashboard.clock.now
        assert gathering.take_files(connection, before, [3], now)
        assert not gathering.take_files(connection, before, [3], now)
    dashboard.work()
    with dashboard.store.write() as connection:
        drafts.lock(connection, submission_id)
        lookup = lookups.get(connection, submission_id, 3)
        found = items.page(connection, submission_id, [Slice()], "", Cursor(), 500).rows
        submission = submissions.get(connection, submission_id)
        lookups.forget(connection, submission_id, [3])
        after = submissions.get(connection, submission_id)
    files = [item for item in found if item.position > 3]
    assert (lookup.first_item, lookup.last_item) == (4, 3 + COUNT - 1)
    assert sorted(item.path for item in files) == sorted(ODD_PATHS[1:])
    assert {item.line for item in files} == {FIRST_LINE}
    assert submission.state == State.DRAFT
    assert submission.to_send == COUNT + 1
    assert after.to_send == 2
