"""Whatever is sent, no answer is an error of ours: Hypothesis makes up addresses and forms."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st_

from tests.dashboard import data_ids, open_dashboard
from tests.simulated_ica import FIRST_PROJECT

TEXTS = st_.one_of(
    st_.text(max_size=30),
    st_.sampled_from(["", "0", "1", "-1", "\x00", "%", "draft", "FAILED", FIRST_PROJECT, "/x"]),
    st_.integers().map(str),
)
QUERY = "after before size status state search items project project_id kind next shows columns"
QUERIES = st_.dictionaries(st_.sampled_from(QUERY.split()), st_.lists(TEXTS, max_size=3))
FIELDS = (
    "api_key tenant next project_id batch_id name ids note which column text project_q forget x "
    "all kept_file label part picked positions recipient recipients_typed telling theme watch"
)
PLACES = [
    *("/submissions", "/submissions/adopt", "/signin", "/submissions/1/x", "/search", "/theme"),
    *("/submissions/adopt/recent", "/submissions/1/reread", "/submissions/2/recipients"),
    *("/submissions/2/retry", "/submissions/2/items", "/submissions/new", "/find"),
]
FORMS = st_.dictionaries(st_.sampled_from(FIELDS.split()), TEXTS)
OFTEN = settings(
    max_examples=settings.default.max_examples * 6 // 10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A dashboard with a draft and a submission that has ended, and somebody signed in."""
    folder = tmp_path_factory.mktemp("anything")
    with open_dashboard(f"sqlite:///{folder}/t.db", folder, rate=100.0) as dashboard:
        demo = dashboard.visitor()
        demo.draft([*data_ids(3), "rejected", data_ids(1)[0]])
        demo.submit(data_ids(3) + data_ids(3, ending="00"))
        dashboard.work(60)
        paths = sorted(
            rule.rule.replace("<int:submission_id>", number)
            for rule in dashboard.app.url_map.iter_rules()
            if "GET" in rule.methods and rule.rule.count("<") == ("<int:sub" in rule.rule)
            for number in ("1", "2")
        )
        yield SimpleNamespace(dashboard=dashboard, demo=demo, paths=paths)


@OFTEN
@given(data=st_.data())
def test_any_query_is_answered(house, data):
    path = data.draw(st_.sampled_from(house.paths))
    query = data.draw(QUERIES)
    ask = data.draw(st_.sampled_from([house.demo.get, house.demo.part]))
    with house.dashboard.app.test_request_context(path, query_string=query) as made:
        address = made.request.full_path
    assert ask(address).status_code < 500 or path == "/readyz", address


@OFTEN
@given(path=st_.text(max_size=40))
def test_any_path_is_answered(house, path):
    assert house.demo.client.get("/" + path.lstrip("/")).status_code < 500


@OFTEN
@given(
    form=FORMS,
    place=st_.sampled_from(PLACES),
)
def test_any_form_is_answered(house, form, place):
    person = house.demo if place != "/signin" else house.dashboard.visitor(key=None)
    assert person.post(place, form).status_code < 500


@OFTEN
@given(body=st_.binary(max_size=200), kind=st_.sampled_from(["", "; boundary=b", "; charset=x"]))
def test_any_body_is_answered(house, body, kind):
    for media in ("multipart/form-data", "application/x-www-form-urlencoded", "text/plain"):
        answer = house.demo.client.post(
            "/submissions",
            data=b"--b\r\n" + body,
            content_type=media + kind,
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code < 500


BROKEN = "http://[/x?y"  # no address of anything


def test_any_address_in_a_header_is_answered(house):
    there = {"HX-Current-URL": BROKEN}
    assert house.demo.part("/submissions/2/progress?tab=items", **there).status_code == 200
    theme = {"theme": "dark"}
    headers = {"Sec-Fetch-Site": "same-origin", "Referer": BROKEN}
    assert house.demo.client.post("/theme", data=theme, headers=headers).status_code == 303
