"""What operators see from outside: metrics, and a line for each request and unit."""

import json
import logging
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.dashboard import data_ids
from webapp.logs import JsonFormatter, LineFormatter

GRAFANA = Path(__file__).parents[2] / ".github" / "grafana.json"
SAMPLE = re.compile(r"^(\w+(?:\{.*\})?) (\S+)$", re.MULTILINE)


def figures(dashboard):
    found = dashboard.visitor(key=None).get("/metrics").get_data(as_text=True)
    return Counter({name: float(value) for name, value in SAMPLE.findall(found)})


def get(visitor, path, **headers):
    """A page, taken to its end: then it is told of."""
    answer = visitor.get(path, **headers)
    answer.close()
    return answer


def test_calls_units_and_requests_are_counted(stored):
    before = figures(stored)
    visitor = stored.visitor()
    place = visitor.submit(data_ids(5))
    stored.sim.set_faults({"job:429": "1x", "job:503": "1x"})
    stored.work(20)
    get(visitor, place)
    get(visitor, "/submissions/999")
    since = figures(stored)
    since.subtract(before)
    jobs = 'linkboard_ica_calls_total{operation="getJob",outcome="%s"}'
    assert since[jobs % "RateLimited"] == since[jobs % "ServerError"] == 1
    assert since[jobs % "ok"] > 0
    assert since["linkboard_ica_asked_to_wait_seconds_total"] == 2
    create = 'operation="createProjectDataLinkingBatch"'
    assert since[f'linkboard_ica_calls_total{{{create},outcome="ok"}}'] == 1
    assert since[f"linkboard_ica_call_seconds_count{{{create}}}"] == 1
    assert since['linkboard_units_total{outcome="done",task="send"}'] == 1
    assert since['linkboard_units_total{outcome="put off",task="refresh"}'] > 0
    assert since['linkboard_unit_seconds_count{task="send"}'] == 1
    page = 'linkboard_requests_total{endpoint="submissions.page",status="%d"}'
    assert since[page % 200] == since[page % 404] == 1
    assert since['linkboard_request_seconds_count{polled="no"}'] >= 2
    assert since["linkboard_downloads_running"] == 0


def test_no_label_names_anything_of_the_data(dashboard):
    visitor = dashboard.visitor()
    place = visitor.submit(data_ids(3), name="a list")
    dashboard.work(10)
    get(visitor, f"{place}?search={data_ids(1)[0]}")
    found = visitor.get("/metrics").get_data(as_text=True)
    for word in ("fil.", "a list", "Dana", place, "demo-key"):
        assert word not in found


def test_the_oldest_due_is_of_all_queues(dashboard):
    visitor = dashboard.visitor()
    visitor.upload("\n".join(data_ids(30_000)))  # which the worker reads
    dashboard.clock.advance(7)
    assert figures(dashboard)["linkboard_oldest_due_seconds"] == pytest.approx(7)


def test_the_dashboard_for_grafana_asks_for_what_is_there(dashboard):
    dashboard.visitor().submit(data_ids(3))
    dashboard.work(10)
    text = dashboard.visitor(key=None).get("/metrics").get_data(as_text=True)
    there = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    there |= set(re.findall(r"^(linkboard_\w+)", text, re.MULTILINE))
    shown = json.loads(GRAFANA.read_text())
    asked = [target["expr"] for panel in shown["panels"] for target in panel.get("targets", [])]
    names = set(re.findall(r"linkboard_\w+", " ".join(asked)))
    assert len(names) > 10
    assert names <= there


class Lines(logging.Handler):
    """The lines that a process would write."""

    def __init__(self, formatter):
        super().__init__(logging.DEBUG)
        self.setFormatter(formatter)
        self.levels, self.lines = [], []

    def emit(self, record):
        if record.name.startswith("webapp"):
            self.levels.append(record.levelname)
            self.lines.append(self.format(record))

    def of(self, message):
        found = (json.loads(line) for line in self.lines)
        return [one for one in found if one["message"] == message]


@pytest.fixture
def lines():
    handler, root = Lines(JsonFormatter("test")), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel("DEBUG")
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_request_is_a_line_with_its_place_and_no_word_of_the_data(dashboard, demo, lines):
    place = demo.submit(data_ids(3), name="a list")
    number = int(place.rpartition("/")[2])
    lines.lines.clear()
    get(demo, f"{place}/items?search={data_ids(1)[0]}&status=LINKED")
    (told,) = lines.of("request")
    assert told.pop("seconds") >= 0
    assert {name: told[name] for name in list(told)[5:]} == {
        "method": "GET",
        "rule": "/submissions/<int:submission_id>/items",
        "status": 200,
        "account": 1,
        "submission": number,
    }
    assert "fil." not in "".join(lines.lines)
    assert "a list" not in "".join(lines.lines)


def test_what_pages_ask_for_by_themselves_is_told_at_debug_only(dashboard, demo, lines):
    place = demo.submit(data_ids(3))
    lines.levels.clear()
    lines.lines.clear()
    tag = demo.part(f"{place}/progress").headers["HX-PTag"]
    assert get(demo, f"{place}/progress", **{"HX-PTag": tag}).status_code in {200, 304}
    get(demo, "/static/app.css")
    assert lines.of("request")
    assert set(lines.levels) == {"DEBUG"}
    lines.lines.clear()
    get(demo, "/healthz")
    assert not lines.of("request")
    get(demo, "/static/none.css")
    assert lines.levels[-1] == "INFO"


def test_what_is_refused_at_the_door_is_told_too(dashboard, nobody, lines):
    get(nobody, "/submissions", Host="elsewhere.example")
    get(nobody, "/submissions/7")
    told = [(one["status"], one.get("account")) for one in lines.of("request")]
    assert told == [(400, None), (303, None)]


def test_a_unit_is_a_line_with_its_task_and_outcome(dashboard, demo, lines):
    place = demo.submit(data_ids(3))
    dashboard.sim.set_faults({"job:500": "1x"})
    dashboard.work(20)
    told = lines.of("unit")
    number = int(place.rpartition("/")[2])
    assert {(one["submission"], one["attempt"], one["batch"]) for one in told} == {(number, 1, 1)}
    assert [one["task"] for one in told][:2] == ["send", "refresh"]
    (failed,) = [one for one in told if one["outcome"] != "done"]
    assert (failed["outcome"], failed["error"], failed["status"]) == ("put off", "ServerError", 500)
    assert all(one["seconds"] >= 0 for one in told)
    assert "support" not in "".join(lines.lines)  # a word of ICA's


def test_as_text_it_is_one_line_that_can_be_searched():
    record = logging.LogRecord("webapp", 20, "", 0, "unit", (), None)
    record.fields = {"task": "send", "outcome": "put off", "seconds": 0.25}
    told = LineFormatter("worker").format(record)
    assert told.endswith('] unit task=send outcome="put off" seconds=0.25')
