"""When it will be done: estimates, chart and stalls, as the pages tell them."""

import json
import re
from datetime import datetime

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import confirm
from tests.web.markup import elements, with_class


def told(answer):
    """What stands beside the percentage, "" where nothing does."""
    return " ".join(" ".join(found.text.split()) for found in with_class(answer, "estimate"))


def chart_of(answer):
    found = elements(answer, "figure", data_chart=None)
    return json.loads(found[0]["data-chart"]) if found else None


def ranges(said):
    """Items a second, and the least and the most minutes left."""
    found = re.fullmatch(r"· ([\d.]+) items/s · (?:about (\d+) to|at most) (\d+) min left", said)
    assert found, repr(said)
    return float(found[1]), int(found[2] or 0), int(found[3])


@pytest.mark.slow
def test_a_list_says_when_it_will_be_done_and_then_how_long_it_took(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=5.0) as dashboard:
        demo = dashboard.visitor()
        begun_at = dashboard.clock.now
        ids = [*data_ids(1450), *data_ids(50, ending="00", start=1450)]
        place = demo.submit(ids)
        polled = f"{place}/progress?shows=active"
        dashboard.work(30, step=15)
        assert told(demo.part(polled)) == ""
        assert "measuring how fast it goes" in text(demo.part(polled))
        assert chart_of(demo.part(polled)) is None
        dashboard.work(20, step=20)
        for _ in range(4):
            dashboard.work(40, step=20)
            rate, least, most = ranges(told(demo.part(polled)))
            left = begun_at + 1525 / 5 - dashboard.clock.now  # an item ends when 25 more have begun
            assert 4 <= rate <= 6.5
            assert 60 * least <= left <= 60 * most <= 2.5 * left + 60

        page = demo.get(place)
        assert "measuring" not in text(page)
        chart, areas = chart_of(page), with_class(page, "chart-areas")
        assert len(areas) == 1
        named = [one["data-status"] for one in elements(page, "li", data_status=None)]
        assert {"LINKED", "RUNNING"} <= {*named}
        assert (
            begun_at
            < chart["from"]
            < chart["at"][-1]
            <= chart["until"]
            <= round(dashboard.clock.now)
        )
        (as_of,) = {one["datetime"] for one in elements(page, "time", data_checked=None)}
        assert chart["until"] - datetime.fromisoformat(as_of).timestamp() in {0, 1}  # rounded
        shown = [one for one in elements(page, "li", data_status=None) if "hidden" not in one]
        assert all(one.text.split()[-1] != "0" for one in shown)
        assert sum(chart["counts"][-1]) == 1500
        assert " style=" not in page.get_data(as_text=True)
        labels = [one.text for one in elements(page, "text", data_at=None)]
        assert len(labels) >= 3
        assert all(re.fullmatch(r"\d\d:\d\d", label) for label in labels)

        dashboard.work(140, step=20)
        page = demo.get(place)
        assert told(page) == ""
        assert re.search(r"Took 5 min \d+ s", text(page))
        assert chart_of(page)["counts"][-1] == [0, 0, 0, 50, 1450]
        rows = elements(demo.get(f"{place}/attempts/1/over-time"), "tr")[1:]
        assert len(rows) == len(chart_of(page)["at"])
        assert "1,45050000" in rows[0].text
        legend = elements(page, "li", data_status=None)
        assert [one["data-status"] for one in legend if "hidden" not in one] == ["LINKED", "FAILED"]
        assert demo.get(f"{place}/attempts/2/over-time").status_code == 404


@pytest.mark.slow
def test_an_estimate_stays_while_a_few_items_are_tried_again(tmp_path):
    """Of these nothing is known in the first minute; of many, the whole is not known then."""
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=2.0) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit([*data_ids(40, ending="00"), *data_ids(960, start=40)])
        dashboard.work(180, step=20)
        assert ranges(told(demo.get(place)))
        confirm(demo, f"{place}/retry", picked=[1])
        dashboard.work(10)
        assert "measuring" not in text(demo.get(place))
        assert ranges(told(demo.get(place)))
        confirm(demo, f"{place}/retry?status=FAILED")
        dashboard.work(10)
        assert "measuring" in text(demo.get(place))


@pytest.mark.slow
@pytest.mark.parametrize("away", [False, True])
def test_a_stall_is_told_with_its_reason_within_a_poll_and_ends_by_itself(tmp_path, away):
    """What time alone changes is a state of the tag, so that polls stay 304 in between."""
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=0.0011) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(40))
        dashboard.work(100, step=50)
        polled, tag, changes = f"{place}/progress?shows=active", "", 0
        answer = demo.part(polled)
        assert told(answer) == ""
        if away:
            dashboard.sim.set_faults({"items:503": 1})
        for _ in range(12):
            dashboard.work(40, step=40)
            again = demo.part(polled, **{"HX-PTag": tag})
            if again.status_code == 200:
                answer, tag, changes = again, again.headers["HX-PTag"], changes + 1
        assert changes <= 9 or away
        assert "No item has changed since" in told(answer)
        if away:
            assert "ICA was last heard of at" in told(answer)
        else:
            assert "“Initialised”" in told(answer) or "INITIALISED" in told(answer)
            assert "goes on by itself" in told(answer)
        dashboard.sim.set_faults({})
        dashboard.work(600, step=200)
        assert "No item has changed" not in told(demo.get(place))
