"""What one account may keep here: told on the form before anything is kept, and nothing is lost."""

import gzip
from functools import partial

import pytest
from sqlalchemy import Engine, event, func, select

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import confirm
from tests.web.markup import elements
from tests.work.observation import settle, submission
from webapp.store import tables, usage

LONG = data_ids(30_000)  # more than 1 MB, so the worker reads it
ONE_ID = usage.ITEM_BYTES + 2 * 36 + 37  # and its line in the upload


@pytest.fixture
def opened(database_url, tmp_path):
    """Opens a dashboard with such settings."""

    return partial(open_dashboard, database_url, tmp_path)


@pytest.fixture
def on_sqlite(tmp_path):
    return partial(open_dashboard, f"sqlite:///{tmp_path / 'b.db'}", tmp_path)


def kept(dashboard, table=tables.submissions):
    """How many rows of a table there are."""
    with dashboard.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def assert_refused(answer, words):
    assert answer.status_code == 422
    said = text(answer)
    assert words in said
    assert "Your drafts" in said


def test_drafts_are_limited_and_nothing_typed_is_lost(on_sqlite):
    with on_sqlite(account_drafts=2) as dashboard:
        demo = dashboard.visitor()
        first, _ = demo.draft(data_ids(1)), demo.draft(data_ids(1))
        answer = demo.upload(["one", *data_ids(2)], name="my third")
        assert_refused(answer, "You have 2 lists that were not submitted, and 2 is the most")
        assert kept(dashboard) == 2
        assert elements(answer, "input", name="name")[0]["value"] == "my third"
        assert elements(answer, "textarea", name="ids")[0].text.split() == ["one", *data_ids(2)]
        assert [one["checked"] is not None for one in elements(answer, "input", name="project_id")]
        dashboard.visitor("colleague-key").draft(data_ids(1))
        demo.post(f"{first}/discard")
        demo.submit(data_ids(1))
        assert demo.upload(data_ids(1)).status_code == 303
        assert demo.post("/find", {"ids": "\n".join(data_ids(1))}).status_code == 303


def test_lists_that_wait_to_be_read_are_limited(on_sqlite):
    with on_sqlite(account_unread=1) as dashboard:
        demo = dashboard.visitor()
        place = demo.draft(LONG, name="a long one")
        answer = demo.upload(data_ids(1))
        assert_refused(answer, "Wait until “a long one” is read, then send this one once more.")
        dashboard.work()
        assert submission(dashboard, place).state == "draft"
        assert demo.upload(data_ids(1)).status_code == 303


def test_bytes_are_limited_for_lists_and_questions_together(opened):
    with opened(account_gb=0.001) as dashboard:
        demo = dashboard.visitor()
        place = demo.draft(data_ids(2_000), name="most of it")
        assert submission(dashboard, place).kept_bytes == 2_000 * ONE_ID - 1
        answer = demo.upload(data_ids(1_000))
        assert "would take more than 0.001 GB, the most for one account" in text(answer)
        assert answer.status_code == 422
        question = demo.post("/find", {"ids": "\n".join(data_ids(2_000))}).location
        answer = demo.post("/find", {"ids": "\n".join(data_ids(500)), "name": "lost"})
        assert_refused(answer, "1 MB is the most for one account; what you keep takes 980 kB of it")
        assert elements(answer, "input", name="name")[0]["value"] == "lost"
        answer = demo.upload(data_ids(1_000), name="not now")
        assert_refused(answer, "Discard drafts, or delete lists and searches")
        assert kept(dashboard, tables.finds) == 1
        demo.post(f"{question}/delete")
        assert demo.post("/find", {"ids": "\n".join(data_ids(500))}).status_code == 303
        demo.post(f"{place}/discard")
        assert demo.upload(data_ids(1_000)).status_code == 303
        assert dashboard.visitor("colleague-key").upload(data_ids(2_000)).status_code == 303


def test_what_no_account_may_keep_is_told_as_that(on_sqlite):
    with on_sqlite(account_gb=0.001) as dashboard:
        answer = dashboard.visitor().post("/find", {"ids": "\n".join(data_ids(10_000))})
        assert_refused(answer, "1 MB is the most for one account, whatever is deleted. A smaller")
        assert kept(dashboard, tables.finds) == 0


def test_a_list_that_outgrows_its_room_while_it_is_read_is_unreadable(on_sqlite):
    with on_sqlite(account_gb=0.005) as dashboard:
        demo = dashboard.visitor()
        place = demo.draft(LONG)
        dashboard.work()
        row = submission(dashboard, place)
        assert row.state == "unreadable"
        assert row.kept_bytes == len("\n".join(LONG))
        said = text(demo.get(place))
        assert "all that you keep here would take more than 0.005 GB" in said
        assert "it was read up to line 20,000." in said
        assert kept(dashboard, tables.items) == 0


def test_lists_that_are_read_in_turns_have_one_room(on_sqlite):
    with on_sqlite(account_gb=0.012) as dashboard:
        demo = dashboard.visitor()
        long = demo.draft(LONG)
        packed = gzip.compress("\n".join([*data_ids(2_000), " " * 5_000_000]).encode())
        short = demo.draft("", file=(packed, "ids.txt.gz"))
        dashboard.work()
        assert submission(dashboard, short).state == "draft"
        assert submission(dashboard, long).state == "unreadable"


def test_what_else_is_kept_is_summed_once_a_list(on_sqlite):
    sums = []

    def note(_connection, _cursor, statement, *_):
        if "sum(submissions.kept_bytes)" in statement:
            sums.append(statement)

    with on_sqlite() as dashboard:
        place = dashboard.visitor().draft(LONG)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            dashboard.work()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        assert submission(dashboard, place).state == "draft"
        assert len(sums) == 1


def test_what_attempts_keep_is_counted(opened):
    with opened() as dashboard:
        demo = dashboard.visitor()
        place = demo.submit([*data_ids(3), *data_ids(2, ending="00")])
        settle(dashboard, place)
        before = submission(dashboard, place).kept_bytes
        confirm(demo, f"{place}/retry")
        settle(dashboard, place)
        assert submission(dashboard, place).kept_bytes == before + 2 * usage.HISTORY_BYTES


def test_a_batch_made_elsewhere_needs_room_for_its_items(on_sqlite):
    with on_sqlite(account_gb=0.001) as dashboard:
        demo = dashboard.visitor()
        script = dashboard.context.clients.for_key("demo-key", "")
        batch = script.create_batch(FIRST_PROJECT, data_ids(1_000, start=5_000)).id
        given = {"project_id": FIRST_PROJECT, "batch_id": batch, "name": "a script's"}
        place = demo.draft(data_ids(2_000))
        answer = demo.post("/submissions/adopt", given)
        assert_refused(answer, "This would take 352 kB here, and 1 MB is the most")
        assert elements(answer, "input", name="name")[0]["value"] == "a script's"
        assert kept(dashboard) == 1
        demo.post(f"{place}/discard")
        place = demo.post("/submissions/adopt", given).location
        settle(dashboard, place)
        assert submission(dashboard, place).kept_bytes == 1_000 * (usage.ITEM_BYTES + 2 * 36)
        assert demo.post("/submissions/adopt", given).location == place
