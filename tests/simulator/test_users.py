"""Users, their keys, and the tokens made from those."""

import base64
import json

import pytest

from tests.simulated_ica import simulator
from tests.simulator.conftest import PROJECT


def token_of(caller, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return caller.post(f"/api/tokens?{query}")


def test_a_token_names_its_subject_and_its_end(sim, demo):
    token = token_of(demo).json()["token"]
    body = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["iat"] == int(sim.clock.now)
    assert (claims["name"], claims["email"]) == ("Dana Demo", "demo@example.org")
    assert claims["sub"]
    assert claims["tenant"] == "linkboard-demo"


def test_a_token_is_as_good_as_the_key_until_it_runs_out(demo_at, caller_of):
    with simulator(token_seconds=60) as sim:
        caller = demo_at(sim)
        token = token_of(caller).json()["token"]
        del caller.session.headers["X-API-Key"]
        caller.session.headers["Authorization"] = f"Bearer {token}"
        assert caller.get(PROJECT).status_code == 200
        sim.clock.advance(61)
        assert caller.get(PROJECT).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "no-such-key"},
        {"X-API-Key": ""},
        {"Authorization": "Bearer demo-key"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Basic ZGVtbzpkZW1v"},
    ],
)
def test_no_key_no_answer(caller_of, headers):
    caller = caller_of(**headers)
    for answer in (caller.get(PROJECT), token_of(caller)):
        assert (answer.status_code, answer.json()["title"]) == (401, "ICA_SEC_002")


def test_a_forged_token_is_refused(demo, caller_of):
    header, body, signature = token_of(demo).json()["token"].split(".")
    forged = caller_of(Authorization=f"Bearer {header}.{body[:-2]}AA.{signature}")
    assert forged.get(PROJECT).status_code == 401


def test_the_tenant_is_the_users_own(demo):
    assert token_of(demo, tenant="linkboard-demo").status_code == 200
    assert token_of(demo, tenant="another").status_code == 401


def test_a_token_made_from_a_key_is_not_refreshed(demo):
    assert demo.post("/api/tokens:refresh").status_code == 403
