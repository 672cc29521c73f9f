"""`linkboard export --all`: everything that pages tell, readable by whoever has no Linkboard."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from tests.dashboard import data_ids, open_dashboard
from tests.web.confirmation import confirm
from tests.work.observation import row_counts
from webapp.cli import main


@pytest.fixture
def dashboard(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, rate=100.0, batch_size=10) as dashboard:
        yield dashboard


def export(dashboard, *words):
    """What it prints."""
    environ = {"LINKBOARD_DATABASE_URL": dashboard.settings.database_url}
    done = CliRunner().invoke(main, ["export", "--all", *map(str, words)], env=environ)
    assert done.exit_code == 0, done.output
    return done.output


def documents(lines):
    return [json.loads(line) for line in lines.splitlines()]


def of(found, record, **which):
    return [one for one in found if {"record": record, **which}.items() <= one.items()]


def test_it_tells_what_the_pages_tell(dashboard):
    visitor = dashboard.visitor()
    first = visitor.submit(
        [*data_ids(12), *data_ids(3, ending="00", start=50), data_ids(1)[0], "no id"], name="Größe"
    )
    dashboard.work(20)
    confirm(visitor, f"{first}/retry?status=FAILED")
    dashboard.work(20)
    waiting = visitor.submit(data_ids(25, start=200))
    found = documents(export(dashboard))
    told, other = of(found, "submission")
    assert (told["name"], told["submitter"], told["counts"]) == (
        *("Größe", "Dana Demo"),
        {"LINKED": 12, "FAILED": 3},
    )
    assert told["settled_at"].endswith("Z")
    assert other["settled_at"] is None
    for place, number in ((first, told["id"]), (waiting, other["id"])):
        rows = of(found, "item", submission=number)
        assert Counter(row["status"] for row in rows) == row_counts(visitor, place)
    assert {one["kind"]: one["text"] for one in of(found, "entry", submission=1)} == {
        "rejected": "no id",
        "repeated": data_ids(1)[0],
    }
    goes = of(found, "attempt", submission=1)
    assert [(one["number"], one["by"], len(one["ica_batches"])) for one in goes] == [
        *((1, "Dana Demo", 2), (2, "Dana Demo", 1)),
    ]
    outcomes = of(found, "outcome", submission=1)
    assert Counter((one["attempt"], one["status"]) for one in outcomes) == {
        (1, "LINKED"): 12,
        (1, "FAILED"): 3,
        (2, "FAILED"): 3,
    }


def test_a_folder_has_the_same_a_file_a_list(dashboard, tmp_path):
    visitor = dashboard.visitor()
    visitor.submit(data_ids(15))
    table = f"id,sample\n{data_ids(1, start=50)[0]},Patient 7\n".encode()
    visitor.submit("", file=(table, "samples.csv"))
    visitor.upload("", file=(table, "of-a-form.csv"), project="")  # kept, and no list yet
    folder = tmp_path / "left" / "here"
    assert "has 2 lists now" in export(dashboard, folder)
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["submission-1.jsonl", "submission-2.jsonl"]
    everything = "".join(file.read_text() for file in files)
    assert everything == export(dashboard)
    (item,) = of(documents(everything), "item", submission=2)
    assert item["label"] == "Patient 7"


def test_without_tables_it_says_so(tmp_path):
    done = CliRunner().invoke(main, ["export", "--all"], env={"LINKBOARD_DATA_DIR": str(tmp_path)})
    assert done.exit_code == 1
    assert "run `linkboard migrate`" in done.output
