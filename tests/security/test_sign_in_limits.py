"""Guessing at keys is slow, told in words, and costs nobody else their turn."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.dashboard import HEADERS, open_dashboard, text
from tests.security.web_server import IN_TIME, answer_in_time, web_server
from tests.web.markup import element, field_error
from webapp.web import create_app


@pytest.mark.slow
def test_while_60_sign_ins_wait_for_ica_what_needs_no_ica_is_answered(tmp_path, free_port):
    with web_server(tmp_path, free_port) as served:
        person = served.visitor()
        place, other = served.draft(person, 100), served.draft(person, 100)
        served.sim.forget_calls()
        served.sim.set_faults({"slow": 1})
        for _ in range(60):
            served.send(
                b"POST /signin HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n\r\n"
                b"api_key=demo-key"
            )
        pages = f"{served.url}/healthz", f"{served.url}/submissions", f"{place}/progress"
        answer_in_time(person, *pages)
        found = person.get(f"{served.url}/submissions/new", timeout=IN_TIME).text
        assert "waits for ICA with many other requests" in found
        sent = person.post(f"{other}/submit", timeout=IN_TIME)
        assert sent.status_code == 200
        assert "1 batch, waiting" in sent.text
        assert "Waiting" in person.get(f"{other}/batches", timeout=IN_TIME).text
        assert "lost" not in sent.text
        assert "ICA does not answer" not in sent.text
        assert "createProjectDataLinkingBatch" not in served.sim.calls()


WRONG = "wrong-key"


@pytest.fixture
def dashboard(tmp_path):
    settings = {"trusted_proxies": 1}
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, **settings) as dashboard:
        yield dashboard


def sign_in(dashboard, key, address, *, app=None, **given):
    headers = {**HEADERS, "X-Forwarded-For": address}
    client = (app or dashboard.app).test_client()
    return client.post("/signin", data={"api_key": key, **given}, headers=headers)


def tried(dashboard):
    """The sign-ins that ICA was asked about."""
    return dashboard.sim.calls().get("createJwtToken", 0)


def test_the_eleventh_wrong_key_from_an_address_is_not_passed_on(dashboard):
    for _ in range(10):
        assert sign_in(dashboard, WRONG, "192.0.2.1").status_code == 422
    answer = sign_in(dashboard, WRONG, "192.0.2.1", next="/submissions/7", tenant="acme")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "6"
    assert "Try again in 6 seconds" in field_error(answer, "api_key")
    assert element(answer, "input", name="next")["value"] == "/submissions/7"
    assert element(answer, "input", name="tenant")["value"] == "acme"
    assert WRONG not in answer.get_data(as_text=True)
    assert tried(dashboard) == 10
    dashboard.clock.advance(6)
    assert sign_in(dashboard, WRONG, "192.0.2.1").status_code == 422
    assert sign_in(dashboard, WRONG, "192.0.2.1").status_code == 429
    dashboard.clock.advance(60)
    assert [sign_in(dashboard, WRONG, "192.0.2.1").status_code for _ in range(11)] == [
        *[422] * 10,
        429,
    ]


def test_a_right_key_from_elsewhere_is_not_held_up(dashboard):
    for _ in range(11):
        sign_in(dashboard, WRONG, "192.0.2.1")
    assert sign_in(dashboard, "demo-key", "192.0.2.2").status_code == 303
    assert sign_in(dashboard, "demo-key", "192.0.2.1").status_code == 429


@pytest.mark.parametrize(
    ("addresses", "one"),
    [
        ([f"2001:db8:1:2::{number:x}" for number in range(11)], True),
        ([f"2001:db8:1:{number:x}::1" for number in range(11)], False),
        (["192.0.2.1", *["::ffff:192.0.2.1"] * 10], True),
    ],
)
def test_an_ipv6_client_is_known_by_its_network(dashboard, addresses, one):
    answers = [sign_in(dashboard, WRONG, address).status_code for address in addresses]
    assert answers == [*[422] * 10, 429 if one else 422]


def test_guesses_from_everywhere_are_held_up_together_but_not_who_was_here_before(dashboard):
    assert sign_in(dashboard, "demo-key", "198.51.100.1").status_code == 303
    for number in range(60):
        assert sign_in(dashboard, WRONG, f"192.0.2.{number}").status_code == 422
    asked = tried(dashboard)
    answer = sign_in(dashboard, WRONG, "192.0.2.200")
    assert answer.status_code == 429
    assert "from your address" not in field_error(answer, "api_key")
    assert tried(dashboard) == asked
    assert sign_in(dashboard, "demo-key", "198.51.100.1").status_code == 303
    dashboard.clock.advance(int(answer.headers["Retry-After"]))
    assert sign_in(dashboard, "demo-key", "192.0.2.201").status_code == 303


def test_who_is_signed_in_from_there_is_known_to_every_process(dashboard):
    other = create_app(dashboard.settings, dashboard.store, clock=dashboard.clock)
    assert sign_in(dashboard, "demo-key", "198.51.100.1").status_code == 303
    for number in range(60):
        assert sign_in(dashboard, WRONG, f"192.0.2.{number}", app=other).status_code == 422
    assert sign_in(dashboard, "demo-key", "198.51.100.1", app=other).status_code == 303
    assert sign_in(dashboard, "demo-key", "198.51.100.2", app=other).status_code == 429


def test_what_is_no_guess_does_not_count(dashboard):
    dashboard.sim.set_faults({"503": 1})
    for _ in range(12):
        assert "ICA has trouble" in text(sign_in(dashboard, "demo-key", "192.0.2.1"))
    dashboard.sim.set_faults({})
    for _ in range(12):
        assert sign_in(dashboard, "demo-key", "192.0.2.1").status_code == 303


def test_many_at_once_are_as_many_guesses(dashboard):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: sign_in(dashboard, WRONG, "192.0.2.1"), range(40)))
    assert sum(answer.status_code == 422 for answer in answers) == tried(dashboard) == 10


def test_a_sign_in_that_is_one_too_many_is_told_in_the_log(dashboard, caplog):
    for _ in range(11):
        sign_in(dashboard, WRONG, "2001:db8::7")
    (told,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "sign-in was refused" in told.getMessage()
    assert "2001:db8::/64" in told.getMessage()
    assert WRONG not in caplog.text
