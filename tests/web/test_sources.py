"""Where to look for the names and paths of a list: everywhere, or in chosen projects."""

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT, READ_ONLY_PROJECT, STRANGERS_PROJECT
from tests.web.markup import element, elements, field_error
from webapp.store import submissions
from webapp.store.documents import NamedProject

SOURCES = [FIRST_PROJECT, READ_ONLY_PROJECT]


def project(number):
    return f"00000000-0000-4000-8000-{number:012d}"


def offered(answer):
    return [box["value"] for box in elements(answer, "input", name="source_id")]


def ticked(answer):
    return [box["value"] for box in elements(answer, "input", name="source_id", checked=None)]


def send(visitor, ids="", *, sources=(), **fields):
    form = {"project_id": FIRST_PROJECT, "ids": ids, "source_id": list(sources), **fields}
    return visitor.post("/submissions", form)


def kept(dashboard, answer):
    submission_id = int(answer.location.rsplit("/", 1)[1])
    return dashboard.context.read(submissions.get, submission_id)


def test_a_source_may_be_read_only_and_is_kept_with_its_name(stored):
    visitor = stored.visitor()
    answer = send(visitor, data_ids(1)[0], sources=[*SOURCES, FIRST_PROJECT])
    assert answer.status_code == 303
    assert kept(stored, answer).lookup_projects == [
        NamedProject(FIRST_PROJECT, "Rare disease WGS 2026"),
        NamedProject(READ_ONLY_PROJECT, "Reference panel (read only)"),
    ]
    assert kept(stored, send(visitor, data_ids(1)[0])).lookup_projects == []


def test_whoever_has_ids_is_not_bothered(dashboard, demo):
    dashboard.sim.forget_calls()
    page = demo.get("/submissions/new")
    assert dashboard.sim.calls()["getProjects"] == 1  # one search for both pickers
    assert "open" not in element(page, "details", class_="disclosure")
    assert len(offered(page)) == 8
    assert ticked(page) == []


def test_what_is_ticked_stays_so_while_one_searches_on(demo):
    page = demo.get("/submissions/new")
    search = element(page, hx_target="#sources")
    assert search["hx-include"] == "#source-q, [name=source_id]:checked"
    assert "from:#source-q" in search["hx-trigger"]
    assert element(page, id="source-q")["name"] == "source_q"
    place = search["hx-post"]
    part = demo.post(place, {"source_q": "exomes", "source_id": [READ_ONLY_PROJECT, project(7)]})
    assert ticked(part) == [READ_ONLY_PROJECT, project(7)]
    assert len(offered(part)) == 10
    assert "Reference panel (read only)" in text(part)  # by its name, which was not known here
    alone = demo.post(place, {"source_q": "rare disease"})
    assert (offered(alone), ticked(alone)) == ([FIRST_PROJECT], [])  # of several, none by itself
    assert "No project" in text(demo.post(place, {"source_q": "nonesuch"}))


def test_a_search_without_scripts_keeps_both_pickers(demo):
    filled = {"project_q": "rare disease", "project_id": FIRST_PROJECT, "ids": "/run/a.bam"}
    answer = demo.post("/submissions/new", {**filled, "source_q": "epilepsy", "source_id": SOURCES})
    assert ticked(answer) == SOURCES
    assert len(offered(answer)) == 10
    assert element(answer, "input", name="source_q")["value"] == "epilepsy"
    assert element(answer, "input", name="project_id", checked=None)["value"] == FIRST_PROJECT
    assert "open" in element(answer, "details", class_="disclosure")


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ([READ_ONLY_PROJECT, STRANGERS_PROJECT], f"no project {STRANGERS_PROJECT}"),
        ([project(999_999)], f"no project {project(999_999)}"),
        (["../../x"], "by its id"),
        ([project(number) for number in range(4, 15)], "at most 10"),
    ],
)
def test_sources_that_can_t_be_taken(stored, sources, says):
    visitor = stored.visitor()
    answer = send(visitor, "fil.1 kept", sources=sources, name="kept too")
    assert answer.status_code == 422
    told = field_error(answer, "source_id")
    assert says in told
    assert element(answer, "a", href="#source_id").text == told
    assert "open" in element(answer, "details", class_="disclosure")
    assert set(ticked(answer)) == {one for one in sources if one != "../../x"}
    assert "Coral" not in text(answer)
    assert element(answer, "textarea").text.strip() == "fil.1 kept"
    assert element(answer, "input", name="name")["value"] == "kept too"
    assert "No submissions yet" in text(visitor.get("/submissions"))


def test_ica_is_away_when_a_source_is_to_be_checked(dashboard, demo):
    demo.draft(data_ids(1))  # the target is known
    dashboard.sim.stop()
    answer = send(demo, data_ids(1)[0], sources=[READ_ONLY_PROJECT])
    assert "ICA does not answer" in field_error(answer, "source_id")
    assert ticked(answer) == [READ_ONLY_PROJECT]
