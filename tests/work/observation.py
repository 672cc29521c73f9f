"""Observation of a submission in a test: its row, its batches, its exported rows, its page."""

import csv
import io
from collections import Counter

from tests.stage import text
from webapp.store import accounts, batches, submissions


def number(place):
    return int(place.rstrip("/").rsplit("/", 1)[1])


def submission(stage, place):
    with stage.store.read() as connection:
        return submissions.get(connection, number(place))


def batch_rows(stage, place):
    """The submission's batches."""
    with stage.store.read() as connection:
        return batches.of_submission(connection, number(place))


def account(stage):
    with stage.store.read() as connection:
        return accounts.get(connection, 1)


def rows(visitor, place):
    """The exported rows, as dictionaries."""
    answer = visitor.get(f"{place}/export.csv")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def row_counts(visitor, place):
    return dict(Counter(row["status"] for row in rows(visitor, place)))


def page(visitor, place):
    return text(visitor.get(place))


def settle(stage, place, within=600, step=5.0):
    """Work until the submission is settled; its row."""
    end = stage.clock.now + within
    stage.work()
    while submission(stage, place).state != "settled":
        assert stage.clock.now < end, [
            (b.state, b.task, b.trouble) for b in batch_rows(stage, place)
        ]
        stage.work(step, step=step)
    return submission(stage, place)


def work_until(stage, come_true, within=60):
    """Work, a second at a time, until something has come true."""
    end = stage.clock.now + within
    while not come_true():
        assert stage.clock.now < end, f"Not within {within} s."
        stage.work(1)


def walk_in_part(stage, place):
    """Work until the last walk of the first batch has begun; a small budget makes it pause."""
    while not ((batch := batch_rows(stage, place)[0]).task == "walk" and batch.round_cursor):
        assert batch.state == "running"
        stage.work(1)
