"""Every address that there is, by every method, asked by everybody who might.

The table says who may; a rule that is not in it fails the first test. Whoever may not gets the same
answer as if there were nothing, changes nothing, and learns nothing.
"""

from contextlib import contextmanager
from itertools import product

import pytest
from werkzeug.routing import AnyConverter

from tests.dashboard import HEADERS, Dashboard, data_ids, open_dashboard
from tests.databases import make_sqlite
from tests.simulated_ica import (
    COLLEAGUE_KEY,
    FIRST_PROJECT,
    STRANGER_KEY,
    STRANGERS_PROJECT,
    simulator,
)
from tests.variants import in_full
from tests.web.confirmation import confirm
from tests.web.markup import elements
from webapp.store import tables

PEOPLE = ("owner", "colleague", "stranger", "nobody")
MAY, SIGN_IN, NOT_YOURS, NOTHING = "may", "sign in", "403", "404"

# Who may what: an expected answer for each of PEOPLE.
ALL = (MAY, MAY, MAY, MAY)
SIGNED_IN = (MAY, MAY, MAY, SIGN_IN)
READERS = (MAY, MAY, NOTHING, SIGN_IN)  # of the project in ICA
OWNER = (MAY, NOT_YOURS, NOTHING, SIGN_IN)
OWN = (MAY, NOTHING, NOTHING, SIGN_IN)  # such as a draft, of which nobody else hears

OPEN = {
    "GET signin.signin": ALL,
    "POST signin.signin_post": ALL,
    "POST theme.choose": ALL,
    "GET static": ALL,
    "GET ops.healthz": ALL,
    "GET ops.readyz": ALL,
    "GET ops.metrics": ALL,
}
WITHOUT_A_SUBMISSION = {
    "GET board.home": SIGNED_IN,
    "GET board.board": SIGNED_IN,
    "GET board.rows": SIGNED_IN,
    "POST looks.note": SIGNED_IN,
    "GET submissions.new": SIGNED_IN,
    "POST submissions.search": SIGNED_IN,
    "POST submissions.create": SIGNED_IN,
    "POST projects.search": SIGNED_IN,
    "POST projects.search_sources": SIGNED_IN,
    "POST board.search": SIGNED_IN,
    "POST board.share": SIGNED_IN,  # here without a search; see web/test_searches.py
    "POST search.search": SIGNED_IN,
    "GET adopt.adopt": SIGNED_IN,
    "POST adopt.adopt": SIGNED_IN,
    "POST adopt.recent": SIGNED_IN,
    "GET reasons.across": SIGNED_IN,
    "GET reasons.export": SIGNED_IN,
    "GET reason_retry.retry": SIGNED_IN,
    "POST reason_retry.retry": SIGNED_IN,
    "GET reason_retry.receipt": READERS,
    "GET find.form": SIGNED_IN,
    "POST find.ask": SIGNED_IN,
    "GET find.page": OWN,
    "GET find_exports.export": OWN,
    "POST find.share": OWN,
    "POST find.stop_sharing": OWN,
    "GET folders.choose": SIGNED_IN,
    "POST folders.choose": SIGNED_IN,
    "POST folders.open_project": SIGNED_IN,
    "GET folders.page": SIGNED_IN,
    "GET folders.above": SIGNED_IN,
    "POST folders.search": SIGNED_IN,
    "GET folders.found": SIGNED_IN,
    "GET folder_lists.make": SIGNED_IN,
    "POST folder_lists.make": SIGNED_IN,
    "GET account.page": SIGNED_IN,
    "GET audit.own": SIGNED_IN,
    "POST account.end_sessions": SIGNED_IN,
    "POST signin.signout": SIGNED_IN,
    "POST find.delete": OWN,
}
OF_A_SUBMISSION = {
    "GET submissions.page": READERS,
    "GET progress.progress": READERS,
    "GET items.page": READERS,
    "POST items.search": READERS,
    "GET item_page.page": READERS,
    "GET exports.export": READERS,
    "GET returned_list.download": READERS,
    "GET reasons.page": READERS,
    "GET attempts.listed": READERS,
    "GET attempts.page": READERS,
    "GET over_time.page": READERS,
    "GET submissions.batches": READERS,
    "GET attempts.former_page": READERS,
    "GET drafts.listed": READERS,
    "GET retry.retry": READERS,
    "POST retry.retry": READERS,
    "GET retry.undo": READERS,
    "POST retry.undo": READERS,
    "GET audit.of_submission": OWNER,
    "GET lifecycle.edit": OWNER,
    "POST lifecycle.edit": OWNER,
    "POST lifecycle.archive": OWNER,
    "GET recipients.choose": OWNER,
    "POST recipients.choose": OWNER,
    "POST lifecycle.take_out": OWNER,
    "POST submissions.stop": OWNER,
    "POST submissions.try_again": OWNER,
    "POST drafts.submit": OWNER,
    "POST drafts.discard": OWNER,
    "POST drafts.reread": OWNER,
    "POST drafts.leave_out": OWNER,
    "POST drafts.take_back": OWNER,
    "POST drafts.check": OWNER,
    "POST drafts.stop_checking": OWNER,
    "POST lookups.stop": OWNER,
    "POST lookups.go_on": OWNER,
    "POST lookups.look_closer": OWNER,
    "POST folder_lists.again": READERS,
    "POST folder_lists.read_on": OWNER,
    "GET choosing.listed": OWNER,
    "GET choosing.one": OWNER,
    "POST choosing.choose": OWNER,
    "POST choosing.by_rule": OWNER,
    "POST choosing.as_files": OWNER,
    "GET lifecycle.delete": OWNER,
    "POST lifecycle.delete": OWNER,
}
TABLE = OPEN | WITHOUT_A_SUBMISSION | OF_A_SUBMISSION
ENDS_THE_SESSION = {"POST signin.signout", "POST account.end_sessions"}
FOLDERS = {f"GET {name}" for name in ("folders.page", "folders.found", "folder_lists.make")}
# as asked for here
LEAD_NOWHERE = FOLDERS | {"GET reasons.export", "GET reason_retry.receipt", "GET choosing.one"}

NAMED = "Marked-run"
LINKED, FAILED, DRAFTED = data_ids(3), data_ids(2, ending="00"), data_ids(3, start=500)
SECRETS = (NAMED, "Dana Demo", LINKED[0], FAILED[0], DRAFTED[0], "/run-")
BELOW = (
    *(
        "/items/1",
        "/items/5",
        "/items/99",
        "/items?status=FAILED",
        "/items?search=fil.",
        "/items?reason=1",
    ),
    *("/attempts/1", "/attempts/2", "/attempts/2?status=LINKED", "/export.csv?attempt=1"),
    *("/export.csv?columns=manifest", "/list?part=0", "/list?part=1", "/retry?status=FAILED"),
    *("/retry?position=1", "/progress?shows=active", "/entries?kind=rejected", "/family?after=1"),
)
KEEPS_NO_RECORD = {"sessions", "access", "workers", "rates", "alembic_version"}  # who was here


@contextmanager
def scene(database_url, folder):
    """A submission that has ended, with two attempts; a draft; a question; and four people."""
    with open_dashboard(database_url, folder) as dashboard:
        people = {
            "owner": dashboard.visitor(),
            "colleague": dashboard.visitor(COLLEAGUE_KEY),
            "stranger": dashboard.visitor(STRANGER_KEY),
            "nobody": dashboard.visitor(key=None),
        }
        owner = people["owner"]
        submitted = owner.submit([*LINKED, *FAILED], name=NAMED)
        dashboard.work(30)
        people["stranger"].submit(data_ids(1, start=900), project=STRANGERS_PROJECT)
        dashboard.work(30)
        drafted = owner.draft(DRAFTED, name=f"{NAMED}-draft")
        found = owner.post("/find", {"ids": "\n".join(LINKED), "name": "Where"}).location
        for path in ("/submissions", "/find", "/reasons"):  # whose access is asked for here
            for person in people.values():
                person.get(path)
        numbers = {"submitted": _number(submitted), "drafted": _number(drafted)}
        yield dashboard, people, numbers, found.rsplit("/", 1)[1]


def _number(place):
    return int(place.rsplit("/", 1)[1])


@pytest.fixture
def asked(database_url, tmp_path):
    """The scene on SQLite and then on PostgreSQL."""
    with scene(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def asked_once(tmp_path):
    """The scene on SQLite: what is asked there goes through the same statements."""
    with scene(make_sqlite(tmp_path / "linkboard.db"), tmp_path) as made:
        yield made


def rules(app):
    """Each rule of the application by each method: its name in the table, and the rule."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.endpoint}", rule


def addresses(app, submission_id, find_id):
    """(name in the table, method, path), one for each of the values that a part of it can have."""
    adapter = app.url_map.bind("localhost")
    given = {"submission_id": submission_id, "find_id": find_id, "position": 1, "number": 1}
    given |= {"token": "a-token", "filename": "app.css"}
    given |= {"project_id": FIRST_PROJECT, "folder_id": "root", "levels": 1}
    found = dict(rules(app))
    for name in sorted(found, key=list(TABLE).index):
        rule = found[name]
        choices = [
            sorted(converter.items) if isinstance(converter, AnyConverter) else [given[argument]]
            for argument, converter in rule._converters.items()
        ]
        for values in product(*choices):
            arguments = dict(zip(rule._converters, values, strict=True))
            yield (
                name,
                name.split()[0],
                adapter.build(rule.endpoint, arguments, method=name[:4].strip()),
            )


def ask(person, method, path, *, part=False):
    if method == "POST":
        return person.post(path)
    return person.part(path) if part else person.get(path)


def said_in(answer):
    """All that an answer says, its headers too; a file is closed."""
    with answer:
        return f"{answer.headers}{answer.get_data(as_text=True)}"


def outcome(answer):
    """An answer in the words of the table."""
    if answer.status_code == 401 or (answer.location or "").startswith("/signin?next"):
        return SIGN_IN
    return {403: NOT_YOURS, 404: NOTHING}.get(answer.status_code, MAY)


def kept(dashboard):
    """All rows of the database that an answer to nobody in particular could have changed."""
    with dashboard.store.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(table.select())))
            for table in tables.metadata.sorted_tables
            if table.name not in KEEPS_NO_RECORD
        }


def expected(name, which):
    """What the table says; of a draft only its uploader knows."""
    return OWN if which == "drafted" and name in OF_A_SUBMISSION else TABLE[name]


def test_the_table_has_each_rule_and_no_other(dashboard):
    assert {name for name, _ in rules(dashboard.app)} == set(TABLE)


@pytest.mark.slow
def test_whoever_may_not_gets_nothing_and_changes_nothing(asked, record_property):
    dashboard, people, numbers, find_id = asked
    before, seen = kept(dashboard), set()
    for which, submission_id in numbers.items():
        for name, method, path in addresses(dashboard.app, submission_id, find_id):
            for who, wanted in zip(PEOPLE, expected(name, which), strict=True):
                if wanted == MAY:
                    continue
                for part in (False, True)[: 2 if method == "GET" else 1]:
                    answer = ask(people[who], method, path, part=part)
                    assert outcome(answer) == wanted, (name, which, who, answer.status_code)
                    said = said_in(answer)
                    if wanted != NOT_YOURS:
                        assert not [text for text in SECRETS if text in said], (name, which, who)
                    seen.add((method, path, who, part))
    assert kept(dashboard) == before
    record_property("told", f"access: {len(seen)} requests of whoever may not, each refused")


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_whoever_may_is_answered_and_learns_of_theirs_alone(asked_once, who, record_property):
    dashboard, people, numbers, find_id = asked_once
    count = 0
    for which, submission_id in numbers.items():
        for name, method, path in addresses(dashboard.app, submission_id, find_id):
            if expected(name, which)[PEOPLE.index(who)] != MAY or name in ENDS_THE_SESSION:
                continue
            answer = ask(people[who], method, path)
            count += 1
            assert answer.status_code < 500 or "readyz" in name, (name, which)
            said = said_in(answer)
            if answer.status_code == 404:  # nothing of that kind in this state
                assert which == "drafted" or method == "POST" or name in LEAD_NOWHERE, name
            if who in {"stranger", "nobody"}:
                assert not [text for text in SECRETS if text in said], (name, which)
    record_property("told", f"access: {count} requests of the {who}, each answered")


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_what_others_were_told_of_leads_nowhere(asked, who):
    """Numbers and filters of theirs, links of their pages, and a former address."""
    dashboard, people, numbers, find_id = asked
    place = f"/submissions/{numbers['submitted']}"
    confirm(people["owner"], f"{place}/retry?status=FAILED")
    dashboard.work(30)
    with dashboard.store.write() as connection:
        again = tables.attempts.c.number == 2
        connection.execute(tables.attempts.update().where(again).values(former_id=777))
    assert people["owner"].get("/submissions/777").location == f"{place}/attempts/2"
    across = people["owner"].get("/reasons")
    shown = [a["href"] for a in elements(across, "a", href=None) if "reason=" in a["href"]]
    assert len(shown) > 1
    nowhere = people[who].get("/submissions/999999")
    for below in ("", *BELOW):
        for address in (f"{place}{below}", f"/submissions/777{below}"):
            answer = people[who].get(address)
            assert outcome(answer) == outcome(nowhere), address
            assert not [text for text in SECRETS if text in said_in(answer)], address
    for address in (*shown, f"/find/{find_id}", f"/find/{find_id}/export.csv"):
        answer = people[who].get(address)
        assert not [text for text in SECRETS if text in said_in(answer)], address


@pytest.mark.slow
def test_who_reads_a_like_project_of_another_ica_finds_nothing(asked, tmp_path):
    """One database, two addresses of ICA: the same projects, people and ids, and nothing shared."""
    dashboard, _, numbers, find_id = asked
    where = dashboard.settings.database
    with simulator(clock=dashboard.clock) as other:
        there = Dashboard(other, where, tmp_path, dashboard.clock)
        visitor = there.visitor()
        place = visitor.submit([*LINKED, *FAILED], name="Another")
        there.work(30)
        confirm(visitor, f"{place}/retry?status=FAILED")
        there.work(30)
        count = 0
        for which, submission_id in numbers.items():
            for name, method, path in addresses(there.app, submission_id, find_id):
                for part in (False, True)[: 2 if method == "GET" else 1]:
                    if name in ENDS_THE_SESSION | set(OPEN):
                        continue
                    answer = ask(visitor, method, path, part=part)
                    if name in OF_A_SUBMISSION or TABLE[name] == OWN:
                        assert outcome(answer) == NOTHING, (name, which)
                    assert NAMED not in said_in(answer), (name, which)
                    count += 1
        own = addresses(there.app, _number(place), find_id)
        asked_again = visitor.post("/find", {"ids": "\n".join(LINKED)}).location
        paths = [path for name, method, path in own if method == "GET" and name in OF_A_SUBMISSION]
        for path in (*paths, asked_again, f"{asked_again}/export.csv", f"{place}/items/5"):
            assert NAMED not in said_in(visitor.get(path)), path
        review = visitor.draft([*LINKED, *FAILED], name="Again")
        assert NAMED not in said_in(visitor.get(review))
        there.store.close()
    assert count > 100


@pytest.mark.parametrize("method", ["HEAD", "PUT", *in_full("OPTIONS", "DELETE", "PATCH", "TRACE")])
def test_no_other_method_is_a_way_in(asked_once, method):
    dashboard, people, numbers, find_id = asked_once
    before = kept(dashboard)
    for _, _, path in addresses(dashboard.app, numbers["submitted"], find_id):
        for who in ("stranger", "nobody"):
            answer = people[who].client.open(path, method=method, headers=HEADERS)
            assert answer.status_code == 405 or method in {"HEAD", "OPTIONS"}, (path, who)
            assert answer.status_code < 500 or path == "/readyz", (path, who)
            assert not [text for text in SECRETS if text in said_in(answer)], (path, who)
    assert kept(dashboard) == before
