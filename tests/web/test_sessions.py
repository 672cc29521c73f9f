"""Sessions: how long they last at most, and the account page that lists and ends them."""

import pytest

from tests.dashboard import HEADERS, data_ids, open_dashboard, text
from tests.web.markup import element, elements
from webapp.store import tables
from webapp.web.signin.devices import device

DAY = 86_400
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0"
)


def sign_in(dashboard, agent, key="demo-key"):
    """Somebody who has signed in with this browser."""
    person = dashboard.visitor(key=None)
    person.client.environ_base["HTTP_USER_AGENT"] = agent
    assert person.sign_in(key).status_code == 303
    return person


def handles(page):
    return [field["value"] for field in elements(page, "button", name="session")]


def is_signed_in(person):
    return person.get("/submissions").status_code == 200


def end(person, **form):
    return person.post("/account/sessions/end", form)


def test_a_session_ends_after_its_days_whatever_the_visits(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, session_days=2) as dashboard:
        demo = dashboard.visitor()
        demo.submit(data_ids(1))
        for _ in range(47):
            dashboard.clock.advance(3600)
            assert is_signed_in(demo)
        dashboard.clock.advance(3601)
        assert demo.get("/submissions").location.startswith("/signin")
        assert demo.part("/submissions/1/progress").status_code == 401


def test_the_account_page_lists_the_sessions_and_tells_this_one(dashboard):
    here = sign_in(dashboard, FIREFOX)
    dashboard.clock.advance(3600)
    sign_in(dashboard, SAFARI)
    sign_in(dashboard, EDGE, "colleague-key")
    page = here.get("/account")
    rows = elements(page, "tr", data_session=None)
    assert ["Firefox on Linux" in row.text for row in rows] == [True, False]
    assert "Safari on iPhone" in rows[1].text
    assert ["This one" in row.text for row in rows] == [True, False]
    assert all("127.0.0.1" in row.text for row in rows)
    assert len(elements(page, "time")) >= 4
    assert "Edge" not in text(page)


def test_each_session_is_ended_by_one_click(stored):
    here, there = sign_in(stored, FIREFOX), sign_in(stored, EDGE)
    (other,) = handles(here.get("/account"))[1:]
    answer = end(here, session=other)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "1 session was ended" in text(here.get("/account"))
    assert is_signed_in(here)
    assert not is_signed_in(there)


def test_all_others_are_ended_at_once_and_then_all(stored):
    here, others = sign_in(stored, FIREFOX), [sign_in(stored, EDGE) for _ in range(3)]
    colleague = stored.visitor("colleague-key")
    assert end(here, which="others").location == "/account"
    assert "3 sessions were ended" in text(here.get("/account"))
    assert [is_signed_in(person) for person in (here, *others)] == [True, False, False, False]
    again = sign_in(stored, EDGE)
    assert end(here, which="all").location == "/signin"
    assert not is_signed_in(here)
    assert not is_signed_in(again)
    assert is_signed_in(colleague)


def test_to_end_this_one_is_to_sign_out(dashboard):
    here = sign_in(dashboard, FIREFOX)
    (mine,) = handles(here.get("/account"))
    assert end(here, session=mine).location == "/signin"
    assert not is_signed_in(here)


def test_nobody_ends_the_sessions_of_another(dashboard):
    here, stranger = sign_in(dashboard, FIREFOX), dashboard.visitor("colleague-key")
    (mine,) = handles(here.get("/account"))
    end(stranger, session=mine)
    assert "No session was ended" in text(stranger.get("/account"))
    end(stranger, which="all")
    assert is_signed_in(here)


@pytest.mark.parametrize("made_up", ["", "%", "_" * 16, "0", "x" * 70, "\x00", "é" * 16, "a" * 64])
def test_a_made_up_session_ends_none(stored, made_up):
    here, there = sign_in(stored, FIREFOX), sign_in(stored, EDGE)
    assert end(here, session=made_up).status_code == 303
    assert end(here, which=made_up).status_code == 303
    assert is_signed_in(here)
    assert is_signed_in(there)


def test_what_a_form_names_a_session_by_opens_none(dashboard):
    here = sign_in(dashboard, FIREFOX)
    (mine,) = handles(here.get("/account"))
    with dashboard.store.read() as connection:
        hashes = connection.execute(tables.sessions.select()).mappings().all()
    assert len(mine) < len(hashes[0]["token_hash"]) / 2
    thief = dashboard.app.test_client()
    with thief.session_transaction() as cookie:
        cookie["token"] = mine
    assert thief.get("/submissions").status_code == 303


def test_forgetting_the_key_ends_all_sessions(stored):
    here, there = sign_in(stored, FIREFOX), sign_in(stored, EDGE)
    here.submit(data_ids(1))
    here.post("/signout", {"forget": "yes"})
    assert not is_signed_in(here)
    assert not is_signed_in(there)
    assert there.part("/submissions/1/progress").status_code == 401


def test_signing_out_ends_this_session_alone(dashboard):
    here, there = sign_in(dashboard, FIREFOX), sign_in(dashboard, EDGE)
    here.post("/signout")
    assert is_signed_in(there)


def test_another_site_ends_no_session(dashboard):
    here = sign_in(dashboard, FIREFOX)
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = here.client.post("/account/sessions/end", data={"which": "all"}, headers=headers)
    assert answer.status_code == 403
    assert is_signed_in(here)


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        (EDGE, "Edge on Windows"),
        (EDGE.replace(" Edg/137.0.0.0", ""), "Chrome on Windows"),
        (FIREFOX.replace("X11; Linux x86_64", "Macintosh; Intel Mac OS X 10.15"), "Firefox on Mac"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/137.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.14.1", "curl"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("Firefox\u202e/" + "9" * 100_000, "Firefox"),
    ],
)
def test_a_browser_is_told_in_few_words(agent, told):
    assert device(agent) == told


def test_who_is_signed_out_in_the_middle_of_something_is_told_and_led_back(dashboard):
    visitor = dashboard.visitor()
    form = f"{visitor.get('/signin').request.host_url}find?outcome=FAILED"
    visitor.post("/signout")
    answer = visitor.client.post("/find", data={"ids": "x"}, headers=HEADERS | {"Referer": form})
    assert answer.location == "/signin?next=/find%3Foutcome%3DFAILED"
    page = visitor.get(answer.location)
    assert "nothing was sent to ICA, and nothing was changed" in text(page)
    assert "hidden" in element(page, "p", data_typed_waits=None)  # typed.js knows
    assert visitor.part("/submissions/rows").status_code == 401
    assert "You are signed out by now." in text(visitor.get("/signin"))
    assert "signed out" not in text(visitor.get(visitor.get("/submissions").location))
