"""What the names and paths of a draft mean: what the review says, and how it is chosen."""

import io

from tests.dashboard import data_ids, open_dashboard, text
from tests.lookup_drafts import Asked, candidate, draft
from tests.simulated_ica import FIRST_PROJECT
from tests.store.invariants import assert_consistent
from tests.web.markup import elements, link, main, rows
from webapp.simulator import planted
from webapp.simulator.catalogue import data_id
from webapp.store import chores, drafts, submissions
from webapp.store.chores import ChooseSpec
from webapp.store.enums import ChoreKind, Likeness, LookupState, Rule, State
from webapp.work import choosing, gathering

FOUND, OTHERWISE = LookupState.FOUND, LookupState.OTHERWISE
SEVERAL, MISSING = LookupState.SEVERAL, LookupState.MISSING
A, B, C, D, E, F, G, H = data_ids(8, start=30)
SOURCE = "00000000-0000-4000-8000-000000000015"
ODD = data_id(15, "/deliveries/odd/")
CHOOSE = "Choose what is ticked"
OTHER = {"project_id": "other", "project_name": "Other cohort"}


def found(name, data_id, status="AVAILABLE"):
    path = f"/run1/{name}"
    return Asked(name, FOUND, [candidate(data_id, path, status)])


def several(name, first, second, **kept):
    """Two data of one name: the second is newer, in another folder and another project."""
    both = [
        candidate(first, f"/run1/{name}", modified_at=1e9),
        candidate(second, f"/run2/a/{name}", "ARCHIVED", modified_at=2e9, **OTHER),
    ]
    return Asked(name, SEVERAL, both, **kept)


def otherwise(name, *data):
    """Data of this name in capitals."""
    like = [candidate(one, f"/run1/{name.upper()}", likeness=Likeness.OTHERWISE) for one in data]
    return Asked(name, OTHERWISE, like)


def ticked(answer, lookup, number=0):
    """The field of a candidate of the lookup in this row, and what it says."""
    name = f"choice.{lookup}"
    boxes = [box for box in elements(answer, "input", name=name) if "." in box["value"]]
    return {name: boxes[number]["value"]}


def to_send(answer):
    return elements(answer, "input", name="confirmed")[0]["value"]


def button_words(answer):
    """What the buttons say, up to the name of a project."""
    return {one.text.strip().split(" Rare")[0] for one in elements(answer, "button")}


def opened(visitor, place, group):
    return visitor.get(f"{place}/lookups?group={group}")


def test_a_list_of_ids_has_no_word_of_names(demo):
    place = demo.draft(data_ids(2))
    page = demo.get(place)
    assert "Names and paths" not in text(page)
    heads = [head.text for head in elements(page, "th", scope="col")]
    assert heads == ["Line", "Data id"]
    assert "There are none" in text(demo.get(f"{place}/lookups"))


def test_the_review_says_of_each_group_what_ica_has(stored):
    demo = stored.visitor()
    near = candidate(F, "/run1/missing_2.bam", likeness=Likeness.NEAR)
    asked = [
        found("one.bam", A),
        found("cold.bam", B, "ARCHIVED"),
        several("two.bam", C, D),
        otherwise("small.bam", E),
        Asked("missing.bam", MISSING, [near]),
        Asked("gone.bam", MISSING),
        Asked("/x/y.bam", LookupState.IMPOSSIBLE, note="Two projects are named “Shared”."),
        Asked("later.bam", LookupState.WAITING),
        Asked("/run1/one.bam", FOUND, [candidate(A, "/run1/one.bam")]),
        Asked("/run1/b/", FOUND, [candidate("fol." + A[4:], "/run1/b/", size=None)], files=1204),
    ]
    place = draft(stored, demo, asked)
    page = demo.get(place)
    said = text(page)
    for words in (
        *("3 names and paths found", "1 name or path found more than once"),
        *("1 name or path found only written otherwise", "2 names and paths not found"),
        *("1 name or path that can't be looked up", "Two projects are named “Shared”."),
        *("1 name or path not looked up yet", "1 folder, found by path", "1,204 files"),
        "These data are in the list once, and are sent once.",
        *("the same as on line 10", "1 id archived in ICA", "other capitals", "by at most 4 calls"),
        *("6 names and paths are left open and will not be sent", "/run1/missing_2.bam"),
        *("2 of these were not looked at closer", "in Other cohort", "Submit 3 ids"),
    ):
        assert words in said, words
    assert rows(page) == [A, B, "fol." + A[4:]]
    heads = [head.text for head in elements(page, "th", scope="col")][-3:]
    assert heads == ["Line", "Data id", "Path"]
    for group in ("found", "otherwise", "several", "missing", "same", "folders", "open", "every"):
        answer = opened(demo, place, group)
        assert answer.status_code == 200
        assert "There are none" not in text(answer), group
    assert "/run1/cold.bam" in text(demo.get(f"{place}/entries?kind=archived"))
    search = demo.post(f"{place}/items", {"text": "nonesuch"}).location
    assert "No row has this. Of a data id, its beginning is looked for" in text(demo.get(search))
    demo.post(f"{place}/leave-out", {"which": "archived"})
    assert "Submit 2 ids" in text(demo.get(place))


def test_what_is_ticked_is_sent_and_can_be_taken_back(stored):
    demo = stored.visitor()
    near = candidate(F, "/run1/missing_2.bam", likeness=Likeness.NEAR)
    asked = [several("two.bam", C, D), otherwise("small.bam", E), Asked("m", MISSING, [near])]
    place = draft(stored, demo, asked)
    page = demo.get(place)
    assert to_send(page) == "0"
    assert "There is nothing to submit: nothing in this list leads to data" in text(page)
    assert not {"Submit 0 ids to", "Ask ICA which of these it would refuse"} & button_words(page)
    refused = demo.post(f"{place}/submit", {"confirmed": "0"})
    assert refused.status_code == 422
    assert "None of the names and paths in the list leads to data yet" in text(refused)

    fields = {**ticked(page, 1, 1), **ticked(page, 2)}
    answer = demo.post(f"{place}/choose", fields)
    assert answer.location == f"{place}#lookups"
    page = demo.get(place)
    panel = elements(page, "section", id="lookups")[0]
    assert "2 names and paths settled." in panel.text
    assert rows(page) == [D, E]

    # one more is ticked, and the list is submitted without it having been chosen
    [send] = elements(page, "form", id="choices")
    assert send["action"] == f"{place}/submit"
    assert {box["form"] for box in elements(page, "input", name="choice.3")} == {"choices"}
    again = demo.post(f"{place}/submit", {"confirmed": to_send(page), **ticked(page, 3)})
    assert again.location == place
    page = demo.get(place)
    assert "Your choice of 1 line was taken. Nothing was sent yet" in text(page)
    assert "Submit 3 ids" in text(page)
    assert rows(page) == [D, E, F]
    assert "1 id archived in ICA" in text(page)

    back = {"forget": "1", "back": "several"}
    page = demo.get(demo.post(f"{place}/choose", back).location)
    assert "1 name or path taken back." in text(page)
    assert rows(demo.get(place)) == [E, F]
    demo.post(f"{place}/choose", {"choice.1": "all"})
    assert rows(demo.get(place)) == [E, F, C, D]
    assert "and 1 other" in text(opened(demo, place, "several"))
    demo.post(f"{place}/choose", ticked(demo.get(f"{place}/lookups/1"), 1, 0))  # another one
    assert rows(demo.get(place)) == [C, E, F]

    demo.post(f"{place}/submit", {"confirmed": "3"})
    stored.work(30)
    assert "All 3 items are linked." in text(demo.get(place))
    acts = text(demo.get(f"{place}/audit"))
    assert "Chose what names and paths mean" in acts
    assert "two.bam" not in acts


def test_after_submission_its_submitter_alone_sees_what_each_line_became(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = draft(stored, demo, [found("one.bam", A), several("two.bam", C, D)])
    old = demo.get(place)
    demo.post(f"{place}/submit", {"confirmed": "1"})
    stored.work(30)
    page = demo.get(place)
    became = demo.get(link(page, "What each line became"))
    for words in (
        "one.bam",
        "/run1/one.bam",
        "two.bam",
        "Found more than once.",
        "/run2/a/two.bam",
    ):
        assert words in text(became), words
    assert not elements(became, "input", name="choice.2")
    assert "What each line became" not in text(colleague.get(place))
    for below in ("/lookups", "/lookups/2"):
        assert colleague.get(f"{place}{below}").status_code == 403
    late = demo.post(f"{place}/choose", ticked(old, 2))
    assert late.status_code == 409
    assert "was submitted meanwhile" in text(late)
    rule = {"group": "several", "rule": "newest:", "confirmed": "1"}
    assert demo.post(f"{place}/choose-by-rule", rule).status_code == 409


def test_enter_takes_nothing_back_and_submits_nothing(dashboard, demo):
    """It presses the first button of the form."""
    place = draft(dashboard, demo, [several("two.bam", A, B), several("three.bam", C, D)])
    demo.post(f"{place}/choose", ticked(demo.get(place), 1))
    for page in (place, f"{place}/lookups?group=several"):
        buttons = [button.text for button in elements(demo.get(page), "button")]
        assert buttons.index(CHOOSE) < buttons.index("Take back")
        assert not any(name.startswith("Submit") for name in buttons[: buttons.index(CHOOSE)])


def test_which_names_of_a_list_were_not_found_is_told_to_its_submitter_alone(dashboard, demo):
    colleague = dashboard.visitor("colleague-key")
    place = demo.draft([A, "missing.bam", "missing.bam", "none of these"])
    dashboard.work(30)
    demo.post(f"{place}/submit")
    dashboard.work(30)
    own, other = demo.get(place), colleague.get(place)
    facts = "1 name or path, 1 id, 1 repeated , 1 rejected . 0 names and paths led to data,"
    assert f"4 entries: {facts} 1 led to nothing . What each line became" in text(own)
    assert "missing.bam" in text(demo.get(link(own, "1 led to nothing")))
    assert "1 name or path, 1 id, 1 repeated, 1 rejected." in text(other)
    assert link(other, "1 led to nothing") is None
    for visitor, see in ((demo, f"{place}/entries?kind=rejected"), (colleague, None)):
        page = visitor.get(visitor.searched(f"{place}/items", "none of these"))
        assert link(page, "See the rejected lines") == see
        assert ("its submitter can see which" in text(page)) == (see is None)
    for kind, words in (("repeated", "missing.bam"), ("rejected", "none of these")):
        assert words in text(demo.get(f"{place}/entries?kind={kind}"))
        refused = colleague.get(f"{place}/entries?kind={kind}")
        assert (refused.status_code, words in text(refused)) == (403, False)


def test_a_rule_says_what_it_settles_before_it_does(stored):
    demo = stored.visitor()
    tie = [candidate(one, f"/run{n}/tie.bam", modified_at=5.0) for n, one in enumerate((E, F))]
    asked = [
        several("two.bam", A, B),
        several("three.bam", C, D),
        Asked("tie.bam", SEVERAL, tie),
        several("very-many.bam", G, H, count=1500),
    ]
    place = draft(stored, demo, asked)
    page = opened(demo, place, "several")
    told = text(page)
    assert "The newest 2 1 0" in told
    assert "The one that is AVAILABLE in ICA 2 1 0" in told
    assert "The one in Other cohort 2 0 1" in told
    assert "All of them, which makes 6 items 3 0 0" in told
    assert "For 1 of them ICA has more data than are kept" in told
    assert "ICA has 1,500 data that are named so; 2 of them are kept here." in told

    wrong = demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "folder", "folder": "run2"})
    assert wrong.status_code == 422
    assert "A folder is named by its whole path" in text(wrong)
    under = demo.post(
        f"{place}/choose-by-rule", {"group": "several", "rule": "folder", "folder": "/run2"}
    )
    assert "it settles 2 . It leaves more than one for 0 and none for 1" in text(under)
    nowhere = demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "project:\0"})
    assert "Nothing was changed" in text(demo.get(nowhere.location))
    assert rows(demo.get(place)) == []

    few = {"group": "several", "back": "several", "rule": "newest:"}
    page = demo.get(demo.post(f"{place}/choose-by-rule", few).location)
    assert "2 names and paths settled; 2 of these stay open." in text(page)
    assert rows(demo.get(place)) == [B, D]
    assert "2 ids archived in ICA" in text(demo.get(place))
    demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "all:"})
    assert rows(demo.get(place)) == [B, D, E, F]
    page = demo.get(demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "none"}).location)
    assert "3 names and paths taken back." in text(page)
    assert rows(demo.get(place)) == []
    assert "archived in ICA" not in text(demo.get(place))


RULE = {"group": "several", "back": "several", "confirmed": "1"}


def test_all_that_are_written_otherwise_are_ticked_by_one_button(stored):
    demo = stored.visitor()
    asked = [otherwise("a.bam", A), otherwise("b.bam", B), otherwise("c.bam", C, D)]
    place = draft(stored, demo, [*asked, several("two.bam", E, F)])
    assert "The one that there is 2 1 0" in text(opened(demo, place, "otherwise"))
    page = demo.get(place)
    [button] = elements(page, "button", name="rule")
    assert button.text == "Choose all 2 that ICA writes otherwise"
    fields = {"rule": button["value"], **ticked(page, 4)}
    assert demo.post(button["formaction"], fields).location == f"{place}#lookups"
    page = demo.get(place)
    assert "3 names and paths settled; 1 of these stay open." in text(page)
    assert rows(page) == [A, B, E]


def test_many_are_settled_by_the_worker_and_nobody_else_works_meanwhile(stored, monkeypatch):
    monkeypatch.setattr("webapp.web.drafts.choosing.AT_ONCE_LOOKUPS", 1)
    monkeypatch.setattr("webapp.work.choosing.CHUNK_ROWS", 2)
    demo = stored.visitor()
    names = [several(f"{n}.bam", *data_ids(2, start=100 + 2 * n)) for n in range(5)]
    place = draft(stored, demo, names)
    old = demo.get(place)
    demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "newest:"})
    busy = demo.get(place)
    assert "Choosing by a rule" in text(busy)
    assert not elements(busy, "button", name="forget")
    refused = demo.post(f"{place}/choose", ticked(old, 2))
    assert refused.status_code == 409
    assert "is being worked on" in text(refused)
    stored.work(5)
    assert rows(demo.get(place)) == [data_ids(1, start=101 + 2 * n)[0] for n in range(5)]


def test_what_was_chosen_on_an_old_page_is_not_taken_for_something_else(dashboard, demo):
    place = draft(dashboard, demo, [several("two.bam", A, B)])
    for field in ({"choice.1": f"1.{C}"}, {"choice.1": f"9.{A}"}, {"choice.7": f"1.{A}"}):
        answer = demo.post(f"{place}/choose", field)
        assert answer.status_code == 409, field
        assert "was changed since this page was opened" in text(answer)
    for field in ({"choice.x": "1.a"}, {"choice.1": "x"}, {"forget": "-1"}):
        assert demo.post(f"{place}/choose", field).status_code == 400, field
    for rule in ({"rule": "best"}, {"rule": "newest", "group": "found"}):
        assert demo.post(f"{place}/choose-by-rule", {**RULE, **rule}).status_code == 400
    assert demo.get(f"{place}/lookups?group=nonesuch").status_code == 400
    assert demo.get(f"{place}/lookups/99").status_code == 404
    nothing = demo.get(demo.post(f"{place}/choose", {"choice.1": ""}).location)
    assert "Nothing was changed" in text(nothing)


def test_a_name_of_many_data_has_a_page_of_its_own(dashboard, demo):
    many = [candidate(one, f"/run{n}/x.bam") for n, one in enumerate(data_ids(120, start=200))]
    place = draft(dashboard, demo, [Asked("x.bam", SEVERAL, many)])
    page = demo.get(place)
    assert "See 116 more" in text(page)
    first = demo.get(f"{place}/lookups/1")
    assert "All 120 of them" in text(first)
    second = demo.get(link(first, "Next"))
    assert "/run60/x.bam" in text(second)
    assert "51\N{EN DASH}100 of 120" in text(second)
    rules = demo.get(link(second, "Choose by a rule"))
    all_of_them = {"group": "several", "back": "several", "rule": "all:"}
    assert "All of them, which makes 120 items" in text(rules)
    asked = demo.post(f"{place}/choose-by-rule", all_of_them)
    assert "it settles 1 , which adds 120 items to the list" in text(asked)
    assert rows(demo.get(place)) == []
    demo.post(f"{place}/choose", ticked(second, 1, 10))
    assert rows(demo.get(place)) == data_ids(1, start=260)


def test_folders_are_one_item_each_or_their_files(stored, monkeypatch):
    monkeypatch.setattr(gathering, "PAGE_ROWS", 4)
    demo = stored.visitor()
    odd = candidate(ODD, "/deliveries/odd/", project_id=SOURCE, size=None)
    gone = candidate("fol." + A[4:], "/no/more/", project_id=SOURCE, size=None)
    files = [*planted.ODD_PATHS.values()]
    asked = [
        Asked("/no/more/", FOUND, [gone]),
        Asked("/deliveries/odd/", FOUND, [odd], files=len(files)),
    ]
    place = draft(stored, demo, asked)
    page = demo.get(place)
    counted = f"2 of them are one item each now, with {len(files)} files; of 1 the files were not"
    assert f"{counted} counted. Or take their files instead" in text(page)
    assert "names and paths found" not in text(page)  # folders stand in their own group alone
    assert rows(page) == ["fol." + A[4:], ODD]

    demo.post(f"{place}/as-files", {"folder": "2"})
    stored.work(5)
    page = demo.get(place)
    assert len(rows(page)) == 1 + len(files)
    assert f"Its {len(files)} files, all in the list" in text(page)
    assert f"Submit {1 + len(files)} ids" in text(page)
    [as_one] = elements(page, "button", name="choice.2")
    assert as_one.text == "As one item instead"
    demo.post(f"{place}/choose", {"choice.2": as_one["value"]})
    assert rows(demo.get(place)) == ["fol." + A[4:], ODD]

    demo.post(f"{place}/as-files", {"folder": "all"})  # of the first ICA knows nothing
    stored.work(60)
    page = demo.get(place)
    assert "The files of /no/more/ When all was read, ICA had this folder no more" in text(page)
    assert "The folder holds no files, so nothing is sent for it." in text(page)
    assert "the same data as another line" not in text(page)
    assert not elements(main(page), "input", type="checkbox", name=None)
    assert elements(page, "button", name="choice.1")[0].text == "As one item instead"
    assert len(rows(page)) == len(files)
    assert demo.post(f"{place}/as-files", {"folder": "99"}).status_code == 409
    assert demo.post(f"{place}/as-files", {"folder": "x"}).status_code == 400


def test_all_of_many_data_become_items_a_few_thousand_at_once(stored, monkeypatch):
    """So neither a request nor a transaction takes long, however many data each name has."""
    monkeypatch.setattr(choosing, "ITEMS_AT_ONCE", 5, raising=False)
    demo = stored.visitor()
    pairs = zip(data_ids(5, start=200), data_ids(5, start=300), strict=True)
    asked = [several(f"{n}.bam", *pair) for n, pair in enumerate(pairs)]
    place = draft(stored, demo, [*asked, found("y.bam", A)])
    submission_id = int(place.rpartition("/")[2])
    with stored.store.write() as connection:
        spec, now = ChooseSpec(SEVERAL, Rule.ALL), stored.clock.now
        chores.add(connection, submission_id, 1, ChoreKind.CHOOSE, spec, 6, now)
        chore = chores.claim(connection, "a worker", now)
    counts = []
    while chore.ended_at is None:
        chore = choosing.step(stored.context, chore)
        counts.append(stored.context.read(submissions.get, submission_id).to_send)
    assert counts == [5, 9, 11]
    assert chore.done == 6


def test_a_folder_that_was_read_in_part_is_read_on_whatever_was_chosen_since(stored, monkeypatch):
    """Its files stand together, so what stands behind them by then is not taken for one of them."""
    monkeypatch.setattr(gathering, "PAGE_ROWS", 4)
    demo = stored.visitor()
    odd = candidate(ODD, "/deliveries/odd/", project_id=SOURCE, size=None)
    asked = [Asked("/deliveries/odd/", FOUND, [odd]), several("x.bam", A, B)]
    place = draft(stored, demo, asked)
    submission_id = int(place.rpartition("/")[2])

    def read_in_part():
        demo.post(f"{place}/as-files", {"folder": "1"})
        with stored.store.write() as connection:
            gathering_it = chores.claim(connection, "a worker that dies", stored.clock.now)
        gathering.step(stored.context, gathering_it)
        demo.post(f"{place}/stop-looking")

    read_in_part()
    demo.post(f"{place}/choose", {"choice.2": "all"})
    assert len(rows(demo.get(place))) == 6
    with stored.store.write() as connection:
        submission = submissions.get(connection, submission_id)
        drafts.ask(connection, submission, ChoreKind.CHECK, None, stored.clock.now)
    demo.post(f"{place}/read-on")
    assert stored.context.read(submissions.get, submission_id).state == State.DRAFT  # a chore runs
    demo.post(f"{place}/stop-checking")
    demo.post(f"{place}/read-on")
    stored.work(60)
    files = len(planted.ODD_PATHS)
    assert len(rows(demo.get(place))) == 2 + files
    assert f"Its {files} files" in text(demo.get(place))
    demo.post(f"{place}/choose", {"forget": "1"})
    assert rows(demo.get(place)) == [A, B]

    demo.post(f"{place}/choose", ticked(demo.get(f"{place}/lookups/1"), 1))
    read_in_part()
    demo.post(f"{place}/choose", {"forget": "1"})
    demo.post(f"{place}/choose", ticked(demo.get(f"{place}/lookups/1"), 1))
    demo.post(f"{place}/read-on")
    stored.work(60)
    assert rows(demo.get(place)) == [ODD, A, B]  # it is to be the folder again


def test_a_sheet_of_names_is_settled_and_handed_back(database_url, tmp_path):
    """As people do it: upload, settle what is ambiguous, submit, and see it beside each line."""
    once, twice = planted.RUN_1.rpartition("/")[2], planted.NAME_TWICE
    cold = planted.BY_STATUS["ARCHIVED"].rpartition("/")[2]
    capitals = planted.CAPITALS_ONLY.rpartition("/")[2].lower()
    lines = (
        "sample_id,fastq_1,fastq_2",
        f"S1,{once},{twice}",
        f"S2,{capitals},no-such_R2.fastq.gz",
    )
    sheet = "\n".join([*lines, f"S3,{cold},metrics.json"])
    with open_dashboard(database_url, tmp_path, ica={"catalogue_files": 200}) as dashboard:
        demo = dashboard.visitor()
        form = {"project_id": FIRST_PROJECT, "source_id": SOURCE}
        upload = {"file": (io.BytesIO(sheet.encode()), "sheet.csv")}
        place = demo.post("/submissions", form | upload).location
        dashboard.work(60)
        page = demo.get(place)
        said = text(page)
        for words in ("2 names and paths found more than once", "1 name or path not found"):
            assert words in said, words
        assert "1 name or path found only written otherwise" in said
        assert "4 names and paths are left open" in said
        assert "See 1,496 more" in said
        demo.post(f"{place}/leave-out", {"which": "archived"})
        newest = {**RULE, "rule": "folder", "folder": "/deliveries/trio-0417/second/"}
        demo.post(f"{place}/choose-by-rule", newest)
        only = {**RULE, "group": "otherwise", "rule": "only:"}
        demo.post(f"{place}/choose-by-rule", only)
        page = demo.get(place)
        assert "2 names and paths are left open" in text(page)
        answer = demo.post(f"{place}/submit", {"confirmed": "3"})
        assert answer.status_code == 303, text(answer)
        dashboard.work(60)
        assert "All 3 items are linked. 1 left out" in text(demo.get(place))
        handed_back = demo.get(f"{place}/list").get_data(as_text=True)
        for words in (f"/deliveries/trio-0417/second/{twice}", planted.CAPITALS_ONLY):
            assert words in handed_back
        with dashboard.store.read() as connection:
            assert_consistent(connection)
        became = text(demo.get(f"{place}/lookups"))
        assert "Found more than once. " in became
        assert planted.CAPITALS_ONLY in became


def test_no_more_data_are_chosen_than_a_list_may_have(stored, monkeypatch):
    monkeypatch.setattr(gathering, "MAX_ITEMS", 5)
    demo = stored.visitor()
    place = draft(stored, demo, [several("two.bam", A, B), several("three.bam", C, D)])
    refused = demo.post(f"{place}/choose", {"choice.1": "all", "choice.2": "all"})
    assert refused.status_code == 409
    assert "There is no room for so many items" in text(refused)
    demo.post(f"{place}/choose-by-rule", {**RULE, "rule": "all:"})
    page = text(demo.get(place))
    assert "The rule was not applied to all of the names and paths." in page
    assert "There is no room for so many items" in page
    assert rows(demo.get(place)) == []
    demo.post(f"{place}/choose", {"choice.1": "all"})
    assert rows(demo.get(place)) == [A, B]


def test_whatever_names_say_is_text(dashboard, demo):
    evil = "</code><script>alert(1)</script>\"' \u2028.bam"
    data = [candidate(one, f"/{evil}", evil[:40], project_name=evil) for one in (A, B)]
    asked = [Asked(evil, SEVERAL, data), Asked(f"/{evil}/", FOUND, data[:1], note=evil)]
    place = draft(dashboard, demo, asked)
    for path in ("", "/lookups", "/lookups?group=several", "/lookups/1", "/items"):
        answer = demo.get(f"{place}{path}")
        assert answer.status_code == 200
        assert "<script>alert" not in answer.get_data(as_text=True), path
        assert "alert(1)" in text(answer), path
    folder = {"group": "several", "rule": "folder", "folder": f"/{evil}"}
    refused = demo.post(f"{place}/choose-by-rule", folder)
    assert "<script>alert" not in refused.get_data(as_text=True)
