"""What is compressed, and for whom: pages that no other site can have asked for."""

import gzip
import re

import pytest

from tests.dashboard import data_ids
from webapp.paths import STATIC

ASKED = {"Accept-Encoding": "gzip, br", "Sec-Fetch-Site": "same-origin"}
FIRST_VISIT_BYTES = 60_000


def whole(person, path, **headers):
    """The answer, after its file was closed."""
    with person.get(path, **headers) as answer:
        answer.get_data()
    return answer


def addresses(page):
    return re.findall(r'(?:href|src)="(/static/[^"#]+)', page)


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_is_the_same_once_it_is_unpacked(dashboard, demo, site):
    place = demo.submit(data_ids(300))
    dashboard.work(60)
    demo.get(place)  # what has changed since the last visit is told once
    packed = demo.get(place, **ASKED | {"Sec-Fetch-Site": site})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.get_data())
    assert "Accept-Encoding" in packed.vary
    assert gzip.decompress(packed.get_data()) == demo.get(place).get_data()


@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_a_page_that_another_site_may_have_asked_for_is_not_compressed(demo, site):
    """By its length, the other site could find out what stands in it, text by text."""
    answer = demo.get("/submissions?project=a-guess", **ASKED | {"Sec-Fetch-Site": site})
    assert "Content-Encoding" not in answer.headers


def test_neither_polls_nor_files_are_compressed(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.work(60)
    for path in (f"{place}/progress", "/submissions/rows", f"{place}/export.csv"):
        answer = demo.part(path, **ASKED)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers


def test_a_browser_that_takes_no_gzip_gets_none(demo):
    for taken in ("", "br", "gzip;q=0"):
        answer = demo.get("/submissions", **ASKED | {"Accept-Encoding": taken})
        assert "Content-Encoding" not in answer.headers


def test_a_static_file_is_kept_for_ever_in_either_form(demo):
    """It has no secret, so it does not matter who asks."""
    for path in addresses(demo.get("/submissions").text):
        plain = whole(demo, path)
        packed = whole(demo, path, **{"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.get_data()) == plain.get_data()
        for answer in (plain, packed):
            assert "immutable" in answer.headers["Cache-Control"]
            assert "Accept-Encoding" in answer.vary
            etag = answer.headers["ETag"]
            again = whole(demo, path, **{"Accept-Encoding": "gzip", "If-None-Match": etag})
            assert (again.status_code, again.get_data()) == (304, b"")
            for name in ("Cache-Control", "ETag", "Vary"):
                assert again.headers[name] == packed.headers[name]
        part = whole(demo, path, Range="bytes=0-9", **{"Accept-Encoding": "gzip"})
        assert (part.status_code, part.get_data()) == (206, plain.get_data()[:10])


def test_a_part_of_a_file_is_not_for_who_has_it_compressed(demo):
    path = addresses(demo.get("/submissions").text)[0]
    packed = whole(demo, path, **{"Accept-Encoding": "gzip"})
    rest = {"Range": "bytes=10-", "If-Range": packed.headers["ETag"]}
    answer = whole(demo, path, **rest, **{"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.get_data()) == (200, packed.get_data())


@pytest.mark.parametrize("query", ["", "?v=old"])
def test_what_is_kept_for_ever_is_named_by_its_version(demo, query):
    answer = whole(demo, f"/static/app.css{query}")
    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]


def test_a_first_visit_is_short(dashboard, demo):
    """On 10 Mbit/s and 50 ms: the page, then its style; scripts are not waited for."""
    place = demo.submit(data_ids(300))
    dashboard.work(60)
    page = demo.get(place).text
    files = dict.fromkeys(addresses(page))
    assert {path.partition("?")[0] for path in files} >= {"/static/app.css", "/static/icons.svg"}
    sizes = [len(whole(demo, path, **ASKED).get_data()) for path in (place, *files)]
    assert sum(sizes) < FIRST_VISIT_BYTES
    head = page.partition("</head>")[0]
    assert head.count("<script") == head.count("<script defer ") == 1
    assert len(re.findall(r'<link rel="stylesheet"', head)) == 1


def test_all_scripts_come_as_one(demo):
    found = [path for path in addresses(demo.get("/submissions").text) if ".js" in path]
    assert len(found) == 1
    joined = whole(demo, found[0]).text
    assert [path for path in STATIC.rglob("*.js") if joined.count(path.read_text()) != 1] == []
