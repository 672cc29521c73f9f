"""Watching a batch that was made elsewhere."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT, STRANGERS_PROJECT
from tests.web.markup import element, field_error, rows

NOBODY_S = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


@pytest.fixture
def batch(dashboard):
    """A batch that somebody's script made in ICA: its id."""
    script = dashboard.context.clients.for_key("demo-key", "")
    return script.create_batch(FIRST_PROJECT, data_ids(3)).id


def adopt(person, batch_id, project=FIRST_PROJECT, name=""):
    given = {"project_id": project, "batch_id": batch_id, "name": name}
    return person.post("/submissions/adopt", given)


def test_a_batch_of_a_script_is_followed_like_our_own(dashboard, batch):
    demo = dashboard.visitor()
    place = adopt(demo, batch, name="from a script").location
    assert "from a script" in text(demo.get(place))
    assert "No rows yet" in text(demo.get(f"{place}/items"))
    dashboard.work(60)
    assert "All 3 items are linked" in text(demo.get(place))
    assert sorted(rows(demo.get(f"{place}/items"))) == data_ids(3)


def test_the_same_batch_twice_is_the_same_submission(dashboard, batch):
    demo = dashboard.visitor()
    place = adopt(demo, batch).location
    assert adopt(demo, batch.upper()).location == place
    assert adopt(dashboard.visitor("colleague-key"), f" {batch}\n").location == place
    assert "watched here already" in text(demo.get(place))


@pytest.mark.parametrize("wrong", ["", "1", "x" * 10_000, "\x00", "../x", "{%}"])
def test_what_is_no_uuid_is_told_beside_the_field(demo, wrong):
    answer = adopt(demo, wrong, project=wrong, name="kept")
    assert answer.status_code == 422
    assert "UUID" in field_error(answer, "batch_id")
    assert "UUID" in field_error(answer, "project_id")
    assert element(answer, "input", name="name")["value"] == "kept"


def test_a_name_that_is_too_long(demo, batch):
    answer = adopt(demo, batch, name="n" * 10_000)
    assert answer.status_code == 422
    assert "10,000" in field_error(answer, "name")


@pytest.mark.parametrize(("project", "of"), [(FIRST_PROJECT, NOBODY_S), (STRANGERS_PROJECT, None)])
def test_what_ica_does_not_know_or_show(dashboard, batch, project, of):
    answer = adopt(dashboard.visitor(), of or batch, project=project)
    assert answer.status_code == 422
    assert field_error(answer, "batch_id").startswith("ICA knows no such batch")
    assert "No submissions yet" in text(dashboard.visitor().get("/submissions"))


def test_ica_away(dashboard, batch):
    demo = dashboard.visitor()
    dashboard.sim.stop()
    answer = adopt(demo, batch)
    assert answer.status_code == 422
    assert "ICA did not answer" in field_error(answer, "batch_id")


def test_a_stranger_learns_nothing_of_a_batch_that_is_watched(dashboard, batch):
    adopt(dashboard.visitor(), batch)
    answer = adopt(dashboard.visitor("stranger-key"), batch)
    assert field_error(answer, "batch_id").startswith("ICA knows no such batch")
