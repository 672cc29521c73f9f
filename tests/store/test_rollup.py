"""The roll-up: counts over time are kept, and do not pile up."""

from sqlalchemy import select

from tests.store.conftest import NOW
from webapp.store import batches, tables


def test_what_changes_within_seconds_makes_one_snapshot(store, make_batches):
    make_batches(1)
    with store.write() as connection:
        batch = batches.claim(connection, "w", NOW)
        for seconds, linked in ((0, 1), (3, 2), (9, 3), (10, 4)):
            counts = {"LINKED": linked}
            batches.keep(connection, batch, NOW + seconds, state="running", counts=counts)
        found = connection.execute(select(tables.snapshots.c.at, tables.snapshots.c.counts)).all()
    assert sorted(found)[1:] == [(NOW + 10, {"LINKED": 4})]
    assert sorted(found)[0] == (NOW, {"LINKED": 3})
