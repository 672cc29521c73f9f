"""Items: kept in chunks, paged both ways, found by id and by name."""

from functools import partial

import pytest
from sqlalchemy import event, text

from webapp.store import batches, items, lifecycle
from webapp.store.items import Slice
from webapp.store.paging import Cursor

IDS = [f"fil.{number:032x}" for number in range(1, 41)]
ALL = [Slice()]
NAMES = {12: "Sample_12.BAM", 20: "50%_off.txt", 21: "50_off.txt", 22: "Ångström.TXT"}


@pytest.fixture
def draft(store, make_draft):
    """Forty items: every third has failed, every other third is linked, some have names."""
    submission_id = make_draft(IDS)
    words = "case position % 3 when 0 then 'FAILED' when 1 then 'LINKED' else status end"
    with store.write() as connection:
        connection.execute(text(f"UPDATE items SET status = {words}"))
        for position, name in NAMES.items():
            named = {"name": name, "position": position}
            connection.execute(
                text("UPDATE items SET name = :name WHERE position = :position"), named
            )
    return submission_id


@pytest.fixture
def positions(store, draft):
    """positions(...) of one page, with the arguments of items.page after the submission."""

    def of(wanted=ALL, search="", cursor=None, size=100):
        with store.read() as connection:
            page = items.page(connection, draft, wanted, search, cursor or Cursor(), size)
        return [row.position for row in page.rows], page.previous, page.next

    return of


RANGES = [
    (ALL, list(range(1, 41))),
    ([Slice("FAILED")], list(range(3, 41, 3))),
    ([Slice("LINKED"), Slice("FAILED")], [n for n in range(1, 41) if n % 3 != 2]),
    ([Slice("LINKED", 10, 20), Slice("LINKED", 30)], [10, 13, 16, 19, 31, 34, 37, 40]),
    ([Slice("NEVER_HEARD_OF")], []),
    ([], []),
]
SEARCHES = [
    (IDS[6], [7]),
    (IDS[6][:-1], list(range(1, 16))),
    (IDS[6][:8], list(range(1, 41))),
    ("fil.0", list(range(1, 41))),
    ("fol.00000", []),
    ("fil.0001", []),
    (IDS[6][4:-1], list(range(1, 16))),
    ("0000", list(range(1, 41))),
    ("000", []),
    ("0001", []),
    ("sample_12", [12]),
    ("SAMPLE_12", [12]),
    ("ngström.txt", [22]),
    ("50%", [20]),
    ("50_", [21]),
    ("nowhere", []),
]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_forth_and_back_show_the_same_rows(positions, size):
    for wanted, expected in RANGES:
        forth, after = [], None
        while True:
            rows, previous, after = positions(wanted, cursor=Cursor(after=after), size=size)
            assert (previous is None) == (not forth)
            forth += rows
            if after is None:
                break
        assert forth == expected
        back, before = [], 41
        while before is not None:
            rows, before, _ = positions(wanted, cursor=Cursor(before=before), size=size)
            back = rows + back
        assert back == expected


def test_a_search_finds_ids_beginnings_of_ids_and_parts_of_names(positions):
    found = [(search, positions(search=search)[0]) for search, _ in SEARCHES]
    assert found == SEARCHES


def test_a_search_finds_ica_s_own_ids_of_any_shape(store, positions):
    with store.write() as connection:
        own = "UPDATE items SET data_id = 'Own-7', line = NULL WHERE position = 30"
        connection.execute(text(own))
    assert [positions(search=search)[0] for search in ("Own", "Own-7", "wn")] == [[30], [30], []]


def test_a_search_goes_with_a_status_and_a_cursor(positions):
    assert positions([Slice("FAILED")], "sample")[0] == [12]
    assert positions([Slice("LINKED"), Slice("UNREAD", 15)], "off")[0] == [20]
    assert positions([Slice("LINKED"), Slice("UNREAD", 15)], "TXT", Cursor(before=22))[0] == [20]
    assert positions([Slice("FAILED")], IDS[0][:20], Cursor(after=30))[0] == [33, 36, 39]
    assert positions([Slice("FAILED")], IDS[5])[0] == [6]
    assert positions([Slice("LINKED")], IDS[5])[0] == []


MIDDLE = Cursor(after=5)


@pytest.fixture
def plan(store, draft):
    """plan(wanted, search) is how the database looks for a page of items, in its own words."""

    def of(wanted, search, cursor=MIDDLE):
        asked = []
        event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
        with store.read() as connection:
            items.page(connection, draft, wanted, search, cursor, 50)
            explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
            if not store.is_sqlite:  # it would read a table as small as this one whole
                connection.execute(text("SET LOCAL enable_seqscan = off"))
                connection.execute(text("SET LOCAL enable_bitmapscan = off"))
            statement, values = next(
                call for call in asked if " FROM items" in " ".join(call[0].split())
            )
            return "\n".join(map(str, connection.exec_driver_sql(explain + statement, values)))

    return of


def test_an_id_is_looked_up_in_its_index(plan):
    """Walking the submission in order looks cheap to a planner: a million rows to find one."""
    assert "ix_items_data_id_submission_id" in plan(ALL, IDS[6])
    assert "ix_items_data_id_submission_id" in plan([Slice("LINKED"), Slice("FAILED")], IDS[6])


@pytest.mark.parametrize("cursor", [Cursor(), MIDDLE, Cursor(before=5)])
def test_a_status_is_looked_up_in_its_index_on_each_page(store, plan, cursor):
    """Rows of a rare one may stand far apart: none is to be read on the way to the next."""
    found = plan([Slice("LINKED"), Slice("FAILED")], "", cursor)
    assert found.count("ix_items_submission_id_status_position") == 2 or not store.is_sqlite


@pytest.mark.parametrize("statuses", [(None,), ("LINKED",), ("LINKED", "FAILED")])
def test_a_name_is_looked_for_once_through_the_list(store, plan, statuses):
    """Names stand in the rows: to find these by an index of statuses takes twice as long."""
    found = plan([Slice(status) for status in statuses], "sample")
    assert found.count("PRIMARY KEY" if store.is_sqlite else "pk_items") == 1
    assert "ix_items" not in found


@pytest.mark.parametrize("wanted", [ALL, [Slice("UNREAD"), Slice("UNREAD", 1, 2_900)]])
def test_a_search_goes_on_where_the_last_page_ended(store, make_draft, wanted):
    """Of a million rows, each page of a file would read all up to its own."""
    if not store.is_sqlite:
        pytest.skip("only SQLite tells its steps")
    draft, steps = make_draft([f"fil.{number:032x}" for number in range(3_000)]), []
    for cursor in (Cursor(), Cursor(after=2_700), Cursor(before=300)):
        told = []
        with store.read() as connection:
            driver = connection.connection.driver_connection
            driver.set_progress_handler(partial(told.append, 0), 100)
            assert not items.page(connection, draft, wanted, "nowhere", cursor, 50).rows
            driver.set_progress_handler(None, 0)
        steps.append(len(told))
    whole, after, before = steps
    assert max(after, before) < whole / 5


def test_every_item_comes_once_however_many_there_are(store, make_draft):
    many = [f"fil.{number:032x}" for number in range(items.CHUNK_ROWS // 2 + 7)]
    submission_id = make_draft(many)
    assert [row.data_id for row in items.each(store, submission_id)] == many


def test_files_have_every_item_of_a_filter_once(store, draft, monkeypatch):
    monkeypatch.setattr(items, "PAGE_ROWS", 3)
    monkeypatch.setattr(items, "CHUNK_ROWS", 4)
    for wanted, positions in RANGES:
        pages = list(items.rows(store, draft, wanted))
        assert [row.position for page in pages for row in page] == positions
        lines = "".join(items.ids(store, draft, wanted)).splitlines()
        assert lines == [IDS[position - 1] for position in positions]
    assert "".join(items.ids(store, draft, ALL, "50%")) == f"{IDS[19]}\n"


@pytest.mark.parametrize("first", [1, 7, 30, 41])
def test_ids_are_found_wherever_they_stand(store, draft, first):
    """`first` tells where most of them stand, and nothing more."""
    wanted = {IDS[6], IDS[7], IDS[29], "fil.none"}
    with store.write() as connection:
        connection.execute(text("UPDATE items SET line = NULL WHERE position = 8"))
        found = items.by_data_id(connection, draft, wanted, first)
    assert {data_id: row.position for data_id, row in found.items()} == {IDS[6]: 7, IDS[29]: 30}


def test_items_are_dropped_by_the_chunk(store, make_draft):
    submission_id, other = make_draft(IDS), make_draft(IDS)
    with store.write() as connection:
        dropped = [lifecycle.drop_rows(connection, submission_id, 15) for _ in range(4)]
        assert dropped == [15, 15, 10, 0]
    assert len(list(items.each(store, other))) == 40


def test_unsent_rows_are_told_from_sent_ones(store, make_batches):
    first, *_ = make_batches(3)
    with store.write() as connection:
        batch = batches.claim(connection, "w", 1_000_000.0)
        batches.record(connection, batch, 1_000_000.0, state="running", task="refresh")
        batch_rows = batches.of_submission(connection, batch.submission_id)
    assert items.slices(batch_rows, ["NOT_SENT"]) == [Slice("UNREAD", 2, 3), Slice("NOT_SENT")]
    assert items.slices(batch_rows, ["UNREAD", "LINKED"]) == [
        Slice("UNREAD", 1, 1),
        Slice("LINKED"),
    ]
    assert batch.id == first
