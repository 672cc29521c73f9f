"""Each text that breaks out somewhere, in each field that a page, a file or a header shows.

test_hostile_texts.py sends such texts by the front door; here they stand in the database as if
every check at the door had failed, so that it is the pages that have to be right.
"""

import csv
import html
import io
import json
from html.parser import HTMLParser

import pytest

from tests.dashboard import data_ids
from tests.web.confirmation import confirm
from webapp.store import tables

MARK = "zq7"  # the name of what must not come to be: an element, an attribute, a header, a scheme
TEXTS = {
    "element": f"<{MARK} {MARK}=1>x</{MARK}>",
    "script": f"</script><script {MARK}=1>{MARK}()</script>",
    "end of a text box": f"</textarea></title></style></select><{MARK}>",
    "attribute": f'" {MARK}=1 onfocus={MARK}() autofocus x="',
    "other quotes": f"' {MARK}=1 onfocus={MARK}() autofocus x='",
    "without quotes": f" {MARK}=1 ><{MARK}",
    "comment": f"--><!--> <{MARK}>",
    "cdata": f"]]><![CDATA[<{MARK}>",
    "entities": f"&lt;{MARK}&gt;&#60;{MARK}&#62;&amp;lt;{MARK}>",
    "template": "{{191*7}}{% if 1 %}1337{% endif %}{#x#}${191*7}#{191*7}<%=191*7%>",
    "format": "%s%n%(x)s{0}{x.__class__}",
    "scheme": f"javascript:{MARK}()//",
    "data scheme": f"data:text/html,<{MARK}>",
    "header": f"x\r\nX-{MARK}: 1\r\n\r\n<{MARK}>",
    "right to left": "\u202egpj.exe\u202c\u2066x\u2069",
    "beyond the first plane": f"\U0001f600\U000e0001\ufeff\ud7ff\ufffe<{MARK}>",
    "long": f"<{MARK}>" * 1_000,
    "sql": f"'; DROP TABLE items; --<{MARK}>",
    "formula": f'=HYPERLINK("http://{MARK}");@{MARK}',
}
ALONE = {"scheme", "data scheme", "header", "formula", "long", "right to left"}  # at the beginning
TOGETHER = {name: TEXTS[name] for name in TEXTS if name in ALONE}
TOGETHER["template"] = " ".join(TEXTS[name] for name in TEXTS if name not in ALONE)
SHOWN = (  # table and columns
    (tables.accounts, "name", "tenant", "asked_tenant"),
    (tables.access, "project_name"),
    (tables.submissions, "name", "note", "project_name"),
    (tables.items, "reason", "name", "path", "linked_id", "label"),
    (tables.history, "reason", "path", "linked_id"),
    (tables.reasons, "text"),
    (tables.entries, "text", "note"),
    (tables.finds, "name"),
    (tables.sessions, "device", "address"),
    (tables.audit, "who", "address", "submission_name"),
    (tables.batches, "job_information", "job_status"),
)
FIELDS = [(table, column) for table, *columns in SHOWN for column in columns]


@pytest.fixture
def shown(dashboard):
    """A dashboard with lists, attempts and a question, and the addresses that show them."""
    owner = dashboard.visitor()
    ids = [*data_ids(2), *data_ids(2, ending="00")]
    place = owner.submit([*ids, "rejected", ids[0]], name="a")
    dashboard.work(30)
    confirm(owner, f"{place}/retry?status=FAILED")
    dashboard.work(30)
    draft = owner.draft([*data_ids(2, start=50), "not this"], name="b")
    found = owner.post("/find", {"ids": "\n".join(ids), "name": "c"}).location
    below = "", "/items", "/items/1", "/items/3", "/attempts", "/attempts/2", "/reasons", "/edit"
    pages = [f"{place}{path}" for path in (*below, "/delete", "/retry?status=FAILED", "/progress")]
    pages += ["/submissions", "/submissions?state=all", "/account", "/reasons", found, draft]
    pages += ["/account/audit", f"{place}/audit"]
    pages += [f"{draft}/entries?kind=rejected", "/submissions/new"]
    files = [f"{place}/export.csv", f"{place}/export.jsonl", f"{place}/list", f"{found}/export.csv"]
    return dashboard, owner, pages, files


def write_everywhere(dashboard, text):
    with dashboard.store.write() as connection:
        for table, column in FIELDS:
            connection.execute(table.update().values({column: text}))


class Foreign(HTMLParser):
    """Notes what a page has that no page of ours has. Much faster than BeautifulSoup."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.found += [tag] * (tag == MARK)
        self.found += [name for name in given if MARK in name or name.startswith("on")]
        self.found += ["a script"] * (tag == "script" and "src" not in given)
        places = [given.get(name) or "" for name in ("href", "action", "src", "hx-get", "hx-post")]
        schemes = ("javascript:", "data:", "//")
        self.found += [place for place in places if place.strip().lower().startswith(schemes)]


def breaks_out(answer):
    """What an answer has that none of ours has."""
    page = Foreign()
    page.feed(answer.get_data(as_text=True))
    return page.found + [name for name, _ in answer.headers if MARK in name.lower()]


@pytest.mark.long
@pytest.mark.parametrize(
    "texts",
    [pytest.param(TOGETHER, id="together"), pytest.param(TEXTS, id="each", marks=pytest.mark.long)],
)
def test_what_is_written_is_shown_and_nothing_else(shown, texts, record_property):
    dashboard, owner, pages, files = shown
    for name, text in texts.items():
        write_everywhere(dashboard, text)
        seen = ""
        for path in pages:
            answer = owner.get(path)
            assert answer.status_code == 200, (name, path)
            assert not breaks_out(answer), (name, path)
            body = answer.get_data(as_text=True)
            assert ("1337" in body) == ("{% if 1 %}1337" in body), path
            seen += body
        for path in files:
            answer = owner.get(path)
            assert answer.status_code == 200, (name, path)
            assert not set(answer.headers["Content-Disposition"]) & set("\r\n<>\x00\u202e/\\")
            assert not [header for header, _ in answer.headers if MARK in header.lower()]
            if path.endswith("csv"):
                cells = csv.reader(io.StringIO(answer.get_data(as_text=True), newline=""))
                assert not [cell for row in cells for cell in row if cell.startswith(("=", "@"))]
            elif path.endswith("jsonl"):
                lines = answer.get_data(as_text=True).splitlines()
                assert all(isinstance(json.loads(line), dict) for line in lines if line)
        assert text[:9] in html.unescape(seen), name  # as it stands
    told = (
        f"hostile texts: {len(texts)} x {len(FIELDS)} fields x {len(pages) + len(files)} addresses"
    )
    record_property("told", told)


GIVEN = {  # what a visitor types or sends, by the address that takes it
    "/submissions": "search",
    "/find": "name",
    "/signin": "next",
    "/submissions/new": "project_id",
    "/submissions/1/items": "search",
    "/reasons": "project",
}


@pytest.mark.slow
def test_what_is_sent_is_shown_and_nothing_else(shown):
    dashboard, owner, _, _ = shown
    nobody = dashboard.visitor(key=None)
    for name, text in TOGETHER.items():
        text = text[:3_000]
        answers = [owner.client.get(path, query_string={GIVEN[path]: text}) for path in GIVEN]
        for path in ("/submissions", "/submissions/1/items"):
            answers.append(owner.get(owner.searched(path, text)))
        for path in ("/projects", "/submissions/new"):
            answers.append(owner.post(path, {"project_q": text}))
        answers.append(nobody.client.get("/signin", query_string={"next": text}))
        answers.append(nobody.post("/signin", {"api_key": text, "tenant": text, "next": text}))
        answers.append(nobody.post("/signin", {"api_key": "colleague-key", "next": text}))
        answers.append(owner.upload(text, name=text, file=(text.encode("utf-8", "replace"), text)))
        answers.append(owner.post("/find", {"ids": text, "name": text}))
        answers.append(owner.post("/submissions/1/edit", {"name": text, "note": text * 9}))
        agent = (
            text.encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "")
        )
        answers.append(owner.get("/account", **{"User-Agent": agent}))
        for answer in answers:
            assert answer.status_code < 500, (name, answer.request.path)
            assert not breaks_out(answer), (name, answer.request.path)
            location = answer.headers.get("Location", "")
            assert location.startswith("/") or not location, (name, location)
            assert not location.startswith(("//", "/\\")), name


@pytest.mark.parametrize("mark", ["\u202e", "\u202d", "\u2066", "\u2067", "\u2028", "\x00", "\x85"])
def test_a_name_is_one_line_that_reads_as_it_stands(dashboard, demo, mark):
    """A mark that turns the direction of reading would make gpj.exe an exe.jpg."""
    file = (data_ids(1)[0].encode(), f"list{mark}txt.exe")
    for place in (demo.draft("", file=file), demo.draft(data_ids(1), name=f"run{mark}7")):
        page = demo.get(place).get_data(as_text=True)
        assert f"list{mark}" not in page
        assert f"run{mark}" not in page
        assert "list txt.exe" in page or "run 7" in page
