"""Headers and cookies: what a browser is told of every answer, and what it tells us."""

import pytest

from tests.dashboard import open_dashboard, text

HOST = "board.example"
EVERYWHERE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def proxied(prefix="", **others):
    """The headers of nginx as README sets it up."""
    names = {"For": "192.0.2.7", "Host": HOST, "Proto": "https", "Prefix": prefix}
    return {f"X-Forwarded-{name}": value for name, value in names.items()} | others


@pytest.fixture
def dashboard(tmp_path):
    settings = {"trusted_proxies": 1, "trusted_hosts": (HOST,)}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, **settings) as dashboard:
        yield dashboard


@pytest.fixture
def browser(dashboard):
    return dashboard.app.test_client()


def sign_in(browser, headers, **options):
    headers = {"Sec-Fetch-Site": "same-origin", **headers}
    return browser.post("/signin", data={"api_key": "demo-key"}, headers=headers, **options)


@pytest.mark.parametrize("path", ["/signin", "/static/app.css", "/nope", "/healthz", "/metrics"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_answer_is_for_our_own_pages_alone(browser, path, scheme):
    with browser.get(path, headers=proxied() if scheme == "https" else {}) as answer:
        found = answer.headers
    assert EVERYWHERE.items() <= dict(found).items()
    assert {"camera=()", "microphone=()", "clipboard-write=(self)"} <= set(
        found["Permissions-Policy"].split(", ")
    )
    expected = "max-age=31536000" if scheme == "https" else None
    assert found.get("Strict-Transport-Security") == expected


def test_at_the_root_of_an_https_site_no_other_host_can_set_the_cookie(browser):
    answer = sign_in(browser, proxied())
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-linkboard=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_a_cookie_of_the_plain_name_is_nobody_s_on_an_https_site(browser):
    """Another host of the domain, or plain http, could have set that one."""
    value = sign_in(browser, {}).headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    for name, status in (("linkboard", 303), ("__Host-linkboard", 200)):
        headers = proxied(Cookie=f"{name}={value}")
        other = browser.application.test_client(use_cookies=False)
        assert other.get("/submissions", headers=headers).status_code == status


def test_below_a_prefix_the_cookie_is_for_the_prefix(browser):
    cookie = sign_in(browser, proxied("/linkboard")).headers["Set-Cookie"]
    assert cookie.startswith("linkboard=")
    assert "Path=/linkboard" in cookie.split("; ")
    value = cookie.partition(";")[0]
    other = browser.application.test_client(use_cookies=False)
    asked = other.post(
        "/signout",
        headers=proxied("/linkboard", Cookie=value) | {"Sec-Fetch-Site": "same-origin"},
    )
    assert asked.location == "/linkboard/signin"
    assert "Path=/linkboard" in asked.headers["Set-Cookie"].split("; ")


def test_over_plain_http_the_session_has_the_name_it_had(dashboard):
    person = dashboard.visitor()
    assert person.client.get_cookie("linkboard") is not None
    assert person.get("/submissions").status_code == 200


@pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "same-origin"}])
def test_a_plain_http_page_of_our_name_can_do_nothing_on_an_https_site(browser, site):
    headers = proxied(Origin=f"http://{HOST}") | site
    answer = browser.post("/signin", data={"api_key": "demo-key"}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in text(answer)
    headers |= {"Origin": f"https://{HOST}"}
    answer = browser.post("/signin", data={"api_key": "demo-key"}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("127.0.0.1", proxied(), 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 403),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.7"}, 403),
        ("", {}, 403),
    ],
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_the_metrics_are_this_machine_s_alone(tmp_path, peer, headers, status, proxies):
    settings = {"trusted_proxies": proxies, "trusted_hosts": (HOST,)}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, **settings) as dashboard:
        browser = dashboard.app.test_client()
        peers = {"REMOTE_ADDR": peer}
        answer = browser.get("/metrics", headers=headers, environ_overrides=peers)
        assert answer.status_code == status
        if status == 403:
            assert "LINKBOARD_METRICS_OPEN" in text(answer)
            assert "linkboard_submissions" not in text(answer)
        assert browser.get("/healthz", environ_overrides=peers).status_code == 200


def test_a_setting_opens_the_metrics(tmp_path):
    settings = {"metrics_open": True, "trusted_proxies": 1, "trusted_hosts": (HOST,)}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, **settings) as dashboard:
        answer = dashboard.app.test_client().get("/metrics", headers=proxied())
        assert answer.status_code == 200


def test_the_items_of_all_submissions_are_not_counted_for_every_request(dashboard, browser):
    def items():
        found = browser.get("/metrics").get_data(as_text=True)
        return [line for line in found.splitlines() if line.startswith("linkboard_items{")]

    assert items() == []
    dashboard.visitor().submit("fil.00000000000000000000000000000120")
    assert items() == []
    dashboard.clock.advance(16)
    assert items() == ['linkboard_items{status="UNREAD"} 1.0']
