"""Signing in with a key, staying signed in, and signing out."""

from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest
from flask.sessions import SecureCookieSessionInterface

from tests.dashboard import HEADERS, data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.markup import element, elements, field_error
from webapp.store import accounts


def cookie(answer):
    return answer.headers["Set-Cookie"]


def test_a_key_opens_a_session_that_scripts_and_other_sites_have_no_use_for(nobody):
    answer = nobody.sign_in()
    assert answer.status_code == 303
    assert answer.location == "/submissions"
    assert cookie(answer).startswith("linkboard=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie(answer).split("; "))
    assert "Secure" not in cookie(answer)
    assert "Dana Demo" in text(nobody.get("/submissions"))


def test_over_https_the_cookie_stays_on_https(nobody):
    headers = {"Sec-Fetch-Site": "same-origin"}
    answer = nobody.client.post(
        "/signin", data={"api_key": "demo-key"}, headers=headers, base_url="https://localhost"
    )
    assert "Secure" in cookie(answer)


def test_signing_in_makes_a_new_session_and_ends_the_old_one(dashboard):
    one = dashboard.visitor()
    before = one.client.get_cookie("linkboard").value
    one.sign_in("colleague-key")
    assert "Carol Colleague" in text(one.get("/submissions"))
    one.client.set_cookie("linkboard", before)
    assert one.get("/submissions").location.startswith("/signin")


def test_a_cookie_that_was_made_up_is_nobody_s(nobody):
    nobody.client.set_cookie("linkboard", "eyJ0b2tlbiI6ImEifQ.x.y")
    assert nobody.get("/submissions").location.startswith("/signin")


def test_signing_out_ends_the_session_on_the_server_too(demo):
    before = demo.client.get_cookie("linkboard").value
    answer = demo.post("/signout")
    assert answer.location == "/signin"
    assert "Your key is erased" in text(demo.get("/signin"))
    demo.client.set_cookie("linkboard", before)
    assert demo.get("/submissions").location.startswith("/signin")


def test_signing_out_empties_the_browser_s_storage_where_it_is_linkboard_s_alone(dashboard):
    here, below = dashboard.visitor(), dashboard.visitor()
    assert here.post("/signout").headers["Clear-Site-Data"] == '"storage"'
    answer = below.client.post(
        "/signout", headers=HEADERS, environ_overrides={"SCRIPT_NAME": "/linkboard"}
    )
    assert answer.location == "/linkboard/signin"
    assert "Clear-Site-Data" not in answer.headers


def test_a_cookie_is_signed_with_sha_256(dashboard, demo):
    signature = demo.client.get_cookie("linkboard").value.rpartition(".")[2]
    assert len(urlsafe_b64decode(f"{signature}=")) == sha256().digest_size
    with_sha_1 = SecureCookieSessionInterface().get_signing_serializer(dashboard.app)
    with demo.client.session_transaction() as session:
        weaker = with_sha_1.dumps(dict(session))
    demo.client.set_cookie("linkboard", weaker)
    assert demo.get("/submissions").location.startswith("/signin")


def test_the_field_of_the_key_is_masked_and_takes_what_is_pasted(nobody):
    field = element(nobody.get("/signin"), "input", name="api_key", required=None)
    assert field["type"] == "password"
    assert not {"readonly", "onpaste", "maxlength"} & set(field.attributes)


def test_signing_out_says_what_goes_on_and_offers_to_end_it(demo):
    demo.submit(data_ids(1), name="exomes of May")
    assert "exomes of May" in text(demo.get("/account"))
    demo.post("/signout")
    assert "1 submission is still running" in text(demo.get("/signin"))


def test_a_key_that_is_erased_makes_work_wait_for_the_next_one(dashboard, demo):
    place = demo.submit(data_ids(3))
    demo.post("/signout", {"forget": "yes"})
    assert "1 submission waits until you sign in again" in text(demo.get("/signin"))
    dashboard.work(10)
    demo.sign_in()
    dashboard.work(20)
    assert "All 3 items are linked" in text(demo.get(place))


def test_signing_out_everywhere_erases_an_idle_key(dashboard, demo):
    demo.post("/signout")
    dashboard.work(10)
    with dashboard.store.read() as connection:
        keys = connection.exec_driver_sql("SELECT sealed_key FROM accounts").scalars().all()
    assert keys == [None]


def test_a_session_ends_after_its_hours_without_a_visit(dashboard, demo):
    hours = dashboard.settings.session_hours
    for _ in range(3):
        dashboard.clock.advance(3600 * (hours - 1))
        assert demo.get("/submissions").status_code == 200
    dashboard.clock.advance(3600 * hours + 1)
    assert demo.get("/submissions").location.startswith("/signin")


@pytest.mark.parametrize("part", ["/submissions/rows", "/submissions/1/progress"])
def test_a_poll_does_not_prolong_it(dashboard, demo, part):
    demo.submit(data_ids(1))
    end = dashboard.clock.now + 3600 * dashboard.settings.session_hours
    while dashboard.clock.now < end - 1800:
        assert demo.part(part).status_code == 200
        dashboard.clock.advance(1800)
    dashboard.clock.advance(1801)
    assert demo.part(part).status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "http://[",
        "//[",
        "submissions",
        " //evil.example",
        "",
    ],
)
def test_next_leads_only_to_paths_of_ours(dashboard, target):
    person = dashboard.visitor(key=None)
    answer = person.post("/signin", {"api_key": "demo-key", "next": target})
    assert answer.status_code == 303
    assert answer.location == "/submissions"
    again = person.client.get("/signin", query_string={"next": target})
    assert again.location == "/submissions"


def test_next_is_kept_through_a_mistake(nobody):
    answer = nobody.post("/signin", {"api_key": "wrong-key", "next": "/submissions/7"})
    assert element(answer, "input", name="next")["value"] == "/submissions/7"


def test_each_thing_that_goes_wrong_has_its_own_sentence(dashboard, nobody):
    told = [field_error(nobody.sign_in(key), "api_key") for key in ("", "wrong-key", "k" * 10_001)]
    told.append(field_error(nobody.sign_in("wrong-key", tenant="acme"), "api_key"))
    for fault in ("500", "429", "503"):
        dashboard.sim.set_faults({fault: 1})
        told.append(field_error(nobody.sign_in(), "api_key"))
    dashboard.sim.stop()
    told.append(field_error(nobody.sign_in(), "api_key"))
    assert all(told)
    assert len(set(told)) == len(told) - 1  # a 500 and a 503 are the same to whoever reads it
    assert "did not answer" in told[-1]


@pytest.mark.parametrize("key", ["kéy", "a\nb: c", "a\x00b", "\ud83d\ude00", "a b", "'\"<script>"])
def test_any_key_is_taken_for_what_it_is(nobody, key):
    answer = nobody.sign_in(key.encode("utf-8", "replace").decode())
    assert answer.status_code == 422
    assert "ICA does not take this key" in field_error(answer, "api_key")
    assert all("src" in script for script in elements(answer, "script"))


def test_a_wrong_key_is_shown_nowhere(nobody):
    answer = nobody.sign_in("a-key-that-nobody-has")
    assert "a-key-that-nobody-has" not in answer.get_data(as_text=True)


def test_any_tenant_is_survived(stored):
    for tenant in ("\x00", "x" * 10_000, "<b>", "é\n"):
        assert stored.visitor(key=None).sign_in(tenant=tenant).status_code in {303, 422}


def test_the_demo_signs_in_by_one_click(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, demo_key="demo-key") as dashboard:
        person = dashboard.visitor(key=None)
        page = person.get("/signin")
        given = {field["name"]: field["value"] for field in elements(page, "input", type="hidden")}
        assert person.post("/signin", given).location == "/submissions"


def test_a_key_that_was_forgotten_elsewhere_ends_the_session_here(dashboard):
    here, there = dashboard.visitor(), dashboard.visitor()
    place = here.submit(data_ids(1))
    there.post("/signout", {"forget": "yes"})
    assert here.get(place).location == f"/signin?next={place}"
    assert here.part(f"{place}/progress").status_code == 401
    here.sign_in()
    assert here.get(place).status_code == 200


def test_a_key_that_is_gone_asks_for_a_new_one(dashboard, demo):
    dashboard.context.write(accounts.forget_key, 1)
    assert "Sign in again" in text(demo.get("/submissions/new"))
    demo.sign_in()
    dashboard.context.write(accounts.forget_key, 1)
    answer = demo.upload("fil.1 kept", project="00000000-0000-4000-8000-000000000009")
    assert answer.status_code == 422
    assert "Sign in again" in text(answer)
    assert element(answer, "textarea").text.strip() == "fil.1 kept"
    demo.sign_in()
    dashboard.context.write(accounts.forget_key, 1)
    given = {"project_id": FIRST_PROJECT, "batch_id": FIRST_PROJECT}
    answer = demo.post("/submissions/adopt", given)
    assert answer.status_code == 422
    assert "Sign in again" in text(answer)
