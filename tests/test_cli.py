"""`linkboard simulate`: its options and its end; tests/simulator tests what it answers."""

import signal
import urllib.request

import pytest

from tests.processes import linkboard


def test_says_where_it_is_and_ends(tmp_path, free_port):
    options = ["--rate", 5, "--latency", 1, "--token-seconds", 60, "--state", tmp_path / "state"]
    options += ["--catalogue-files", 100, "--values", 5]
    with linkboard("simulate", "--port", free_port, *options, "--fault", "500=0.1") as program:
        url = program.wait_for(r"^ICA is simulated at (\S+)$")[1]
        assert url == f"http://127.0.0.1:{free_port}/ica/rest"
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/_simulator/calls") as answer:
            assert answer.status == 200
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone() == 0


def test_a_taken_port_is_told(free_port):
    with linkboard("simulate", "--port", free_port) as first:
        first.wait_for("ICA is simulated")
        with linkboard("simulate", "--port", free_port) as second:
            assert second.wait_until_all_are_gone() == 1
            assert f"Port {free_port} is in use" in second.output


@pytest.mark.parametrize(
    "options", [["--fault", "nonsense=1"], ["--port", "http"], ["--rate", "fast"]]
)
def test_a_wrong_option_is_a_matter_of_usage(options):
    with linkboard("simulate", *options) as program:
        assert program.wait_until_all_are_gone() == 2
        assert options[0] in program.output
