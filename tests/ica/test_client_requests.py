"""What goes over the wire: places, media types, secrets, and nothing that was not meant to."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.ica.fake_server import Answer, Request, fake_ica, jwt
from webapp.ica import operations
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.data_filter import Scope
from webapp.ica.errors import MalformedResponse, NotFound
from webapp.ica.operations import V3, V4, batch_operations
from webapp.ica.transport import new_session

TOKEN = jwt(sub="u")
DOCUMENT = Path(__file__).parents[2].parent / "shared/ica/openapi_more.yaml"


def anything(asked: Request) -> Answer:
    """An answer that every operation can read."""
    return Answer(
        {
            "id": "x",
            "name": "x",
            "status": "RUNNING",
            "items": [],
            "token": TOKEN,
            "request": {"dataId": "fil.1"},
            "processing": {"status": "LINKED"},
        }
    )


def client(url: str, secret: str = TOKEN, **options) -> IcaClient:
    return IcaClient(url, Credential(secret), **options)


PROJECT = "/api/projects/p"
LINKING, UNLINKING = f"{PROJECT}/dataLinkingBatch", f"{PROJECT}/dataUnlinkingBatch"
ELIGIBLE = f"{PROJECT}/data/eligibleForLinking"
CALLS = {
    "projects": (lambda ica: ica.search_projects(), "GET", "/api/projects", V3),
    "project": (lambda ica: ica.project("p"), "GET", PROJECT, V3),
    "eligible": (lambda ica: ica.eligible("p", ["d"]), "GET", ELIGIBLE, V3),
    "data list": (lambda ica: ica.find_data(Scope("p")), "GET", f"{PROJECT}/data", V3),
    "jobs": (lambda ica: ica.jobs(), "GET", "/api/jobs", V3),
    "job": (lambda ica: ica.job("j"), "GET", "/api/jobs/j", V3),
    "create": (lambda ica: ica.create_batch("p", ["d"]), "POST", LINKING, V4),
    "batch": (lambda ica: ica.batch("p", "b"), "GET", f"{LINKING}/b", V3),
    "items": (lambda ica: ica.items("p", "b"), "GET", f"{LINKING}/b/items", V4),
    "item": (lambda ica: ica.item("p", "b", "i"), "GET", f"{LINKING}/b/items/i", V4),
    "unlink": (lambda ica: ica.create_batch("p", ["d"], kind="unlink"), "POST", UNLINKING, V3),
    "unlink batch": (lambda ica: ica.batch("p", "b", kind="unlink"), "GET", f"{UNLINKING}/b", V3),
    "unlink items": (
        lambda ica: ica.items("p", "b", kind="unlink"),
        "GET",
        f"{UNLINKING}/b/items",
        V3,
    ),
    "unlink item": (
        lambda ica: ica.item("p", "b", "i", kind="unlink"),
        "GET",
        f"{UNLINKING}/b/items/i",
        V3,
    ),
}


@pytest.mark.parametrize("version", ["v4", "v3"])
@pytest.mark.parametrize("name", CALLS)
def test_every_operation_has_its_place_and_media_type(name, version):
    call, method, path, media = CALLS[name]
    with fake_ica(anything) as ica:
        call(client(ica.url, version=version))
    [asked] = ica.asked
    expected = media if version == "v4" else V3
    assert (asked.method, asked.path) == (method, "/ica/rest" + path)
    assert asked.headers["accept"] == expected
    assert asked.headers.get("content-type") == (expected if method == "POST" else None)


def test_minting_sends_the_key_and_no_body():
    with fake_ica(anything) as ica:
        IcaClient(ica.url, Credential("the key", "some tenant")).job("j")
    mint, job = ica.asked
    assert (mint.method, mint.path) == ("POST", "/ica/rest/api/tokens")
    assert mint.query == [("tenant", "some tenant")]
    assert (mint.headers["accept"], mint.body) == (V3, b"")
    assert not {"authorization", "content-type"} & set(mint.headers)
    assert job.headers["authorization"] == f"Bearer {TOKEN}"
    assert "x-api-key" not in job.headers


@pytest.mark.skipif(not DOCUMENT.exists(), reason="ICA's own document is not there")
def test_every_operation_stands_in_icas_own_document():
    document = yaml.safe_load(DOCUMENT.read_text())
    known = {
        (operation["operationId"], method.upper(), path.replace("Id}", "}")): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    used = [value for value in vars(operations).values() if isinstance(value, operations.Operation)]
    for version in ("v3", "v4"):
        for family in batch_operations(version).values():
            used += family[:4]
    assert len(used) == 9 + 2 * 8
    for operation in used:
        answers = known[(operation.id, operation.method, operation.path)]["responses"]
        [good] = [answer for status, answer in answers.items() if status.startswith("2")]
        assert operation.media in good["content"]


def test_a_batch_is_created_with_its_ids_in_order():
    with fake_ica(anything) as ica:
        batch = client(ica.url).create_batch("p", ["fil.2", "fil.1", "fil.2"])
    assert (batch.id, batch.job) == ("x", None)
    assert json.loads(ica.asked[0].body) == {
        "items": [{"dataId": "fil.2"}, {"dataId": "fil.1"}, {"dataId": "fil.2"}]
    }


def test_paging_is_by_cursor_or_by_offset_and_never_both():
    with fake_ica(anything) as ica:
        client(ica.url).items("p", "b", statuses=["FAILED", "NEW"], page_token="t/+=", page_size=7)
        client(ica.url).items("p", "b", page_offset=0, page_size=1)
        client(ica.url).jobs(offset=20, page_size=10)
        client(ica.url).search_projects("a & b", page_token="t")
    by_cursor, by_offset, jobs, projects = (sorted(asked.query) for asked in ica.asked)
    assert by_cursor == [
        ("pageSize", "7"),
        ("pageToken", "t/+="),
        ("status", "FAILED"),
        ("status", "NEW"),
    ]
    assert by_offset == [("pageOffset", "0"), ("pageSize", "1")]
    assert jobs == [("pageOffset", "20"), ("pageSize", "10"), ("sort", "timeCreated desc")]
    assert projects == [("pageSize", "20"), ("pageToken", "t"), ("search", "a & b")]


@pytest.mark.parametrize(
    "hostile",
    ["../../tokens", "a/b", "a?b=c", "a#b", "%2e%2e", "a b", "ä\n", "..;", "{x}", "\udc00"],
)
def test_a_hostile_id_stays_one_segment_of_the_path(hostile):
    with fake_ica(anything) as ica:
        client(ica.url).batch(hostile, "b")
    [asked] = ica.asked
    before, after = asked.path.split("/ica/rest/api/projects/")
    segment, rest = after.split("/", 1)
    assert (before, rest, asked.query) == ("", "dataLinkingBatch/b", [])
    assert segment not in {"", ".", ".."}


@pytest.mark.parametrize("impossible", ["", ".", ".."])
def test_an_id_that_no_path_can_hold_is_not_there(impossible):
    with (
        fake_ica(anything) as ica,
        pytest.raises(NotFound, match="is no id of any project") as raised,
    ):
        client(ica.url).create_batch(impossible, ["fil.1"])
    assert ica.asked == []
    assert raised.value.status == 404
    assert not raised.value.maybe_done


def test_no_ids_are_eligible_without_asking():
    with fake_ica(anything) as ica:
        assert client(ica.url).eligible("p", []) == []
    assert ica.asked == []


def test_eligible_asks_by_exact_id_and_reads_all_pages():
    pages = {
        None: {"items": [{"id": "fil.1"}], "nextPageToken": "more"},
        "more": {"items": [{"id": "fil.3"}], "nextPageToken": ""},
    }
    with fake_ica(lambda asked: Answer(pages[dict(asked.query).get("pageToken")])) as ica:
        found = client(ica.url).eligible("p", ["fil.1", "fil.2", "fil.3"])
    assert [data.id for data in found] == ["fil.1", "fil.3"]
    for asked in ica.asked:
        ids = [value for name, value in asked.query if name == "id"]
        assert ids == ["fil.1", "fil.2", "fil.3"]


def test_a_netrc_entry_does_not_win(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with fake_ica(anything) as ica:
        client(ica.url, "a-key").job("j")
    mint, job = ica.asked
    assert mint.headers["x-api-key"] == "a-key"
    assert "authorization" not in mint.headers
    assert job.headers["authorization"] == f"Bearer {TOKEN}"


def test_proxies_of_the_environment_are_used(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with fake_ica(anything) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/ica/rest"))
        client("http://ica.example/ica/rest").job("j")
    assert proxy.asked[0].headers["host"] == "ica.example"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_not_followed(status):
    with fake_ica(anything) as elsewhere:
        there = Answer(status=status, headers={"Location": f"{elsewhere.url}/x?code=42"})
        with fake_ica(there) as ica, pytest.raises(MalformedResponse) as raised:
            client(ica.url).create_batch("p", ["fil.1"])
    assert elsewhere.asked == []
    assert len(ica.asked) == 1
    assert f"{status}, a redirect to {elsewhere.url}/x, which is not followed" in str(raised.value)
    assert raised.value.maybe_done  # a proxy's page for signing in may come after ICA has the batch


def test_accounts_that_share_a_session_share_no_cookies():
    session = new_session()
    setting = Answer(anything(None).content, headers={"Set-Cookie": "JSESSIONID=mine; Path=/"})
    with fake_ica(setting) as ica:
        client(ica.url, jwt(sub="one"), session=session).job("j")
        client(ica.url, jwt(sub="two"), session=session).job("j")
    one, two = ica.asked
    assert "cookie" not in two.headers
    assert one.headers["authorization"] != two.headers["authorization"]


def test_answers_may_be_compressed_and_we_say_who_we_are():
    packed = Answer(gzip.compress(anything(None).content), headers={"Content-Encoding": "gzip"})
    with fake_ica(packed) as ica:
        assert client(ica.url).job("j").status == "RUNNING"
    assert ica.asked[0].headers["accept-encoding"] == "gzip"
    assert ica.asked[0].headers["user-agent"].startswith("linkboard/")


def test_clients_of_one_session_share_its_connection():
    session = new_session()
    with fake_ica(anything) as ica:
        for secret in (jwt(sub="one"), jwt(sub="two")):
            client(ica.url, secret, session=session).job("j")
    one, two = ica.asked
    assert one.port == two.port


def test_the_clock_of_ica_is_read_from_its_answers():
    dated = Answer(anything(None).content, headers={"Date": "Mon, 23 Nov 2026 12:00:00 GMT"})
    noon = 1795435200.0
    with fake_ica(dated) as ica:
        one = client(ica.url, clock=lambda: noon - 90)
        assert one.clock_offset is None
        one.job("j")
        assert one.clock_offset == 90.0


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 20266 99:00:00 GMT"])
def test_a_date_that_is_none_is_passed_over(date):
    with fake_ica(Answer(anything(None).content, headers={"Date": date})) as ica:
        one = client(ica.url)
        one.job("j")
    assert one.clock_offset is None


def test_every_call_is_told():
    told = Counter()
    with fake_ica(
        lambda asked: Answer(status=429) if "jobs" in asked.path else anything(asked)
    ) as ica:
        one = client(ica.url, "a-key", on_call=lambda: told.update(["call"]))
        one.project("p")
        with pytest.raises(Exception, match="429"):
            one.job("j")
    assert told.total() == len(["createJwtToken", "getProject", "getJob"])
