"""Reasons: like goes with like, counted, shown, exported and tried again by group."""

import csv
import re
import uuid

import pytest
from sqlalchemy import Engine, event, update

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT, STRANGERS_PROJECT
from tests.web.confirmation import ask, breakdown, confirm, fields
from tests.web.markup import element, elements, link, rows
from webapp.store.reason_masking import _masked as masked_plainly
from webapp.store.reason_masking import masked
from webapp.store.tables import submissions

HIDDEN = data_ids(40, ending="01")  # each fails with a UUID of its own
MISSING = data_ids(5, ending="00")
GOOD = data_ids(55)
NOT_SHARED = "Data sharing is disabled in the owning project …"


def settled(dashboard, ids, **options):
    place = dashboard.visitor().submit(ids, **options)
    dashboard.work(30)
    return place


def groups(page):
    """[(reason, count)] of the table of reasons."""
    found = elements(page, "th", data_label="Reason")
    counts = elements(page, "td", data_label="Items")
    counts = counts[len(counts) - len(found) :]  # behind those of the batches
    return [
        (" ".join(reason.text.split()), count.text)
        for reason, count in zip(found, counts, strict=True)
    ]


def statements(dashboard, path):
    """The statements that a page takes, each as asked for with its values."""
    said, visitor = [], dashboard.visitor()

    def note(_connection, _cursor, statement, values, *_rest):
        said.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    assert visitor.get(path).status_code == 200
    event.remove(Engine, "before_cursor_execute", note)
    return said


def test_where_rows_and_counts_differ_the_reasons_say_so(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, rate=20.0) as dashboard:
        demo = dashboard.visitor()
        place = demo.submit(data_ids(600, ending="00"))
        dashboard.work(5)
        page = demo.get(place)
        read = int(groups(page)[0][1])
        assert read == breakdown(page)["FAILED"]
        assert "by the counts above" not in text(page)
        older = {"FAILED": read - 1, "RUNNING": 601 - read}
        with dashboard.store.write() as connection:  # as when rows are read before the next counts
            newer = submissions.c.revision + 1
            connection.execute(update(submissions).values(counts=older, revision=newer))
        for path in (place, f"{place}/reasons"):
            assert (
                f"{read} items by the rows read so far, {read - 1} items by the counts above"
            ) in text(demo.get(path))


def test_reasons_that_differ_by_an_id_are_one_group(stored):
    place = settled(stored, [*GOOD, *MISSING, *HIDDEN])
    page = stored.visitor().get(f"{place}/reasons")
    assert groups(page) == [(f"Failed {NOT_SHARED}", "40"), ("Failed Data not found", "5")]
    assert [cell.text for cell in elements(page, "td", data_label="Share")] == ["40.0 %", "5.0 %"]
    examples = elements(page, "td", data_label="For example")[0].text.split()
    assert "".join(examples) == "".join(HIDDEN[:3])


def test_a_group_filters_the_table_and_the_export(stored):
    place = settled(stored, [*GOOD, *MISSING, *HIDDEN])
    page = stored.visitor().get(f"{place}/reasons")
    (show, _), (export, _) = (
        [link["href"] for link in elements(page, "a") if link.text.strip() == words]
        for words in ("Show", "Export")
    )
    listed = stored.visitor().get(show)
    assert rows(listed) == HIDDEN
    exported = stored.visitor().get(export.replace(".csv", ".txt"))
    assert exported.get_data(as_text=True).split() == HIDDEN


def test_the_page_of_a_submission_shows_the_largest(dashboard):
    place = settled(dashboard, [*GOOD, *MISSING, *HIDDEN])
    assert (
        element(dashboard.visitor().get(place), "section", id="reasons").text.count("Try again")
        == 2
    )


def test_while_it_moves_the_part_comes_with_the_poll(dashboard):
    place = dashboard.visitor().submit([*data_ids(300), *MISSING])
    page = dashboard.visitor().get(place)
    assert "No reason is known so far." in element(page, "section", id="reasons").text
    poll = element(page, "div", id="progress")
    dashboard.work(30)
    part = dashboard.visitor().part(poll["hx-get"], **{"HX-PTag": poll["hx-ptag"]})
    assert groups(part) == [("Failed Data not found", "5")]
    assert not elements(part, "html")
    assert not elements(part, "details", id=None)  # nothing that opens is morphed away
    beside_items = dashboard.visitor().part(f"{place}/progress?tab=items")
    assert not groups(beside_items)
    chips = element(beside_items, "div", id="item-chips")
    assert chips["hx-swap-oob"] == "outerMorph"
    assert re.sub(r"\s+", "", chips.text) == "Linked300Failed5"


def test_what_the_poll_brings_shows_one_moment(dashboard):
    """Counts, chips, attempts and reasons of one part add up, at every poll."""
    visitor = dashboard.visitor()
    place = visitor.submit([*data_ids(200), *MISSING, *HIDDEN])
    for _ in range(8):
        dashboard.work(1)
        part = visitor.part(f"{place}/progress?tab=overview")
        beside_items = visitor.part(f"{place}/progress?tab=items")
        now = breakdown(part)
        assert sum(now.values()) == 245
        assert breakdown(beside_items) == now
        chips = elements(beside_items, "a", id=re.compile("^chip-"))
        words = {chip["id"].removeprefix("chip-"): chip.text for chip in chips}
        assert {word: int(re.sub(r"\D", "", said)) for word, said in words.items()} == now
        failed = sum(int(count) for reason, count in groups(part) if reason.startswith("Failed"))
        assert failed <= now.get("FAILED", 0)
    assert failed == now["FAILED"] == 45


def test_a_submission_without_trouble_says_so(dashboard):
    place = settled(dashboard, GOOD)
    assert not elements(dashboard.visitor().get(place), "section", id="reasons")
    assert "Nothing failed" in text(dashboard.visitor().get(f"{place}/reasons"))


def test_what_was_tried_again_well_is_in_no_group(stored):
    place = settled(stored, data_ids(3, ending="02"))
    again = settled(stored, data_ids(3, ending="02"))
    assert groups(stored.visitor().get(f"{place}/reasons")) == [
        ("Failed Data is being archived", "3")
    ]
    assert groups(stored.visitor().get(f"{again}/reasons")) == []


def test_what_was_not_sent_is_grouped_by_why(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=10) as dashboard:
        visitor = dashboard.visitor()
        place = visitor.submit(data_ids(30))
        visitor.post(f"{place}/stop")
        dashboard.work(30)
        page = visitor.get(f"{place}/reasons")
        assert groups(page) == [("Not sent Stopped before it was sent", "20")]


def test_the_reasons_of_a_project_over_a_time(stored):
    settled(stored, MISSING[:2], name="old")
    stored.clock.advance(8 * 86_400)
    settled(stored, MISSING, name="new")
    week = stored.visitor().get(f"/reasons?project={FIRST_PROJECT}&since=7d")
    assert groups(week) == [("Failed Data not found", "5")]
    month = stored.visitor().get("/reasons?since=30d")
    assert groups(month) == [("Failed Data not found", "7")]
    within = element(month, "td", data_label="Submissions").text
    assert re.findall(r"(new|old) (\d)", within) == [("new", "5"), ("old", "2")]


def test_what_a_later_attempt_took_up_counts_once_and_in_the_list(stored):
    visitor = stored.visitor()
    place = settled(stored, [*MISSING, *HIDDEN[:3]], name="cohort")
    stored.work(30)
    again = ask(visitor, f"{place}/retry", range(2, 6))
    assert visitor.post(f"{place}/retry", fields(again)).status_code == 303
    stored.work(30)
    page = visitor.get("/reasons")
    assert groups(page) == [("Failed Data not found", "5"), (f"Failed {NOT_SHARED}", "3")]
    held = " ".join(elements(page, "td", data_label="Submissions")[0].text.split())
    assert held == "cohort 5 items: Export, Try again"
    assert "".join(elements(page, "td", data_label="For example")[0].text.split()) == "".join(
        MISSING[:3]
    )
    assert groups(visitor.get(f"{place}/reasons"))[0] == ("Failed Data not found", "5")
    own = elements(visitor.get(f"{place}/attempts/2"), "th", data_label="Reason")
    assert [" ".join(reason.text.split()) for reason in own] == ["Failed Data not found"]
    assert element(visitor.get(f"{place}/attempts/2"), "td", data_label="Items").text == "4"


def test_what_a_later_attempt_mended_is_in_no_group_any_more(stored):
    visitor = stored.visitor()
    place = settled(stored, [*MISSING, *data_ids(3, ending="02")], name="cohort")
    assert ("Failed Data is being archived", "3") in groups(visitor.get("/reasons"))
    archived = next(
        a["href"]
        for a, (reason, _) in zip(
            [a for a in elements(visitor.get(place), "a") if a.text == "Try again"],
            groups(visitor.get(place)),
            strict=True,
        )
        if "archived" in reason
    )
    confirm(visitor, archived)
    stored.work(30)
    for page in ("/reasons", place, f"{place}/reasons"):
        assert groups(visitor.get(page)) == [("Failed Data not found", "5")], page
    nothing = visitor.get(archived)  # from a page that was left open
    assert "None of these items can be tried again now" in text(nothing)
    assert "Try again: " not in text(nothing)


def test_a_group_is_exported_over_all_its_submissions(stored):
    settled(stored, [*HIDDEN[:2], *MISSING[:2]], name="old")
    stored.clock.advance(8 * 86_400)
    settled(stored, MISSING, name="new")
    visitor = stored.visitor()
    path = link(visitor.get("/reasons"), "Export all 7")
    lines = [row[:3] for row in csv.reader(visitor.get(path).text.splitlines())]
    assert lines[0] == ["submission", "line", "data_id"]
    found = [["new", str(n), data_id] for n, data_id in enumerate(MISSING, 1)]
    assert lines[1:] == [*found, ["old", "3", MISSING[0]], ["old", "4", MISSING[1]]]
    week = visitor.get(path.replace("30d", "7d")).text
    assert week.count("new,") == 5
    assert "old," not in week
    assert stored.visitor("stranger-key").get(path).status_code == 404
    assert visitor.get("/reasons/export.csv").status_code == 404


@pytest.mark.slow
def test_every_submission_with_a_reason_is_named(dashboard):
    visitor = dashboard.visitor()
    for number in range(7):
        visitor.submit(MISSING, name=f"list {number}.")
    dashboard.work(40)
    page = visitor.get("/reasons")
    assert "and 2 other submissions" in text(page)
    held = element(page, "td", data_label="Submissions")
    assert sorted(re.findall(r"list (\d)\. 5 items:", held.text)) == list("0123456")


def test_a_page_asks_the_database_as_often_for_many_groups_as_for_one(stored):
    few = settled(stored, MISSING)
    counts = [len(statements(stored, place)) for place in (f"{few}/reasons", "/reasons?since=all")]
    many = settled(stored, [*MISSING, *HIDDEN, *data_ids(3, ending="02")])
    assert counts == [
        len(statements(stored, place)) for place in (f"{many}/reasons", "/reasons?since=all")
    ]


def test_a_group_is_offered_again_by_the_counts_that_are_kept(stored):
    """To count the rows of 500,000 that failed takes half a second."""
    place = settled(stored, [*MISSING, *HIDDEN])
    visitor = stored.visitor()
    path = link(visitor.get(f"{place}/reasons"), "Try again")
    assert "40 items with the reason" in text(visitor.get(path))
    assert not [one for one, _ in statements(stored, path) if "count(*)" in one]
    assert "5 items with the reason" in text(visitor.get(f"{place}/retry?reason=2"))
    assert "0 items with the reason" in text(visitor.get(f"{place}/retry?reason=2&status=LINKED"))


def test_examples_of_a_group_come_from_the_submission_with_most_of_it(stored):
    settled(stored, MISSING[:2])
    settled(stored, [GOOD[0], *MISSING])
    settled(stored, MISSING[4:])
    page = stored.visitor().get("/reasons?since=all")
    assert groups(page) == [("Failed Data not found", "8")]
    examples = element(page, "td", data_label="For example")
    assert "".join(examples.text.split()) == "".join(MISSING[:3])
    hrefs = [link["href"] for link in elements(page, "a") if "/items/" in (link["href"] or "")]
    assert hrefs == [f"/submissions/2/items/{position}" for position in (2, 3, 4)]


def test_examples_of_a_group_are_found_by_its_index(dashboard):
    """What failed may stand behind a million that did not."""
    place = settled(dashboard, [*GOOD, *MISSING])
    (asked,) = [one for one in statements(dashboard, f"{place}/reasons") if "FROM items" in one[0]]
    with dashboard.store.read() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1]).all())
    assert "ix_items_submission_id_reason_id_position" in plan


def test_every_page_and_each_submission_leads_to_the_reasons_of_a_project(dashboard):
    place, visitor = settled(dashboard, MISSING), dashboard.visitor()
    assert link(visitor.get("/submissions"), "Reasons") == "/reasons"
    nearby = link(visitor.get(place), "the reasons in all submissions to this project")
    assert nearby == f"/reasons?project={FIRST_PROJECT}"


def test_strangers_see_no_reasons(dashboard):
    place = settled(dashboard, MISSING)
    stranger = dashboard.visitor("stranger-key")
    assert stranger.get(f"{place}/reasons").status_code == 404
    assert groups(stranger.get("/reasons?since=all")) == []
    assert dashboard.visitor(key=None).get("/reasons").status_code == 303


@pytest.mark.slow
@pytest.mark.parametrize("path", ["{}?reason={}", "{}/items?reason={}", "{}/retry?reason={}"])
def test_the_reasons_of_other_projects_are_not_told(stored, path):
    stranger, demo = stored.visitor("stranger-key"), stored.visitor()
    theirs = stranger.submit(data_ids(1, ending="01"), project=STRANGERS_PROJECT)
    mine = demo.submit(MISSING)
    stored.work(30)
    shown = elements(stranger.get(f"{theirs}/reasons"), "a")
    number = next(link["href"] for link in shown if link.text == "Show").partition("reason=")[2]
    answer = demo.get(path.format(mine, number))
    answer = demo.get(answer.location) if answer.status_code == 301 else answer
    assert answer.status_code == 404
    assert "Data sharing is disabled" not in text(answer)


def test_a_made_up_time_or_reason_is_a_clean_error(dashboard):
    place = settled(dashboard, MISSING)
    assert dashboard.visitor().get("/reasons?since=yesterday").status_code == 400
    assert dashboard.visitor().get(f"{place}/items?reason=none").status_code == 400
    unknown = dashboard.visitor().get(f"{place}/items?reason=99999")
    assert unknown.status_code == 404
    assert link(unknown, "To the first page of the list") == f"{place}/items"


def test_an_id_is_masked_wherever_it_stands():
    for length in (580, 594, 600):  # the beginning of a reason counts, 600 characters
        told = {masked("x" * length + f" {uuid.uuid4()} owned") for _ in range(2)}
        assert len(told) == 1
        assert len(told.pop()) <= 600


@pytest.mark.parametrize("before", ["", " ", "5.", "a", "-", "/x/", "'", "fil.", "urn:", "5,"])
def test_an_id_that_was_replaced_first_is_masked_as_if_it_were_not(before):
    for after in ("", ".", " ", ".5", "-1", "a", ".bam", "'", "/a/b", ", 3"):
        for number in (0, 5, 2**127 + 1, int("ab" * 16, 16), int("5e" * 16, 16)):
            reason = f"Owned by {before}{uuid.UUID(int=number)}{after} since 3 d"
            assert masked(reason) == masked_plainly(reason)


def test_what_is_masked_and_what_is_kept():
    told = {
        "3 of 5 files could not be linked.": "[number] of [number] files could not be linked",
        "File '/a/b c/d.bam' isn't readable": "File [name] isn't readable",
        "sample_12.fastq.gz in /data/x/y: 404": "[name] in [path]: [number]",
        "Can't link fil.0123456789abcdef0123456789abcdef": "Can't link [id]",
        "No urn:ilmn:ica:region:aa:data:fil.x#/p/q\nhere": "No [id] here",
        "error ICA_API_004 and/or else": "error ICA_API_004 and/or else",
        "Since 2026-11-23T12:04:11Z": "Since [number]",
        "Sample NA12878_S1 could not be found": "Sample [name] could not be found",
        "Sample P-0004711-T and ID:abc123": "Sample [name] and ID:[name]",
        "HTTP 404 after 3ms": "HTTP 404 after [number]ms",
        "1.5 GB of 12GB": "[number] GB of [number]GB",
        "V3 or V4: status 503, SHA256 of S3": "V3 or V4: status 503, SHA256 of S3",
        "PARTIALLY_LINKED in us-east-1": "PARTIALLY_LINKED in us-east-1",
        "Lines 10-20, (1234), #7": "Lines [number]-[number], ([number]), #[number]",
        "don't use the user's key": "don't use the user's key",
        "": "",
    }
    assert {reason: masked(reason) for reason in told} == told
