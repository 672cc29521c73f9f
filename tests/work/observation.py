"""Observation of a submission in a test: its row, its batches, its exported rows, its page."""

import csv
import io
from collections import Counter

from tests.dashboard import text
from webapp.store import accounts, batches, submissions


def number(place):
    return int(place.rstrip("/").rsplit("/", 1)[1])


def submission(dashboard, place):
    with dashboard.store.read() as connection:
        return submissions.get(connection, number(place))


def batch_rows(dashboard, place):
    """The submission's batches."""
    with dashboard.store.read() as connection:
        return batches.of_submission(connection, number(place))


def account(dashboard):
    with dashboard.store.read() as connection:
        return accounts.get(connection, 1)


def rows(visitor, place):
    """The exported rows, as dictionaries."""
    answer = visitor.get(f"{place}/export.csv")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def row_counts(visitor, place):
    return dict(Counter(row["status"] for row in rows(visitor, place)))


def page(visitor, place):
    return text(visitor.get(place))


def settle(dashboard, place, within=600, step=5.0):
    """Work until the submission is settled; its row."""
    end = dashboard.clock.now + within
    dashboard.work()
    while submission(dashboard, place).state != "settled":
        assert dashboard.clock.now < end, [
            (b.state, b.task, b.trouble) for b in batch_rows(dashboard, place)
        ]
        dashboard.work(step, step=step)
    return submission(dashboard, place)


def work_until(dashboard, come_true, within=60):
    """Work, a second at a time, until something has come true."""
    end = dashboard.clock.now + within
    while not come_true():
        assert dashboard.clock.now < end, f"Not within {within} s."
        dashboard.work(1)


def walk_in_part(dashboard, place):
    """Work until the last walk of the first batch has begun; a small budget makes it pause."""
    while not ((batch := batch_rows(dashboard, place)[0]).task == "walk" and batch.round_cursor):
        assert batch.state == "running"
        dashboard.work(1)
