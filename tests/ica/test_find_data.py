"""Finding data: what is asked of ICA, what is read of its answers, and what nobody else sees."""

import json
import logging
import traceback
from datetime import UTC, datetime

import pytest

from tests.ica.fake_server import DROPPED, Answer, fake_ica, jwt
from tests.processes import python
from webapp import metrics
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.errors import IcaError, PagingLoop, Refused
from webapp.ica.models import Data, DataDetails, whole_path
from webapp.ica.operations import V3, V4

PROJECT = "/ica/rest/api/projects/p/data"
SCOPES = {
    Scope("p"): (PROJECT, V3),
    Scope("p", "fol.1"): (f"{PROJECT}/fol.1/children", V4),
    Scope("p", eligible=True): (f"{PROJECT}/eligibleForLinking", V3),
}
PATIENT = "patient-Müller-1971"


def client(url):
    return IcaClient(url, Credential(jwt(sub="u")))


def row(scope, **data):
    return data if scope.eligible else {"data": data, "projectId": "p"}


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_has_its_operation_and_all_its_rows_are_data(scope):
    details = {
        "name": "x.bam",
        "path": "/runs/a/x.bam",
        "dataType": "FILE",
        "status": "A NEW ONE",
        "timeModified": "2026-01-30T08:30:00Z",
        "tags": {},
    }
    rows = [
        row(scope, id="fil.1", details=details),
        row(scope, id="fil.2", urn=None, details=None),
        row(scope, id="fil.3", details=details | {"fileSizeInBytes": "many"}),
    ]
    answer = Answer({"items": rows, "nextPageToken": "more", "totalItemCount": 7})
    with fake_ica(answer) as ica:
        page = client(ica.url).find_data(scope, page_size=3)
        assert client(ica.url).count_data(scope) == 7
    first, counted = ica.asked
    assert (first.path, first.headers["accept"]) == SCOPES[scope]
    assert first.query == [("pageSize", "3")]
    assert sorted(counted.query) == [("pageOffset", "0"), ("pageSize", "1")]
    assert (page.next_token, page.total) == ("more", 7)
    known, bare, unreadable = page.items
    assert (known.id, known.details.status) == ("fil.1", "A NEW ONE")
    assert known.details.time_modified == datetime(2026, 1, 30, 8, 30, tzinfo=UTC)
    assert (bare.id, bare.details) == ("fil.2", None)
    assert (unreadable.id, unreadable.details.name, unreadable.details.size) == (
        *("fil.3", "x.bam"),
        None,
    )


def test_every_filter_is_sent_and_a_match_with_it():
    names = ["a b.bam", "a+b.bam", "a&b#c%d,e.bam", "Zoë.bam", "Zoe\N{COMBINING DIAERESIS}.bam"]
    wanted = DataFilter(
        ids=["fil.1", "fil.2"],
        names=names,
        paths=["/r/1/"],
        path_match="STARTS_WITH_CASE_INSENSITIVE",
        parent_path="/r/",
        parent_ids=["fol.1"],
        type="FILE",
        statuses=["PARTIAL"],
        formats=["FASTQ", "BAM"],
        created_after="2026-01-30T08:30:00Z",
        created_before="2026-02-30T08:30:00Z",
        tags=["done"],
        tag_match="FUZZY",
        runs=["240101_A1"],
    )
    with fake_ica(Answer({"items": []})) as ica:
        client(ica.url).find_data(Scope("p"), wanted, page_token="t/+=", page_size=9)
        client(ica.url).find_data(Scope("p"), DataFilter(names=["a"], name_match="FUZZY"))
        client(ica.url).find_data(
            Scope("p"), DataFilter(paths=["/a"]), page_offset=5, page_token=""
        )
    asked, fuzzy, full = (request.query for request in ica.asked)
    assert [value for name, value in asked if name == "filename"] == names
    assert [pair for pair in asked if pair[0] != "filename"] == [
        ("id", "fil.1"),
        ("id", "fil.2"),
        ("filenameMatchMode", "EXACT"),
        ("filePath", "/r/1/"),
        ("filePathMatchMode", "STARTS_WITH_CASE_INSENSITIVE"),
        ("parentFolderPath", "/r/"),
        ("parentFolderId", "fol.1"),
        ("type", "FILE"),
        ("status", "PARTIAL"),
        ("formatCode", "FASTQ"),
        ("formatCode", "BAM"),
        ("creationDateAfter", "2026-01-30T08:30:00Z"),
        ("creationDateBefore", "2026-02-30T08:30:00Z"),
        ("userTag", "done"),
        ("userTagMatchMode", "FUZZY"),
        ("instrumentRunId", "240101_A1"),
        ("pageToken", "t/+="),
        ("pageSize", "9"),
    ]
    assert ("filenameMatchMode", "FUZZY") in fuzzy
    assert ("filePathMatchMode", "FULL_CASE_INSENSITIVE") in full
    assert ("pageOffset", "5") in full
    assert "pageToken" not in dict(full)


def test_many_values_that_are_refused_are_not_asked_for_by_smaller_pages():
    with fake_ica(Answer({"detail": "too long"}, 414)) as ica:
        with pytest.raises(Refused):
            client(ica.url).find_data(Scope("p"), DataFilter(names=["a", "b"]))
        assert len(ica.asked) == 1


def test_no_total_is_none_and_a_circle_is_told():
    def answer(asked):
        query = dict(asked.query)
        if "pageOffset" in query:
            return Answer({"detail": "no offsets"}, 400)
        return Answer({"items": [{"id": "fil.1"}], "nextPageToken": "again"})

    with fake_ica(answer) as ica:
        asking, scope = client(ica.url), Scope("p", eligible=True)
        assert asking.count_data(scope) is None
        asked = len(ica.asked)
        assert asking.count_data(scope) is None
        assert len(ica.asked) == asked  # remembered
        with pytest.raises(PagingLoop):
            list(asking.all_data(scope))


@pytest.mark.parametrize(
    ("data_type", "name", "path", "whole"),
    [
        ("FILE", "x.bam", "/runs/a/x.bam", "/runs/a/x.bam"),
        ("FILE", "x.bam", "/runs/a/", "/runs/a/x.bam"),
        ("FILE", "x.bam", "/", "/x.bam"),
        ("FILE", "x.bam", None, ""),
        ("FOLDER", "a", "/runs/a/", "/runs/a/"),
        ("FOLDER", "a", "/runs/a", "/runs/a/"),
        ("FOLDER", "a", "/runs/", "/runs/a/"),
        ("FOLDER", "a", "/", "/a/"),
    ],
)
def test_a_path_may_be_that_of_the_folder_it_is_in(data_type, name, path, whole):
    details = DataDetails(name=name, path=path, data_type=data_type)
    assert whole_path(Data(id="fil.1", details=details)) == whole


def test_data_without_details_have_no_path():
    assert whole_path(Data(id="fil.1")) == ""


NAMES = """
import logging, sys
from webapp import logs
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.data_filter import DataFilter, Scope
from webapp.ica.errors import IcaError

logs.setup("test", "DEBUG")
url, token, name = sys.argv[1:]
for project in "01234":
    try:
        IcaClient(url, Credential(token)).find_data(Scope(project), DataFilter(names=[name]))
    except IcaError:
        logging.exception("It failed.")
logging.info("That is all.")
"""
ANSWERS = (
    DROPPED,
    Answer({"items": []}, headers={" begins with a blank": "x"}),
    Answer({"items": []}, length=50),
    Answer(b"no json"),
    Answer(status=302, headers={"Location": f"/else?filename={PATIENT}"}),
)


def test_no_log_line_or_error_has_a_name():
    """Not at DEBUG either: urllib3 would quote the address."""
    with (
        fake_ica(lambda asked: ANSWERS[int(asked.path.split("/")[5])]) as ica,
        python(NAMES, ica.url, jwt(sub="u"), PATIENT) as program,
    ):
        program.wait_until_all_are_gone()
        told = program.output
    assert len(ica.asked) == len(ANSWERS)
    assert told.count("It failed.") == 4
    assert "That is all." in told
    assert "1971" not in told
    assert "filename=" not in told


def test_no_metric_has_a_name():
    with fake_ica(DROPPED) as ica, pytest.raises(IcaError) as raised:
        client(ica.url).find_data(Scope("p"), DataFilter(names=[PATIENT]))
    assert "1971" not in "".join(traceback.format_exception(raised.value))
    labels = [sample.labels for metric in metrics.ICA_CALLS.collect() for sample in metric.samples]
    assert "1971" not in json.dumps(labels)
    assert any(label.get("operation") == "getProjectDataList" for label in labels)
    assert logging.getLogger("urllib3").level != logging.DEBUG
