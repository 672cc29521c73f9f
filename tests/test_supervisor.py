"""Children are kept alive while the supervisor lives, and never longer."""

import os
import signal

import pytest

from tests.processes import python

SUPERVISOR = """
import os, sys
from webapp import logs
from webapp.supervisor import Child, supervise

logs.setup("test", "INFO")
supervise(Child(name, [sys.executable, "-c", sys.argv[1]], os.environ) for name in sys.argv[2:])
"""
CHILD = r"""
import os, signal, time
from webapp.supervisor import end_with_parent

end_with_parent()
os.write(1, f"child {os.getpid()}\n".encode())
while True:
    time.sleep(60)
"""
DEAF_CHILD = CHILD.replace("end_with_parent()\n", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n")
SHORT_LIVED_CHILD = "raise SystemExit(7)"


@pytest.fixture
def supervisor():
    with python(SUPERVISOR, CHILD, "first", "second") as program:
        yield program


def child(program):
    return int(program.wait_for(r"child (\d+)")[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_its_children_and_itself(supervisor, number):
    child(supervisor), child(supervisor)
    supervisor.send(number)
    assert supervisor.wait_until_all_are_gone() == 0


def test_children_end_when_it_is_killed(supervisor):
    child(supervisor), child(supervisor)
    supervisor.send(signal.SIGKILL)
    assert supervisor.wait_until_all_are_gone() == -signal.SIGKILL


@pytest.mark.slow
def test_starts_a_killed_child_again(supervisor):
    children = {child(supervisor), child(supervisor)}
    os.kill(min(children), signal.SIGKILL)
    supervisor.wait_for("The (first|second) was ended by SIGKILL. It starts again in 0.5 s.")
    assert child(supervisor) not in children


@pytest.mark.slow
def test_pauses_longer_after_each_death():
    with python(SUPERVISOR, SHORT_LIVED_CHILD, "ill") as program:
        for pause in ("0.5", "1", "2"):
            program.wait_for(f"The ill ended by itself with exit code 7. It .* in {pause} s.")


@pytest.mark.slow
def test_ends_while_a_child_waits_to_be_started_again():
    with python(SUPERVISOR, SHORT_LIVED_CHILD, "ill") as program:
        program.wait_for("in 1 s")
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone(within=1) == 0


def test_a_process_that_no_supervisor_started_outlives_its_parent():
    parent = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]])"
    with python(parent, CHILD) as program:
        orphan = child(program)
        os.kill(orphan, signal.SIGKILL)


@pytest.mark.long
def test_kills_a_child_that_does_not_end():
    with python(SUPERVISOR, DEAF_CHILD, "deaf") as program:
        child(program)
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone(within=10) == 0
        assert "did not end in time" in program.output
