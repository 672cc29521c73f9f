"""Reading an upload: every id keeps its place, and a list of blanks keeps nobody waiting."""

import gzip

import pytest
from sqlalchemy import func, select

from tests.dashboard import SECRET_KEY, data_ids, open_dashboard, text
from tests.simulated_ica import Clock
from tests.work.observation import rows, submission
from webapp.store import tables, uploads
from webapp.store.leases import LEASE_SECONDS
from webapp.vault import Vault
from webapp.work.context import Context
from webapp.work.worker import Worker

MB = 1_000_000
GOOD = data_ids(2)
ODD = ["prøve-漢😀-$.%&=+*~!?@^", "a#b:c", "123", "1e5", "nil", "true"]


def packed(megabytes):
    """A small file: an id, a line of so many megabytes of blanks, an id."""
    blanks = b" " * (megabytes * MB)
    return gzip.compress(b"\n".join([GOOD[0].encode(), blanks, GOOD[1].encode()]))


class Watching(Clock):
    """Goes on by `tick` seconds with each look at it while a worker reads, and notes the drafts in
    the order in which they become so, and whether a lease had lapsed.
    """

    def __init__(self, dashboard, tick):
        super().__init__(dashboard.clock.now)
        self.store, self.tick, self.drafts, self.lapsed = dashboard.store, tick, [], []

    def __call__(self):
        with self.store.read() as connection:
            found = select(tables.submissions.c.id).where(tables.submissions.c.state == "draft")
            drafts = connection.execute(found).scalars().all()
            leases = connection.execute(select(tables.uploads.c.lease_until)).scalars().all()
        if any(leases):
            self.advance(self.tick)
            self.lapsed += [until < self.now for until in leases if until]
        self.drafts += [one for one in drafts if one not in self.drafts]
        return self.now


class Slow(Clock):
    """Goes on by `tick` seconds with each look at it while the worker reads the upload."""

    def __init__(self, dashboard, place, tick):
        super().__init__(dashboard.clock.now)
        self.store, self.id, self.tick = dashboard.store, int(place.rpartition("/")[2]), tick
        self.lapsed = []  # whether the lease had, at each look

    def __call__(self):
        with self.store.read() as connection:
            upload = uploads.get(connection, self.id)
        if upload.lease_until and upload.worker != "web":
            self.advance(self.tick)
            self.lapsed.append(upload.lease_until < self.now)
        return self.now


def read_slowly(dashboard, place, tick):
    clock = Slow(dashboard, place, tick)
    context = Context.build(dashboard.settings, dashboard.store, Vault(SECRET_KEY), clock=clock)
    Worker(context).work_through()
    return clock.lapsed


@pytest.fixture
def small(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as dashboard:
        yield dashboard


def test_a_small_file_that_unpacks_to_much_is_left_to_the_worker(small):
    visitor = small.visitor()
    place = visitor.draft("", file=(packed(5), "ids.txt.gz"))
    assert "The list is being read" in text(visitor.get(place))
    small.work()
    assert "2 ids" in text(visitor.get(place))


def test_the_lease_holds_while_no_entry_comes(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        place = dashboard.visitor().draft("", file=(packed(20), "ids.txt.gz"))
        lapsed = read_slowly(dashboard, place, 1.0)
        assert len(lapsed) > 60
        assert not any(lapsed)
        assert "2 ids" in text(dashboard.visitor().get(place))


def test_what_comes_to_no_end_is_given_up(small):
    visitor = small.visitor()
    place = visitor.draft("", file=(packed(30), "ids.txt.gz"))
    read_slowly(small, place, 4.0)
    page = text(visitor.get(place))
    assert "read for 5 minutes without coming to its end" in page
    assert "nothing was sent" in page


@pytest.mark.slow
def test_repeats_and_rejects_between_chunks_move_nothing(database_url, tmp_path):
    ids = data_ids(34_000)
    lines = [line for one in ids[:4000] for line in (one, one, "not an id")]
    lines += ids[4000:33_000]
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        file = (gzip.compress("\n".join(lines).encode()), "ids.txt.gz")
        place = visitor.draft(ids[33_000:], file=file)
        dashboard.work()
        draft = submission(dashboard, place)
        expected = [(str(3 * n + 1), one) for n, one in enumerate(ids[:4000])]
        expected += [(str(line), one) for line, one in enumerate(ids[4000:], start=12_001)]
        assert [(row["line"], row["data_id"]) for row in rows(visitor, place)] == expected
        assert draft.item_count == 34_000
        assert (draft.review.repeated, draft.review.rejected) == (4000, 4000)


def test_ids_are_kept_letter_by_letter(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft([*data_ids(2), *ODD])
        assert [row["data_id"] for row in rows(visitor, place)] == [*data_ids(2), *ODD]


@pytest.mark.long
def test_what_is_no_item_is_kept_up_to_a_number_and_counted_beyond(tmp_path):
    """A file of 1.1 MB made 450 MB of entries, and held the one reader for 85 s."""
    lines = [*GOOD, *["no id " + "x" * 190] * 12_000, *[GOOD[0]] * 11_000]
    file = gzip.compress("\n".join(lines).encode())
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.draft("", file=(file, "list.txt.gz"))
        dashboard.work(1)
        review = submission(dashboard, place).review
        assert (review.good, review.rejected, review.repeated) == (2, 12_000, 11_000)
        assert kept_entries(dashboard) == {"rejected": 10_000, "repeated": 10_000}
        said = text(visitor.get(place))
        assert "12,000 rejected" in said
        assert said.count("See the first 10,000") == 2
        listed = f"{place}/entries?kind=rejected"
        assert "more: they are counted" not in text(visitor.get(listed))
        assert "And 2,000 more: they are counted" in text(visitor.get(f"{listed}&after=9990"))
        back = gzip.decompress(visitor.get(f"{place}/list").get_data()).decode().splitlines()
        assert len(back) == 1 + len(lines)
        assert sum("REJECTED" in line for line in back) == 12_000


def kept_entries(dashboard):
    of = tables.entries.c
    with dashboard.store.read() as connection:
        rows = connection.execute(select(of.kind, func.count()).group_by(of.kind)).all()
    return {str(kind): count for kind, count in rows}


@pytest.fixture
def long_and_short(database_url, tmp_path):
    """A list that takes long, and two short ones that came later; their ids."""
    with open_dashboard(database_url, tmp_path) as dashboard:
        visitor = dashboard.visitor()
        places = [visitor.draft(data_ids(30_000))]
        places += [visitor.draft("", file=(packed(5), "ids.txt.gz")) for _ in range(2)]
        yield dashboard, [int(place.rpartition("/")[2]) for place in places]


def order_of_drafts(dashboard, tick):
    clock = Watching(dashboard, tick)
    context = Context.build(dashboard.settings, dashboard.store, Vault(SECRET_KEY), clock=clock)
    Worker(context).work_through()
    clock()
    assert not any(clock.lapsed)
    return clock.drafts


def test_memory_that_can_not_be_given_back_is_no_failure(tmp_path):
    """The list is read by then, and another thread may write."""
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with open_dashboard(url, tmp_path, patience=0.05) as dashboard, dashboard.store.write():
        dashboard.store.release_memory()


def died_of(dashboard, upload_id):
    with dashboard.store.write() as connection:
        assert uploads.claim_one(connection, upload_id, "a worker that dies", dashboard.clock.now)
    dashboard.clock.advance(LEASE_SECONDS)


def test_short_lists_are_read_before_the_rest_of_a_long_one(long_and_short):
    dashboard, (long, *short) = long_and_short
    assert order_of_drafts(dashboard, 0.0) == [*short, long]


def test_a_long_list_has_its_turn_after_each_short_one(long_and_short):
    dashboard, (long, first, second) = long_and_short
    assert order_of_drafts(dashboard, 2.0) == [first, long, second]


def test_a_list_that_a_worker_has_died_of_is_read_alone(long_and_short):
    """Else a deadly one would take another with it, three times."""
    dashboard, (long, first, second) = long_and_short
    died_of(dashboard, first)
    assert order_of_drafts(dashboard, 0.0) == [second, long, first]


def test_nothing_is_read_within_a_list_that_a_worker_has_died_of(long_and_short):
    dashboard, (long, *short) = long_and_short
    died_of(dashboard, long)
    assert order_of_drafts(dashboard, 0.0) == [long, *short]
