"""Find by names and paths: from what this dashboard knows, for whoever may see it, and no call."""

import csv
import io
import unicodedata

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import STRANGERS_PROJECT
from tests.web.markup import elements, with_class
from tests.web.test_find import asked, summary
from webapp.store import tables
from webapp.web.find import query

IDS = data_ids(5)
NAMES = ("a.bam", "b.bam", "b.bam", "c.bam", "Zoë.bam")
NOWHERE = "This dashboard knows no data of that"


def call(dashboard, names, place):
    """Have the items of a list be called so."""
    submission = tables.items.c.submission_id == int(place.rsplit("/", 1)[1])
    with dashboard.store.write() as connection:
        for data_id, name in names:
            values = {"name": name, "path": name and f"/run1/{data_id[-3:]}/{name}"}
            these = submission & (tables.items.c.data_id == data_id)
            connection.execute(tables.items.update().where(these).values(values))


@pytest.fixture
def called(stored):
    """Five data, of which two have one name."""
    demo = stored.visitor()
    place = demo.submit(IDS, name="Run 5")
    stored.work(30)
    call(stored, zip(IDS, NAMES, strict=True), place)
    return stored, demo


def table(visitor, place):
    content = visitor.get(f"{place}/export.csv").get_data(as_text=True)
    rows = csv.DictReader(io.StringIO(content))
    return [(row["line"], row["data_id"], row["outcome"], row["asked"]) for row in rows]


def test_names_and_paths_lead_to_their_data(called):
    dashboard, demo = called
    path, folder, odd = f"/run1/{IDS[3][-3:]}/c.bam", "/run1/", "Z, a #2.bam"
    other = unicodedata.normalize("NFD", "Zoë.bam")
    dashboard.sim.forget_calls()
    place = asked(
        demo, [IDS[0], "b.bam", path, "A.bam", folder, other, "Zoë.bam", "b.bam", "a.bam", odd]
    )
    assert table(demo, place) == [
        ("1", IDS[0], "LINKED", ""),
        ("2", IDS[1], "LINKED", "b.bam"),
        ("2", IDS[2], "LINKED", "b.bam"),
        ("3", IDS[3], "LINKED", path),
        ("4", "", "NEVER", "A.bam"),
        ("5", "", "NEVER", folder),
        ("6", "", "NEVER", other),
        ("7", IDS[4], "LINKED", "Zoë.bam"),
        ("9", IDS[0], "LINKED", "a.bam"),
        ("10", "", "NEVER", odd),
    ]
    assert not dashboard.sim.calls()
    page = demo.get(place)
    assert (
        "8 names, paths and labels: 4 known, leading to 5 data ids, and 1 id. Looked for"
        in text(page)
    )
    assert elements(demo.get("/find"), "td", data_label="Ids and names")[0].text == "9"
    assert summary(demo, place) == {"LINKED": 6, "NEVER": 4}
    assert f"{NOWHERE} name." in text(page)
    assert f"{NOWHERE} path." in text(page)
    assert [one.text for one in with_class(page, "asked")][-3] == "Zoë.bam"
    assert demo.get(f"{place}/export.txt").text.split() == [*IDS, IDS[0]]
    form = demo.get(f"/submissions/new?find={place[6:]}&outcome=NEVER")
    area = elements(form, "textarea", name="ids")[0].text.strip()
    assert area.splitlines() == ["A.bam", folder, other, odd]
    only = demo.get(f"{place}?outcome=NEVER")
    assert IDS[0] not in text(only)


def test_whoever_may_not_see_a_project_learns_of_no_name_in_it(called):
    """Of what a name led its asker to, others see what they themselves see called so."""
    dashboard, demo = called
    stranger = dashboard.visitor("stranger-key")
    lines = ["a.bam", "b.bam", "c.bam", "none.bam", IDS[3]]
    place = asked(demo, lines, name="Shared")
    assert len(table(demo, place)) == 6
    own = asked(stranger, lines)
    assert "4 names, paths and labels: 0 known, leading to 0 data ids, and 1 id" in text(
        stranger.get(own)
    )
    assert demo.post(f"{place}/share").status_code == 303
    nothing = [("1", "", "NEVER", "a.bam"), ("2", "", "NEVER", "b.bam")]
    nothing += [("3", "", "NEVER", "c.bam"), ("4", "", "NEVER", "none.bam")]
    for answer in (place, own):
        assert table(stranger, answer) == [*nothing, ("5", IDS[3], "NEVER", "")]
        assert summary(stranger, answer) == {"NEVER": 5}
        assert "3 known" not in text(stranger.get(answer))
        shown = text(stranger.get(answer)) + stranger.get(f"{answer}/export.txt").text
        assert not [data_id for data_id in IDS[:3] if data_id in shown]
        form = stranger.get(f"/submissions/new?find={answer[6:]}&outcome=NEVER")
        assert elements(form, "textarea", name="ids")[0].text.split() == lines
    theirs = stranger.submit([IDS[2], IDS[3]], project=STRANGERS_PROJECT)
    dashboard.work(30)
    call(dashboard, [(IDS[2], "b.bam"), (IDS[3], "")], theirs)
    assert table(stranger, place) == [
        nothing[0],
        ("2", IDS[2], "LINKED", "b.bam"),
        *nothing[2:],
        ("5", IDS[3], "LINKED", ""),
    ]
    assert summary(stranger, place) == {"LINKED": 2, "NEVER": 3}
    assert len(table(demo, place)) == 6


def test_one_name_leads_to_one_data_id_in_words(called):
    _, demo = called
    page = text(demo.get(asked(demo, ["a.bam", "none.bam"])))
    assert "1 known, leading to 1 data id. Looked for in all projects" in page
    assert "exactly as written, capitals too" in page


def test_names_that_lead_to_too_many_data_are_told_so(called, monkeypatch):
    _, demo = called
    monkeypatch.setattr(query, "MAX_IDS", 3)
    place = asked(demo, ["b.bam", "a.bam"])
    assert len(table(demo, place)) == 3
    answer = demo.post("/find", {"ids": "b.bam\na.bam\nc.bam"})
    assert answer.status_code == 422
    assert "lead to more than" in text(answer)
