"""Whatever a small file unpacks to, reading it takes a bounded amount of memory and of time."""

import subprocess
import sys
import time

import pytest

from tests.idlist.zip_bombs import BOMB_MAKERS
from tests.variants import in_full
from webapp.idlist import Reading, Unreadable

MOST = 350_000_000  # bytes of all memory, Python's own and the bomb included
MOST_OF = {"shared texts": 700_000_000}  # which have to be kept
UNPACKED = 360_000_000  # more than there is
ALWAYS = ["links", "parts", "texts of a cell"]
READ_TO_ITS_END = "long texts in every row"  # of which three quarters would be kept
READ_IT = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
from webapp.idlist import Unreadable, annotate, Reading
data = open(sys.argv[1], "rb").read()
cells = ("status", "reason", "attempt", "linked_path")
handed_back = lambda: annotate(Reading([data]), lambda entries: [cells] * len(entries), cells)
for act in (lambda: Reading([data]), handed_back):
    try:
        print(sum(1 for _ in act()))
    except Unreadable as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*ALWAYS, *in_full(*sorted(BOMB_MAKERS.keys() - {READ_TO_ITS_END, *ALWAYS}))]
)
def test_a_small_file_takes_little_memory(name, tmp_path):
    read_within_limits(name, UNPACKED, tmp_path)


@pytest.mark.long
def test_a_file_that_is_read_to_its_end_takes_little_memory(tmp_path):
    read_within_limits(READ_TO_ITS_END, UNPACKED * 4 // 3, tmp_path)


def read_within_limits(name, size, tmp_path):
    (tmp_path / "bomb").write_bytes(BOMB_MAKERS[name](size))
    arguments = [sys.executable, "-c", READ_IT, tmp_path / "bomb", str(MOST_OF.get(name, MOST))]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr[-500:]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ALWAYS, *in_full(*sorted(BOMB_MAKERS.keys() - {*ALWAYS}))])
def test_a_small_file_takes_little_time(name):
    data = BOMB_MAKERS[name](20_000_000)
    started = time.process_time()
    try:
        for _ in Reading([data]):
            pass
    except Unreadable:
        pass
    assert time.process_time() - started < 10
