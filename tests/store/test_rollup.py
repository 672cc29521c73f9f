"""The roll-up: counts over time are kept, and do not pile up."""

from contextlib import suppress

from psycopg.pq import TransactionStatus
from sqlalchemy import func, select

from tests.store.conftest import NOW
from webapp.store import batches, submissions, tables


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


def test_what_the_counts_of_ica_lack_is_not_known_and_is_counted(store, make_batches):
    """Model: the counts of a list sum to its items at every moment."""
    make_batches(2)
    with store.write() as connection:
        batch = batches.claim(connection, "w", NOW)
        batches.change(connection, batch.id, size=8, held={"UNREAD": 8}, found={"UNREAD": 8})
        batches.keep(connection, batch, NOW, state="running", counts={"LINKED": 3}, total=3)
        found = submissions.get(connection, batch.submission_id)
    assert found.counts == {"LINKED": 3, "UNKNOWN": 5, "NOT_SENT": 1}


def test_a_reader_has_one_view_of_the_store_whatever_is_written_meanwhile(store, make_batches):
    count = select(func.count()).select_from(tables.batches)
    make_batches(1)
    with store.read() as reader:
        before = reader.execute(count).scalar_one()
        make_batches(2)
        assert reader.execute(count).scalar_one() == before == 1
    with store.read() as reader:
        assert reader.execute(count).scalar_one() == 3


def test_what_one_statement_reads_begins_no_transaction_and_the_next_writer_does(store):
    with store.read_one() as reader:
        reader.execute(select(tables.clock)).one()
        driver = reader.connection.dbapi_connection
        assert store.is_sqlite or driver.info.transaction_status == TransactionStatus.IDLE
    with suppress(ZeroDivisionError), store.write() as writer:
        writer.execute(tables.clock.update().values(generation=7))
        raise ZeroDivisionError
    with store.read_one() as reader:
        assert reader.execute(select(tables.clock.c.generation)).scalar_one() != 7
