"""Nobody holds a list up for good: what ICA refuses ends, and what waits can be ended."""

from contextlib import contextmanager

import pytest

from tests.dashboard import data_ids, text
from tests.store.invariants import assert_consistent
from tests.web.confirmation import confirm, headline, statuses, told
from tests.work.observation import batch_rows, page, settle, submission
from tests.work.refusing_ica import refusing_dashboard
from webapp.store import batches
from webapp.store.enums import BatchState, Blocked, State
from webapp.store.leases import LEASE_SECONDS

pytestmark = pytest.mark.long

GOOD, LATE = data_ids(4), data_ids(5, ending="02", start=100)  # fail first, link when tried again
POST_BATCH = ("POST", "/dataLinkingBatch")
POST_UNLINK = ("POST", "/dataUnlinkingBatch")
PROJECT = "Rare disease WGS 2026"
VIEWER = 403, "You are a viewer."
NOTHING_SENT = (
    f"ICA does not let Carol Colleague link data into {PROJECT}, so nothing of this attempt was "
    "sent; its items are as they were."
)


@contextmanager
def opened(database_url, folder):
    with refusing_dashboard(database_url, folder, batch_size=2) as (dashboard, ica):
        yield dashboard, ica
        with dashboard.store.read() as connection:
            assert_consistent(connection)


@pytest.fixture
def stage(database_url, tmp_path):
    with opened(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def on_sqlite(tmp_path):
    with opened(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as found:
        yield found


def ended_list(dashboard):
    """A list that has ended, of which some items can be tried again."""
    found = dashboard.visitor().submit([*GOOD, *LATE])
    settle(dashboard, found)
    return found


def stop(visitor, place, number):
    answer = visitor.post(f"{place}/stop", {"attempt": str(number)})
    assert answer.status_code == 303, text(answer)
    return page(visitor, place)


def test_a_retry_that_ica_refuses_leaves_the_list_to_others(stage):
    dashboard, ica = stage
    place = ended_list(dashboard)
    owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    before = statuses(owner, place)
    ica.says[POST_BATCH] = VIEWER
    tried = confirm(colleague, f"{place}/retry")
    dashboard.work(5)
    assert submission(dashboard, place).state == State.SETTLED
    assert statuses(owner, place) == before
    for person in (owner, colleague):
        assert NOTHING_SENT in page(person, tried)
        assert NOTHING_SENT in told(person, place)[1]
        said = page(person, place)
        assert NOTHING_SENT.replace("this attempt", "attempt 2") in said
        assert "You are a viewer." in said
        assert "4 of 9 items linked; 5 not." in said
    ica.says.clear()
    confirm(owner, f"{place}/retry")
    settle(dashboard, place)
    assert statuses(owner, place) == dict.fromkeys([*GOOD, *LATE], "LINKED")
    assert NOTHING_SENT.replace("this attempt", "attempt 2") not in page(owner, place)


def test_an_undo_that_ica_refuses_can_be_done_by_others(on_sqlite):
    dashboard, ica = on_sqlite
    place = ended_list(dashboard)
    owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    before = headline(owner.get(place))
    ica.says[POST_UNLINK] = 404, "No such project."
    tried = confirm(colleague, f"{place}/undo")
    dashboard.work(5)
    assert f"Carol Colleague unlink data from {PROJECT}, so nothing" in page(owner, tried)
    assert headline(owner.get(place)) == before
    ica.says.clear()
    confirm(owner, f"{place}/undo")
    settle(dashboard, place)
    assert statuses(owner, place) == dict.fromkeys(GOOD, "UNLINKED") | dict.fromkeys(LATE, "FAILED")


def test_what_was_sent_before_a_refusal_goes_on(on_sqlite):
    dashboard, ica = on_sqlite
    place = ended_list(dashboard)
    visitor = dashboard.visitor()
    tried = confirm(visitor, f"{place}/retry")  # the first of three batches is sent at once
    ica.says[POST_BATCH] = VIEWER
    settle(dashboard, place)
    some_sent = f"ICA does not let Dana Demo link data into {PROJECT}, so 2 of 5 items of "
    assert f"{some_sent}this attempt were sent; the others are as they were." in page(
        visitor, tried
    )
    assert f"{some_sent}attempt 2 were sent" in page(visitor, place)
    assert submission(dashboard, place).counts == {"LINKED": 6, "FAILED": 3}


def test_a_retry_that_may_not_be_followed_any_more_ends(on_sqlite):
    dashboard, ica = on_sqlite
    place = ended_list(dashboard)
    owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    before = statuses(owner, place)
    confirm(colleague, f"{place}/retry")
    ica.says["GET", "/items"] = 403, "Not you."
    dashboard.work(30)
    assert batch_rows(dashboard, place)[-1].blocked == Blocked.MAY_NOT_READ
    said = page(owner, place)
    assert "It is asked about for 10 minutes; then it ends by itself" in said
    assert "Whoever began it, or submitted the list, can end it on this page." in said
    settle(dashboard, place, within=900, step=60)
    assert statuses(owner, place) == before
    assert "ICA does not let Carol Colleague see batch 1 of attempt 2 any more" in page(
        owner, place
    )
    ica.says.clear()
    confirm(owner, f"{place}/retry")
    settle(dashboard, place)
    assert set(statuses(owner, place).values()) <= {"LINKED", "ALREADY_LINKED"}


def test_a_retry_that_is_blocked_is_ended_by_who_began_it(stage):
    dashboard, ica = stage
    place = ended_list(dashboard)
    before, colleague = statuses(dashboard.visitor(), place), dashboard.visitor("colleague-key")
    confirm(colleague, f"{place}/retry")
    ica.says["GET", "/items"] = 403, "Not you."
    dashboard.work(30)
    assert submission(dashboard, place).shown_state == "blocked"
    stop(colleague, place, 2)
    dashboard.work(5)
    assert submission(dashboard, place).state == State.SETTLED
    assert statuses(dashboard.visitor(), place) == before
    ica.says.clear()
    confirm(dashboard.visitor(), f"{place}/retry")
    settle(dashboard, place)
    assert set(statuses(dashboard.visitor(), place).values()) <= {"LINKED", "ALREADY_LINKED"}


@pytest.mark.parametrize("sent", [False, True])
def test_a_retry_without_a_key_is_ended_by_the_submitter(on_sqlite, sent):
    dashboard, ica = on_sqlite
    place = ended_list(dashboard)
    owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    if not sent:
        ica.says[POST_BATCH] = 503, "Later."
    confirm(colleague, f"{place}/retry")
    ica.says.clear()
    colleague.post("/signout", {"forget": "1"})
    dashboard.work(60)
    assert Blocked.SIGN_IN in {batch.blocked for batch in batch_rows(dashboard, place)}
    stop(owner, place, 2)
    dashboard.work(5)
    assert submission(dashboard, place).state == State.SETTLED
    confirm(owner, f"{place}/retry")
    settle(dashboard, place)
    assert set(statuses(owner, place).values()) <= {"LINKED", "ALREADY_LINKED"}


def test_a_first_attempt_that_waits_for_a_role_can_be_stopped(on_sqlite):
    dashboard, ica = on_sqlite
    visitor = dashboard.visitor()
    ica.says[POST_BATCH] = VIEWER
    place = visitor.submit(GOOD)
    dashboard.work(700, step=60)
    assert submission(dashboard, place).shown_state == "blocked"
    stop(visitor, place, 1)
    dashboard.work(5)
    assert submission(dashboard, place).counts == {"NOT_SENT": 4}
    ica.says.clear()
    confirm(visitor, f"{place}/retry?status=NOT_SENT")
    assert settle(dashboard, place).counts == {"LINKED": 4}


def test_a_first_attempt_that_may_not_be_followed_can_be_ended(on_sqlite):
    dashboard, ica = on_sqlite
    visitor = dashboard.visitor()
    place = visitor.submit(GOOD)
    ica.says["GET", "/items"] = 403, "Not you."
    dashboard.work(10)
    assert submission(dashboard, place).shown_state == "blocked"
    assert "End it: send nothing more of it, and follow it no longer" in page(visitor, place)
    said = stop(visitor, place, 1)
    assert "2 batches are not followed any more" in said
    dashboard.work(5)
    assert submission(dashboard, place).state == State.SETTLED
    assert "What waited was ended here before ICA told the outcome of batch 1." in page(
        visitor, place
    )
    assert {one.state for one in batch_rows(dashboard, place)} == {BatchState.LOST}


def test_a_retry_that_workers_die_of_can_be_ended(on_sqlite):
    dashboard, _ = on_sqlite
    place = ended_list(dashboard)
    owner, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
    before = statuses(owner, place)
    confirm(colleague, f"{place}/retry")
    for _ in range(3 * 3):  # of each of its batches
        with dashboard.store.write() as connection:
            assert batches.claim(connection, "a worker that dies", dashboard.clock.now)
        dashboard.clock.advance(LEASE_SECONDS / 3)
    dashboard.clock.advance(LEASE_SECONDS)
    dashboard.work()
    assert {batch.blocked for batch in batch_rows(dashboard, place)[-3:]} == {Blocked.DEADLY}
    stop(owner, place, 2)
    dashboard.work(5)
    assert submission(dashboard, place).state == State.SETTLED
    assert statuses(owner, place) == before
