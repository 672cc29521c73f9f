"""The guard at the door: where a request comes from, by which name, and what every answer says."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from webapp.web.core.security import POLICY


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {},
    ],
)
def test_another_site_can_do_nothing(dashboard, demo, headers):
    place = demo.draft(data_ids(1))
    for path in (f"{place}/submit", "/signout", "/signin"):
        answer = demo.client.post(path, headers=headers, data={"api_key": "demo-key"})
        assert answer.status_code == 403
        assert "another site" in text(answer)
    assert "Nothing was sent" in text(demo.get(place))


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}]
)
def test_our_own_pages_can(demo, headers):
    place = demo.draft(data_ids(1))
    assert demo.client.post(f"{place}/submit", headers=headers).status_code == 303


@pytest.mark.parametrize("path", ["/submissions", "/signin", "/static/app.css", "/nope"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_name_is_refused_without_an_address_of_ours(dashboard, method, path):
    answer = dashboard.app.test_client().open(
        path, method=method, headers={"Host": "<b>evil</b>.example"}
    )
    assert answer.status_code == 400
    assert "evil.example" not in answer.get_data(as_text=True).replace("&gt;.example", "")
    answer = dashboard.app.test_client().open(path, method=method, headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "LINKBOARD_TRUSTED_HOSTS" in text(answer)
    assert "href" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "board.example"])
def test_loopback_and_the_trusted_names_are_answered(tmp_path, host):
    with open_dashboard(
        f"sqlite:///{tmp_path}/t.db", tmp_path, trusted_hosts=("board.example",)
    ) as dashboard:
        assert dashboard.app.test_client().get("/signin", headers={"Host": host}).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/submissions",
        "/submissions/1",
        "/submissions/1/items",
        "/submissions/1/export.csv",
        "/nope",
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(demo, path):
    demo.draft(data_ids(1))
    headers = demo.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert {"HX-Request-Type", "Cookie"} <= set(headers["Vary"].split(", "))


def test_the_policy_lets_nothing_in_from_elsewhere():
    assert "default-src 'none'" in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert "unsafe" not in POLICY


def test_static_files_may_be_kept(nobody):
    with nobody.get("/static/app.css?v=1") as answer:
        assert answer.status_code == 200
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


def test_a_static_file_that_is_not_there_is_not_kept(nobody):
    answer = nobody.get("/static/nope.css")
    assert answer.status_code == 404
    assert "max-age" not in answer.headers["Cache-Control"]


def test_behind_a_proxy_the_addresses_are_those_of_the_proxy(tmp_path):
    seen = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "board.example",
        "X-Forwarded-Prefix": "/links",
    }
    settings = {"trusted_proxies": 1, "trusted_hosts": ("board.example",)}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, **settings) as dashboard:
        browser = dashboard.app.test_client()
        asked = browser.get("/submissions?size=9", headers=seen)
        assert asked.location == "/links/signin?next=/submissions%3Fsize%3D9"
        answer = browser.post(
            "/signin",
            headers={**seen, "Origin": "https://board.example"},
            data={"api_key": "demo-key", "next": "/submissions?size=9"},
        )
        assert answer.location == "/links/submissions?size=9"
        assert "Secure" in answer.headers["Set-Cookie"]


def test_nobody_s_word_is_taken_for_a_proxy_that_was_not_named(demo):
    answer = demo.get("/", **{"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example"})
    assert answer.location == "/submissions"
