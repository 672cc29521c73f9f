"""A submission's page: one head, and five tabs, each an address of its own."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import breakdown, confirm, headline
from tests.web.markup import element, elements, with_class
from webapp.web.submissions import status_text

TABS = {
    "Overview": "",
    "Items": "/items",
    "Reasons": "/reasons",
    "Attempts": "/attempts",
    "Batches": "/batches",
}


def marks(page):
    """What the page says to the browser's tab: headline, icon, percent, failed, whether ended."""
    part = element(page, id="progress")
    told = [part[f"data-{name}"] for name in ("headline", "icon", "percent", "failed")]
    title = element(page, "title").text
    assert title.startswith(f"{told[0]} · " if told[0] else "")
    return *told, "data-ended" in part


def test_each_tab_has_the_same_head_and_leads_to_the_others(dashboard, demo):
    place = demo.submit([*data_ids(9), *data_ids(2, ending="00")], name="Run 8")
    pages = {}
    for ended in (False, True):
        for name, below in TABS.items():
            page = pages[name] = demo.get(f"{place}{below}")
            assert element(page, "h1").text == "Run 8"
            assert element(page, "nav", aria_label="Parts of this submission")
            links = {a.text: a["href"] for a in elements(page, "a") if a.text in TABS}
            assert links == {tab: f"{place}{where}" for tab, where in TABS.items()}
            here = [a.text for a in elements(page, "a", aria_current="page") if a.text in TABS]
            assert here == [name]
            assert marks(page)[4] == ended
            if not ended:
                polled = element(page, id="progress")
                alone = demo.part(f"{place}/progress?shows=active&tab={name.lower()}")
                assert element(alone, id="progress").text.split() == polled.text.split()
        assert len({headline(page) for page in pages.values()}) == 1
        dashboard.work(60)
    assert len(elements(pages["Batches"], "tr", id="batch-1")) == 1
    assert [len(with_class(page, "primary")) for page in pages.values()] == [1] * 5
    assert "1 batch, done" in text(pages["Overview"])


def test_what_the_browser_s_tab_says(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, batch_size=2) as dashboard:
        demo = dashboard.visitor()
        good = demo.submit(data_ids(3))
        bad = demo.submit([*data_ids(3), *data_ids(2, ending="00")])
        stopped = demo.submit(data_ids(3))
        blocked = demo.submit(data_ids(3), project="00000000-0000-4000-8000-000000000002")
        assert marks(demo.get(good)) == ("0 %", "moving", "0", "0", False)
        [moving] = with_class(demo.get(good), "group")
        demo.post(f"{stopped}/stop")
        dashboard.work(60)
        assert marks(demo.get(good)) == ("✓", "done", "100", "0", True)
        assert marks(demo.get(bad)) == ("⚠ 2 failed", "failed", "100", "2", True)
        assert marks(demo.get(f"{bad}/reasons")) == marks(demo.get(bad))
        page = demo.get(blocked)
        assert marks(page)[:2] == ("⚠ Blocked", "blocked")
        assert [group.text for group in with_class(page, "group-title")] == ["Not sent yet"]
        assert with_class(page, "group")[0]["id"] == moving["id"]  # a poll leaves it in its place
        assert "3 entries: 3 to be sent" in text(page)
        assert "Something holds it up" in headline(page)
        assert "2 batches: 1 done, 1 stopped" in text(demo.get(f"{stopped}/batches"))


def test_groups_say_each_number_once(dashboard, demo):
    place = demo.submit([*data_ids(4), *data_ids(1, ending="03"), *data_ids(2, ending="00")])
    before = demo.get(place)
    assert [group.text for group in with_class(before, "group-title")] == ["In progress"]
    assert [one.text.split() for one in with_class(before, "group-count")] == [["7"]]  # no 100 %
    assert with_class(before, "to-come")  # the bar looks unfilled
    dashboard.work(60)
    page = demo.get(place)
    assert [group.text for group in with_class(page, "group-title")] == ["Done", "Failed"]
    assert not with_class(page, "to-come")
    assert [one.text.split() for one in with_class(page, "group-count")] == [
        ["5", "71.4", "%"],
        ["2", "28.6", "%"],
    ]
    assert breakdown(page) == {"LINKED": 4, "ALREADY_LINKED": 1, "FAILED": 2}
    assert len(with_class(page, "legend")) == 1  # of what failed all has failed


def test_no_two_numbers_have_one_name(dashboard, demo):
    """The group of what failed is called by all that is in it, and so is its sum in the title."""
    place = demo.submit(
        [*data_ids(4), *data_ids(2, ending="00"), *data_ids(1, kind="fol", ending="10")]
    )
    dashboard.work(60)
    page = demo.get(place)
    assert breakdown(page) == {"LINKED": 4, "FAILED": 2, "PARTIALLY_LINKED": 1}
    assert [one.text for one in with_class(page, "group-title")][1] == "Partially linked or failed"
    assert marks(page)[:2] == ("⚠ 3 partially linked or failed", "failed")


def test_what_failed_is_in_the_title_though_some_of_the_rest_is_unlinked(dashboard, demo):
    place = demo.submit([*data_ids(4), *data_ids(2, ending="00")])
    dashboard.work(60)
    confirm(demo, f"{place}/undo", picked=[1])
    dashboard.work(60)
    assert marks(demo.get(place))[:2] == ("⚠ 2 failed", "failed")
    confirm(demo, f"{place}/undo")
    dashboard.work(60)
    assert marks(demo.get(place))[:2] == ("✓", "done")


@pytest.mark.parametrize("rare", [1, 3_000])
def test_no_segment_of_a_bar_is_wider_than_it_is(rare):
    found = status_text.segments({"LINKED": 300_000 - rare, "FAILED": rare})
    assert [one.width for one in found] == pytest.approx(
        [100 - rare / 3_000, rare / 3_000], abs=1e-4
    )
