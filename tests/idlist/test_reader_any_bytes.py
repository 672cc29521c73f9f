"""Whatever the bytes: nothing is raised but Unreadable, nothing is counted twice or not at all."""

import gzip
from itertools import pairwise

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.idlist.list_strategies import IDS, LISTS
from tests.idlist.sample_lists import A, B, read_all
from tests.idlist.workbook_files import xlsx
from webapp.idlist import Kind

WORKBOOK = xlsx([["sample", "data_id"], ["S1", A], ["S2", B], [], ["=1", "x"]])


def accounted(entries, reading):
    """Hold the counts against the entries themselves."""
    kinds = [entry.kind for entry in entries]
    assert kinds.count(Kind.GOOD) == reading.good
    assert kinds.count(Kind.REPEATED) == reading.repeated
    assert kinds.count(Kind.REJECTED) == reading.rejected
    assert sum(bool(entry.lookup) and not entry.first for entry in entries) == reading.lookups
    assert sum(entry.may_be_name for entry in entries) == reading.unsure
    lines = {entry.line for entry in entries}
    others = reading.blank + reading.headers + reading.comments + reading.frame
    assert len(lines) + others == reading.lines
    assert reading.frame >= 0
    assert lines <= set(range(1, reading.lines + 1))


@given(LISTS)
@settings(max_examples=5 * settings.default.max_examples, deadline=None)
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
            assert 1 <= len(entry.data_id or entry.lookup.text) <= 1_024
            assert bool(entry.data_id) is not bool(entry.lookup)
            assert entry.first == firsts.get(entry.data_id or entry.lookup)
            firsts.setdefault(entry.data_id or entry.lookup, place)
        (entry.text + entry.note + "".join(entry.lookup or ())).encode()  # fit for a database


@given(LISTS, st.lists(st.integers(0, 200), max_size=5), st.booleans())
@settings(max_examples=2 * settings.default.max_examples, deadline=None)
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
@example([(f"urn:ilmn:ica:region:x:data:{A}#/a, d", pad) for pad in ("", "\u200b")])
@settings(deadline=None)
def test_the_fast_way_for_usual_lines_finds_what_the_slow_way_finds(lines):
    plain, _ = read_all(["\n".join(name for name, _ in lines).encode()])
    padded, _ = read_all(["\n".join(pad + name + pad for name, pad in lines).encode()])
    assert plain == padded


@given(st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), max_size=4))
@settings(
    max_examples=3 * settings.default.max_examples,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_a_workbook_with_wrong_bytes(changes):
    data = bytearray(WORKBOOK)
    for place, byte in changes:
        data[place] = byte
    entries, reading = read_all([bytes(data)])
    if not isinstance(reading, str):
        accounted(entries, reading)
