"""The audit trail: each act leaves a row and a line of the log, which outlive what they tell of."""

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest
from click.testing import CliRunner

from tests.dashboard import data_ids, open_dashboard, text
from tests.simulated_ica import FIRST_PROJECT
from tests.web.confirmation import confirm
from tests.web.lock_waits import someone_waits
from tests.web.markup import elements, link
from webapp.cli import main
from webapp.store import Store, audit, tables
from webapp.store.enums import AuditAction
from webapp.store.paging import Cursor
from webapp.web.audit.routes import WORDS

DAY = 86_400
ELSEWHERE = "203.0.113.7"
SECRET_NAME = "exomes of a secret study"


def rows(dashboard, action=None):
    """All rows, or those of an action, the oldest first."""
    found = [asdict(row) for row in audit.each(dashboard.store, 0.0, None)]
    return [row for row in found if action in {None, row["action"]}]


def actions(dashboard):
    return [row["action"] for row in rows(dashboard)]


@pytest.fixture
def linkboard(stored):
    """Runs a command; its exit code and what it says."""

    def run(*words):
        environ = {"LINKBOARD_DATABASE_URL": stored.settings.database_url}
        done = CliRunner().invoke(main, [*words], env=environ)
        return done.exit_code, done.output

    return run


@pytest.fixture
def lines(caplog):
    """The documents of the log's audit lines so far."""
    caplog.set_level(logging.INFO, "webapp.store.audit")
    return lambda: [
        json.loads(record.getMessage().removeprefix("audit "))
        for record in caplog.records
        if record.name == "webapp.store.audit"
    ]


def test_each_act_leaves_a_row_with_who_when_whose_and_how_many(stored, lines):
    demo = stored.visitor()
    place = demo.draft([*data_ids(3), *data_ids(2, ending="00", start=50)], name=SECRET_NAME)
    stored.clock.advance(7)
    demo.post(f"{place}/submit")
    stored.work(60)
    colleague = stored.visitor("colleague-key")
    confirm(colleague, f"{place}/retry?status=FAILED")
    colleague.post(f"{place}/stop", {"attempt": "2"})
    stored.work(60)
    confirm(demo, f"{place}/undo")
    stored.work(60)
    demo.post(f"{place}/edit", {"name": "Renamed", "note": ""})
    demo.post(f"{place}/archive")
    demo.post(f"{place}/unarchive")
    for below in ("export.csv?status=FAILED", "export.jsonl", "list"):
        assert colleague.get(f"{place}/{below}").status_code == 200
    demo.post(f"{place}/delete")
    demo.post("/signout")
    assert actions(stored) == [
        *("sign in", "upload", "submit", "sign in", "retry", "undo", "rename", "archive"),
        *("unarchive", "export", "export", "export", "delete", "sign out"),
    ]
    mine = [row for row in rows(stored) if row["submission_id"]]
    assert {(row["submission_id"], row["owner_id"], row["address"]) for row in mine} == {
        (1, 1, "127.0.0.1")
    }
    assert [row["submission_name"] for row in mine][:5] == [SECRET_NAME] * 5
    (submit,), (retry,), (undo,) = (rows(stored, word) for word in ("submit", "retry", "undo"))
    assert (submit["who"], submit["account_id"], submit["details"]) == ("Dana Demo", 1, {"ids": 5})
    assert (retry["who"], retry["details"]) == ("Carol Colleague", {"attempt": 2, "items": 2})
    assert undo["details"] == {"attempt": 3, "items": 3}
    assert rows(stored, "upload")[0]["at"] == submit["at"] - 7
    said = lines()
    assert [line["action"] for line in said] == actions(stored)
    assert said[4] == {
        "action": "retry",
        "account": 2,
        "address": "127.0.0.1",
        "submission": 1,
        "attempt": 2,
        "items": 2,
    }
    assert SECRET_NAME not in repr(said)
    assert "Dana" not in repr(said)


def test_what_was_not_done_leaves_no_row(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(1))
    stored.work(30)
    before = actions(stored)
    demo.post(f"{place}/submit")
    demo.post(f"{place}/discard")
    demo.post(f"{place}/stop")
    demo.post(f"{place}/unarchive")
    demo.post(f"{place}/edit", {"name": ""})
    demo.get(f"{place}/export.csv?attempt=9")
    demo.get(f"{place}/list?part=7")
    demo.post("/account/sessions/end", {"session": "0" * 16})
    demo.post("/submissions/adopt", {"project_id": FIRST_PROJECT, "batch_id": FIRST_PROJECT})
    colleague = stored.visitor("colleague-key")
    for act in ("discard", "archive", "delete", "stop", "edit"):
        colleague.post(f"{place}/{act}")
    assert actions(stored) == [*before, "sign in"]


def test_a_refused_list_is_uploaded_and_discarded(stored):
    demo = stored.visitor()
    assert demo.upload("nothing to link in here").status_code == 422
    demo.post(f"{demo.draft(data_ids(1))}/discard")
    assert actions(stored)[1:] == ["upload", "discard", "upload", "discard"]


def test_a_batch_made_elsewhere_is_adopted_once(dashboard, demo):
    place = demo.submit(data_ids(2))
    with dashboard.store.read() as connection:
        batch_id = connection.exec_driver_sql("SELECT ica_batch_id FROM batches").scalar()
    demo.post("/submissions/adopt", {"project_id": FIRST_PROJECT, "batch_id": batch_id})
    assert "adopt" not in actions(dashboard)
    dashboard.work(30)
    demo.post(f"{place}/delete")
    dashboard.work(10)
    demo.post("/submissions/adopt", {"project_id": FIRST_PROJECT, "batch_id": batch_id})
    (row,) = rows(dashboard, "adopt")
    assert row["submission_id"] == 2


def test_what_is_done_with_a_question_and_a_draft_is_told(dashboard, demo):
    found = demo.post("/find", {"ids": "\n".join(data_ids(2)), "name": "Which?"}).location
    for act in ("share", "unshare", "delete"):
        demo.post(f"{found}/{act}")
    place = demo.draft([*data_ids(2), "an-unusual-id"])
    for act in ("leave-out", "take-back"):
        demo.post(f"{place}/{act}", {"which": "unusual"})
    demo.post(f"{place}/check")
    told = [*("ask", "share", "unshare", "delete"), *("upload", "leave out", "take back", "check")]
    assert actions(dashboard)[1:] == told
    shown = text(demo.get("/account/audit"))
    assert "Asked where ids are 2 ids, “Which?”" in shown
    assert "Deleted a search, “Which?”" in shown
    assert "Left ids out unusual" in shown


def test_every_file_that_leaves_is_told(dashboard, demo):
    place = demo.submit([*data_ids(2), *data_ids(2, ending="00", start=50)])
    dashboard.work(30)
    found = demo.post("/find", {"ids": "\n".join(data_ids(2))}).location
    reasons = link(demo.get("/reasons"), "Export")
    for path in (
        *(f"{place}/export.{form}" for form in ("csv", "jsonl", "txt")),
        *(f"{place}/list", f"{found}/export.csv", f"{found}/export.txt", reasons),
    ):
        before = len(rows(dashboard, "export"))
        answer = demo.get(path)
        assert answer.status_code == 200, path
        assert len(rows(dashboard, "export")) == before + 1, path
        assert answer.headers["Content-Disposition"]


def test_a_failed_sign_in_counts_once_a_minute_and_address(stored, lines):
    nobody = stored.visitor(key=None)
    for _ in range(3):
        assert nobody.sign_in("a-wrong-key-of-somebody").status_code == 422
    nobody.client.environ_base["REMOTE_ADDR"] = ELSEWHERE
    nobody.sign_in("a-wrong-key-of-somebody")
    stored.clock.advance(61)
    nobody.sign_in("a-wrong-key-of-somebody")
    told = [(row["address"], row["details"]["count"]) for row in rows(stored)]
    assert told == [("127.0.0.1", 3), (ELSEWHERE, 1), (ELSEWHERE, 1)]
    assert [line["action"] for line in lines()] == ["sign in failed"] * 5
    assert "wrong-key" not in repr([rows(stored), lines()])


def test_what_is_no_wrong_key_is_no_failed_sign_in(dashboard, nobody):
    nobody.sign_in("")
    dashboard.sim.set_faults({"503": 1})
    nobody.sign_in()
    assert rows(dashboard) == []


def test_the_address_is_that_of_the_visitor_by_as_many_proxies_as_are_trusted(tmp_path):
    for proxies, told in ((0, "127.0.0.1"), (1, ELSEWHERE)):
        with open_dashboard(
            f"sqlite:///{tmp_path}/{proxies}.db", tmp_path, trusted_proxies=proxies
        ) as dashboard:
            person = dashboard.visitor(key=None)
            headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": f"9.9.9.9, {ELSEWHERE}"}
            given = {"api_key": "demo-key"}
            assert person.client.post("/signin", data=given, headers=headers).status_code == 303
            headers["X-Forwarded-For"] = "<script>" + "x" * 5000
            person.client.post("/signin", data=given, headers=headers)
            assert [row["address"] for row in rows(dashboard)] == [told, "" if proxies else told]


def test_a_row_survives_what_it_tells_of(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(2), name=SECRET_NAME)
    stored.work(30)
    demo.post(f"{place}/delete")
    stored.work(30)
    assert demo.get(place).status_code == 404
    with stored.store.read() as connection:
        kept = audit.of_submission(connection, 1, Cursor(), 10).rows
    assert [row.action for row in kept] == ["delete", "submit", "upload"]
    page = demo.get("/account/audit")
    assert "Deleted" in text(page)
    assert SECRET_NAME in text(page)


def test_the_submitter_sees_who_did_what_and_nobody_else(dashboard, demo):
    place = demo.submit([*data_ids(2), *data_ids(2, ending="00", start=50)])
    dashboard.work(30)
    colleague = dashboard.visitor("colleague-key")
    confirm(colleague, f"{place}/retry?status=FAILED")
    colleague.get(f"{place}/export.csv")
    page = demo.get(link(demo.get(place), "Who did what"))
    assert page.status_code == 200
    told = [" ".join(row.text.split()) for row in elements(page, "tr")][1:]
    assert ["Exported" in told[0], "Carol Colleague" in told[0]] == [True, True]
    assert "Tried again" in told[1]
    assert "2 items" in told[1]
    assert "Submitted" in told[2]
    assert "4 ids" in told[2]
    assert all("127.0.0.1" in row for row in told)
    assert link(colleague.get(place), "Who did what") is None
    refused = colleague.get(f"{place}/audit")
    assert refused.status_code == 403
    assert "Only Dana Demo, who submitted this list, can see who did what with it" in text(refused)
    assert dashboard.visitor("stranger-key").get(f"{place}/audit").status_code == 404


def test_a_long_record_has_pages(stored):
    demo = stored.visitor()
    place = demo.submit(data_ids(1))
    for _ in range(50):
        demo.get(f"{place}/export.txt")
    first = demo.get(f"{place}/audit")
    assert len(elements(first, "tr")) == 1 + 50
    second = demo.get(link(first, "Next"))
    assert len(elements(second, "tr")) == 1 + 2
    assert link(second, "Next") is None
    assert len(elements(demo.get(link(second, "Previous")), "tr")) == 1 + 50
    assert demo.get(f"{place}/audit?after=x").status_code == 400


def test_one_sees_one_s_own_acts_and_no_others(dashboard, demo):
    demo.submit(data_ids(1), name=SECRET_NAME)
    stranger = dashboard.visitor("stranger-key")
    assert SECRET_NAME not in text(stranger.get("/account/audit"))
    page = demo.get(link(demo.get("/account"), "What you did here"))
    assert SECRET_NAME in text(page)
    assert "Signed in" in text(page)


def test_who_ends_sessions_is_told(dashboard, demo):
    dashboard.visitor()
    demo.post("/account/sessions/end", {"which": "others"})
    (row,) = rows(dashboard, "session end")
    assert (row["who"], row["details"]) == ("Dana Demo", {"sessions": 1})


def test_the_operator_s_acts_are_told_too(stored, linkboard):
    place = stored.visitor().submit(data_ids(1))
    stored.work(30)
    assert linkboard("submissions", "archive", "1")[0] == 0
    assert linkboard("submissions", "archive", "1")[0] == 1
    assert linkboard("submissions", "delete", "1")[0] == 0
    told = [
        (row["action"], row["who"], row["account_id"], row["submission_id"]) for row in rows(stored)
    ]
    assert told[3:] == [("archive", "operator", None, 1), ("delete", "operator", None, 1)]
    assert place == "/submissions/1"


def test_the_record_is_exported_as_json_lines(stored, linkboard):
    demo = stored.visitor()
    demo.submit(data_ids(1), name=SECRET_NAME)
    stored.clock.advance(3 * DAY)
    demo.sign_in()
    demo.submit(data_ids(1, start=9))

    def exported(*options):
        code, said = linkboard("audit", *options)
        assert code == 0, said
        return [json.loads(line) for line in io.StringIO(said)]

    everything = exported()
    assert [row["action"] for row in everything] == ["sign in", "upload", "submit"] * 2
    assert everything[2] | {"at": ""} == {
        "at": "",
        "action": "submit",
        "account": 1,
        "who": "Dana Demo",
        "address": "127.0.0.1",
        "submission": 1,
        "owner": 1,
        "name": SECRET_NAME,
        "details": {"ids": 1},
    }
    assert len(exported("--submission", "2")) == 2
    day = everything[3]["at"][:10]
    assert exported("--since", day) == everything[3:]
    assert exported("--since", everything[3]["at"].rstrip("Z")) == everything[3:]
    assert exported("--since", day, "--submission", "1") == []
    assert linkboard("audit", "--since", "yesterday")[0] == 2


def test_a_database_without_tables_is_told_in_words(tmp_path):
    environ = {"LINKBOARD_DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"}
    done = CliRunner().invoke(main, ["audit"], env=environ)
    assert done.exit_code == 1
    assert "linkboard migrate" in done.output


@pytest.mark.parametrize(("days", "left"), [(2, 2), (0, 1203)])
def test_old_rows_are_swept_in_small_steps(database_url, tmp_path, days, left):
    with open_dashboard(database_url, tmp_path, audit_days=days) as dashboard:
        dashboard.visitor()
        with dashboard.store.write() as connection:
            for _ in range(1200):
                audit.record(connection, AuditAction.EXPORT, audit.PROGRAM, dashboard.clock.now)
        dashboard.clock.advance(2 * DAY + 1)
        dashboard.visitor()
        dashboard.work(10)
        dashboard.visitor("colleague-key").get("/submissions")
        assert len(rows(dashboard)) == left


def test_a_row_stands_and_falls_with_its_act(dashboard, demo):
    place = demo.submit(data_ids(2))
    dashboard.work(30)
    with dashboard.store.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER fails BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    for act in ("archive", "delete"):
        assert demo.post(f"{place}/{act}").status_code >= 500
        assert demo.get(place).status_code == 200
        assert "In the archive" not in text(demo.get(place))


def test_every_action_has_words():
    assert set(WORDS) == set(AuditAction)


def test_what_is_rolled_back_is_not_in_the_log(stored, lines):
    def break_off():
        with stored.store.write() as connection:
            audit.record(connection, AuditAction.EXPORT, audit.PROGRAM, stored.clock.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert lines() == []
    with stored.store.write() as connection:
        audit.record(connection, AuditAction.EXPORT, audit.PROGRAM, stored.clock.now)
        assert lines() == []
    assert [line["action"] for line in lines()] == ["export"]


@pytest.mark.slow
def test_an_export_of_many_lists_is_told_in_one_line_and_a_limited_number_of_rows(stored, lines):
    stored.visitor("colleague-key").submit(data_ids(1, ending="00"), name="of a colleague")
    stored.work(30)
    with stored.store.write() as connection:
        for table in (tables.submissions, tables.reason_groups):
            (row,) = connection.execute(table.select()).mappings()
            key = "id" if table is tables.submissions else "submission_id"
            more = [{**row, key: number} for number in range(2, 1 + 300)]
            connection.execute(table.insert(), more)
    demo = stored.visitor()
    path = link(demo.get("/reasons"), "Export all 300")
    assert demo.client.head(path).status_code == 200
    assert rows(stored, "export") == []
    assert demo.get(path).status_code == 200
    told = rows(stored, "export")
    assert len(told) == 200 + 1
    assert {row["owner_id"] for row in told[:-1]} == {1}
    assert (told[-1]["submission_id"], told[-1]["details"]["more"]) == (None, 100)
    (line,) = [line for line in lines() if line["action"] == "export"]
    assert (line["submission"], line["submissions"]) == (None, 300)
    assert "100 more lists" in text(demo.get("/account/audit"))


def test_failed_sign_ins_from_everywhere_make_few_rows(stored):
    nobody = stored.visitor(key=None)
    for number in range(25):
        nobody.client.environ_base["REMOTE_ADDR"] = f"2001:db8:0:{number:x}::{number:x}"
        assert nobody.sign_in("a-wrong-key-of-somebody").status_code == 422
    nobody.client.environ_base["REMOTE_ADDR"] = "2001:db8::ffff"
    nobody.sign_in("a-wrong-key-of-somebody")
    told = [(row["address"], row["who"], row["details"]["count"]) for row in rows(stored)]
    assert told[:2] == [("2001:db8::/64", "", 2), ("2001:db8:0:1::/64", "", 1)]
    assert told[20:] == [("", "other addresses", 5)]


def test_two_processes_lose_no_failed_sign_in(stored):
    now = stored.clock.now
    stored.context.write(audit.record_failed_sign_in, ELSEWHERE, now)
    other = Store(stored.settings.database_url)
    with ThreadPoolExecutor(1) as pool:
        with stored.store.write() as connection:
            audit.record_failed_sign_in(connection, ELSEWHERE, now)
            counted = pool.submit(_count_one_more, other, now)
            while not (someone_waits(stored.store) or counted.done()):
                pass
        counted.result()
    other.close()
    assert [row["details"]["count"] for row in rows(stored)] == [3]


def _count_one_more(store, now):
    with store.write() as connection:
        audit.record_failed_sign_in(connection, ELSEWHERE, now)


def test_the_submitter_of_a_deleted_list_still_sees_who_did_what(stored):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = demo.submit(data_ids(2), name=SECRET_NAME)
    stored.work(30)
    colleague.get(f"{place}/export.csv")
    demo.post(f"{place}/delete")
    for _ in range(2):  # before its rows are removed, and after
        address = link(demo.get("/account/audit"), SECRET_NAME)
        assert address == f"{place}/audit"
        page = demo.get(address)
        assert page.status_code == 200
        told = [" ".join(row.text.split()) for row in elements(page, "tr")][1:]
        assert ["Deleted" in told[0], "Carol Colleague" in told[1]] == [True, True]
        assert SECRET_NAME in text(page)
        assert link(page, SECRET_NAME) is None
        for other in (colleague, stored.visitor("stranger-key")):
            assert other.get(address).status_code == 404
            assert link(other.get("/account/audit"), SECRET_NAME) is None
        stored.work(30)
    assert demo.get("/submissions/99/audit").status_code == 404
