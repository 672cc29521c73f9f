"""What board and page tell of what has changed since the reader's last visit."""

from tests.dashboard import data_ids, text
from tests.web.markup import elements
from tests.web.test_progress import statements
from webapp.store import visits
from webapp.web.submissions.visits import in_words

GAP = visits.VISIT_SECONDS + 1


def told(person, path):
    """What the page says of changes; "" for nothing."""
    found = elements(person.get(path), class_="since")
    return " ".join(" ".join(one.text for one in found).split())


def test_board_and_page_tell_what_changed_since_the_last_visit(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(data_ids(240) + data_ids(30, ending="00", start=500))
    stored.work(1)
    for path in ("/submissions", place):
        assert told(demo, path) == ""  # a first visit says nothing
    stored.work(3600)
    for path in ("/submissions", place):
        for _ in range(2):  # a reload tells the same
            said = told(demo, path)
            assert "linked, 30 more failed" in said
            assert "It has ended" in said
            stored.clock.advance(visits.VISIT_SECONDS - 1)
        stored.clock.advance(GAP)
        assert told(demo, path) == ""  # it was told
        assert told(colleague, path) == ""  # whose first visit this is


def test_an_end_is_told_however_soon_the_reader_is_back(dashboard, demo):
    place = demo.submit(data_ids(3))
    opened = [demo.get(path) for path in ("/submissions", place)]
    assert all("It has ended" not in text(page) for page in opened)
    dashboard.work(60)
    for path in ("/submissions", place):
        for _ in range(2):  # a reload tells the same
            assert "3 more linked. It has ended." in told(demo, path)
    dashboard.clock.advance(GAP)
    assert told(demo, place) == ""


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
    assert 2 * 2 <= len(writes) <= 2 * 3


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
