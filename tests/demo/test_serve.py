"""`linkboard demo`: one command, nothing to set, and examples of everything."""

import re
import signal
import tempfile
from html import unescape
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.processes import linkboard, until
from webapp.demo.browser import Browser

pytestmark = pytest.mark.slow

EXAMPLES = {  # name: what the board says of it in the end
    "Minutes of the lab meeting": "Unreadable",
    "Trio 0417, hand-off": "Done",
    "Panel v3, plates 1 to 4": "Done",
    "Run 260403 with folders": "Done, with failures",
    "Made by the nightly script": "Done, with failures",
    "Reference panel, new samples": "Blocked",
    "Sent to the wrong project": "Not sent",
    "Twins, from two regions": "Refused",
    "Run 260412, to look over": "Draft",
    "Variants of run 250617": "Done",
    "Cohort release 12": "Linking",
}


def board(visitor):
    """{name: the words of its row} of the board."""
    html = visitor.get("/submissions").html
    rows = [re.sub(r"<svg.*?</svg>|<[^>]*>", " ", row, flags=re.S) for row in html.split("<tr")]
    words = [" ".join(row.partition(">")[2].split()) for row in rows]
    return {name: row for name in EXAMPLES for row in words if row.startswith(name)}


def signed_in(root, key="demo-key"):
    visitor = Browser(root)
    visitor.sign_in(key)
    return visitor


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The address of a running demo."""
    port = free_port()
    folder = tmp_path_factory.mktemp("demo")
    with linkboard("demo", "--port", port, data_dir=folder) as program:
        program.wait_for("Linkboard is at")
        yield f"http://127.0.0.1:{port}"
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone() == 0


def test_signing_in_takes_one_click(demo):
    page = Browser(demo).get("/signin")
    [key] = re.findall(r'name="api_key" value="([^"]+)"', page.html)
    assert signed_in(demo, key).get("/").path == "/submissions"


@pytest.mark.long
def test_examples_come_to_every_state(demo):
    visitor = signed_in(demo)

    def missing():
        rows = board(visitor)
        return [n for n, state in EXAMPLES.items() if f" {state} " not in rows.get(n, "")]

    until(lambda: not missing())


def test_a_refusal_is_shown_word_for_word(demo):
    visitor = signed_in(demo)
    until(lambda: " Refused " in board(visitor).get("Twins, from two regions", ""))
    listed = visitor.get("/submissions").html
    [path] = re.findall(
        r'class="row-name" href="(/submissions/\d+)">Twins, from two regions<', listed
    )
    words = " ".join(unescape(re.sub(r"<[^>]*>", " ", visitor.get(path).html)).split())
    assert re.search(r"ICA refused \d+ batches, so they were not sent\.", words)
    assert "Data of different regions can't be linked or unlinked in one batch" in words


def test_a_colleague_sees_them_and_a_stranger_none(demo):
    colleague = signed_in(demo, "colleague-key")
    never_sent = {"Minutes of the lab meeting", "Run 260412, to look over"}  # the uploader's own
    until(lambda: board(colleague).keys() == EXAMPLES.keys() - never_sent)
    assert board(signed_in(demo, "stranger-key")) == {}


@pytest.mark.long
def test_sample_lists_can_be_downloaded_and_used(demo):
    visitor = signed_in(demo)
    form = visitor.get("/submissions/new")
    names = re.findall(r'href="/samples/([^"]+)"', form.html)
    assert names == ["clean.txt", "messy.csv", "failing.txt", "sample-sheet.csv"]
    for name in names:
        content = visitor.get(f"/samples/{name}").html
        used = visitor.get(f"/submissions/new?sample={name}")
        assert content.split()[-1] in used.html
        fields = {"project_id": "00000000-0000-4000-8000-000000000001", "ids": content}
        page = visitor.post("/submissions", fields)
        until(lambda page=page: visitor.get(page.path).has_form("submit"))  # ICA is asked for names


@pytest.mark.long
def test_a_demo_heeds_no_setting_that_leads_elsewhere_and_leaves_nothing_behind():
    settings = {"ica_url": "http://127.0.0.1:9/ica/rest", "database_url": "sqlite:////nowhere/x"}
    port = free_port()
    with linkboard("demo", "--port", port, **settings) as program:
        program.wait_for("Linkboard is at")
        assert signed_in(f"http://127.0.0.1:{port}").get("/").path == "/submissions"
        folders = Path(tempfile.gettempdir()).glob("linkboard-demo-*")
        made = [folder for folder in folders if _is_of(folder, program.output)]
        assert made
        program.send(signal.SIGINT)
        assert program.wait_until_all_are_gone() == 0
    assert not any(folder.exists() for folder in made)


def _is_of(folder, output):
    note = folder / "simulator.port"
    return note.exists() and note.read_text().strip() in output


@pytest.mark.long
def test_a_demo_with_a_folder_goes_on_where_it_stopped(tmp_path):
    tmp_path.chmod(0o755)
    assert _names_in_one_run(tmp_path) == _names_in_one_run(tmp_path)


def _names_in_one_run(folder):
    port = free_port()
    with linkboard("demo", "--port", port, data_dir=folder) as program:
        program.wait_for("Linkboard is at")
        visitor = signed_in(f"http://127.0.0.1:{port}")
        until(lambda: " Linking " in board(visitor).get("Cohort release 12", ""))
        names = re.findall(
            r'<th scope="row"><a class="row-name" href="/submissions/\d+">([^<]+)<',
            visitor.get("/submissions").html,
        )
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone() == 0
    assert len(names) == 13
    assert "read by others" not in program.output
    return names
