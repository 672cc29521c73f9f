"""The board: what one may see, filtered, searched and paged."""

import re

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import READ_ONLY_PROJECT
from tests.web.confirmation import confirm
from tests.web.markup import element, elements, link, with_class


def names(answer):
    return [name.text for name in elements(answer, "a", class_="row-name")]


def test_a_board_that_was_never_used_invites_to_begin(demo):
    page = demo.get("/submissions")
    assert "No submissions yet" in text(page)
    assert link(page, "Upload your first list") == "/submissions/new"


@pytest.mark.parametrize("first", [0, 1])
def test_each_is_told_whose_a_list_is_whoever_looks_first(stored, first):
    people = [stored.visitor(), stored.visitor("colleague-key")]
    place = people[0].submit(data_ids(3), name="Mine")
    for person in people[::-1] if first else people:
        (by,) = elements(person.get("/submissions"), "td", data_label="By")
        assert by.text == ("you" if person is people[0] else "Dana Demo")
    people[0].post(f"{place}/edit", {"name": "Renamed", "note": ""})
    for person in people:
        assert "Renamed" in text(person.get("/submissions"))


def test_nothing_matches_is_another_thing(demo):
    demo.draft(data_ids(1), name="alpha")
    page = demo.get(demo.searched("/submissions", "omega"))
    assert "Nothing matches" in text(page)
    assert link(page, "Clear the filters") == "/submissions"
    assert "No submissions yet" not in text(page)


def test_what_is_in_the_archive_alone_is_hinted_at(dashboard, demo):
    place = demo.submit(data_ids(1), name="alpha")
    dashboard.work(20)
    assert demo.post(f"{place}/archive").status_code == 303
    page = demo.get(demo.searched("/submissions?state=running", "alph"))
    assert "Nothing matches" in text(page)
    assert names(demo.get(link(page, "Look in the archive"))) == ["alpha"]
    assert "The archive has what you look for." in text(page)
    assert link(demo.get("/submissions"), "Look in the archive") == "/submissions?state=archived"
    assert (
        demo.part(demo.searched("/submissions", "alph").replace("?", "/rows?")).status_code == 200
    )
    for path in (
        demo.searched("/submissions", "omega"),
        demo.searched("/submissions?state=archived", "omega"),
        "/submissions?state=draft",
    ):
        assert link(demo.get(path), "Look in the archive") is None
    stranger = dashboard.visitor("stranger-key")
    hidden = stranger.get(stranger.searched("/submissions", "alpha"))
    assert link(hidden, "Look in the archive") is None


def test_outcomes_are_told_in_words(dashboard, demo):
    place = demo.draft([*data_ids(27), *data_ids(3, ending="00"), "sample-7"], name="alpha")
    demo.post(f"{place}/leave-out", {"which": "unusual"})
    demo.post(f"{place}/submit")
    assert outcome(demo) == "30 under way, 1 left out"
    dashboard.work(20)
    assert outcome(demo) == "27 linked, 3 failed, 1 left out"


def shown_chips(visitor, query):
    """The words of each filter."""
    page = visitor.get(f"/submissions?{query}")
    return [" ".join(chip.text.split()) for chip in with_class(page, "chip")]


def chips(visitor, query=""):
    """{label: count} of the filters."""
    words = shown_chips(visitor, query)
    found = [re.match(r"([A-Za-z ]+?) ?([\d,]+)", word) for word in words]
    return {match[1]: int(match[2]) for match in found if int(match[2])}


@pytest.mark.slow
def test_a_filter_for_each_word_of_the_board_with_its_count(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=100.0, batch_size=10) as dashboard:
        demo, colleague = dashboard.visitor(), dashboard.visitor("colleague-key")
        good, bad, in_use = data_ids(4), data_ids(2, ending="00"), data_ids(1, ending="fe")
        demo.submit(good, name="done")
        demo.submit(bad, name="failures")
        undone = demo.submit(data_ids(4, start=50), name="undone")
        partly = demo.submit([*data_ids(4, start=60), *in_use], name="partly")
        dashboard.sim.set_faults({"create:refused-batch": 1})
        demo.submit(data_ids(2, start=70), name="refused")
        dashboard.work()
        dashboard.sim.set_faults({})
        stopped = demo.submit(data_ids(30, start=100), name="stopped")
        demo.post(f"{stopped}/stop")
        old = demo.submit(data_ids(2, start=80), name="old")
        dashboard.work(40)
        for place in (undone, partly):
            confirm(demo, f"{place}/undo")
        demo.post(f"{old}/archive")
        dashboard.work(40)
        colleague.submit(data_ids(2, start=90), name="blocked", project=READ_ONLY_PROJECT)
        colleague.submit(data_ids(9, start=400), name="running")
        demo.draft(good, name="draft")
        assert chips(demo) == {
            "Drafts": 1,
            "Running": 1,
            "Blocked": 1,
            "Done": 1,
            "With failures": 2,
            "Not sent": 1,
            "Partly undone": 1,
            "Undone": 1,
            "Archived": 1,
            "Mine": 7,
        }
        for word, found in {
            "draft": ["draft"],
            "running": ["running"],
            "blocked": ["blocked"],
            "done": ["done"],
            "with_failures": ["stopped", "failures"],
            "not_sent": ["refused"],
            "partly_undone": ["partly"],
            "undone": ["undone"],
            "archived": ["old"],
        }.items():
            page = demo.get(f"/submissions?state={word}")
            assert names(page) == found, word
            assert link(page, "Clear the filters") is None
        assert names(demo.get("/submissions?mine=1&state=running")) == []
        assert names(colleague.get("/submissions?mine=1")) == ["running", "blocked"]
        assert chips(demo, "mine=1")["Mine"] == 7
        assert "Running" not in chips(demo, "mine=1")


@pytest.mark.slow
def test_a_list_is_one_row_with_its_present_outcome(stored):
    visitor = stored.visitor()
    archived = data_ids(4, ending="02")
    place = visitor.submit([*data_ids(27), *archived], name="alpha")
    stored.work(20)
    assert outcome(visitor) == "27 linked, 4 failed"
    confirm(visitor, f"{place}/retry")
    assert " ".join(outcome(visitor).split()).endswith("2 attempts")
    stored.work(20)
    assert " ".join(outcome(visitor).split()) == "31 linked · 2 attempts"
    confirm(visitor, f"{place}/undo", picked=[1, 2])
    stored.work(20)
    assert " ".join(outcome(visitor).split()) == "29 linked, 2 unlinked · 3 attempts"
    assert names(visitor.get("/submissions")) == ["alpha"]
    assert "Partly undone" in text(visitor.get("/submissions?state=partly_undone"))


def outcome(visitor):
    return element(visitor.get("/submissions"), "td", data_label="Outcome").text.strip()


def test_what_a_stranger_sees_of_a_used_board_is_an_unused_one(dashboard, demo):
    demo.submit(data_ids(1), name="alpha")
    assert "No submissions yet" in text(dashboard.visitor("stranger-key").get("/submissions"))


def test_it_finds_by_name_project_and_person(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    demo.submit(data_ids(1), name="alpha 100 %")
    colleague.submit(data_ids(1, start=9), name="beta", project=READ_ONLY_PROJECT)
    stored.work(30)
    for typed, found in {
        "ALPHA": ["alpha 100 %"],
        "read only": ["beta"],
        "carol": ["beta"],
        "%": ["alpha 100 %"],
        "_": [],
    }.items():
        assert names(demo.get(demo.searched("/submissions", typed))) == found, typed
    for query, found in {
        f"project={READ_ONLY_PROJECT}": ["beta"],
        "state=blocked": ["beta"],
        "state=done": ["alpha 100 %"],
        "state=done&state=blocked": ["beta", "alpha 100 %"],
        "state=undone": [],
        "state=settled": [],
        "mine=1": ["alpha 100 %"],
        "mine=1&state=blocked": [],
        "": ["beta", "alpha 100 %"],
    }.items():
        assert names(demo.get(f"/submissions?{query}")) == found, query
    assert shown_chips(demo, "") == ["Blocked1", "Done1", "Mine1"]  # none that leads to nothing
    assert "Undone0(chosen; remove)" in shown_chips(demo, "state=undone")  # but what is chosen
    assert "you" in text(demo.get(demo.searched("/submissions", "alpha")))
    assert "Carol Colleague" in text(demo.get(demo.searched("/submissions", "beta")))


def test_it_is_paged_both_ways_and_keeps_its_filters(stored):
    demo = stored.visitor()
    for number in range(27):
        demo.draft(data_ids(1), name=f"list {number}")
    demo.draft(data_ids(1), name="another")
    place = demo.searched("/submissions?state=draft", "list")
    first = demo.get(place)
    assert names(first) == [f"list {number}" for number in range(26, 1, -1)]
    second = demo.get(link(first, "Next"))
    assert names(second) == ["list 1", "list 0"]
    assert link(second, "Next") is None
    asked = {*place.partition("?")[2].split("&")}
    assert asked < {*link(second, "Previous").partition("?")[2].split("&")}
    assert names(demo.get(link(second, "Previous"))) == names(first)
    assert not [chip for chip in with_class(second, "chip") if "after=" in chip["href"]]


def test_a_draft_is_its_uploader_s_alone(dashboard, demo):
    demo.draft(data_ids(1), name="alpha")
    assert names(dashboard.visitor("colleague-key").get("/submissions")) == []


def test_the_board_of_an_absent_ica_is_what_was_known_last(dashboard, demo):
    demo.submit(data_ids(3), name="alpha")
    dashboard.sim.stop()
    dashboard.work(20)
    assert names(demo.get("/submissions")) == ["alpha"]


def test_another_s_work_is_there_at_the_first_visit(dashboard, demo):
    demo.submit(data_ids(1), name="alpha")
    page = dashboard.visitor("colleague-key").get("/submissions")
    assert names(page) == ["alpha"]
    assert element(page, "th", scope="row")


def test_after_a_long_absence_it_is_not_empty(dashboard, demo):
    demo.submit(data_ids(1), name="alpha")
    place = demo.draft(data_ids(1), name="beta")
    dashboard.clock.advance(3 * 86_400)
    demo.sign_in()
    assert names(demo.get("/submissions")) == ["beta", "alpha"]
    dashboard.clock.advance(3 * 86_400)
    demo.sign_in()
    assert demo.get(place).status_code == 200
