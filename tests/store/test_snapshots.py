"""An attempt's counts over time, thinned by the database."""

from itertools import pairwise

import pytest
from sqlalchemy import insert, select, update

from tests.store.conftest import NOW
from webapp.store import snapshots, tables
from webapp.store.rollup import SNAPSHOT_SECONDS


@pytest.fixture
def keep(store, make_batches):
    """keep(moments) makes snapshots of the first attempt, which began at NOW; returns its id."""
    make_batches(1)

    def made(moments, **values):
        with store.write() as connection:
            attempt = connection.execute(select(tables.attempts.c.id)).scalar_one()
            its = tables.snapshots.c.attempt_id == attempt
            connection.execute(tables.snapshots.delete().where(its))
            rows = [{"attempt_id": attempt, "at": at, "counts": {"LINKED": at}} for at in moments]
            connection.execute(insert(tables.snapshots), rows)
            if values:
                connection.execute(update(tables.attempts).values(values))
        return attempt

    return made


def read(store, attempt, most, now):
    with store.read() as connection:
        return snapshots.of_attempts(connection, [attempt], most, now)[attempt]


def test_a_long_run_is_thinned_to_its_whole_length(store, keep):
    length = 20_000
    moments = [NOW + 10.0 * n for n in range(length // 10)]
    attempt = keep(moments)
    found = read(store, attempt, 120, NOW + length)
    assert len(found) == 120
    assert found[-1].counts == {"LINKED": moments[-1]}
    gaps = {round(later.at - one.at) for one, later in pairwise(found)}
    assert max(gaps) <= length / 119 + SNAPSHOT_SECONDS
    assert all(one.held_until < one.at for one in found)


def test_a_moment_is_when_its_counts_were_surely_so_and_a_pause_is_one(store, keep):
    """Each snapshot is the last of its ten seconds; without any, nothing has changed."""
    attempt = keep([NOW, NOW + 10, NOW + 500, NOW + 510])
    found = read(store, attempt, 100, NOW + 1000)
    assert [one.at for one in found] == [NOW + 10, NOW + 20, NOW + 510, NOW + 520]
    assert NOW + 480 <= found[2].held_until <= NOW + 500
    attempt = keep([NOW, NOW + 500], ended_at=NOW + 503)
    assert [one.at for one in read(store, attempt, 100, NOW + 9999)] == [NOW + 10, NOW + 503]


def test_what_a_clock_that_was_set_back_has_left_is_not_shown(store, keep):
    attempt = keep([NOW - 500, NOW + 20, NOW + 90_000])
    assert [one.at for one in read(store, attempt, 50, NOW + 100)] == [NOW - 490, NOW + 30]
    attempt = keep([NOW + 20], begun_at=None)
    assert not read(store, attempt, 50, NOW + 100)
