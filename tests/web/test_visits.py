"""What board and page tell of what has changed since the reader's last look."""

import re

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import breakdown, confirm
from tests.web.markup import elements
from tests.web.test_adopt import adopt
from tests.web.test_progress import statements
from webapp.store import visits
from webapp.web.core.formatting import clock
from webapp.web.submissions.visits import in_words

GAP = visits.VISIT_SECONDS + 1


def told(person, path):
    """What the page says of changes; "" for nothing."""
    found = elements(person.get(path), id="since")
    return " ".join(" ".join(one.text for one in found).split())


def since(path):
    return "your last visit" if path == "/submissions" else "you last saw it, here or on the board"


def test_board_and_page_tell_what_changed_since_the_last_look_at_either(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(data_ids(240) + data_ids(30, ending="00", start=500))
    stored.work(1)
    for path in ("/submissions", place):
        assert told(demo, path) == told(colleague, path) == ""  # a first look says nothing
    stored.work(400)
    for path in ("/submissions", "/submissions", place):  # as long as it was not read there
        said = told(demo, path)
        assert f"since {since(path)}" in said.lower()
        assert "240 more linked, 30 more failed. It has ended." in said
        stored.clock.advance(visits.VISIT_SECONDS / 4)
    for _ in range(2):
        for path in ("/submissions", place):
            assert told(demo, path) == ""
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
    dashboard.work(400)
    for path in ("/submissions", place):
        assert f"ince {since(path)}, {clock(looked_at)}: " in told(demo, path)


def test_a_list_that_was_never_seen_since_it_was_submitted_is_told(dashboard, demo):
    """Its reader closed the window; nobody else submitted it, so nobody else is told."""
    demo.submit(data_ids(9, start=90), name="Seen")
    assert told(demo, "/submissions") == ""  # it was submitted just now
    demo.submit(data_ids(4) + data_ids(2, ending="00", start=50), name="Never seen")
    submitted_at = dashboard.clock.now
    dashboard.work(400)
    said = told(demo, "/submissions")
    told_of = f"In Never seen, since you submitted it, {clock(submitted_at)}"
    assert f"{told_of}: 4 more linked, 2 more failed. It has ended." in said
    assert told(dashboard.visitor("colleague-key"), "/submissions") == ""


def test_a_batch_that_was_made_elsewhere_is_not_told_when_it_is_first_seen(dashboard, demo):
    script = dashboard.context.clients.for_key("demo-key", "")
    batch = script.create_batch(FIRST_PROJECT, data_ids(3)).id
    assert adopt(demo, batch).status_code == 303
    dashboard.work(400)
    assert told(demo, "/submissions") == ""


def test_an_end_is_told_however_soon_the_reader_is_back(dashboard, demo):
    place = demo.submit(data_ids(3))
    opened = [demo.get(path) for path in ("/submissions", place)]
    assert all("It has ended" not in text(page) for page in opened)
    dashboard.work(60)
    for path in ("/submissions", "/submissions", place):  # a reload of the board tells the same
        assert "3 more linked. It has ended." in told(demo, path)
    for path in (place, f"{place}/items", "/submissions"):  # it was read on the page itself
        assert told(demo, path) == "", path


def test_who_opens_pages_all_the_time_is_told_an_end_for_one_visit(dashboard, demo):
    place = demo.submit(data_ids(3))
    demo.get(place)
    dashboard.work(60)
    said = []
    for _ in range(8):
        said.append(told(demo, "/submissions") != "")
        dashboard.clock.advance(visits.VISIT_SECONDS / 2)
    assert said == [True] * 3 + [False] * 5


@pytest.mark.parametrize(
    ("before", "now", "told_of"),
    [
        (
            {"RUNNING": 9, "NOT_SENT": 40},
            {"LINKED": 46, "FAILED": 3},
            "46 more linked, 3 more failed",
        ),
        ({"LINKED": 9, "FAILED": 7}, {"LINKED": 14, "FAILED": 2}, "5 more linked, 5 fewer failed"),
        (
            {"LINKED": 32, "PARTIALLY_LINKED": 5},
            {"UNLINKED": 37},
            "37 more unlinked, 32 fewer linked, 5 fewer in part",
        ),
        ({"UNLINKED": 37}, {"LINKED": 37}, "37 more linked, 37 fewer unlinked"),
        ({"LINKED": 4, "LEFT_OUT": 2}, {"LINKED": 6}, "2 more linked, 2 fewer left out"),
        (
            {"FAILED": 3, "PARTIALLY_LINKED": 1},
            {"LINKED": 1_203, "PARTIALLY_UNLINKED": 2, "UNREAD": 3, "ODD": 1},
            "1,203 more linked, 1 more in part, 1 more odd, 3 fewer failed",
        ),
        ({"LINKED": 2}, {"LINKED": 2}, ""),
    ],
)
def test_what_each_group_has_gained_or_lost_is_told_once(before, now, told_of):
    """Of a list that runs, of what was tried again, undone, linked again or sent after all."""
    assert in_words(before, now) == told_of


def test_what_an_undo_has_taken_out_is_told_with_what_it_was(dashboard, demo):
    place = demo.submit(data_ids(32))
    dashboard.work(60)
    demo.get(place)
    dashboard.clock.advance(GAP)
    demo.get(place)
    confirm(demo, f"{place}/undo")
    dashboard.work(60)
    assert "32 more unlinked, 32 fewer linked. It has ended." in told(demo, "/submissions")


def test_a_visit_is_written_at_most_every_ten_seconds_and_by_no_poll(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.work(60)
    writes = []
    for _ in range(12):
        dashboard.clock.advance(4)
        with statements() as said:
            demo.get(place)
            demo.get("/submissions")
            demo.part(f"{place}/progress")
            demo.part("/submissions/rows")
        writes += [one for one in said if one.startswith("INSERT INTO visits")]
        assert sum("FROM visits" in one for one in said) == 2
    assert 3 <= len(writes) <= 6


def test_a_page_that_asks_for_itself_is_no_visit(dashboard, demo):
    """At the end it brings itself up to date: the reader may be away."""
    place = demo.submit(data_ids(3))
    demo.get(place)
    dashboard.work(400)
    for _ in range(2):
        with statements() as said:
            answer = demo.get(place, **{"HX-Request": "true", "HX-Request-Type": "full"})
        assert "3 more linked" in text(answer)
        assert not [one for one in said if one.startswith(("INSERT INTO visits", "UPDATE session"))]
        dashboard.clock.advance(GAP)
    assert "3 more linked" in told(demo, place)


def shown_on(page):
    """What a script says that this page shows: the submissions, each with its revision."""
    (part,) = elements(page, data_looks=None)
    return part["data-looks"]


def tell_look(person, shown, **more):
    """What an open page is answered that tells that its reader has seen this."""
    return person.post("/looks", {"shown": shown, **more})


def test_what_was_watched_to_its_end_is_told_nowhere(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(240) + data_ids(30, ending="00", start=500))
    stored.work(1)
    demo.get(place)
    stored.work(400)  # far more than a visit: a page was open all the time
    answer = tell_look(demo, shown_on(demo.part(f"{place}/progress?tab=overview")))
    assert (answer.status_code, answer.get_data()) == (204, b"")
    for gap in (0, GAP):
        stored.clock.advance(gap)
        for path in ("/submissions", place):
            assert told(demo, path) == "", (path, gap)


def test_so_is_an_end_that_changes_no_count(dashboard, demo):
    place = demo.submit(data_ids(9, ending="00"))
    dashboard.work(60)
    demo.get(place)
    dashboard.clock.advance(3 * GAP)
    demo.get(place)
    confirm(demo, f"{place}/retry")
    demo.get(place)
    dashboard.work(30)
    tell_look(demo, shown_on(demo.part(f"{place}/progress?tab=overview")))
    for path in ("/submissions", place):
        assert told(demo, path) == "", path


@pytest.mark.long
def test_what_came_after_what_was_watched_is_told(tmp_path):
    url = f"sqlite:///{tmp_path / 'linkboard.db'}"
    with open_dashboard(url, tmp_path, rate=1.0, batch_size=300) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(300))
        demo.get(place)
        dashboard.work(GAP, step=20)
        for _ in range(2):
            dashboard.work(30)
            tell_look(demo, shown_on(demo.part("/submissions/rows")))
            assert told(demo, place) == ""  # it begins no visit
        watched_at, linked = dashboard.clock.now, count_linked(demo, place)
        assert linked
        dashboard.work(400)
        said = told(demo, "/submissions")
        assert f"since your last visit, {clock(watched_at)}: {300 - linked:,} more linked." in said
        tell_look(demo, shown_on(demo.get("/submissions")))  # as another row moves there
        assert told(demo, "/submissions") == said


def count_linked(person, place):
    return breakdown(person.get(place))["LINKED"]


def test_an_end_that_the_page_did_not_show_yet_is_told(dashboard, demo):
    """It came between the last poll and the moment at which the page was left."""
    place = demo.submit(data_ids(9))
    shown = shown_on(demo.get(place))
    dashboard.work(60)
    tell_look(demo, shown)
    assert "9 more linked. It has ended." in told(demo, "/submissions")


@pytest.mark.parametrize("path", ["/submissions/rows", "{}/progress?tab=overview"])
def test_what_came_after_the_last_poll_is_told(dashboard, demo, path):
    """A page is left between two polls: its reader has not seen what has changed since."""
    place = demo.submit(data_ids(2_000))
    demo.get(place)
    dashboard.work(4)
    shown, later = (shown_of(demo, path.format(place), after=dashboard.work) for _ in range(2))
    assert linked_by(later) > linked_by(shown) > 0
    tell_look(demo, shown)
    dashboard.work(400)
    assert f"{2_000 - linked_by(shown):,} more linked. It has ended." in told(demo, "/submissions")


def test_a_page_that_shows_less_than_one_that_was_opened_since_tells_nothing(dashboard, demo):
    """It is left for that one, and is heard after it."""
    place = demo.submit(data_ids(2_000))
    demo.get(place)
    dashboard.work(4)
    shown, later = (shown_of(demo, place, after=dashboard.work) for _ in range(2))
    assert linked_by(later) > linked_by(shown) > 0
    tell_look(demo, shown)
    dashboard.work(400)
    assert f"{2_000 - linked_by(later):,} more linked. It has ended." in told(demo, "/submissions")


def shown_of(person, path, *, after):
    """What the page shows, after two more seconds."""
    after(2)
    return shown_on(person.part(path))


def linked_by(shown):
    return int(re.search(r"\bLINKED:(\d+)", shown)[1])


def test_who_comes_back_to_an_open_page_is_told_as_if_they_opened_it(dashboard, demo):
    place = demo.submit(data_ids(600))
    dashboard.clock.advance(1)
    shown = shown_on(demo.get(place))
    left_at = dashboard.clock.now
    dashboard.work(400)
    tell_look(demo, shown, back="1")
    refresh = demo.get(place, **{"HX-Request": "true", "HX-Request-Type": "full"})
    for path, page in ((place, refresh), ("/submissions", demo.get("/submissions"))):
        said = f"ince {since(path)}, {clock(left_at)}: 600 more linked. It has ended."
        assert said in " ".join(elements(page, id="since")[0].text.split())


def test_only_what_the_reader_may_see_is_noted(dashboard, demo):
    """Nothing tells whether there is a submission of that number."""
    place = demo.submit(data_ids(3))
    draft = demo.draft(data_ids(3))
    dashboard.work(60)
    number = int(place.rsplit("/", 1)[1])
    shown = f"{number}.1 {draft.rsplit('/', 1)[1]}.1 999999.1"
    for person, status in (("stranger-key", 204), (None, 401)):
        with statements() as said:
            answer = tell_look(dashboard.visitor(person), shown, back="1")
        assert (answer.status_code, answer.get_data()) == (status, b"")
        assert not [one for one in said if one.startswith("INSERT INTO visits")]
    assert "3 more linked. It has ended." in told(demo, place)


@pytest.mark.parametrize("shown", ["1", "x.1", "1.2,3.4", "1.99999999999", "1.1 " * 51, "1.2/"])
def test_what_no_page_of_ours_tells_is_refused(demo, shown):
    assert tell_look(demo, shown).status_code == 400


def test_a_look_prolongs_no_session_and_waits_for_no_writer(dashboard, demo):
    place = demo.submit(data_ids(3))
    shown = shown_on(demo.get(place))
    dashboard.work(400)
    with statements() as said:
        assert tell_look(demo, shown).status_code == 204
    assert not [one for one in said if one.startswith("UPDATE session")]
    with dashboard.store.write():
        assert tell_look(demo, shown, back="1").status_code == 204
    assert "3 more linked" in told(demo, place)


def test_the_newest_end_stands_first_and_the_rest_is_folded(dashboard, demo):
    for start in (10, 20, 30):
        demo.submit(data_ids(2, start=start), name=f"List {start}")
        dashboard.work(60)
    page = demo.get("/submissions")
    (fold,) = elements(page, "details", class_="changes")
    said, folded = told(demo, "/submissions"), " ".join(fold.text.split())
    assert said.startswith("In List 30, since you submitted it")
    assert f"{folded} Told for three minutes, or until you open the submission." in said
    assert folded.startswith("2 more submissions have changed In List 20, since")
    assert folded.index("In List 20") < folded.index("In List 10")
