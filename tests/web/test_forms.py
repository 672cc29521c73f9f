"""What a form may hold: so many bytes and fields, and never much more memory than it has bytes."""

import io
import re
import tracemalloc
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st_
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.dashboard import HEADERS, data_ids, text
from tests.simulated_ica import FIRST_PROJECT
from tests.variants import in_full
from webapp.web.core.forms import WholeRequest

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="ids"\r\n'
END = b"\r\n--b--\r\n"
MB = 1_000_000
LISTS = ("/submissions", "/submissions/new", "/find")


def send(person, path, body, kind=URL_ENCODED):
    """Post a body as it stands; the test client would make a form of it first."""
    stream = io.BytesIO(body)
    return person.client.post(
        path, input_stream=stream, content_length=len(body), content_type=kind, headers=HEADERS
    )


GREEDY = {
    "fields": (URL_ENCODED, b"a&" * MB),
    "escapes": (URL_ENCODED, b"ids=" + b"%41" * MB),
    "escaped names": (URL_ENCODED, b"%41" * MB + b"=1"),
    "accents": (URL_ENCODED, b"ids=" + b"%C3%A9" * MB),
    "parts": (MULTIPART, (PART + b"\r\n\r\n") * (MB // 25) + END),
    "headers": (MULTIPART, PART + b"a:\r\n" * MB + b"\r\nx" + END),
    "headers without end": (MULTIPART, PART + b"a:\r\n" * MB),
    "headers of many parts": (MULTIPART, (PART + b"a:\r\n" * 2000 + b"\r\nx\r\n") * 90 + END),
    "lines before the first part": (MULTIPART, b"\r\n" * MB + PART + b"\r\nx" + END),
    "lines after the last part": (MULTIPART, PART + b"\r\nx" + END + b"\r\n" * MB),
}
ALWAYS = ["fields", "headers"]


@pytest.mark.slow
@pytest.mark.parametrize("body", [*ALWAYS, *in_full(*sorted(GREEDY.keys() - {*ALWAYS}))])
@pytest.mark.parametrize("path", ["/submissions", *in_full("/signin")])
def test_no_form_takes_much_more_memory_than_it_has_bytes(demo, path, body):
    kind, sent = GREEDY[body]
    tracemalloc.start()
    answer = send(demo, path, sent, kind)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code in {413, 422}
    assert most < 6 * len(sent) + 2 * MB


@pytest.mark.parametrize("kind", [URL_ENCODED, MULTIPART])
def test_each_address_takes_a_small_form_only_but_for_lists_and_selections(dashboard, demo, kind):
    place = demo.submit(data_ids(3))
    dashboard.work(30)
    paths = {
        re.sub("<.*>", "1", rule.rule) for rule in dashboard.app.url_map.iter_rules() if posts(rule)
    }
    small = paths - {*LISTS, f"{place}/retry", f"{place}/undo"}
    assert "/signin" in small
    note = PART.replace(b"ids", b"note") + b"\r\n" if kind == MULTIPART else b"note="
    for path in sorted(small):
        answer = send(demo, path, note + b"x" * 64_000 + END * (kind == MULTIPART), kind)
        if answer.status_code != 413:  # whoever reads no form has no use for a large one
            assert path not in {"/signin", "/submissions/adopt", f"{place}/edit"}, path
            continue
        assert "may have up to 64 kB" in text(answer)
        assert "Nothing was changed" in text(answer)


def posts(rule):
    return "POST" in rule.methods


def test_at_the_sign_in_the_sentence_comes_before_anybody_is_known(nobody):
    answer = send(nobody, "/signin", b"api_key=" + b"x" * 64_000)
    assert answer.status_code == 413
    assert "may have up to 64 kB" in text(answer)


@pytest.mark.parametrize("path", ["/signin", "/submissions/adopt", *LISTS])
def test_more_fields_than_any_page_of_ours_has_are_refused_in_words(demo, path):
    parts = (PART + b"\r\nx\r\n") * 101 + END
    for body, kind in ((b"a=1&" * 101, URL_ENCODED), (parts, MULTIPART)):
        answer = send(demo, path, body, kind)
        assert answer.status_code == 413
        assert "than any page of ours" in text(answer)


@pytest.mark.parametrize("path", LISTS)
def test_longer_headers_of_a_part_than_any_browser_sends_are_refused_in_words(demo, path):
    answer = send(demo, path, PART + b"a: b\r\n" * 10_000 + b"\r\nx" + END, MULTIPART)
    assert answer.status_code == 413
    assert "than any page of ours" in text(answer)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [URL_ENCODED, *in_full(MULTIPART)])
def test_sixty_thousand_ids_are_taken_however_they_are_sent(dashboard, demo, kind):
    given = {"project_id": FIRST_PROJECT, "ids": "\r\n".join(data_ids(60_000))}
    head = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    parts = "".join(head.format(*field) for field in given.items()) + "--b--\r\n"
    body = urlencode(given) if kind == URL_ENCODED else parts
    answer = send(demo, "/submissions", body.encode(), kind)
    assert answer.status_code == 303
    dashboard.work()
    assert "Submit 60,000 ids" in text(demo.get(answer.location))


@pytest.mark.long
def test_as_many_items_as_can_be_picked_are_taken(dashboard, demo):
    place = demo.submit(data_ids(12_000, ending="00"))
    dashboard.work(150)
    others = ",".join(map(str, range(1, 20_000, 2)))
    boxes = list(range(1, 2_000, 2))
    for act in ("retry", "undo"):
        answer = demo.post(f"{place}/{act}", {"picked": 1, "positions": others, "position": boxes})
        assert answer.status_code in {200, 422}
        assert "that you picked" in text(answer)


def test_far_more_than_can_be_picked_is_refused_in_words(dashboard, demo):
    place = demo.submit(data_ids(3))
    dashboard.work(30)
    for positions in (range(1, 10_002), range(1, 200_000)):
        answer = demo.post(f"{place}/retry", {"positions": ",".join(map(str, positions))})
        assert answer.status_code in {400, 413}
        assert "At most 10,000 items can be picked by hand" in text(answer)


FIELDS = st_.lists(st_.tuples(st_.text(), st_.text()), max_size=9)


@given(FIELDS, st_.integers(0, 3))
def test_pairs_are_read_as_the_standard_library_reads_them(pairs, shift):
    pairs.append(("long", " " * (8 * 1024 - shift) + "é+%&=" * 9000))
    body = urlencode(pairs, errors="replace").encode()
    form = WholeRequest.from_values(method="POST", data=body, content_type=URL_ENCODED).form
    read = parse_qsl(body.decode(), keep_blank_values=True)
    assert list(form.items(multi=True)) == [
        (name, value) for name in dict.fromkeys(dict(read)) for key, value in read if key == name
    ]


@given(st_.binary(max_size=60).map(lambda raw: raw.replace(b"&", b"%")))
def test_broken_escapes_stay_as_they_are(raw):
    raw = b"%" * (8 * 1024 - 9) + raw
    form = WholeRequest.from_values(method="POST", data=b"a=" + raw, content_type=URL_ENCODED).form
    assert form["a"] == unquote_to_bytes(raw.replace(b"+", b" ")).decode(errors="replace")


def test_a_file_is_whole_wherever_a_piece_of_it_ends():
    """A piece may end within the line break before a boundary: that is no part of the file."""
    boundary = "b" * 50
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    for size in range(7_900, 8_200):
        body = f"{head}a\n{'x' * size}\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        with WholeRequest.from_values(method="POST", data=body, content_type=kind) as request:
            assert len(request.files["file"].read()) == size + 2, size


@given(
    st_.dictionaries(st_.text("abc", min_size=1), st_.text(), max_size=5),
    st_.binary(max_size=50),
    st_.integers(0, 20_000),
)
def test_parts_are_read_as_werkzeug_reads_them(fields, content, more):
    data = {**fields, "file": (io.BytesIO(content + b"\r\n--" * more), "a.txt")}
    environ = EnvironBuilder(method="POST", data=data).get_environ()
    body = environ["wsgi.input"].read()
    ours, theirs = (
        kind(environ | {"wsgi.input": io.BytesIO(body)}) for kind in (WholeRequest, Request)
    )
    theirs.max_form_memory_size = None
    with ours, theirs:
        assert ours.form == theirs.form
        assert ours.files["file"].read() == theirs.files["file"].read()
        assert ours.files["file"].filename == "a.txt"
