"""Threads that decode the first answers and rows of a process at once do not crash it."""

import subprocess
import sys

import pytest

# Each child is a process that has met no type yet. Without the preparation, one in three dies.
PROGRAM = """
import os, sys, threading
import msgspec
from requests import Response
from webapp.ica.decode import decode
from webapp.ica.models import Data, Item, Job, Page, Project
from webapp.ica.operations import GET_PROJECTS
from webapp.store import chores, documents

sys.setswitchinterval(1e-6)
ANSWERS = [Page[Item], Page[Project], Page[Job], Page[Data]]
ROWS = [chores.AttemptSpec, chores.FlagSpec, documents.Review, documents.KeptError]
barrier = threading.Barrier(8)

def decode_all(number):
    response = Response()
    response.status_code, response._content = 200, b'{"items": []}'
    barrier.wait()
    for answer in ANSWERS[number % 4:]:
        decode(GET_PROJECTS, response, answer, bytes, 0.0)
    for struct in ROWS:
        try:
            msgspec.convert({}, struct)
        except msgspec.ValidationError:
            pass

for _ in range(20):
    child = os.fork()
    if not child:
        threads = [threading.Thread(target=decode_all, args=(number,)) for number in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("a child died")
"""


@pytest.mark.slow
def test_no_process_dies_of_decoding_in_threads():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
