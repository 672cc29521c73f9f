"""From a folder of ICA: walking folders, seeing what of one is wanted, and making a list of it."""

from urllib.parse import parse_qs, urlsplit

from tests.dashboard import data_ids, text
from tests.simulated_ica import FIRST_PROJECT, STRANGERS_PROJECT
from tests.web.markup import column, element, elements, field_error, link
from webapp.simulator import planted
from webapp.simulator.catalogue import data_id
from webapp.store import items, submissions, tables
from webapp.store.enums import Flag, State
from webapp.store.items import Slice
from webapp.store.paging import Cursor

SOURCE = "00000000-0000-4000-8000-000000000015"
LEAD = ("href", "action", "hx-get", "formaction")
NAMES_TO_HIDE = ("runs", "Analysis", "fastq", "HG", "control")


def folder(path):
    """The address of a planted folder."""
    return f"/folders/{SOURCE}/{data_id(15, path)}"


ROOT = f"/folders/{SOURCE}/root"
ODD, STATUS, LETTERS = (folder(f"/deliveries/{name}/") for name in ("odd", "status", "letters"))


def rows(answer):
    """The names in the table of a page of a folder, in its order."""
    return [" ".join(name.text.split()) for name in elements(answer, "th", scope="row")]


def addresses(answer):
    found = [answer.headers.get("Location", "")]
    for name in LEAD:
        found += [one[name] for one in elements(answer, **{name.replace("-", "_"): None})]
    return found


def made(visitor, place, *, project=FIRST_PROJECT, called="", **filters):
    """A list of what a folder holds, as its submission's address; the worker has not read yet."""
    found = visitor.get(visitor.post(f"{place}/search", filters).location)
    there = next(a["href"] for a in elements(found, "a") if "/list" in a["href"])
    form = {"make": "1", "project_id": project, "name": called}
    answer = visitor.post(there, form)
    assert answer.status_code == 303, text(answer)
    return answer.location


def listed(dashboard, place):
    """The submission, and its items by their names."""
    submission_id = int(place.rsplit("/", 1)[1])
    with dashboard.store.read() as connection:
        found = items.page(connection, submission_id, [Slice()], "", Cursor(), 5_000).rows
        return submissions.get(connection, submission_id), {item.name: item for item in found}


def test_folders_are_walked_by_ids_with_two_calls_a_page(dashboard, demo):
    opened = demo.post("/folders/open", {"project_id": SOURCE, "into": FIRST_PROJECT})
    assert (opened.status_code, opened.location) == (303, f"{ROOT}?into={FIRST_PROJECT}")
    dashboard.sim.forget_calls()
    top = demo.get(opened.location)
    assert dashboard.sim.total_calls() == 1
    runs = demo.get(link(top, "runs"))
    assert len(rows(runs)) == 24
    run = demo.get(link(runs, rows(runs)[0].removeprefix("Folder ")))
    analysis = demo.get(link(run, "Analysis"))
    dashboard.sim.forget_calls()
    samples = demo.get(urlsplit(analysis.request.url).path)
    assert (len(rows(samples)), dashboard.sim.total_calls()) == (69, 2)
    up = demo.get(link(analysis, "runs"))
    assert (up.status_code, up.location) == (303, runs.request.full_path)
    assert demo.get(link(analysis, "Cardiomyopathy WGS 2025")).request.full_path.startswith(ROOT)
    only = demo.get(link(run, "Folders only"))
    assert rows(only) == ["Folder Analysis"]
    for page in (top, runs, run, analysis, only):
        told = [urlsplit(one) for one in addresses(page) if not one.startswith("/static/")]
        assert not [one for one in told if any(name in one.geturl() for name in NAMES_TO_HIDE)]
        walked = [one for one in told if one.path.startswith("/folders/")]
        assert all(parse_qs(one.query).get("into") == [FIRST_PROJECT] for one in walked)


def test_a_large_folder_has_pages_by_cursor_and_an_empty_one_says_so(demo, monkeypatch):
    monkeypatch.setattr("webapp.web.folders.routes.FOLDER_ROWS", 10)
    there, pages = f"{folder('/runs/')}?only=folders", []
    while there:
        page = demo.get(there)
        pages.append(rows(page))
        there = link(page, "Next page")
    assert [len(names) for names in pages] == [10, 10, 4]
    found = demo.get(f"{folder('/runs/')}/found")
    inside = [cell.text.strip() for cell in elements(found, "td", data_label="Folder")]
    assert len(inside) == 20
    assert all(place.endswith("/") and not place.startswith("/") for place in inside)
    assert "not with those of the folders that they lie in" in text(found)
    assert not elements(demo.get(folder("/runs/")), "td", data_label="Folder")
    assert len({name for names in pages for name in names}) == 24
    assert link(page, "First page") == f"{folder('/runs/')}?only=folders"
    assert "It is empty" in text(demo.get(folder(planted.EMPTY_FOLDER)))


NO_FOLDERS = [
    (f"/folders/{SOURCE}/fil.{'0' * 32}", 404, "the id of a file"),
    (f"/folders/{SOURCE}/fol.{'0' * 32}", 404, "ICA knows no such folder"),
    (f"/folders/{SOURCE}/nonsense", 404, "no address of a folder"),
    ("/folders/nonsense/root", 404, "no address of a folder"),
    (f"/folders/{STRANGERS_PROJECT}/root", 404, "ICA knows no such project"),
    (f"{ROOT}?cursor=made-up", 422, "does not take this place in the folder any more"),
    (f"{ROOT}/above/3", 303, ""),
    (f"{ROOT}/list?count=x", 400, "not one of ours"),
    (f"{ROOT}/found?search={'A' * 22}", 422, "not kept any more"),
    (f"{ROOT}/found?after=tomorrow", 422, "A day is written as 2026-01-30"),
    (f"{ROOT}/list?after=tomorrow", 303, ""),
]


def test_what_is_no_folder_is_told_and_so_is_an_ica_in_trouble(dashboard, demo):
    for path, code, sentence in NO_FOLDERS:
        answer = demo.get(path)
        assert answer.status_code == code, path
        assert sentence in text(answer), path
    for fault in ("500", "429", "cut", "dropped-before"):
        dashboard.sim.set_faults({fault: 1.0})
        for place in (ROOT, ODD, f"{ODD}/found", f"{ODD}/above/1"):
            answer = demo.get(place)
            assert answer.status_code == 503, (fault, place)
            assert "try again" in text(answer).lower()
            assert link(answer, "Another project")
    dashboard.sim.set_faults({})
    for chosen, sentence in (
        ("", "Choose the project to look in"),
        ("nonsense", "chosen by its id"),
        (STRANGERS_PROJECT, "ICA knows no such project"),
    ):
        answer = demo.post("/folders/open", {"project_id": chosen})
        assert answer.status_code == 422
        assert sentence in field_error(answer, "project_id")


def test_what_can_not_be_asked_for_stays_in_the_form(demo):
    for typed, field, sentence in (
        ({"name": "n" * 2_000}, "name", "at most 255 characters; this part of one has 2,000"),
        ({"name": "/run1/x.bam"}, "name", "A name has no /"),
        ({"format": "NO FORMAT!"}, "format", "a word of ICA's"),
        ({"tag": "t" * 300}, "tag", "up to 100"),
        ({"after": "2026-02-30"}, "after", "2026-01-30"),
        ({"after": "2026-02-02", "before": "2026-02-01"}, "before", "has to be after"),
    ):
        answer = demo.post(f"{ODD}/search", typed)
        assert answer.status_code == 422
        assert sentence in field_error(answer, field)
        kept = {name: element(answer, "input", name=name)["value"] for name in typed}
        assert kept == typed


NOTHING = "ICA finds nothing of this kind"


def test_what_is_wanted_is_counted_and_its_first_rows_are_shown(dashboard, demo):
    demo.get(ROOT)  # with a token for all that follows
    for place, filters, count in (
        (ROOT, {"name": "_R1_001.fastq.gz", "format": "fastq"}, "6,6"),
        (LETTERS, {"name": "ABC"}, "2 files"),  # capitals make no difference
        (LETTERS, {"name": "a*.TXT"}, "At most 3 files"),
        (ROOT, {"tag": planted.TAG}, "1 file."),
        (folder("/deliveries/"), {"type": "FOLDER", "below": "0"}, "folders."),
        (folder("/deliveries/"), {"below": "0"}, "1 file."),
        (folder(planted.EMPTY_FOLDER), {}, NOTHING),
        (ROOT, {"before": "2020-01-01"}, NOTHING),
        (ROOT, {"run": "no such run"}, NOTHING),
    ):
        asked = demo.post(f"{place}/search", filters)
        typed = ("fastq.gz", "ABC", "second", "such")
        assert not [word for word in typed if word in asked.location]
        dashboard.sim.forget_calls()
        found = demo.get(asked.location)
        assert dashboard.sim.total_calls() <= 2
        assert count in text(found), filters
        assert len(rows(found)) <= 20
        assert bool(rows(found)) == (count != NOTHING)
    dashboard.sim.set_faults({"null-totals": 1.0})
    uncounted = demo.get(made(demo, ODD))
    assert "Reading what the folder holds 0 files" in text(uncounted)
    dashboard.sim.set_faults({"refused-offset": 1.0})
    assert "ICA does not say how many there are" in text(demo.get(f"{ODD}/found"))
    assert "Make a list of these files" in text(demo.get(f"{ODD}/found"))


def test_a_list_of_a_folder_is_a_draft_with_names_and_can_be_submitted(stored):
    visitor = stored.visitor()
    linked = visitor.submit([data_id(15, planted.ODD_PATHS["plus"])])
    stored.work(30)
    place = made(visitor, ODD, called="Odd ones", type="FILE")
    waiting = visitor.get(place)
    assert "Resolving" in text(waiting)
    assert element(waiting, id="progress")["hx-trigger"]
    stored.sim.forget_calls()
    stored.work()
    assert stored.sim.calls() == {"getProjectDataList": 1, "getProjectData": 1}
    draft, found = listed(stored, place)
    assert draft.state == State.DRAFT
    assert {item.path for item in found.values()} == {*planted.ODD_PATHS.values()}
    assert sorted(item.position for item in found.values()) == [*range(1, len(found) + 1)]
    assert found["tumor+normal.bam"].flags == Flag.LINKED
    review = visitor.get(place)
    assert f"ICA listed {len(found)} files; {len(found)} of them make this list" in text(review)
    assert "/deliveries/odd/" in text(review)
    assert "linked into Rare disease WGS 2026" in text(review)
    assert visitor.post(f"{place}/submit").status_code == 303
    stored.work(60)
    ended, found = listed(stored, place)
    assert ended.counts == {"LINKED": len(found) - 1, "ALREADY_LINKED": 1}
    assert element(visitor.get(place), "form", action=f"{place}/again")
    carol = stored.visitor("colleague-key")  # how it was made is its submitter's alone
    told = element(carol.get(place), id="source").text
    assert "by Dana Demo" in told
    assert not [word for word in ("deliveries", "odd", planted.ODD_PATHS["plus"]) if word in told]
    assert not elements(carol.get(place), "form", action=f"{place}/again")
    assert carol.post(f"{place}/again").status_code == 403
    assert "/deliveries/odd/" in element(visitor.get(place), id="source").text
    assert {*column(visitor.get(f"{place}/items"), "Path")} == {*planted.ODD_PATHS.values()}
    assert visitor.get(f"{place}/export.csv").get_data(as_text=True).count("fil.") >= len(found)
    assert linked


def test_a_pattern_and_statuses_are_looked_at_while_they_are_read(dashboard, demo):
    place, second = made(demo, LETTERS, name="?BC.*"), made(demo, STATUS)
    nothing = made(demo, LETTERS, name="*.nothing")
    dashboard.work()
    assert sorted(listed(dashboard, place)[1]) == ["ABC.txt", "abc.txt"]
    assert "1 was left out: its name does not match “?BC.*”" in text(demo.get(place))
    draft, found = listed(dashboard, second)
    assert found["archived.bam"].flags == Flag.ARCHIVED
    assert found["available.bam"].flags == 0
    assert (draft.review.archived, draft.review.deleting, draft.review.files) == (1, 1, 6)
    dashboard.sim.set_faults({"comma-cuts-values": 1.0, "path-is-parent": 1.0})
    comma = made(demo, ODD, name="Müller, Anna")
    dashboard.work()
    assert [item.path for item in listed(dashboard, comma)[1].values()] == [
        planted.ODD_PATHS["comma"]
    ]
    refused = demo.post(f"{nothing}/submit")
    assert refused.status_code == 422
    assert "There is nothing in this list" in text(refused)


def test_names_are_in_no_log(dashboard, demo, caplog):
    with caplog.at_level("INFO"):  # below it, URLs are, of which the program logs none
        place = made(demo, ODD, name="Anna")
        demo.get(ODD)
        dashboard.sim.set_faults({"data-list:500": 1.0})
        dashboard.work(300)
        demo.get(place)
        demo.post(f"{place}/again")
    assert caplog.messages
    assert not [line for line in caplog.messages if "Anna" in line or "/odd" in line]


def test_again_makes_a_list_of_what_is_new_and_of_that_again(dashboard, demo):
    place = made(demo, LETTERS, name="abc", project=FIRST_PROJECT)
    dashboard.work()
    with dashboard.store.write() as connection:  # as if ICA had not had one of them then
        connection.execute(tables.items.delete().where(tables.items.c.position == 2))
    demo.post(f"{place}/submit")
    dashboard.work(60)
    dashboard.sim.forget_calls()
    second = demo.post(f"{place}/again").location
    asked = {name: count for name, count in dashboard.sim.calls().items() if "Data" in name}
    assert asked == {"getProjectData": 1, "getProjectDataList": 1}
    assert "0 of 2 files" in text(demo.get(second))
    dashboard.work()
    assert len(listed(dashboard, second)[1]) == 1
    assert "1 was left out: a former list has it already" in text(demo.get(second))
    third = demo.post(f"{second}/again").location
    dashboard.work()
    assert listed(dashboard, third)[1] == {}
    assert demo.post(f"{demo.draft(data_ids(1))}/again").status_code == 409
