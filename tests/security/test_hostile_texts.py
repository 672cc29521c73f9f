"""Whatever ICA, a list or a colleague says is text on a page, and never anything else."""

from contextlib import contextmanager

import msgspec
import pytest

from tests.dashboard import Dashboard, data_ids, text
from tests.simulated_ica import Clock, Simulated
from tests.web.markup import elements
from webapp.simulator.app import create_app
from webapp.simulator.options import Options
from webapp.simulator.server import Server

EVIL = "</script></textarea><script>alert(1)</script><img src=x onerror=alert(1)>\"' \r\n\u2028"
HOSTILE = EVIL + "\0" + "x" * 10_000
SPOILED = {"name", "shortDescription", "additionalStatusInformation", "path", "detail", "title"}


def spoil(value):
    """The same document with hostile text wherever ICA passes on what people wrote."""
    if isinstance(value, list):
        return [spoil(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: HOSTILE if name in SPOILED and isinstance(part, str | None) else spoil(part)
        for name, part in value.items()
    }


class Spoiler:
    """Passes ICA's answers on, spoiled."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        told = []
        body = b"".join(self.app(environ, lambda *said, **_: told.append(said)))
        status, headers = told[0][0], dict(told[0][1])
        if "json" in headers.get("Content-Type", "") and "/tokens" not in environ["PATH_INFO"]:
            body = msgspec.json.encode(spoil(msgspec.json.decode(body)))
            headers["Content-Length"] = str(len(body))
        start_response(status, list(headers.items()))
        return [body]


@contextmanager
def hostile_stage(database_url, folder):
    clock = Clock()
    app = create_app(Options(rate=100, slow_seconds=0.5), clock)
    app.wsgi_app = Spoiler(app.wsgi_app)
    server = Server(app, "127.0.0.1", 0)
    server.start()
    dashboard = Dashboard(Simulated(server, clock), database_url, folder, clock)
    yield dashboard
    dashboard.store.close()
    server.stop()


@pytest.fixture
def hostile(database_url, tmp_path):
    with hostile_stage(database_url, tmp_path) as dashboard:
        yield dashboard


def is_only_text(answer):
    assert answer.status_code < 500
    assert not [found for found in elements(answer, "script") if "src" not in found]
    assert not elements(answer, "img")
    assert not [name for found in elements(answer) for name in found.attributes if name[:2] == "on"]


def test_what_ica_says_is_text(hostile):
    demo = hostile.visitor()
    is_only_text(demo.get("/submissions/new"))
    is_only_text(demo.post("/projects", {"project_q": "x"}))
    place = demo.submit(data_ids(3) + data_ids(3, ending="00"))
    hostile.work(60)
    for path in (place, f"{place}/items", f"{place}/items/1", f"{place}/items/4", "/submissions"):
        answer = demo.get(path)
        is_only_text(answer)
        assert answer.status_code == 200, path
    assert "<script>alert(1)" in text(demo.get(f"{place}/items?status=FAILED"))
    for form in ("csv", "jsonl", "txt"):
        answer = demo.get(f"{place}/export.{form}")
        assert answer.status_code == 200
        assert len(answer.get_data().splitlines()) >= 6


def test_what_ica_refuses_with_is_text(hostile):
    is_only_text(hostile.visitor(key=None).sign_in("wrong-key"))
    demo = hostile.visitor()
    given = {"project_id": "0" * 8 + "-0000-4000-8000-000000000001", "batch_id": "x"}
    is_only_text(demo.post("/submissions/adopt", given))
    place = demo.submit(data_ids(1), project="00000000-0000-4000-8000-000000000002")
    is_only_text(demo.get(place))


def test_what_people_write_is_text(stored):
    demo = stored.visitor()
    evil = EVIL
    place = demo.draft([*data_ids(2), evil, f"{data_ids(1)[0]},{evil}"], name=evil)
    for path in (place, "/submissions", f"{place}/entries?kind=rejected", f"{place}/items"):
        is_only_text(demo.get(path))
    demo.post(f"{place}/submit")
    for path in (place, "/submissions", "/account", f"{place}/items/1"):
        is_only_text(demo.get(path))
    for query in ({"search": evil}, {"project": evil}, {"next": evil}):
        for path in ("/submissions", f"{place}/items", "/submissions/new"):
            is_only_text(demo.client.get(path, query_string=query))
    for path in ("/submissions", f"{place}/items"):
        is_only_text(demo.get(demo.searched(path, evil)))
    for path in ("/submissions/new", "/projects"):
        is_only_text(demo.post(path, {"project_q": evil}))
    is_only_text(demo.upload(evil, name="x" * 300, project=evil))
    answer = demo.get(f"{place}/export.csv")
    disposition = answer.headers["Content-Disposition"]
    assert not set(disposition) & set("\r\n<>\x00\u2028/\\")
