"""Find by names and paths: from what this dashboard knows, for whoever may see it, and no call."""

import csv
import io
import unicodedata

import pytest

from tests.dashboard import data_ids, text
from tests.simulated_ica import STRANGERS_PROJECT
from tests.web.markup import elements, link, with_class
from tests.web.test_find import asked, summary
from webapp.store import tables
from webapp.web.find import query

IDS = data_ids(5)
NAMES = ("a.bam", "b.bam", "b.bam", "c.bam", "Zoë.bam")
NOWHERE = "No item in the lists here"


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
        ("4", IDS[0], "LINKED", "A.bam"),
        ("5", "", "NO_ITEM", folder),
        ("6", "", "NO_ITEM", other),
        ("7", IDS[4], "LINKED", "Zoë.bam"),
        ("9", IDS[0], "LINKED", "a.bam"),
        ("10", "", "NO_ITEM", odd),
    ]
    assert not dashboard.sim.calls()
    page = demo.get(place)
    assert (
        "1 id and 8 names, paths or labels, looked for in all projects that you may read. "
        "5 of the names are known, and lead to 5 data ids." in text(page)
    )
    assert elements(demo.get("/find"), "td", data_label="Ids and names")[0].text == "9"
    assert summary(demo, place) == {"LINKED": 7, "NO_ITEM": 3}
    assert f"{NOWHERE} is called so, in capitals or not. Search for it" in text(page)
    assert f"{NOWHERE} has this path, in capitals or not. Search for it" in text(page)
    assert [one.text for one in with_class(page, "asked")][-3] == "Zoë.bam"
    assert demo.get(f"{place}/export.txt").text.split() == [*IDS[:4], IDS[0], IDS[4], IDS[0]]
    form = demo.get(f"/submissions/new?find={place[6:]}&outcome=NO_ITEM")
    area = elements(form, "textarea", name="ids")[0].text.strip()
    assert area.splitlines() == [folder, other, odd]
    only = demo.get(f"{place}?outcome=NO_ITEM")
    assert IDS[0] not in text(only)


def test_whoever_may_not_see_a_project_learns_of_no_name_in_it(called):
    """Of what a name led its asker to, others see what they themselves see called so."""
    dashboard, demo = called
    stranger = dashboard.visitor("stranger-key")
    lines = ["a.bam", "b.bam", "c.bam", "none.bam", IDS[3]]
    place = asked(demo, lines, name="Shared")
    assert len(table(demo, place)) == 6
    own = asked(stranger, lines)
    told = text(stranger.get(own))
    assert "1 id and 4 names, paths or labels, looked for" in told
    assert "0 of the names are known, and lead to 0 data ids" in told
    assert demo.post(f"{place}/share").status_code == 303
    nothing = [("1", "", "NO_ITEM", "a.bam"), ("2", "", "NO_ITEM", "b.bam")]
    nothing += [("3", "", "NO_ITEM", "c.bam"), ("4", "", "NO_ITEM", "none.bam")]
    for answer in (place, own):
        assert table(stranger, answer) == [*nothing, ("5", IDS[3], "NEVER", "")]
        assert summary(stranger, answer) == {"NEVER": 1, "NO_ITEM": 4}
        assert "3 of the names" not in text(stranger.get(answer))
        shown = text(stranger.get(answer)) + stranger.get(f"{answer}/export.txt").text
        assert not [data_id for data_id in IDS[:3] if data_id in shown]
        form = stranger.get(f"/submissions/new?find={answer[6:]}")
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
    assert summary(stranger, place) == {"LINKED": 2, "NO_ITEM": 3}
    assert len(table(demo, place)) == 6


def test_one_name_leads_to_one_data_id_in_words(called):
    _, demo = called
    page = text(demo.get(asked(demo, ["a.bam", "none.bam"])))
    assert "2 names, paths or labels, looked for in all projects" in page
    assert "1 of the names is known, and leads to 1 data id." in page
    assert "capitals or not, among the data of the lists here" in page


def test_samples_are_found_in_capitals_or_not_and_are_no_ids(called):
    """Some are rejected as lists go, such as two words; one word may be an id of unusual shape."""
    dashboard, demo = called
    sheet = f"id,sample\n{IDS[0]},Pat-001 Tumor\n{IDS[1]},Pat-002_Tumor\n{IDS[2]},Zoë-3\n"
    demo.submit("", file=(sheet.encode(), "samples.csv"))
    dashboard.work(30)
    never = data_ids(1, start=9000)
    place = asked(
        demo, ["pat-001 tumor", "PAT-002_tumor", "ZOë-3", "ZOË-3", "pat-002", IDS[3], *never]
    )
    assert {row[:1] + row[2:] for row in table(demo, place)} == {
        ("1", "LINKED", "pat-001 tumor"),
        ("2", "LINKED", "PAT-002_tumor"),
        ("3", "LINKED", "ZOë-3"),
        ("4", "NO_ITEM", "ZOË-3"),
        ("5", "NO_ITEM", "pat-002"),
        ("6", "LINKED", ""),
        ("7", "NEVER", ""),
    }
    page = demo.get(place)
    assert "2 ids and 5 names, paths or labels, looked for" in text(page)
    assert "3 of the names are known, and lead to 3 data ids." in text(page)
    assert "Pat-002_Tumor" in [one.text for one in with_class(page, "asked")]
    assert summary(demo, place) == {"LINKED": 4, "NEVER": 1, "NO_ITEM": 2}
    anew = link(page, "Start a new submission with these")
    assert elements(demo.get(anew), "textarea", name="ids")[0].text.split() == never
    in_ica = link(page, "Start a new submission that looks for files called so in ICA")
    assert elements(demo.get(in_ica), "textarea", name="ids")[0].text.split() == [
        "ZOË-3",
        "pat-002",
    ]


def test_a_word_that_is_somebodys_unusual_id_is_unknown_to_others(called):
    dashboard, demo = called
    demo.submit(["Patient-7", *IDS[:1]], name="odd ones")
    stranger = dashboard.visitor("stranger-key")
    lines = b"\xef\xbb\xbfPatient-7\npatient-8\nZ\xfc-3\nZ\xfc 3\n"  # two of them are not UTF-8
    place = demo.post("/find", {"file": (io.BytesIO(lines), "words.txt")}).location
    demo.post(f"{place}/share")
    assert summary(demo, place) == {"LEFT_OUT": 1, "NO_ITEM": 1}  # and two rejected
    assert summary(stranger, place) == {"NO_ITEM": len(table(stranger, place))}
    assert "Never submitted" not in text(stranger.get(place))


def test_names_that_lead_to_too_many_data_are_told_so(called, monkeypatch):
    _, demo = called
    monkeypatch.setattr(query, "MAX_IDS", 3)
    place = asked(demo, ["b.bam", "a.bam"])
    assert len(table(demo, place)) == 3
    answer = demo.post("/find", {"ids": "b.bam\na.bam\nc.bam"})
    assert answer.status_code == 422
    assert "lead to more than" in text(answer)


@pytest.mark.parametrize("more", [b"", b"b_bam\nb%bam\nB.BAM\nZ\xfc-4\n"])
def test_a_few_texts_and_more_are_compared_alike(called, more):
    """In SQLite by other means: neither takes _ or % for other characters, nor fails for bytes."""
    _, demo = called
    lines = b"\xef\xbb\xbfb.BAM\na_bam\nZ\xfc 3\n" + more
    place = demo.post("/find", {"file": (io.BytesIO(lines), "words.txt")}).location
    found = [row[1] for row in table(demo, place) if row[2] != "NO_ITEM"]
    assert found == [*IDS[1:3]] * (2 if more else 1)
