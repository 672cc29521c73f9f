"""`linkboard check`: what is wrong with the settings, the database, ICA or the worker."""

import re
import signal

import pytest

from tests.processes import linkboard, output_of

pytestmark = pytest.mark.slow

NO_ICA = "http://127.0.0.1:9/ica/rest"  # the discard port: nobody answers


@pytest.fixture
def settings(tmp_path, free_port):
    return {"data_dir": tmp_path / "data", "port": free_port, "ica_url": NO_ICA, "web_processes": 1}


def wait_for_check(pattern, settings):
    """A worker's first beat is told to nobody, so ask until it is there."""
    for _ in range(20):
        _, output = output_of("check", settings)
        if re.search(pattern, output, re.MULTILINE):
            return
    raise AssertionError(output)


def test_check_tells_what_is_wrong(settings):
    code, output = output_of("check", settings | {"prot": 1})
    assert code == 1
    assert "WRONG  LINKBOARD_PROT is set, but there is no such setting." in output
    assert "WRONG  There is no database at " in output
    assert f"WRONG  ICA at {NO_ICA} does not answer" in output


def test_check_finds_nothing_wrong(settings):
    with linkboard("simulate", "--port", 0) as simulator:
        settings["ica_url"] = simulator.wait_for(r"ICA is simulated at (\S+)")[1]
        with linkboard("serve", **settings) as program:
            program.wait_for("Linkboard is at")
            wait_for_check("A worker was heard of", settings)
            code, output = output_of("check", settings)
    assert code == 0, output
    assert "WRONG" not in output


def test_a_worker_runs_alone(settings):
    with linkboard("migrate", **settings) as program:
        assert program.wait_until_all_are_gone() == 0
    with linkboard("work", **settings) as worker:
        wait_for_check(r"^ok .*A worker was heard of \d s ago", settings)
        worker.send(signal.SIGTERM)
        assert worker.wait_until_all_are_gone(within=10) == 0
