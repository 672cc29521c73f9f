"""One search in the masthead, and the same on the board: what is typed leads to what it names."""

import pytest

from tests.dashboard import data_ids, text
from tests.web.markup import column, element, link, with_class
from webapp.store import batches, tables
from webapp.web.find import query


def test_one_search_leads_to_data_batches_jobs_and_names(dashboard):
    visitor, [data_id] = dashboard.visitor(), data_ids(1)
    place = visitor.submit([data_id], name="Plate of March")
    dashboard.work(30)
    with dashboard.store.read() as connection:
        [batch] = batches.of_submission(connection, int(place.rpartition("/")[2]))

    def found(typed, path="/search"):
        answer = visitor.post(path, {"text": typed})
        assert answer.status_code == 303
        return answer.location

    assert text(visitor.get(found(data_id))).count("Plate of March") > 0
    assert found(data_id.upper().replace("FIL", "fil")).startswith("/find/")
    assert found(batch.ica_batch_id) == found(batch.ica_job_id.upper()) == place
    assert found(batch.ica_batch_id, "/submissions/search") == place
    named = found("of march")
    assert "march" not in named
    assert "Plate of March" in text(visitor.get(named))
    nowhere = "00000000-0000-4000-8000-00000000dead"
    assert "No submission that you may see has this batch" in text(visitor.get(found(nowhere)))
    assert nowhere in element(visitor.get(found(nowhere)), id="batch_id")["value"]
    stranger = dashboard.visitor("stranger-key")
    assert "adopt" in stranger.post("/search", {"text": batch.ica_batch_id}).location


NEITHER = "Neither a submission nor an item is called so."
FIELDS = ("/search", "/submissions/search")


@pytest.fixture
def named(stored):
    """Two data with samples, names and paths, which ICA has linked."""
    visitor = stored.visitor()
    sheet = "".join(f"{data_id},PT-{n:04}\n" for n, data_id in enumerate(data_ids(2), 1))
    file = (f"id,sample\n{sheet}".encode(), "plate of March.csv")
    place = visitor.submit("", file=file)
    stored.work(30)
    with stored.store.read() as connection:
        item = connection.execute(
            tables.items.select().where(tables.items.c.data_id == data_ids(1)[0])
        ).one()
    return visitor, place, item


@pytest.mark.parametrize("field", FIELDS)
def test_a_sample_a_name_or_a_path_leads_to_its_item(named, field):
    visitor, _, item = named
    assert item.label == "PT-0001"
    for typed in (item.label, f" {item.label}\u200b", "pt-0001", item.name.upper(), item.path):
        there = visitor.post(field, {"text": typed}).location
        assert there.startswith("/find/"), typed
        answer = visitor.get(there)
        assert item.data_id in text(answer)
        assert data_ids(2)[1] not in text(answer)
        assert "plate of March" in text(answer)
    # What is called nothing is looked for among submissions, and never told of as an unknown id.
    nothing = ["47029fa51cc83", "fil.000", "fil.00000001", "PT_0001", "PT-0001 x", "nobody", "%%%"]
    for typed in nothing:
        there = visitor.post(field, {"text": typed}).location
        assert there.startswith("/submissions?search="), typed
        assert f"{NEITHER} Upper and lower case do not matter." in text(visitor.get(there))
        assert "Never submitted" not in text(visitor.get(there))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("typed", ["PT", "12", "%"])
def test_with_fewer_than_three_characters_no_part_of_a_name_is_looked_for(named, field, typed):
    visitor, _, _ = named
    page = text(visitor.get(visitor.post(field, {"text": typed}).location))
    assert NEITHER not in page
    assert (
        "No submission has this in its name, and no item is called so as a whole. With fewer than "
        "three characters, no part of an item's name or sample is looked for: type three or more."
    ) in page


def test_the_page_names_what_was_found_and_begins_with_it(named):
    visitor, _, _ = named
    page = visitor.get(visitor.post("/search", {"text": "pt-0001"}).location)
    assert element(page, "h1").text == "“pt-0001”: 1 item in 1 submission"
    assert element(page, "title").text.startswith("“pt-0001”: 1 item in 1 submission")
    assert with_class(page, "asked")[0].text == "PT-0001"
    said = text(page)
    order = ["works for you alone", "Each id", "By outcome", "deleting this search"]
    assert sorted(order, key=said.index) == order
    visitor.submit(data_ids(1), name="again")
    page = visitor.get(visitor.post("/search", {"text": data_ids(1)[0]}).location)
    assert element(page, "h1").text == f"“{data_ids(1)[0]}”: 2 items in 2 submissions"


def test_a_part_of_a_name_leads_to_the_items_where_nothing_is_called_so(named, monkeypatch):
    visitor, _, item = named
    for typed in ("t-000", item.path[1:-1].upper()):
        page = visitor.get(visitor.post("/search", {"text": typed}).location)
        assert "No item is called so as a whole." in text(page)
        assert item.data_id in text(page)
    page = visitor.get(visitor.post("/search", {"text": "t-000"}).location)
    assert element(page, "h1").text == "“t-000”: 2 items in 1 submission"
    assert sorted(one.text for one in with_class(page, "asked")) == ["PT-0001", "PT-0002"]


@pytest.mark.parametrize("field", FIELDS)
def test_the_beginning_of_a_data_id_leads_to_its_items(stored, field):
    visitor, other = stored.visitor(), stored.visitor("stranger-key")
    ids = [
        f"{kind}.fcf885{digit * 24}20" for kind, digit in (("fil", "a"), ("fil", "b"), ("fol", "c"))
    ]
    visitor.submit([*ids, *data_ids(2)], name="Plate")
    for typed, led in (
        ("fil.fcf885", ids[:2]),
        ("FOL.FCF8", ids[2:]),
        ("fcf885", ids),
        ("FCF885A", ids[:1]),
        (ids[1][4:], ids[1:2]),
    ):
        find = visitor.post(field, {"text": typed}).location
        page = visitor.get(find)
        assert visitor.get(link(page, "Plain ids")).text.split() == led, typed
        assert "as the beginning of data ids, in all projects" in text(page)
        assert not with_class(page, "asked")  # what led to it stands in the id
    for typed in ("fcf", "cf885", "fil.fcf886"):
        page = visitor.get(visitor.post(field, {"text": typed}).location)
        assert "Clear the filters" in text(page), typed
    assert (
        "Of a data id, its first four digits are enough, with fil. before them or without."
        in text(page)
    )
    there = other.post(field, {"text": "fil.fcf885"}).location
    assert there.startswith("/submissions?search=")
    visitor.post(f"{find}/share")
    assert ids[1] not in text(other.get(find)) + other.get(f"{find}/export.csv").text


def test_where_a_part_of_a_name_leads_to_more_than_is_kept_the_page_says_so(named, monkeypatch):
    visitor, _, _ = named
    sheet = "".join(f"{data_id},Tumor {n}\n" for n, data_id in enumerate(data_ids(52)))
    visitor.submit("", file=(f"id,sample\n{sheet}".encode(), "many.csv"))
    whole = text(visitor.get(visitor.post("/search", {"text": "TUMOR"}).location))
    assert "of 52 " in whole
    assert "or more" not in whole
    assert "Download all" in whole
    monkeypatch.setattr(query, "MAX_PARTS", 51)
    page = visitor.get(visitor.post("/search", {"text": "TUMOR"}).location)
    assert element(page, "h1").text == "“TUMOR”: 51 or more ids"
    assert "There are more than the 51 that were found first, which alone are here" in text(page)
    assert with_class(page, "pager-position")[0].text.endswith("of 51 or more")
    assert "Download the 51 that were found first:" in text(page)
    assert "There are more, which are neither here nor in a file" in text(page)
    assert len(visitor.get(link(page, "Plain ids")).text.split()) == 51


def test_where_the_newest_list_has_no_label_the_item_is_called_as_in_another(named):
    visitor, _, item = named
    visitor.submit([item.data_id])
    page = visitor.get(visitor.post("/search", {"text": "t-000"}).location)
    assert sorted(one.text for one in with_class(page, "asked")) == ["PT-0001", "PT-0002"]


def test_shared_a_part_of_a_name_tells_nothing_of_what_its_reader_may_not_see(named, stored):
    visitor, _, item = named
    find = visitor.post("/search", {"text": "t-000"}).location
    visitor.post(f"{find}/share")
    colleague, stranger = stored.visitor("colleague-key"), stored.visitor("stranger-key")
    assert "PT-0001" in text(colleague.get(find))
    page = stranger.get(find)
    assert element(page, "h1").text == "“t-000”: in no list that you may see"
    shown = text(page) + stranger.get(f"{find}/export.csv").text
    assert not [told for told in ("PT-0001", *data_ids(2), item.name) if told in shown]


def test_an_id_of_an_unusual_shape_leads_to_its_item(dashboard):
    visitor = dashboard.visitor()
    visitor.submit(["fil.patient-7", *data_ids(1)], name="odd ones")
    dashboard.work(30)
    answer = visitor.get(visitor.post("/search", {"text": "fil.patient-7"}).location)
    assert "odd ones" in text(answer)
    find = answer.request.path
    visitor.post(f"{find}/share")
    assert "No item called so" in text(dashboard.visitor("stranger-key").get(find))
    urn = f"urn:ilmn:ica:region:us-east-1:data:{data_ids(1)[0]}#/run1/a.bam"
    assert "odd ones" in text(visitor.get(visitor.post("/search", {"text": urn}).location))


@pytest.mark.parametrize("field", FIELDS)
def test_what_submissions_are_called_too_is_on_the_board(named, field):
    visitor, _, item = named
    visitor.submit(data_ids(1), name=f"all of {item.label}")
    there = visitor.post(field, {"text": item.label}).location
    assert item.label not in there
    page = visitor.get(there)
    assert f"all of {item.label}" in text(page)
    assert "Items are called so, too." in text(page)
    assert item.data_id in text(visitor.get(link(page, "See these items")))
    drafts = visitor.get(f"{there}&state=draft")
    assert link(drafts, "See these items") == link(page, "See these items")
    assert NEITHER not in text(drafts)
    again = visitor.post(element(page, "form", aria_label="Submissions")["action"], {"text": "all"})
    assert link(visitor.get(again.location), "See these items") is None
    find = link(page, "See these items")
    assert visitor.post(f"{find}/delete").status_code == 303
    assert link(visitor.get(there), "See these items") is None


def test_a_part_of_a_sample_is_told_of_beside_the_submissions_that_are_called_so(named):
    visitor, _, item = named
    visitor.submit(data_ids(1), name="The t-000 cohort")
    page = visitor.get(visitor.post("/search", {"text": "T-000"}).location)
    assert "The t-000 cohort" in text(page)
    assert "Items have this in a sample, a name or a path, too." in text(page)
    assert item.data_id in text(visitor.get(link(page, "See these items")))


def test_filters_and_the_archive_are_told_of(named):
    visitor, place, _ = named
    there = visitor.searched("/submissions?state=with_failures", "nobody")
    assert "No submission has all of these, and no item is called so as a whole." in text(
        visitor.get(there)
    )
    visitor.post(f"{place}/archive")
    page = visitor.get(visitor.post("/search", {"text": "of March"}).location)
    assert "The archive has what you look for." in text(page)


def test_who_may_not_see_an_item_learns_nothing_of_its_name(named, stored):
    _, _, item = named
    stranger = stored.visitor("stranger-key")
    for typed in (item.label, item.name, item.path):
        there = stranger.post("/search", {"text": typed}).location
        assert there.startswith("/submissions?search=")
    assert "Your last searches" not in text(stranger.get("/find"))


def test_the_last_questions_are_told_apart_by_what_was_asked(named, stored):
    visitor, _, item = named
    for typed in (item.label, item.data_id):
        visitor.post("/search", {"text": typed})
        stored.clock.advance(1)
    visitor.post("/find", {"ids": "a.bam\nb.bam\nc.bam"})
    stored.clock.advance(1)
    visitor.post("/find", {"ids": "a.bam", "name": "Mine"})
    questions = [" ".join(one.split()) for one in column(visitor.get("/find"), "Search")]
    assert questions == ["Mine", "a.bam and 2 more", item.data_id, item.label]
