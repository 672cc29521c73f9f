"""Every operation against the simulator: what goes in, what comes out."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.ica.batches import NOWHERE, client, ids
from tests.simulated_ica import (
    COLLEAGUE_KEY,
    DEMO_KEY,
    FIRST_PROJECT,
    READ_ONLY_PROJECT,
    STRANGERS_PROJECT,
    Clock,
    simulator,
)
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import Forbidden, NotFound, Refused, Unauthorized
from webapp.ica.models import FINAL_JOB, LINK_STATUSES, MOVING, UNLINK_STATUSES


def test_claims_say_who_signed_in(sim):
    claims = client(sim).claims()
    assert claims.subject
    assert claims.tenant
    assert (claims.name, claims.email) == ("Dana Demo", "demo@example.org")
    assert claims.expires == pytest.approx(sim.clock() + 3600, abs=1)
    assert client(sim, COLLEAGUE_KEY).claims().subject != claims.subject
    with pytest.raises(Unauthorized):
        client(sim, "another-key").claims()


def never_minting(key: str, tenant: str):
    pytest.fail("there is a token already")


def test_a_token_may_be_given_instead_of_a_key(sim):
    credential = Credential(DEMO_KEY)
    from_key = IcaClient(sim.url, credential, clock=sim.clock).claims()
    token = credential.token(never_minting, sim.clock())
    assert client(sim, token).claims() == from_key
    sim.clock.advance(3601)
    with pytest.raises(Unauthorized):
        client(sim, token).claims()


def test_a_day_of_work_outlives_its_tokens():
    with simulator(token_seconds=600) as sim:
        ica = client(sim)
        for _ in range(20):
            ica.project(FIRST_PROJECT)
            sim.clock.advance(300)
        assert sim.calls() == {"createJwtToken": 10, "getProject": 20}


def test_projects_are_searched_page_by_page(sim):
    ica = client(sim)
    first = ica.search_projects("Epilepsy", page_size=5)
    found, token = list(first.items), first.next_token
    while token:
        page = ica.search_projects("Epilepsy", page_token=token, page_size=5)
        found, token = found + page.items, page.next_token
    assert len(first.items) == 5
    assert len({project.id for project in found}) == len(found) > 5
    assert all("Epilepsy" in project.name for project in found)
    assert ica.search_projects("no such thing at all").items == []
    assert len(ica.search_projects().items) == 20


def test_a_project_has_a_name_or_is_refused(sim):
    project = client(sim).project(FIRST_PROJECT)
    assert (project.id, project.name) == (FIRST_PROJECT, "Rare disease WGS 2026")
    with pytest.raises(NotFound):
        client(sim).project(NOWHERE)
    with pytest.raises(Forbidden):
        client(sim).project(STRANGERS_PROJECT)
    with pytest.raises(Refused, match="400"):
        client(sim).project("no-uuid")


def test_a_batch_runs_to_its_end(sim):
    ica = client(sim)
    made = ica.create_batch(FIRST_PROJECT, ids(256))
    assert made.job is not None
    assert not ica.job(made.job.id).is_final
    sim.clock.advance(2)
    batch = ica.batch(FIRST_PROJECT, made.id)
    assert batch.id == made.id
    assert batch.job.is_final
    assert (batch.job.id, batch.job.subject_id) == (made.job.id, made.id)
    assert batch.job.project_id == FIRST_PROJECT
    assert batch.job.time_created <= batch.job.time_finished
    assert batch.job.time_finished.utcoffset() is not None


def test_writing_needs_the_right_to(sim):
    with pytest.raises(Forbidden) as raised:
        client(sim).create_batch(READ_ONLY_PROJECT, ids(1))
    assert "Contributor" in raised.value.problem["detail"]
    assert not raised.value.maybe_done


def test_jobs_come_newest_first(sim):
    ica = client(sim)
    made = []
    for _ in range(5):
        made.append(ica.create_batch(FIRST_PROJECT, ids(1)).id)
        sim.clock.advance(10)
    first, second = ica.jobs(page_size=3), ica.jobs(offset=3, page_size=3)
    found = [job.subject_id for job in first.items + second.items]
    assert found[:5] == made[::-1]
    assert first.total >= 5
    newest = datetime.fromtimestamp(sim.clock() - 10, UTC)
    assert abs(first.items[0].time_created - newest) < timedelta(seconds=1)


def test_eligible_leaves_out_what_ica_would_refuse(sim):
    data_ids = ids(40)
    found = {data.id for data in client(sim).eligible(FIRST_PROJECT, data_ids)}
    assert found <= set(data_ids)
    assert not {data_ids[0], data_ids[1]} & found
    assert data_ids[32] in found


def test_the_words_of_jobs_and_items_are_told_apart():
    assert not FINAL_JOB & set(MOVING)
    assert set(LINK_STATUSES) & set(UNLINK_STATUSES) == {*MOVING, "FAILED"}


def test_icas_clock_is_known_after_the_first_answer():
    with simulator(clock=Clock(1_795_435_200.0)) as sim:
        ica = IcaClient(sim.url, Credential(DEMO_KEY), clock=lambda: sim.clock() - 90)
        assert ica.clock_offset is None
        ica.project(FIRST_PROJECT)
        assert ica.clock_offset == pytest.approx(90, abs=1)
