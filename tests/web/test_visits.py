"""What board and page tell of what has changed since the reader's last look."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.markup import elements
from tests.web.test_adopt import adopt
from tests.web.test_progress import statements
from webapp.store import visits
from webapp.web.core.formatting import clock
from webapp.web.submissions.visits import in_words

GAP = visits.VISIT_SECONDS + 1


def told(person, path):
    """What the page says of changes; "" for nothing."""
    found = elements(person.get(path), class_="since")
    return " ".join(" ".join(one.text for one in found).split())


def test_board_and_page_tell_what_changed_since_the_last_look_at_either(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(data_ids(240) + data_ids(30, ending="00", start=500))
    stored.work(1)
    for path in ("/submissions", place):
        assert told(demo, path) == told(colleague, path) == ""  # a first look says nothing
    stored.work(3600)
    opened = "since you last opened a page that shows it"
    for path in ("/submissions", place) * 2:  # a page of the same visit tells the same
        said = told(demo, path)
        assert opened in said.lower()
        assert "240 more linked, 30 more failed. It has ended." in said
        stored.clock.advance(visits.VISIT_SECONDS / 4)
    stored.clock.advance(1)
    for _ in range(2):
        for path in ("/submissions", place):
            assert told(demo, path) == ""  # it was told, and the visit goes on
        stored.clock.advance(GAP)
    assert "It has ended" in told(colleague, place)  # who was away all the time


@pytest.mark.parametrize("on_board", [True, False])
def test_a_look_at_the_board_is_one_at_the_page_and_the_other_way_round(dashboard, demo, on_board):
    place = demo.submit(data_ids(600))
    for path in ("/submissions", place):
        demo.get(path)
    dashboard.clock.advance(GAP)
    demo.get("/submissions" if on_board else place)
    looked_at = dashboard.clock.now
    dashboard.work(3600)
    for path in ("/submissions", place):
        opened = f"ince you last opened a page that shows it, {clock(looked_at)}: "
        assert opened in told(demo, path), path


def test_a_list_that_was_never_seen_since_it_was_submitted_is_told(dashboard, demo):
    """Its reader closed the window; nobody else submitted it, so nobody else is told."""
    demo.submit(data_ids(9, start=90), name="Seen")
    assert told(demo, "/submissions") == ""  # it was submitted just now
    demo.submit(data_ids(4) + data_ids(2, ending="00", start=50), name="Never seen")
    submitted_at = dashboard.clock.now
    dashboard.work(3600)
    said = told(demo, "/submissions")
    told_of = f"In Never seen, since you submitted it, {clock(submitted_at)}"
    assert f"{told_of}: 4 more linked, 2 more failed. It has ended." in said
    assert told(dashboard.visitor("colleague-key"), "/submissions") == ""


def test_a_batch_that_was_made_elsewhere_is_not_told_when_it_is_first_seen(dashboard, demo):
    script = dashboard.context.clients.for_key("demo-key", "")
    batch = script.create_batch(FIRST_PROJECT, data_ids(3)).id
    assert adopt(demo, batch).status_code == 303
    dashboard.work(3600)
    assert told(demo, "/submissions") == ""


def test_an_end_is_told_however_soon_the_reader_is_back(dashboard, demo):
    place = demo.submit(data_ids(3))
    opened = [demo.get(path) for path in ("/submissions", place)]
    assert all("It has ended" not in text(page) for page in opened)
    dashboard.work(60)
    for path in ("/submissions", place) * 2:  # a reload tells the same
        assert "3 more linked. It has ended." in told(demo, path)
    dashboard.clock.advance(GAP)
    assert told(demo, place) == ""


def test_who_opens_pages_all_the_time_is_told_an_end_for_one_visit(dashboard, demo):
    place = demo.submit(data_ids(3))
    demo.get(place)
    dashboard.work(60)
    said = []
    for _ in range(8):
        said.append(told(demo, "/submissions") != "")
        dashboard.clock.advance(visits.VISIT_SECONDS / 2)
    assert said == [True] * 3 + [False] * 5


def test_what_is_put_right_is_told_too():
    before = {"LINKED": 5, "FAILED": 3, "RUNNING": 9, "NOT_SENT": 4, "PARTIALLY_LINKED": 1}
    now = {"LINKED": 1_208, "UNLINKED": 1, "PARTIALLY_UNLINKED": 2, "UNREAD": 3, "ODD": 1}
    assert in_words(before, now) == (
        "1,203 more linked, 1 more unlinked, 1 more in part, 3 fewer failed, 1 more odd"
    )
    assert in_words(now, now) == in_words({}, {}) == in_words({"LINKED": 2}, {"LINKED": 1}) == ""


def test_a_visit_is_written_at_most_once_a_minute_and_by_no_poll(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.work(60)
    writes = []
    for _ in range(12):
        dashboard.clock.advance(10)
        with statements() as said:
            demo.get(place)
            demo.get("/submissions")
            demo.part(f"{place}/progress")
            demo.part("/submissions/rows")
        writes += [one for one in said if one.startswith("INSERT INTO visits")]
        assert sum("FROM visits" in one for one in said) == 2
    assert 2 <= len(writes) <= 4


def test_a_page_that_asks_for_itself_is_no_visit(dashboard, demo):
    """At the end it brings itself up to date: the reader may be away."""
    place = demo.submit(data_ids(3))
    demo.get(place)
    dashboard.work(3600)
    for _ in range(2):
        with statements() as said:
            answer = demo.get(place, **{"HX-Request": "true", "HX-Request-Type": "full"})
        assert "3 more linked" in text(answer)
        assert not [one for one in said if one.startswith(("INSERT INTO visits", "UPDATE session"))]
        dashboard.clock.advance(GAP)
    assert "3 more linked" in told(demo, place)
