"""A line may be as long as the upload: what is kept of it is a few times its own bytes."""

import json
import tracemalloc

import pytest

from tests.idlist.sample_lists import HEADERS
from webapp.idlist import Reading, Unreadable, annotate

pytestmark = pytest.mark.long

IDS = [f"fil.{number:032x}" for number in range(1 << 20, (1 << 20) + 10_000)]
SAMPLE = 8_000_000  # bytes to tell the layout by the beginning, however long the list
SAMPLE_OF_IDS = 2_000_000
RUN = ",".join(IDS)
LISTS = {
    "commas": (RUN, "list.txt", len(IDS)),
    "quotes": (", ".join(f'"{name}"' for name in IDS), "list.txt", len(IDS)),
    "JSON array": (json.dumps(IDS), "list.json", len(IDS)),
    "cell": (f"sample\tdata_id\nS1\t{IDS[0]}\nS2\t{RUN}\n", "list.tsv", len(IDS) + 1),
    "quoted cell": (f'sample,data_id\nS1,{IDS[0]}\nS2,"{RUN}"\n', "list.csv", len(IDS) + 1),
}
OTHERS = {
    "words": ("ab " * 100_000 + IDS[0], "list.txt", 2),
    "path": (f"urn:ilmn:ica:region:x:data:{IDS[0]}#/" + "ab " * 100_000, "list.txt", 1),
}
CASES = [
    pytest.param(*case, sample, id=name)
    for cases, sample in ((LISTS, SAMPLE_OF_IDS), (OTHERS, SAMPLE))
    for name, case in cases.items()
]


def peak_of(act, pieces):
    """How many bytes more than before are held at most while something is iterated over."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        count = sum(1 for _ in act(pieces))
        return tracemalloc.get_traced_memory()[1] - before, count
    finally:
        tracemalloc.stop()


def pieces_of(data):
    return (data[at : at + (1 << 16)] for at in range(0, len(data), 1 << 16))


@pytest.mark.parametrize(("text", "name", "count", "sample"), CASES)
def test_a_line_is_read_entry_by_entry(text, name, count, sample):
    data = text.encode()

    def entries(pieces):
        return Reading(pieces, file_name=name, find_repeats=False)

    peak, found = peak_of(entries, pieces_of(data))
    assert found == count
    assert peak < 7 * len(data) + sample


@pytest.mark.parametrize(("text", "name", "count", "sample"), CASES)
def test_a_line_is_handed_back_entry_by_entry(text, name, count, sample):
    data = text.encode()
    asked = []

    def outcomes(entries):
        asked.append(len(entries))
        return [("LINKED", "", "1", "")] * len(entries)

    def handed_back(pieces):
        return annotate(Reading(pieces, file_name=name, find_repeats=False), outcomes, HEADERS)

    peak, _ = peak_of(handed_back, pieces_of(data))
    assert sum(asked) == count
    assert len(asked) <= 2 + count // 1_000
    assert peak < 7 * len(data) + sample


def test_a_row_with_more_cells_than_a_table_has_is_told():
    run = ",".join(["ab"] * 310_000)
    for row in (run, run + ',"x"', run + ',"never closed'):
        with pytest.raises(Unreadable, match="Line 3 has more than 300,000 cells") as error:
            list(Reading([f"sample,data_id\nS1,{IDS[0]}\n{row}\n".encode()]))
        assert str(error.value).endswith(".")


def test_a_line_that_one_emoji_makes_too_large_is_told():
    line = b"a" * 1_000_000
    with pytest.raises(Unreadable, match="Line 2 is too large: 26,000,001 characters"):
        list(Reading([f"{IDS[0]}\n\U0001f600".encode(), *[line] * 26]))


def test_a_quote_that_is_never_closed_takes_no_lines_of_megabytes():
    rows = [f"S{i},{name}" for i, name in enumerate(IDS[:5])]
    text = "\n".join(["sample,data_id", *rows, f'"S6,{IDS[5]}', "x" * 1_100_000, f"S8,{IDS[7]}"])
    entries = list(Reading([text.encode()]))
    assert [entry.line for entry in entries] == list(range(2, 10))
    assert [entry.data_id for entry in entries] == [*IDS[:6], "", IDS[7]]


def test_a_long_rejected_text_comes_back_on_one_line():
    text = f"{IDS[0]}\n" + "a \u2028 b\t" * 30_000 + "\n"
    reading = Reading([text.encode()], file_name="list.txt")
    back = b"".join(annotate(reading, lambda entries: [("x", "", "", "")] * len(entries), HEADERS))
    assert back.decode().splitlines()[2] == "# " + "a b " * 29_999 + "a b\tx\t\t\t"


@pytest.mark.parametrize(
    ("head", "unit", "tail"),
    [
        ("{", '"' + "a" * 9_999 + '":1,', '"ids":["{}"]}}'),
        ("{", '"\U0001f600' + "a" * 9_999 + '":[],', '"ids":["{}"]}}'),
        ("[", "[[" + " " * 9_999 + "]],", '"{}"]'),
        ('{"ids":[', "[\n" + " " * 9_999 + "],", '"{}"]}}'),
    ],
)
def test_json_without_an_id_for_long_is_read_in_pieces(head, unit, tail):
    text = (head + unit * 1_000 + tail.format(IDS[0])).encode()
    peak, _ = peak_of(Reading, pieces_of(text))
    assert peak < SAMPLE + 2_000_000
    reading = Reading(pieces_of(text))
    assert [entry.data_id for entry in reading] == [IDS[0]]
    assert reading.lines == text.count(b"\n") + 1
    back = annotate(Reading(pieces_of(text)), lambda entries: [("x",)], ("status",))
    assert len(b"".join(back)) == len(text) + len('{"id": , "linkboard": {"status": "x"}}')


def test_json_with_more_blanks_than_any_has_is_told():
    text = [b'["' + IDS[0].encode() + b'",', *[b" " * 1_000_000] * 5, b"1]"]
    with pytest.raises(Unreadable, match="line 1, column 41: more than 4,194,304 blanks"):
        list(Reading(text))
