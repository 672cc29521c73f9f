"""Labels: the user's own words for the items of a list, from its upload to the exports."""

import csv
import io
import json
import logging

from tests.dashboard import data_ids, text
from tests.web.confirmation import ask
from tests.web.markup import element, elements
from tests.web.test_find import asked
from tests.web.test_find_names import table as answer
from webapp.simulator import planted
from webapp.store import submissions, usage

IDS = data_ids(4)
NAMES = ["Patient 7", "Doe, J.", "", "<b>P-9</b>"]
SHEET = "data_id,size,Case,tissue\n" + "\n".join(
    f'{data_id},{n} MB,"{name}",{tissue}'
    for n, (data_id, name, tissue) in enumerate(
        zip(IDS, NAMES, ["liver", "N/A", "skin", "bone"], strict=True)
    )
)
REPEATED = f"\n{IDS[0]},1 MB,Patient 8,liver\n{IDS[0]},1 MB,Patient 7,liver\n"


def sheet(content=SHEET, name="cases.csv"):
    return content.encode(), name


def rows(visitor, place, query=""):
    content = visitor.get(f"{place}/export.csv{query}").get_data(as_text=True)
    return list(csv.DictReader(io.StringIO(content)))


def labels(visitor, place):
    return [row["label"] for row in rows(visitor, place)]


def shown(visitor, place, typed):
    """The ids that a search of the item table finds."""
    page = visitor.get(visitor.searched(f"{place}/items", typed))
    return [one for one in IDS if one in text(page)]


def test_labels_are_offered_on_the_review_shown_searched_and_exported(stored, caplog):
    caplog.set_level(logging.DEBUG)
    demo = stored.visitor()
    place = demo.draft("", file=sheet(SHEET + REPEATED))
    page = demo.get(place)
    assert "its row has in column 3 “Case”, such as “Patient 7”." in text(page)
    assert "1 repeated line has another label than the first line" in text(page)
    options = [one.text.strip() for one in elements(page, "option")]
    assert options[:3] == ["No label", "size, such as 0 MB", "Case, such as Patient 7"]
    assert "Case" in [one.text for one in elements(page, "th")]
    assert "<b>P-9</b>" in text(page)  # as text
    demo.post(f"{place}/submit")
    stored.work(30)
    assert labels(demo, place) == NAMES
    lines = demo.get(f"{place}/export.jsonl").get_data(as_text=True).splitlines()
    assert [json.loads(line)["label"] for line in lines] == NAMES
    assert list(rows(demo, place)[0])[-1] == "label"
    assert rows(demo, place, "?columns=manifest")[1]["label"] == "Doe, J."
    assert shown(demo, place, "patient") == [IDS[0]]
    assert shown(demo, place, "J.") == [IDS[1]]
    assert shown(demo, place, "b>") == [IDS[3]]
    location = demo.searched(f"{place}/items", "Doe")
    assert "Doe" not in location
    item = demo.get(f"{place}/items/2")
    assert "Case Doe, J." in text(item)
    found = demo.get(location.replace("/items", "/export.csv")).get_data(as_text=True)
    assert IDS[1] in found
    assert IDS[0] not in found
    told = "\n".join(record.getMessage() for record in caplog.records)
    told += "".join(
        text(demo.get(path)) for path in ("/metrics", "/account/audit", f"{place}/audit")
    )
    for name in filter(None, NAMES):
        assert name not in told


def test_another_column_or_none_is_chosen_and_nobody_has_a_label_then(stored):
    demo = stored.visitor()
    place = demo.draft("", file=sheet())
    assert "Taken as empty" not in text(demo.get(place))
    assert demo.post(f"{place}/reread", {"part": "0", "label": "4"}).status_code == 303
    assert labels(demo, place) == ["liver", "", "skin", "bone"]
    page = demo.get(place)
    assert "column 4 “tissue”, such as “liver”." in text(page)
    assert "1 cell: N/A (1)" in text(page)
    demo.post(f"{place}/reread", {"part": "0", "label": "0"})
    page = demo.get(place)
    assert labels(demo, place) == [""] * 4
    assert "The items have no labels" in text(page)
    assert element(page, "option", selected=None).text.strip() == "No label"
    assert not {"Case", "tissue"} & {one.text for one in elements(page, "th")}
    demo.post(f"{place}/reread", {"part": "0", "column": "1"})  # which leaves the labels as chosen
    assert labels(demo, place) == [""] * 4
    for wrong in ("x", "-1", "9" * 9):
        for column in ({}, {"column": "1"}):
            sent = {"part": "0", "label": wrong, **column}
            assert demo.post(f"{place}/reread", sent).status_code == 400
    plain = demo.get(demo.draft(IDS))
    assert not elements(plain, "select", name="label")


def test_names_and_paths_hand_their_labels_on_to_all_their_items(stored):
    demo = stored.visitor()
    texts = [planted.NAME_ONCE, planted.NAME_TWICE, "/deliveries/odd/", "no-such.bam"]
    place = demo.draft(
        "", file=sheet("\n".join(map(",".join, zip("xABCD", ["file_name", *texts], strict=True))))
    )
    stored.work(60)
    assert "its row has in column 1 “x”, such as “A”." in text(demo.get(place))
    assert sorted(labels(demo, place)) == ["A", "C"]
    demo.post(f"{place}/choose", {"choice.2": "all"})
    demo.post(f"{place}/as-files", {"folder": "3"})
    stored.work(60)
    found = [
        (row["label"], row["path"].startswith("/deliveries/odd/")) for row in rows(demo, place)
    ]
    assert found[:3] == [("A", False), ("B", False), ("B", False)]
    assert len(found) > 5
    assert set(found[3:]) == {("C", True)}
    assert f"{len(found)} ids to link" in text(demo.get(place))


def test_a_label_of_anybody_who_may_see_it_leads_to_its_items(stored):
    demo = stored.visitor()
    place = demo.submit("", file=sheet(), name="Cases")
    other = demo.submit("", file=sheet(SHEET.replace("Doe, J.", "P.8"), "other.csv"))
    stored.work(30)
    ours = asked(demo, ["Patient 7", "nobody", "P.8", IDS[2], "Patient 7", "Patient 70"])
    assert answer(demo, ours) == [
        ("1", IDS[0], "LINKED", "Patient 7"),
        ("1", IDS[0], "LINKED", "Patient 7"),
        ("2", "", "NO_ITEM", "nobody"),
        ("3", IDS[1], "LINKED", "P.8"),
        ("3", IDS[1], "LINKED", "P.8"),
        ("4", IDS[2], "LINKED", ""),
        ("4", IDS[2], "LINKED", ""),
    ]
    nul = demo.post("/find", {"ids": json.dumps(["Patient 7", "a\0 b", IDS[0]])})
    assert nul.status_code == 303
    page = text(demo.get(ours))
    assert "1 entry is no data id, name, path or label" in page
    stranger = stored.visitor("stranger-key")
    theirs = asked(stranger, ["Patient 7", IDS[2]])
    assert [row[1:3] for row in answer(stranger, theirs)] == [(IDS[2], "NEVER")]
    demo.post(f"{ours}/share")
    told = answer(stranger, ours)
    assert ("1", "", "NO_ITEM", "Patient 7") in told
    assert IDS[0] not in {row[1] for row in told}
    assert place != other


def test_labels_count_as_what_is_kept(stored):
    demo = stored.visitor()
    kept = {}
    for name in ("x", "x" * 200):
        content = f"data_id,sample\n{IDS[0]},{name}\n"
        place = demo.draft("", file=sheet(content))
        submission = stored.context.read(submissions.get, int(place.rsplit("/", 1)[1]))
        kept[len(name)] = submission.kept_bytes - len(content)
    assert kept[200] - kept[1] == 199
    assert kept[1] == usage.ITEM_BYTES + 2 * len(IDS[0]) + 1


def test_a_label_stands_beside_the_id_of_what_was_picked(stored):
    demo = stored.visitor()
    place = demo.draft("", file=sheet())
    demo.post(f"{place}/submit")
    stored.work(30)
    page = ask(demo, f"{place}/undo", [1, 2, 3, 4])
    shown = [" ".join(one.text.split()) for one in elements(page, "li") if "fil." in one.text]
    named = [" ".join(pair).strip() for pair in zip(IDS, NAMES, strict=True)]
    assert shown == named
