"""Round trip: the user's own list comes back as it was, with what became of every entry."""

import csv
import gzip
import io
import re
import time

import openpyxl
import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.web.confirmation import confirm
from webapp.idlist import Unreadable

A, B = data_ids(2)
FAILED, ALREADY = data_ids(1, ending="00", start=7)[0], data_ids(1, ending="03", start=8)[0]
TABLE = "\r\n".join(
    [
        "sample;data_id;note",
        f's1;{A};"a ""quoted"", word"',
        f"s2;{FAILED};",
        f"s3;{A};again",
        "s4;no id in here;x",
        f"s5;{ALREADY};=1+1",
        "",
    ]
)


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, batch_size=100) as dashboard:
        yield dashboard


def submitted(dashboard, content, name, ids=""):
    place = dashboard.visitor().submit(ids, file=(content, name), name="Run 5")
    dashboard.work(30)
    return place


def download(dashboard, place, part=0):
    answer = dashboard.visitor().get(f"{place}/list?part={part}")
    assert answer.status_code == 200, text(answer)
    return answer


def ids_of(dashboard, place):
    return dashboard.visitor().get(f"{place}/export.txt").get_data(as_text=True).split()


def test_a_table_comes_back_with_its_columns_separators_and_line_ends(dashboard):
    place = submitted(dashboard, TABLE.encode(), "samples.csv")
    answer = download(dashboard, place)
    assert "samples-outcomes.csv" in answer.headers["Content-Disposition"]
    lines = answer.get_data(as_text=True).split("\r\n")
    assert lines[0] == "sample;data_id;note;status;reason;attempt;linked_path"
    assert lines[1].startswith(f's1;{A};"a ""quoted"", word";LINKED;;1;/')
    assert lines[2] == f"s2;{FAILED};;FAILED;Data not found.;1;"
    assert lines[3].startswith(f"s3;{A};again;LINKED;;1;/")
    assert lines[4].startswith("s4;no id in here;x;REJECTED;")
    assert lines[5].startswith(f"s5;{ALREADY};'=1+1;ALREADY_LINKED;")  # else it would run


@pytest.mark.parametrize("name", ["list.txt", "list.txt.gz"])
def test_the_result_can_be_uploaded_again(dashboard, name):
    content = f"# mine\r\n{A} {FAILED}\r\n\r\n{B}  # tumour\r\n{A}\r\nnot an id\r\n".encode()
    place = submitted(dashboard, gzip.compress(content) if name.endswith("gz") else content, name)
    back = download(dashboard, place).get_data()
    again = dashboard.visitor().draft("", file=(back, name))
    assert ids_of(dashboard, again) == ids_of(dashboard, place) == [A, FAILED, B]
    assert b"FAILED\tData not found." in (gzip.decompress(back) if name.endswith("gz") else back)


def test_any_file_name_is_a_clean_header_and_no_ending_but_a_list_s_is_handed_on(dashboard):
    named = {
        "list.csv のコピー": ("list.csv_-outcomes.txt", "list.csv%20%E3%81%AE%E3%82%B3"),
        "l.csv; filename=run.bat": ("l.csv_filename_run.bat-outcomes.txt", "l.csv%3B%20filename"),
        "リスト.csv": ("outcomes.csv", "%E3%83%AA%E3%82%B9%E3%83%88-outcomes.csv"),
        "macro.hta": ("macro.hta-outcomes.txt", "macro.hta-outcomes.txt"),
        "SAMPLES.TSV": ("SAMPLES-outcomes.TSV", "SAMPLES-outcomes.TSV"),
        "not-packed.txt.gz": ("not-packed-outcomes.txt", "not-packed-outcomes.txt"),
        "no ending": ("no_ending-outcomes.txt", "no%20ending-outcomes.txt"),
    }
    for name, expected in named.items():
        place = dashboard.visitor().draft("", file=(f"{A}\n{B}\n".encode(), name))
        disposition = download(dashboard, place).headers["Content-Disposition"]
        form = r"attachment; filename=\"([\w.-]+)\"; filename\*=UTF-8''([\w.%-]+)"
        found = re.fullmatch(form, disposition, re.ASCII)
        assert found, disposition
        assert found[1] == expected[0]
        assert found[2].startswith(expected[1])


def test_encoding_and_mark_stay(dashboard):
    place = submitted(dashboard, TABLE.encode("utf-16"), "samples.csv")
    back = download(dashboard, place).get_data()
    assert back.startswith(TABLE.encode("utf-16")[:2])
    rows = list(csv.reader(io.StringIO(back.decode("utf-16")), delimiter=";"))
    assert [row[3] for row in rows[1:]] == [
        "LINKED",
        "FAILED",
        "LINKED",
        "REJECTED",
        "ALREADY_LINKED",
    ]


def test_a_workbook_comes_back_as_a_workbook(dashboard):
    book = openpyxl.Workbook()
    for row in (["sample", "data_id"], ["s1", A], ["s2", FAILED]):
        book.active.append(row)
    stored = io.BytesIO()
    book.save(stored)
    place = submitted(dashboard, stored.getvalue(), "samples.xlsx")
    answer = download(dashboard, place)
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.get_data())).active.values)
    assert "samples-outcomes.xlsx" in answer.headers["Content-Disposition"]
    assert [row[:3] for row in rows] == [
        ("sample", "data_id", "status"),
        ("s1", A, "LINKED"),
        ("s2", FAILED, "FAILED"),
    ]


def test_a_file_and_pasted_text_are_two_downloads(dashboard):
    place = submitted(dashboard, f"data_id\n{A}\n".encode(), "ids.csv", ids=f"{FAILED}\n{A}")
    page = text(dashboard.visitor().get(place))
    assert "Download your list" in page
    assert "Download what you pasted" in page
    theirs = text(dashboard.visitor("colleague-key").get(place))
    assert "Download the list" in theirs
    assert "Download what was pasted" in theirs
    assert "you pasted" not in theirs
    assert A in download(dashboard, place).get_data(as_text=True)
    pasted = download(dashboard, place, part=1)
    assert "Run_5-outcomes.txt" in pasted.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(pasted.get_data(as_text=True)), delimiter="\t"))
    assert [row[:2] for row in rows[1:]] == [[FAILED, "FAILED"], [A, "LINKED"]]


def test_a_draft_and_what_waits_are_not_sent(dashboard):
    v = dashboard.visitor()
    draft = v.draft([A, B])
    assert download(dashboard, draft).get_data(as_text=True).count("NOT_SENT") == 2
    waiting = v.submit(data_ids(150))
    assert download(dashboard, waiting).get_data(as_text=True).count("NOT_SENT") == 50


def test_a_retry_is_followed_to_its_outcome(dashboard):
    thawing = data_ids(1, ending="02")[0]  # fails, and links when it is tried again
    place = submitted(dashboard, f"data_id\n{A}\n{thawing}\n{FAILED}\n".encode(), "ids.csv")
    assert tried_again(dashboard, place) == place  # the list is one, whatever was tried
    assert f'href="{place}/list?part=0"' in dashboard.visitor().get(place).get_data(as_text=True)
    back = io.StringIO(download(dashboard, place).get_data(as_text=True))
    rows = list(csv.DictReader(back))
    assert [(row["data_id"], row["status"], row["attempt"]) for row in rows] == [
        (A, "LINKED", "1"),
        (thawing, "LINKED", "2"),
        (FAILED, "FAILED", "2"),
    ]
    assert rows[1]["linked_path"].startswith("/")


def test_what_was_unlinked_has_no_linked_path(dashboard):
    place = submitted(dashboard, f"data_id\n{A}\n{B}\n".encode(), "ids.csv")
    confirm(dashboard.visitor(), f"{place}/undo", picked=[1])
    dashboard.work(30)
    rows = csv.DictReader(io.StringIO(download(dashboard, place).get_data(as_text=True)))
    assert [(row["status"], row["linked_path"] != "") for row in rows] == [
        ("UNLINKED", False),
        ("LINKED", True),
    ]


def tried_again(dashboard, place):
    v = dashboard.visitor()
    page = v.get(f"{place}/retry?status=FAILED").get_data(as_text=True)
    token = re.search('name="token" value="([^"]+)"', page)[1]
    answer = v.post(f"{place}/retry", {"token": token, "status": "FAILED"})
    assert answer.status_code == 303
    dashboard.work(30)
    return answer.location


def test_a_cell_of_blanks_holds_nobody_up(dashboard):
    blanks = " " * 60_000
    place = submitted(dashboard, f"data_id,note\n{A},{blanks}x\n".encode(), "ids.csv")
    started = time.process_time()
    assert f"{A},{blanks}x,LINKED" in download(dashboard, place).get_data(as_text=True)
    assert time.process_time() - started < 2


class Slow:
    """A processor's clock that goes on by `tick` seconds with each look at it."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


def long_list(dashboard):
    place = dashboard.visitor().draft(
        data_ids(60_000)
    )  # 2.4 MB, of which some is looked at together
    dashboard.work()
    return place


@pytest.mark.slow
def test_what_takes_too_long_is_told_before_the_first_byte(dashboard, monkeypatch):
    place = long_list(dashboard)
    monkeypatch.setattr("webapp.idlist.entries.thread_time", Slow(301.0))
    answer = dashboard.visitor().get(f"{place}/list")
    assert answer.status_code == 422
    assert "worked on for 5 minutes" in text(answer)
    assert "Content-Disposition" not in answer.headers


@pytest.mark.slow
def test_what_takes_too_long_later_breaks_off(dashboard, monkeypatch):
    place = long_list(dashboard)
    monkeypatch.setattr("webapp.idlist.entries.thread_time", Slow(70.0))
    pieces = iter(dashboard.visitor().get(f"{place}/list").response)
    got = [next(pieces)]
    with pytest.raises(Unreadable):
        got.extend(pieces)
    assert got[0]
    assert len(b"".join(got)) < 2_400_000


def test_there_is_no_list_to_hand_back(dashboard):
    place = submitted(dashboard, f"{A}\n".encode(), "a.txt")
    v = dashboard.visitor()
    assert v.get(f"{place}/list?part=1").status_code == 404
    assert v.get(f"{place}/list?part=x").status_code == 404
    assert dashboard.visitor("stranger-key").get(f"{place}/list").status_code == 404
    unread = v.draft(data_ids(40_000))  # read by the worker, which has not begun
    answer = v.get(f"{unread}/list")
    assert answer.status_code == 409
    assert "not read to its end" in text(answer)
