"""Revision 0005: what each list and each question keeps is worked out for those that are there."""

import time

import pytest
from sqlalchemy import func, select

from tests.dashboard import data_ids, open_dashboard
from tests.store import former_database
from webapp.store import Store, usage
from webapp.store.tables import entries, find_ids, finds, history, items, submissions, uploads

pytestmark = pytest.mark.long

ID_CHARS = 36
DAY = 86_400
UNSENT = ("draft", "unreadable")


def with_a_question(database_url):
    """The rows that 0.2.0 left, and a question of three ids."""
    rows = former_database.rows_of(database_url)
    review = {"ids": 3, "repeated": 0, "rejected": 0, "rejects": []}
    asked = {"id": "A" * 16, "account_id": rows["accounts"][0]["id"], "created_at": 1e9, "name": ""}
    ids = [
        {"find_id": asked["id"], "ordinal": ordinal, "data_id": data_id, "line": ordinal}
        for ordinal, data_id in enumerate(data_ids(3), 1)
    ]
    return rows | {"finds": [asked | {"review": review}], "find_ids": ids}


def test_what_is_kept_is_worked_out(empty_database_url):
    former_database.put(empty_database_url, with_a_question(empty_database_url))
    store = Store(empty_database_url)
    store.migrate()
    with store.read() as connection:

        def count(table, key, value):
            mine = select(func.count()).select_from(table).where(key == value)
            return connection.execute(mine).scalar()

        for row in connection.execute(select(submissions)):
            size = select(uploads.c.size).where(uploads.c.submission_id == row.id)
            rest = row.kept_bytes - (connection.execute(size).scalar() or 0)
            rest -= count(items, items.c.submission_id, row.id) * (usage.ITEM_BYTES + 2 * ID_CHARS)
            rest -= count(history, history.c.submission_id, row.id) * usage.HISTORY_BYTES
            assert rest == count(entries, entries.c.submission_id, row.id) * 110
        asked = connection.execute(select(finds)).one()
        assert count(find_ids, find_ids.c.find_id, asked.id) == 3
        assert asked.kept_bytes == 3 * (usage.FOUND_ID_BYTES + ID_CHARS)
    store.close()


def test_lists_that_were_not_submitted_have_all_their_days_from_now_on(
    empty_database_url, tmp_path
):
    former = former_database.rows_of(empty_database_url)
    unsent = {row["id"] for row in former["submissions"] if row["state"] in UNSENT}
    former_database.put(empty_database_url, former)
    store = Store(empty_database_url)
    store.migrate()
    store.close()
    with open_dashboard(empty_database_url, tmp_path, draft_days=30) as dashboard:
        dashboard.clock.now = time.time()
        for days, left in ((29, unsent), (2, set())):
            dashboard.clock.advance(days * DAY)
            dashboard.work(10)
            with dashboard.store.read() as connection:
                still = select(submissions.c.id).where(submissions.c.state.in_(UNSENT))
                assert unsent & set(connection.execute(still).scalars()) == left
