"""Whatever the bytes: nothing is raised but Unreadable, nothing is counted twice or not at all."""

import gzip
import json
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.idlist.sample_lists import FOLDER, LINK, URN, A, B
from tests.idlist.workbook_files import book
from webapp.idlist import Kind, Unreadable, read

IDS = st.sampled_from([A, B, FOLDER, A.upper(), URN + A, f"{URN}{B}#/a b/c, d", LINK + A])
WORDS = st.sampled_from(
    ["hello", "data_id", "id", "fil.12", "=1+1", "#x", "-", "", "a/b", "größe", "\u200b", '"', "'"]
)
SEPARATORS = st.sampled_from([*",;\t \n\r:{[", "\r\n", "\n\n", " # ", "\u00a0", '"', ", ", "\0"])
PARTS = st.one_of(IDS, IDS, WORDS, SEPARATORS, SEPARATORS, st.text(max_size=5))
TEXTS = st.lists(PARTS, max_size=40).map("".join)
CELLS = st.one_of(IDS, WORDS, st.text(max_size=5))
TABLES = st.builds(
    lambda rows, delimiter, end: end.join(delimiter.join(row) for row in rows),
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8),
    st.sampled_from([",", ";", "\t", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
VALUES = st.recursive(
    st.one_of(IDS, WORDS, st.none(), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["id", "dataId", "items", "data", "x"]), inner, max_size=3),
    ),
    max_leaves=10,
)
DOCUMENTS = st.builds(
    lambda value, indent, cut: json.dumps(value, indent=indent)[: cut or None],
    VALUES,
    st.sampled_from([None, 0, 2]),
    st.sampled_from([0, 0, 0, -1, -5]),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
LISTS = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda text, encoding: text.encode(encoding, "replace"),
        st.one_of(TEXTS, TABLES, DOCUMENTS),
        ENCODINGS,
    ),
)
BOOK = book([["sample", "data_id"], ["S1", A], ["S2", B], [], ["=1", "x"]])


def read_all(pieces):
    """The entries and the reading, or the sentence instead."""
    try:
        reading = read(pieces)
        return list(reading), reading
    except Unreadable as error:
        return [], str(error)


def accounted(entries, reading):
    """Hold the counts against the entries themselves."""
    kinds = [entry.kind for entry in entries]
    assert kinds.count(Kind.GOOD) == reading.good
    assert kinds.count(Kind.REPEATED) == reading.repeated
    assert kinds.count(Kind.REJECTED) == reading.rejected
    lines = {entry.line for entry in entries}
    others = reading.blank + reading.headers + reading.comments + reading.frame
    assert len(lines) + others == reading.lines
    assert reading.frame >= 0
    assert lines <= set(range(1, reading.lines + 1))


@given(LISTS)
@settings(max_examples=500, deadline=None)
def test_everything_is_accounted_for_exactly_once(data):
    entries, reading = read_all([data])
    if isinstance(reading, str):
        assert reading.endswith(".")
        return
    accounted(entries, reading)
    if reading.format == "text":
        assert reading.frame == 0
        places = [(entry.line, entry.column) for entry in entries]
        assert len(set(places)) == len(places)
    firsts = {}
    for entry in entries:
        place = (entry.line, entry.column)
        if entry.kind is Kind.REJECTED:
            assert entry.data_id == ""
            assert entry.note
        else:
            assert 1 <= len(entry.data_id) <= 255
            assert entry.first == firsts.get(entry.data_id)
            firsts.setdefault(entry.data_id, place)
        (entry.text + entry.note).encode()  # fit for a database


@given(LISTS, st.lists(st.integers(0, 200), max_size=5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_where_pieces_are_cut_never_matters(data, cuts, is_packed):
    if is_packed:
        data = gzip.compress(data)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole, reading = read_all([data])
    cut, other = read_all(pieces)
    assert cut == whole
    assert isinstance(reading, str) == isinstance(other, str)


@given(st.lists(st.tuples(IDS, st.sampled_from(["", " ", "\u200b"])), max_size=20))
@settings(deadline=None)
def test_the_fast_way_for_usual_lines_finds_what_the_slow_way_finds(lines):
    plain, _ = read_all(["\n".join(name for name, _ in lines).encode()])
    padded, _ = read_all(["\n".join(pad + name + pad for name, pad in lines).encode()])
    assert plain == padded


@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_workbook_with_wrong_bytes(changes):
    data = bytearray(BOOK)
    for place, byte in changes:
        data[place] = byte
    entries, reading = read_all([bytes(data)])
    if not isinstance(reading, str):
        accounted(entries, reading)
