"""Exports: every row of a filter, in the order of the list, safe to open in a spreadsheet."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.variants import in_full
from tests.web.confirmation import confirm
from tests.web.markup import link
from tests.work.observation import number
from webapp import idlist
from webapp.store import items, lifecycle, tables
from webapp.store.find import queries
from webapp.web.core import downloads

GOOD, FAILED = data_ids(3), data_ids(2, ending="00")


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=100) as dashboard:
        yield dashboard


@pytest.fixture
def place(dashboard):
    found = dashboard.visitor().submit([*GOOD, *FAILED], name="Run 5, größer")
    dashboard.work(30)
    return found


@pytest.mark.parametrize(
    "address",
    [
        "{}/export.csv",
        "{}/list",
        "/reasons/export.csv?reason=1",
        "/find/abcdefghijklmnop/export.txt",
    ],
)
def test_two_downloads_of_an_account_run_at_once(dashboard, place, address, caplog):
    """A third waits for the end of one, however that comes; another account's are its own."""
    person = dashboard.visitor()
    begun = [person.get(f"{place}/export.csv") for _ in range(2)]
    refused = person.get(address.format(place))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "You have 2 downloads running" in text(refused)
    (told,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert told.getMessage() == "A download of account 1 was refused: it has 2, all together 2."
    assert dashboard.visitor("colleague-key").get(f"{place}/export.csv").status_code == 200
    begun[0].close()
    assert person.get(address.format(place)).status_code in {200, 404}
    assert begun[1].get_data(as_text=True).startswith("line,")
    assert person.get(f"{place}/export.csv").status_code == 200


def test_a_download_breaks_off_soon_after_its_reader_s_session_has_ended(dashboard, monkeypatch):
    monkeypatch.setattr(items, "PAGE_ROWS", 500)
    place = dashboard.visitor().submit(data_ids(1_200))
    reader, elsewhere = dashboard.visitor(), dashboard.visitor()
    downloads = [reader.get(f"{place}/export.csv").iter_encoded() for _ in range(2)]
    first, second = map(iter, downloads)
    assert next(first).startswith(b"line,")
    dashboard.clock.advance(31)
    assert next(first)
    next(second)
    elsewhere.post("/account/sessions/end", {"which": "all"})
    dashboard.clock.advance(31)
    for download in (first, second):
        with pytest.raises(ConnectionAbortedError):
            next(download)


@pytest.mark.parametrize("name", ["export.csv", "export.jsonl", "export.txt", "list"])
def test_a_file_is_sent_in_pieces_that_a_slow_line_takes_in_time(dashboard, name):
    """The web server waits for each piece as long."""
    person = dashboard.visitor()
    answer = person.get(f"{person.draft(data_ids(4_000))}/{name}")
    pieces = list(map(len, answer.iter_encoded()))
    assert sum(pieces) > 4_000 * 36
    assert max(pieces) <= 65_536


@pytest.fixture
def by_ones(monkeypatch):
    """What is sent is read an item at a time, and so not ahead of its reader."""
    chunks = ((items, "CHUNK_ROWS"), (items, "PAGE_ROWS"), (downloads, "CHUNK_LINES"))
    for module, name in chunks:
        monkeypatch.setattr(module, name, 1)


def found(person, ids):
    return person.post("/find", {"ids": "\n".join(ids), "name": "Lost"}).location


def delete(dashboard, person, place):
    assert person.post(f"{place}/delete").status_code == 303
    dashboard.work()


def drop_history(dashboard, _person, place):
    later = dashboard.clock.now + 1
    with dashboard.store.write() as connection:
        assert lifecycle.drop_history(connection, number(place), later, later)


@pytest.mark.parametrize(
    ("address", "end"),
    [
        ("{place}/export.csv", delete),
        ("{place}/export.csv?attempt=1", drop_history),
        ("{place}/list", delete),
        *in_full(
            ("{place}/export.txt?status=FAILED", delete),
            ("{place}/export.jsonl?attempt=1", delete),
            ("/reasons/export.csv?reason={reason}", delete),
            ("{query}/export.csv", delete),
            ("{query}/export.txt", lambda dashboard, person, place: person.post(f"{place}/delete")),
        ),
    ],
)
def test_a_file_of_what_is_deleted_meanwhile_does_not_look_whole(
    dashboard, place, by_ones, address, end
):
    person = dashboard.visitor()
    confirm(person, f"{place}/retry?status=FAILED")
    dashboard.work(30)
    query = found(person, [*GOOD, *FAILED])
    reason = link(person.get(place), "Show").split("reason=")[1].split("&")[0].split("#")[0]
    download = person.get(address.format(place=place, query=query, reason=reason))
    assert download.status_code == 200, text(download)
    chunks = iter(download.iter_encoded())
    assert next(chunks)
    end(dashboard, person, query if address == "{query}/export.txt" else place)
    with pytest.raises(ConnectionAbortedError, match="deleted meanwhile"):
        list(chunks)


def test_a_question_that_retention_takes_away_is_gone_at_once(dashboard, place, by_ones):
    person = dashboard.visitor()
    query = found(person, GOOD)
    chunks = iter(person.get(f"{query}/export.txt").iter_encoded())
    assert next(chunks)
    with dashboard.store.write() as connection:
        assert queries.sweep(connection, dashboard.clock.now + 1)
    with pytest.raises(ConnectionAbortedError, match="deleted meanwhile"):
        list(chunks)
    assert person.get(query).status_code == 404


def body(dashboard, path):
    answer = dashboard.visitor().get(path)
    assert answer.status_code == 200, text(answer)
    return answer.get_data(as_text=True)


def table(dashboard, path):
    return list(csv.DictReader(io.StringIO(body(dashboard, path))))


def test_the_table_begins_with_line_id_status_reason(dashboard, place):
    content = body(dashboard, f"{place}/export.csv")
    assert content.startswith("line,data_id,status,reason,")
    rows = table(dashboard, f"{place}/export.csv")
    assert [row["data_id"] for row in rows] == [*GOOD, *FAILED]
    assert [row["line"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["reason"] for row in rows] == ["", "", "", "Data not found.", "Data not found."]


def test_each_form_follows_the_filter(dashboard, place):
    failed = f"status=FAILED&search={FAILED[1]}"
    assert [row["data_id"] for row in table(dashboard, f"{place}/export.csv?{failed}")] == FAILED[
        1:
    ]
    assert body(dashboard, f"{place}/export.txt?status=FAILED").split() == FAILED
    lines = [
        json.loads(line) for line in body(dashboard, f"{place}/export.jsonl?{failed}").splitlines()
    ]
    assert [(line["line"], line["data_id"], line["status"]) for line in lines] == [
        (5, FAILED[1], "FAILED")
    ]


def test_a_manifest_has_what_the_next_pipeline_reads(dashboard, place):
    rows = table(dashboard, f"{place}/export.csv?columns=manifest&status=LINKED")
    assert list(rows[0]) == [
        *("data_id", "file_name", "file_path", "project_id", "status", "label"),
    ]
    assert [row["data_id"] for row in rows] == GOOD
    assert {row["project_id"] for row in rows} == {FIRST_PROJECT}
    assert all(row["file_path"].endswith(row["file_name"]) and row["file_name"] for row in rows)
    assert dashboard.visitor().get(f"{place}/export.csv?columns=all").status_code == 400


def test_the_page_of_items_offers_each_form_of_its_filter(dashboard, place):
    page = dashboard.visitor().get(f"{place}/items?status=FAILED")
    offered = [link(page, text) for text in ("CSV", "Plain ids", "JSON lines", "Manifest")]
    forms = ("csv?", "txt?", "jsonl?", "csv?")
    assert offered == [
        f"{place}/export.{form}status=FAILED{more}"
        for form, more in zip(forms, ("", "", "", "&columns=manifest"), strict=True)
    ]


def test_a_manifest_is_a_list_that_can_be_submitted(dashboard, place):
    manifest = body(dashboard, f"{place}/export.csv?columns=manifest").encode()
    again = dashboard.visitor().draft("", file=(manifest, "manifest.csv"))
    assert body(dashboard, f"{again}/export.txt").split() == [*GOOD, *FAILED]


def test_the_file_is_named_after_the_submission_and_the_filter(dashboard, place):
    answer = dashboard.visitor().get(f"{place}/export.csv?status=FAILED")
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="Run_5_gr_er-FAILED.csv"; '
        "filename*=UTF-8''Run%205%2C%20gr%C3%B6%C3%9Fer-FAILED.csv"
    )
    answer = dashboard.visitor().get(f"{place}/export.csv?reason=1")
    assert "-reason-1.csv" in answer.headers["Content-Disposition"]


def test_nothing_runs_as_a_formula(dashboard):
    wild = "@cmd"
    place = dashboard.visitor().draft([*GOOD, wild])
    rows = table(dashboard, f"{place}/export.csv")
    assert rows[3]["data_id"] == f"'{wild}"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_nothing_runs_whatever_a_spreadsheet_takes_for_a_separator(dashboard, separator):
    visitor = dashboard.visitor()
    place = visitor.submit(GOOD, name="x;=cmd|'/c calc'!A0")
    dashboard.work(30)
    evil = {"name": "a;=1", "path": '/a\t=1\n@b;-1;"=2', "reason": '-1;+A1;"\n=1'}
    with dashboard.store.write() as connection:
        connection.execute(tables.items.update().values(**evil))
    found = visitor.post("/find", {"ids": GOOD[0]}).location
    for path in (f"{place}/export.csv", f"{place}/list", f"{found}/export.csv"):
        content = body(dashboard, path)
        assert "=1" in content
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
            begun = {cell for cell in row if cell.lstrip('\t" ').startswith(tuple("=+-@"))}
            assert begun <= {"-1"}


CELLS = st.one_of(
    st.none(),
    st.integers(0, 9),
    st.sampled_from(["LINKED", "", "a b", "None", "=1", " -1", "#x", "\uff1dA1"]),
    st.text("ab ,;\t\n\r\x1e\x1f\"'#=-\u200bé", max_size=4),
)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5)


def csv_row(row):
    buffer = io.StringIO(newline="")
    cells = [idlist.escape_formula(cell) if isinstance(cell, str) else cell for cell in row]
    csv.writer(buffer, lineterminator="").writerow(cells)
    return idlist.escape_other_cells(buffer.getvalue(), ",") + "\r\n"


@given(st.lists(ROWS))
def test_rows_that_are_written_together_are_as_when_written_one_by_one(chunks):
    rows = [row for chunk in chunks for row in chunk]
    assert "".join(downloads.csv_texts("abc", chunks)) == "a,b,c\r\n" + "".join(map(csv_row, rows))
    objects = [json.dumps(dict(zip("abc", row, strict=True)), ensure_ascii=False) for row in rows]
    assert "".join(downloads.json_texts("abc", chunks)) == "".join(f"{one}\n" for one in objects)


def test_others_get_no_export_of_what_they_may_not_see(dashboard, place):
    stranger = dashboard.visitor("stranger-key")
    for ending in ("export.csv", "export.jsonl", "export.txt", "export.csv?columns=manifest"):
        assert stranger.get(f"{place}/{ending}").status_code == 404


@pytest.mark.parametrize("asked", ["search=zzz", "reason=1", "columns=manifest"])
def test_what_an_attempt_found_is_exported_by_its_status_alone(dashboard, asked):
    place = dashboard.visitor().submit(data_ids(3))
    dashboard.work(30)
    answer = dashboard.visitor().get(f"{place}/export.csv?attempt=1&{asked}")
    assert answer.status_code == 400
    assert "by its status alone" in text(answer)
    assert dashboard.visitor().get(f"{place}/export.csv?attempt=0").status_code == 404


@pytest.mark.long
def test_an_attempt_is_exported_whole_while_it_runs(dashboard):
    ids = data_ids(2_500)
    place = dashboard.visitor().submit(ids)
    dashboard.work(2)  # ICA has counted all, and not a half of the rows is read
    lines = dashboard.visitor().get(f"{place}/export.txt?attempt=1").get_data(as_text=True)
    assert lines.split() == ids
