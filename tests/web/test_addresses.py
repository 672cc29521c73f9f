"""Addresses: those that were promised, and what is answered to wrong ones.

Who may ask for each stands in tests/security/test_access.py.
"""

import pytest
from werkzeug.routing import AnyConverter

from tests.dashboard import HEADERS, data_ids, text
from tests.web.markup import link

PARTS = ["/submissions/rows", "/submissions/1/progress", "/submissions/1/items"]
DESIGN = {
    "GET": [
        "/",
        "/signin",
        "/account",
        "/account/audit",
        "/submissions",
        "/submissions/rows",
        "/submissions/new",
        "/submissions/adopt",
        "/submissions/1",
        "/submissions/1/progress",
        "/submissions/1/items",
        "/submissions/1/items/1",
        "/submissions/1/audit",
        "/submissions/1/export.csv",
        "/submissions/1/export.jsonl",
        "/submissions/1/export.txt",
        "/submissions/1/attempts",
        "/submissions/1/attempts/1",
        "/submissions/1/family",
        "/find",
        "/find/1",
        "/find/1/export.csv",
        "/healthz",
        "/readyz",
        "/metrics",
    ],
    "POST": [
        "/signin",
        "/signout",
        "/account/sessions/end",
        "/submissions",
        "/submissions/adopt",
        "/submissions/1/submit",
        "/submissions/1/discard",
        "/submissions/1/stop",
        "/find",
        "/find/1/share",
        "/find/1/unshare",
        "/find/1/delete",
    ],
}

MADE_UP = [
    "after=x",
    "after=-1",
    "after=1.5",
    "after=99999999999",
    "after=2147483647",
    "after=0000000000099999999999999999999999",
    "after=" + "1" * 5000,
    "before=%C2%B2",
    "after=1&before=9",
    "status=%00",
    "status=a'--",
    "status=" + "A" * 61,
    "&".join(f"status=S{n}" for n in range(31)),
    "size=-1",
    "size=0",
    "size=51",
    "size=1e2",
    "size=%D9%A1%D9%A0%D9%A0",
]


def calls(app, **arguments):
    """(method, path, endpoint) of each thing that the application can be asked for."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        given = {name: _argument(rule, name, arguments) for name in rule.arguments}
        path = adapter.build(rule.endpoint, given, append_unknown=False)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield method, path, rule.endpoint


def _argument(rule, name, arguments):
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return arguments.get(name, 1)


def ask(person, method, path):
    """What a person gets; a form is sent empty."""
    return person.get(path) if method == "GET" else person.post(path)


def of_submissions(dashboard, submission_id):
    return [
        (method, path)
        for method, path, _ in calls(dashboard.app, submission_id=submission_id)
        if path.startswith(f"/submissions/{submission_id}")
    ]


@pytest.mark.parametrize(("method", "path"), [(m, path) for m in DESIGN for path in DESIGN[m]])
def test_every_address_of_the_design_is_there(dashboard, method, path):
    endpoint, _ = dashboard.app.url_map.bind("localhost").match(path, method=method)
    assert endpoint


def test_what_is_not_there_is_not_told_from_what_is_not_for_you(dashboard, demo):
    place = demo.submit(data_ids(1))
    stranger = dashboard.visitor("stranger-key")
    assert text(stranger.get(place)) == text(stranger.get("/submissions/99"))


def test_a_colleague_reads_all_of_a_submission(stored):
    place = stored.visitor().submit(data_ids(3))
    stored.work(5)
    colleague = stored.visitor("colleague-key")
    for below in ("", "/progress", "/items", "/items/1", "/attempts", "/attempts/1"):
        path = f"{place}{below}"
        assert colleague.get(path).status_code == 200, path
    assert colleague.get(f"{place}/export.csv").get_data().count(b"fil.") >= 3
    assert "Dana Demo" in text(colleague.get("/submissions"))


@pytest.mark.parametrize("act", ["submit", "discard", "stop"])
def test_a_colleague_is_told_whose_act_it_is(dashboard, demo, act):
    place = demo.submit(data_ids(1))
    answer = dashboard.visitor("colleague-key").post(f"{place}/{act}")
    assert answer.status_code == 403
    assert "Only Dana Demo" in text(answer)


def test_after_signing_in_one_is_where_one_wanted_to_be(nobody):
    asked = nobody.get("/submissions?state=draft&project=a%26b")
    given = {"api_key": "demo-key", "next": nobody.get(asked.location).request.args["next"]}
    assert nobody.post("/signin", given).location == "/submissions?state=draft&project=a%26b"


@pytest.mark.parametrize("path", PARTS)
def test_a_part_tells_htmx_to_leave_the_page(nobody, path):
    answer = nobody.part(path, **{"HX-Current-URL": "http://localhost/submissions/1?size=50"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/signin?next=/submissions/1%3Fsize%3D50"
    assert answer.get_data() == b""


@pytest.mark.parametrize("page", ["http://[", "", "http://localhost", "https://evil.example/x"])
def test_a_part_survives_any_page_it_is_said_to_be_on(nobody, page):
    answer = nobody.part("/submissions/rows", **{"HX-Current-URL": page})
    assert answer.status_code == 401
    assert "evil" not in answer.headers["HX-Redirect"]


def test_no_endpoint_answers_the_owner_with_an_error_of_ours(stored):
    demo = stored.visitor()
    drafted, running = demo.draft(data_ids(3)), demo.submit(data_ids(3, start=100))
    for place in (drafted, running):
        for method, path in of_submissions(stored, int(place.rsplit("/", 1)[1])):
            answer = ask(demo, method, path)
            assert answer.status_code < 500, (method, path)


def test_wrong_methods_are_405_and_say_which_are_right(dashboard, demo):
    rules = {}
    for method, path, _ in calls(dashboard.app, submission_id=1):
        rules.setdefault(path, set()).add(method)
    for path, methods in rules.items():
        for wrong in {"GET", "POST", "PUT", "DELETE", "PATCH"} - methods:
            answer = demo.client.open(path, method=wrong, headers=HEADERS)
            assert answer.status_code == 405, (wrong, path)
            assert methods <= set(answer.headers["Allow"].split(", "))
            if wrong == "GET" and path.startswith("/submissions/1/"):  # reloaded after a 422
                assert link(answer, "To this list") == "/submissions/1"
            elif wrong == "GET" and path.endswith("/search") and path.startswith("/folders/"):
                assert link(answer, "To this folder") == path.removesuffix("/search")


def test_an_unknown_address_is_a_page_that_leads_on(demo):
    answer = demo.get("/nope")
    assert answer.status_code == 404
    assert link(answer, "To the submissions") == "/submissions"


def test_numbers_that_lead_nowhere_are_404(stored):
    demo = stored.visitor()
    place = demo.draft(data_ids(1))
    for number in ("0", "-1", "2", "2147483648", "9" * 23, "9" * 5000):
        for path in (f"/submissions/{number}", f"/submissions/{number}/progress"):
            assert demo.get(path).status_code == 404, path[:80]
        assert demo.get(f"{place}/items/{number}").status_code == 404, number[:30]


def test_what_was_made_up_is_a_clean_400(demo):
    submission = demo.submit(data_ids(1))
    for query in MADE_UP:
        moved = demo.get(f"{submission}?{query}")  # the table's address before it had a tab
        assert (moved.status_code, moved.location) == (301, f"{submission}/items?{query}")
        answer = demo.get(moved.location)
        assert answer.status_code == 400, query[:80]
        assert link(answer, "To the first page of the list") == f"{submission}/items"
        assert link(answer, "To the submissions") == "/submissions"


def test_the_largest_numbers_are_answered_by_both_databases(stored):
    visitor = stored.visitor()
    place = visitor.submit([*data_ids(3), *data_ids(3, ending="00")])
    stored.work(30)
    key = visitor.searched(f"{place}/items", "x").rpartition("=")[2]
    after = "after=2147483646"
    for path in (
        "items",
        "items?status=FAILED&",
        f"items?search={key}&",
        "attempts/1",
        "entries?kind=unusual&",
    ):
        page = f"{place}/{path}" + ("" if "?" in path else "?") + after
        assert visitor.get(page).status_code == 200, path
    assert visitor.get(f"{place}/family?{after}").status_code == 301
    assert visitor.get(f"{place}/items/1?from=2147483646").status_code == 200
    assert visitor.get(f"{place}/items/2147483647").status_code == 404
    assert visitor.get(f"{place}/retry?position=2147483647").status_code < 500


@pytest.mark.parametrize("find_id", ["%00", "x%00", "x", "%ff", "x" * 5000])
def test_a_made_up_question_is_a_clean_404(stored, find_id):
    visitor = stored.visitor()
    for place in (f"/find/{find_id}", f"/find/{find_id}/export.csv"):
        assert visitor.get(place).status_code == 404, place
    for more in ("", "&outcome=NEVER"):
        assert visitor.get(f"/submissions/new?find={find_id}{more}").status_code == 404


def test_the_board_refuses_it_likewise(demo):
    for query in ("after=x", "state=%00", "before=1&after=2", "after=" + "0" * 99):
        assert demo.get(f"/submissions?{query}").status_code == 400
        assert demo.part(f"/submissions/rows?{query}").status_code == 400


def test_of_a_value_that_is_given_twice_the_first_counts(demo, nobody):
    place = demo.submit(data_ids(1))
    assert demo.get(f"{place}/items?size=50&size=7").status_code == 200
    assert demo.get(f"{place}/items?size=7&size=50").status_code == 400
    twice = {"api_key": ["demo-key", "no-such-key"]}
    assert nobody.post("/signin", twice).status_code == 303


def test_what_a_form_sends_is_not_taken_from_the_address(nobody):
    assert nobody.post("/signin?api_key=demo-key").status_code == 422
