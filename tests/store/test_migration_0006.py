"""Revision 0006: a batch of ICA's that two batches had taken is the first one's."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tests.store import former_database
from webapp.store import Store
from webapp.store.tables import batches

pytestmark = pytest.mark.long


def test_of_those_that_took_the_same_batch_the_first_keeps_it(empty_database_url):
    former = former_database.rows_of(empty_database_url)
    sent = [row for row in former["batches"] if row["intent_at"] and row["ica_batch_id"]]
    first, twin, other = sent[:3]
    twin["ica_batch_id"] = first["ica_batch_id"]
    former_database.put(empty_database_url, former)
    store = Store(empty_database_url)
    store.migrate()
    with store.read() as connection:
        found = {row.id: row for row in connection.execute(select(batches))}
    for row in (first, other):
        assert found[row["id"]].intent_at == row["intent_at"]
    assert found[twin["id"]].intent_at is None
    assert found[twin["id"]].ica_batch_id == first["ica_batch_id"]
    store.close()


def test_no_two_that_were_sent_have_the_same_batch(empty_database_url):
    former_database.put(empty_database_url, former_database.rows_of(empty_database_url))
    store = Store(empty_database_url)
    store.migrate()
    sent = select(batches).where(batches.c.intent_at.is_not(None), batches.c.state == "settled")
    with store.read() as connection:
        first, second = connection.execute(sent.limit(2)).all()
    take = update(batches).where(batches.c.id == second.id)
    take = take.values(ica_batch_id=first.ica_batch_id)
    with store.write() as connection, pytest.raises(IntegrityError):
        connection.execute(take)
    with store.write() as connection:  # one that was adopted by hand may have it too
        connection.execute(take.values(intent_at=None))
    store.close()
