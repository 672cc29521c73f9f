"""Lists with names and paths: how they are read, and what they are handed back with."""

import csv
import io

import pytest
from sqlalchemy import func, select, update

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.markup import elements, link, with_class
from tests.work.observation import submission
from webapp.store import chores, drafts, items, lookups, submissions, tables
from webapp.store.enums import ChoreKind, Likeness, LookupKind, LookupState, State
from webapp.store.lookups import Candidate, Choice
from webapp.work import reading

A, B, C = data_ids(3)
SEVERAL = data_ids(25, start=100)
SHEET = """sample_id,fastq_1,fastq_2
S1,a_R1.fastq.gz,a_R2.fastq.gz
S2,b_R1.fastq.gz,b_R2.fastq.gz
S3,a_R1.fastq.gz,c_R2.fastq.gz
"""
MIXED = f"{A}\n/run1/a.bam\n# note\n/run1/\n{B}\nx.bam, y.bam\n/run1/a.bam\nsome words\nSRR1\n"


@pytest.fixture
def stored(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=100) as dashboard:
        yield dashboard


def id_of(place):
    return int(place.rpartition("/")[2])


def rows(dashboard, table):
    with dashboard.store.read() as connection:
        return connection.execute(select(table).order_by(*table.primary_key.columns)).all()


def lookups_of(dashboard, place):
    found = [row for row in rows(dashboard, tables.lookups) if row.submission_id == id_of(place)]
    return {row.position: row for row in sorted(found, key=lambda row: row.position)}


def unfinished(dashboard, place):
    return dashboard.context.read(chores.unfinished, id_of(place))


def candidate(data_id, path):
    """Data that ICA has."""
    return Candidate(
        likeness=Likeness.SAME,
        data_id=data_id,
        name=path.rstrip("/").rpartition("/")[2],
        path=path,
        project_id="another",
        project_name="Source",
        status="AVAILABLE",
        size=1,
        modified_at=None,
    )


def resolve(dashboard, place, led, states):
    """As if ICA had been asked: `led` has what some lookups are to mean, `states` what became of
    others, by position.
    """
    submission_id, now = id_of(place), dashboard.clock.now
    with dashboard.store.write() as connection:
        chores.remove(connection, submission_id)
        drafts.lock(connection, submission_id)
        for position, state in states.items():
            connection.execute(
                update(tables.lookups)
                .where(tables.lookups.c.submission_id == submission_id)
                .where(tables.lookups.c.position == position)
                .values(state=state, count=3 if state == LookupState.SEVERAL else 0)
            )
        for position, data in led.items():
            chosen = [Choice(position, candidate(data_id, path), 0) for data_id, path in data]
            if len(chosen) == 1:
                lookups.choose(connection, submission_id, chosen)
            else:
                lookup = lookups.get(connection, submission_id, position)
                lookups.choose_several(connection, lookup, chosen)
        submissions.end_resolving(connection, submission_id, now)


def handed_back(visitor, place):
    answer = visitor.get(f"{place}/list?part=0")
    assert answer.status_code == 200, text(answer)
    return answer.get_data(as_text=True)


def press(visitor, place, button, **fields):
    """Press a button of the review that sends these fields."""
    answer = visitor.get(place)
    form = next(each for each in elements(answer, "form") if button in each.text)
    assert all(elements(answer, "input", name=name, value=fields[name]) for name in fields)
    return visitor.post(form["action"], fields)


def test_names_and_paths_keep_their_places_until_ica_is_asked(stored):
    demo = stored.visitor()
    place = demo.draft("", file=(MIXED.encode(), "list.txt"))
    found = submission(stored, place)
    assert (found.state, found.item_count, found.empty_positions) == (State.RESOLVING, 7, 4)
    assert found.counts == {"UNREAD": 2, "LEFT_OUT": 1}  # SRR1, until somebody wants it sent
    assert {row.position: row.data_id for row in rows(stored, tables.items)} == {
        1: A,
        4: B,
        7: "SRR1",
    }
    assert [
        (row.position, row.kind, row.text, row.line, row.column, row.state)
        for row in lookups_of(stored, place).values()
    ] == [
        (2, LookupKind.PATH, "/run1/a.bam", 2, 1, LookupState.WAITING),
        (3, LookupKind.FOLDER, "/run1/", 4, 1, LookupState.WAITING),
        (5, LookupKind.NAME, "x.bam", 6, 1, LookupState.WAITING),
        (6, LookupKind.NAME, "y.bam", 6, 2, LookupState.WAITING),
    ]
    assert [(row.line, row.kind, row.first_line) for row in rows(stored, tables.entries)] == [
        *((7, "repeated", 2), (8, "rejected", None))
    ]
    review = found.review
    assert (review.good, review.lookups, review.repeated, review.rejected) == (7, 4, 1, 1)
    assert review.lookup_kinds == {"path": 1, "folder": 1, "name": 2}
    assert (review.files, review.folders, review.unusual, review.unsure) == (2, 0, 1, 2)
    [chore] = unfinished(stored, place)
    assert (chore.kind, chore.total, chore.account_id) == (ChoreKind.RESOLVE, 4, found.account_id)


def test_a_list_over_many_chunks_keeps_every_position(stored, monkeypatch):
    monkeypatch.setattr(items, "CHUNK_ROWS", 50)
    ids = data_ids(200)
    lines = [line for i, one in enumerate(ids) for line in (one, f"/run1/{i}.bam")]
    place = stored.visitor().draft(lines)
    assert [row.position for row in lookups_of(stored, place).values()] == [*range(2, 401, 2)]
    assert [(row.position, row.data_id) for row in rows(stored, tables.items)] == [
        *zip(range(1, 400, 2), ids, strict=True)
    ]
    with stored.store.read() as connection:
        kept = connection.execute(select(func.sum(tables.submissions.c.kept_bytes))).scalar()
    assert kept > 200 * (280 + 160)


def test_a_list_of_ids_is_a_draft_as_before(stored):
    place = stored.visitor().draft([A, "SRR1", "some words"])
    found = submission(stored, place)
    assert (found.state, found.empty_positions, found.review.unsure) == (State.DRAFT, 0, 2)
    assert not unfinished(stored, place)


def test_a_list_of_neither_is_told_what_was_seen_and_what_to_do(stored):
    demo = stored.visitor()
    for words, said in {
        "# x\ns3://bucket/a.bam": "Line 2 has “s3://bucket/a.bam”. This is an address outside",
        "run1/a.bam": "Line 1 has “run1/a.bam”. This is a part of a path.",
        "x" * 2_000: "… This is too long for a data id or a name",
        "S1, S2": "write file_name in the line above them",
    }.items():
        answer = demo.upload(words)
        assert answer.status_code == 422
        assert said.replace("… ", "…”. ") in text(answer)
        assert "or names of files (a.bam)" in text(answer)
    assert {row.state for row in rows(stored, tables.submissions)} == {State.DISCARDED}
    place = demo.draft("file_name\nS1, S2")
    assert [row.text for row in lookups_of(stored, place).values()] == ["S1", "S2"]


def test_what_may_be_names_is_read_as_names_when_the_user_says_so(stored):
    demo = stored.visitor()
    place = demo.draft(f"{A}\nSRR1\nmy reads\n")
    assert press(demo, place, "Look 2 texts up as names", names="1").status_code == 303
    found = submission(stored, place)
    assert (found.state, found.review.assumes_names) == (State.RESOLVING, True)
    assert [row.text for row in lookups_of(stored, place).values()] == ["SRR1", "my reads"]
    resolve(stored, place, {2: [(B, "/run1/SRR1")]}, {})
    press(demo, place, "Read only sure names as names", names="0")
    assert submission(stored, place).state == State.DRAFT
    assert not lookups_of(stored, place)
    assert demo.post(f"{place}/reread", {"names": "x"}).status_code == 400
    demo.post(f"{place}/reread", {"names": "1"})
    demo.post(f"{place}/reread")
    assert not submission(stored, place).review.assumes_names


def test_another_column_is_read_while_ica_is_being_asked(stored):
    demo = stored.visitor()
    sheet = f"name,path,data_id\nS1,/run1/a.bam,{A}\nS2,/run1/b.bam,\n"
    place = demo.draft("", file=(sheet.encode(), "sheet.csv"))
    assert [row.text for row in lookups_of(stored, place).values()] == ["/run1/b.bam"]
    resolve(stored, place, {}, {2: LookupState.MISSING})
    page = text(demo.get(place))
    assert "Read column 1 “name” instead 2 of the first 2 rows hold names, perhaps of data" in page
    assert "Read column 2 “path” instead 2 of the first 2 rows hold paths" in page
    demo.post(f"{place}/reread")
    demo.post(f"{place}/reread", {"part": "0", "column": "2"})
    assert [row.text for row in lookups_of(stored, place).values()] == [
        *("/run1/a.bam", "/run1/b.bam")
    ]
    assert [chore.total for chore in unfinished(stored, place)] == [2]
    demo.post(f"{place}/reread", {"names": "1"})
    assert submission(stored, place).review.columns == {0: 2}
    demo.post(f"{place}/reread", {"part": "0", "column": "1"})
    assert [row.text for row in lookups_of(stored, place).values()] == ["S1", "S2"]


def test_names_and_paths_count_as_what_an_account_keeps(stored, monkeypatch):
    monkeypatch.setattr(reading, "MAX_REQUEST_SECONDS", 100)
    paths = [f"/run1/{'x' * 200}/{i}.bam" for i in range(100)]
    place = stored.visitor().draft(paths)
    assert submission(stored, place).kept_bytes > 2 * sum(map(len, paths))


def sheet_rows(back):
    return list(csv.reader(io.StringIO(back)))


def test_a_sheet_comes_back_with_what_each_name_led_to_and_is_read_as_before(stored):
    demo = stored.visitor()
    place = demo.draft("", file=(SHEET.encode(), "sheet.csv"))
    led = {1: [(A, "/r/a_R1.fastq.gz")], 3: [(B, "/r/b_R1.fastq.gz"), (C, "/q/b_R1.fastq.gz")]}
    states = {2: LookupState.MISSING, 4: LookupState.SEVERAL, 5: LookupState.MISSING}
    resolve(stored, place, led, states)
    header, *lines = sheet_rows(handed_back(demo, place))
    assert header[3:] == ["data_id", "resolved_path", "status", "reason", "attempt", "linked_path"]
    assert [line[3] for line in lines] == [f"{A}; none", f"{B}; {C}; none", f"{A}; none"]
    assert lines[0][4:6] == ["/r/a_R1.fastq.gz; none", "NOT_SENT; NOT_FOUND"]
    assert lines[1][4:] == [
        "/r/b_R1.fastq.gz; /q/b_R1.fastq.gz; none",
        "NOT_SENT; NOT_SENT; SEVERAL_FOUND",
        "none; none; 3 data found in ICA, and none chosen on the review.",
        "1; 1; none",
        "none; none; none",  # nothing is linked yet
    ]
    assert demo.post(f"{place}/submit").status_code == 303
    stored.work(30)
    back = handed_back(demo, place)
    assert sheet_rows(back)[1][5] == "LINKED; NOT_FOUND"
    assert sheet_rows(back)[2][5] == "LINKED; LINKED; SEVERAL_FOUND"
    page, others = demo.get(place), stored.visitor("colleague-key").get(place)
    for said in (
        *("6 entries : 5 names and paths , 0 ids , 1 repeated , 0 rejected .",),
        *(
            "2 names and paths led to data, 3 led to nothing.",
            "3 items in all : 3 submitted , 0 left out .",
        ),
        "All 3 items are linked. 3 names and paths led to nothing.",
    ):
        assert said.replace(" ", "") in text(page).replace(" ", "")
        assert said.replace(" ", "") in text(others).replace(" ", "")
    assert link(page, "What each line became") == f"{place}/lookups"
    assert link(others, "What each line became") is None
    assert "3 linked, 3 names and paths led to nothing" in text(demo.get("/submissions"))
    placed = with_class(demo.get(f"{place}/items"), "path")
    assert len(placed) == 3  # names alone do not tell them apart
    again = demo.draft("", file=(back.encode(), "sheet.csv"))
    ours = [row for row in rows(stored, tables.items) if row.submission_id == id_of(again)]
    assert [(row.position, row.data_id) for row in ours] == [(1, A), (3, B), (4, C)]
    assert [row.text for row in lookups_of(stored, again).values()] == [
        *("a_R2.fastq.gz", "b_R2.fastq.gz", "c_R2.fastq.gz")
    ]


def test_a_folder_as_its_files_comes_back_with_counts(stored):
    demo = stored.visitor()
    place = demo.draft(MIXED)
    files = [(one, f"/run1/{i}.bam") for i, one in enumerate(SEVERAL)]
    states = {2: LookupState.IMPOSSIBLE, 5: LookupState.OTHERWISE}
    resolve(stored, place, {3: files, 5: []}, states)
    told = "25 data: see the item table, or an export of the items."
    begun = f"/run1/\t\t/run1/0.bam, and 24 more\tNOT_SENT 25\t{told}\t1\t\n"
    assert begun in handed_back(demo, place)
    demo.post(f"{place}/submit")
    assert f"not read yet 25\t{told}" in handed_back(demo, place)
    stored.work(30)
    assert "9 entries: 4 names and paths, 3 ids, " in " ".join(text(demo.get(place)).split())
    assert "1 name or path led to data, 3 led to nothing" in text(demo.get(place))
    back = handed_back(demo, place)
    lines = [line.split("\t") for line in back.splitlines()]
    assert lines[0][:3] == ["name_or_path", "data_id", "resolved_path"]
    assert lines[1][:2] == [A, A]
    assert lines[2][:4] == ["/run1/a.bam", "", "", "NOT_FOUND"]
    assert (lines[4][:2], lines[4][3]) == (["/run1/", ""], "LINKED 25")
    assert [line[3] for line in lines[6:9]] == ["NOT_CHOSEN", "NOT_LOOKED_UP", "NOT_FOUND"]
    assert lines[9][:4] == ["some words", "", "", "REJECTED"]
    again = demo.draft("", file=(back.encode(), "list.txt"))
    assert [row.text for row in lookups_of(stored, again).values()] == [
        *("/run1/a.bam", "/run1/", "x.bam", "y.bam")
    ]


def test_only_the_submitter_has_a_list_with_names_back(stored):
    demo, other = stored.visitor(), stored.visitor("colleague-key")
    place = demo.draft(MIXED)
    resolve(stored, place, {2: [(C, "/run1/a.bam")]}, {})
    demo.post(f"{place}/submit")
    plain = demo.submit([A])
    stored.work(30)
    assert "list?part=0" in demo.get(place).get_data(as_text=True)
    assert "list?part=0" not in other.get(place).get_data(as_text=True)
    answer = other.get(f"{place}/list?part=0")
    assert answer.status_code == 403
    assert "which of them were not found" in text(answer)
    assert other.get(f"{plain}/list?part=0").status_code == 200
