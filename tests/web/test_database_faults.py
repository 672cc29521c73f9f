"""A database that can't be written to, and what is told of it."""

import time

import pytest
from sqlalchemy import update

from tests.dashboard import Visitor, data_ids, text
from tests.web.database_locks import locked
from tests.web.page_visits import visit_all
from webapp.store import engine, tables

A_SECOND = 1.0


def make_everything_due(dashboard):
    """A visit, a watcher and ICA's answers are all to be noted by the next page."""
    now = dashboard.clock.now
    with dashboard.store.write() as connection:
        connection.execute(update(tables.sessions).values(seen_at=now - 100))
        connection.execute(update(tables.submissions).values(watched_at=0.0))
        aged = {"checked_at": now - 1000, "due_at": 0.0}
        connection.execute(update(tables.access).values(aged))


def get_under_a_lock(dashboard, get):
    """As Visitor's own `get`, of a page that comes while nobody else can write."""

    def held(visitor, path, **headers):
        get(visitor, path, **headers)  # who may see it is known from now on
        make_everything_due(dashboard)
        with locked(dashboard.settings.database):
            begun = time.monotonic()
            answer = get(visitor, path, **headers)
            taken = time.monotonic() - begun
        assert answer.status_code < 500, (path, text(answer))
        assert taken < A_SECOND, path
        return answer

    return held


@pytest.mark.slow
def test_every_page_comes_at_once_and_whole_while_the_database_is_locked(dashboard, monkeypatch):
    for way in (Visitor.get, Visitor.part):
        monkeypatch.setattr(Visitor, way.__name__, get_under_a_lock(dashboard, way))
    names = [name for name, _ in visit_all(dashboard, monkeypatch)]
    assert len(names) > 80


def test_a_lock_of_rows_that_are_only_noted_holds_no_page_up(stored):
    visitor = stored.visitor()
    place = visitor.submit(data_ids(3))
    look, part = (get_under_a_lock(stored, way) for way in (Visitor.get, Visitor.part))
    for path in (place, "/submissions", "/reasons", f"{place}/items"):
        assert look(visitor, path).status_code == 200
    assert part(visitor, f"{place}/progress").status_code == 200


def test_a_visit_that_could_not_be_noted_leaves_the_session_as_it_was(stored, monkeypatch):
    monkeypatch.setattr(engine, "NOTE_AGAIN_SECONDS", 0.0)
    visitor, other = stored.visitor(), stored.visitor()
    stored.clock.advance(stored.settings.session_hours * 3600 - 10)
    with locked(stored.settings.database):
        assert [one.get("/account").status_code for one in (visitor, other)] == [200, 200]
    assert visitor.get("/account").status_code == 200
    stored.clock.advance(11)
    assert visitor.get("/account").status_code == 200, "the next visit was noted"
    assert other.get("/account").status_code == 303, "a visit that was not noted prolongs nothing"
