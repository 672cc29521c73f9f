"""`linkboard serve`, as an operator meets it: a process, its output, its port and its signals."""

import json
import os
import re
import signal
import socket
import stat
import time
import urllib.request
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.processes import linkboard, output_of, until
from tests.variants import in_full
from webapp import metrics

pytestmark = pytest.mark.slow

MAX_PID = 2**22  # no process has a larger one
NO_ICA = "http://127.0.0.1:9/ica/rest"  # the discard port: nobody answers


@pytest.fixture
def settings(tmp_path, free_port):
    return {"data_dir": tmp_path / "data", "port": free_port, "ica_url": NO_ICA, "web_processes": 1}


@pytest.fixture
def served(settings):
    with linkboard("serve", **settings) as program:
        program.ids = {}
        for _ in range(2):
            found = program.wait_for(r"The (web server|worker) runs as process (\d+)")
            program.ids[found[1]] = int(found[2])
        program.url = program.wait_for(r"^Linkboard is at (http://127.0.0.1:\d+)$")[1]
        yield program


def answers(program):
    with urllib.request.urlopen(f"{program.url}/healthz", timeout=20) as answer:
        return answer.status == 200


def is_ready(program):
    """Whether its worker has been heard of too: it starts beside the web server."""
    try:
        with urllib.request.urlopen(f"{program.url}/readyz", timeout=20) as answer:
            return answer.read() == b"ready\n"
    except HTTPError:
        return False


def test_says_where_it_is_once_it_answers(served, settings):
    assert served.url.endswith(f":{settings['port']}")
    assert answers(served)


@pytest.mark.long
def test_records_with_which_settings_it_starts_and_no_secret(settings):
    settings |= {"secret_key": "a secret key that nobody may read"}
    with linkboard("serve", **settings) as program:
        program.wait_for("^Linkboard is at")
        said = program.output
    code, printed = output_of("audit", settings)
    assert code == 0
    (row,) = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    told = row["details"]["settings"]
    assert (row["action"], row["who"]) == ("start", "Linkboard")
    assert (told["port"], told["ica_url"]) == (str(settings["port"]), NO_ICA)
    assert (told["secret_key"], told["demo_key"]) == ("set", "")
    assert settings["secret_key"] not in said + printed


@pytest.mark.parametrize("number", [signal.SIGTERM, *in_full(signal.SIGINT)])
def test_ends_within_ten_seconds_though_a_browser_is_connected(served, settings, number):
    browser = HTTPConnection("127.0.0.1", settings["port"])
    browser.request("GET", "/healthz")
    browser.getresponse().read()
    served.send(number)
    assert served.wait_until_all_are_gone(within=10) == 0
    assert "ERROR" not in served.output
    assert "Traceback" not in served.output
    browser.close()


def test_leaves_nothing_behind_when_it_is_killed(served):
    served.send(signal.SIGKILL)
    served.wait_until_all_are_gone(within=10)


@pytest.mark.parametrize("name", ["worker", *in_full("web server")])
def test_starts_again_what_was_killed(served, name):
    os.kill(served.ids[name], signal.SIGKILL)
    served.wait_for(f"The {name} was ended by SIGKILL")
    again = served.wait_for(rf"The {name} runs as process (\d+)")[1]
    assert int(again) != served.ids[name]
    assert answers(served)


@pytest.mark.long
def test_a_data_folder_that_is_moved_away_is_missed_and_welcome_back(served, settings):
    folder = settings["data_dir"]
    until(lambda: is_ready(served))
    away = folder.rename(folder.with_name("elsewhere"))
    served.wait_for("This worker does nothing: .* not there any more")
    os.kill(served.ids["worker"], signal.SIGKILL)
    served.wait_for("The data folder, LINKBOARD_DATA_DIR, is not there any more")
    code, output = output_of("check", settings)
    assert code == 1
    assert "WRONG  There is no database at " in output
    assert "WRONG  The web server that runs says: The data folder" in output
    assert not folder.exists(), "nothing is made in its place"
    away.rename(folder)
    until(
        lambda: is_ready(served), within=60
    )  # the worker starts again after a pause that has grown


def test_without_a_worker_it_serves_pages_only(settings):
    with linkboard("serve", "--no-worker", **settings) as program:
        program.wait_for("Linkboard is at")
        assert "The worker runs" not in program.output


def test_a_taken_port_is_one_sentence(settings):
    with socket.create_server(("127.0.0.1", settings["port"])):
        code, output = output_of("serve", settings)
    assert code == 1
    assert output.startswith(f"Error: Port {settings['port']} of 127.0.0.1 is taken:")
    assert output.count("\n") == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"batch_size": "many"}, "LINKBOARD_BATCH_SIZE must be a whole number"),
        ({"database_url": "postgresql://u:s3cret@127.0.0.1:9/none"}, "The database can't be used"),
        *in_full(
            ({"host": "0.0.0.0"}, "LINKBOARD_TRUSTED_HOSTS and LINKBOARD_SECRET_KEY must be set"),
            (
                {"host": "256.0.0.1", "trusted_hosts": "a", "secret_key": "k" * 32},
                "can't listen on port",
            ),
            ({"data_dir": "/dev/null/data"}, "The secret key can't be kept in /dev/null/data"),
        ),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings, wrong, sentence):
    code, output = output_of("serve", settings | wrong)
    assert code == 1
    assert output.startswith("Error: ")
    assert sentence in output
    assert output.count("\n") == 1
    assert "s3cret" not in output


def test_a_wrong_option_is_a_matter_of_usage(settings):
    assert output_of("serve", settings, "--prot", "1")[0] == 2


def test_a_setting_that_does_not_exist_is_told_at_the_start(settings):
    with linkboard("serve", **settings | {"prot": 1}) as program:
        program.wait_for("WARNING serve.*LINKBOARD_PROT is set, but there is no such setting.")


def metrics_with(program, wanted):
    """The metrics, once they have this."""
    deadline = time.monotonic() + 20
    while True:
        with urllib.request.urlopen(f"{program.url}/metrics", timeout=20) as answer:
            found = answer.read().decode()
        if re.search(wanted, found):
            return found
        assert time.monotonic() < deadline, found


@pytest.mark.long
def test_any_web_process_tells_of_all_and_all_write_json(settings):
    settings |= {"log_format": "json", "log_level": "DEBUG"}
    with linkboard("serve", **settings) as program:
        pid = program.wait_for(r"The web server runs as process (\d+)")[1]
        program.url = program.wait_for(r"^Linkboard is at (http://127.0.0.1:\d+)$")[1]
        worker = r'linkboard_busy_threads\{process="worker"\} '
        assert re.search(r"linkboard_batches|# EOF", metrics_with(program, worker))
        environ = Path(f"/proc/{pid}/environ").read_text().split("\0")
        folder = Path(dict(one.split("=", 1) for one in environ if "=" in one)[metrics.FOLDER])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        program.send(signal.SIGTERM)
        assert program.wait_until_all_are_gone() == 0
    assert not folder.exists()
    written = [json.loads(line) for line in program.output.splitlines() if line[0] == "{"]
    assert {one["process"] for one in written} == {"serve", "web", "worker"}
    assert len(written) == len(program.output.splitlines()) - 1


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def sockets(pid):
    return sum(is_socket(file) for file in Path(f"/proc/{pid}/fd").iterdir())


def is_socket(descriptor):
    try:
        return os.readlink(descriptor).startswith("socket:")
    except FileNotFoundError:  # closed since the folder was read
        return False


@pytest.mark.long
@pytest.mark.parametrize("has_died", [True, False])
def test_a_web_process_that_has_fewer_connections_takes_the_next_ones(settings, has_died):
    """So does one that comes after another that died."""
    settings["web_processes"] = 2
    with linkboard("serve", **settings) as program, ExitStack() as opened:
        pid = program.wait_for(r"The web server runs as process (\d+)")[1]
        program.wait_for(r"^Linkboard is at")
        until(lambda: len(children(pid)) == 2)
        first, second = map(int, children(pid))
        if has_died:
            os.kill(second, signal.SIGKILL)
            until(lambda: len(set(children(pid)) - {str(second)}) == 2)
            first, second = map(int, children(pid))

        def difference():
            return abs(sockets(first) - sockets(second))

        def connect(times):
            for _ in range(times):
                connection = HTTPConnection("127.0.0.1", settings["port"], timeout=20)
                opened.callback(connection.close)
                connection.request("GET", "/healthz")
                assert connection.getresponse().read()

        until(lambda: connect(1) or difference() < 2, pause=0.02)  # both have begun
        os.kill(second, signal.SIGSTOP)
        connect(100)
        assert difference() > 90
        os.kill(second, signal.SIGCONT)
        # By chance, each takes half: of 600 hardly 80 more than the other. On a busy machine it
        # takes some time until the second goes on at all.
        until(lambda: connect(5) or difference() <= 10, within=12, pause=0.1)


def test_the_folder_of_one_that_was_killed_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(metrics, "IN_MEMORY", tmp_path)
    killed = tmp_path / f"{metrics.NAME}of-one-that-was-killed"
    killed.mkdir()
    with metrics.counting({}) as first, metrics.counting({}) as second:
        folders = {Path(one[metrics.FOLDER]) for one in (first, second)}
        assert set(tmp_path.iterdir()) == folders
        assert len(folders) == 2
    assert not any(tmp_path.iterdir())


def test_of_processes_that_ended_only_the_last_are_kept(tmp_path, monkeypatch):
    """A worker that dies again and again must not fill the memory."""
    for pid in range(MAX_PID + 1, MAX_PID + 40):
        for kind in ("counter", "gauge_livesum"):
            (tmp_path / f"{kind}_{pid}.db").touch()
    running = tmp_path / f"gauge_livesum_{os.getpid()}.db"
    running.touch()
    monkeypatch.setenv(metrics.FOLDER, str(tmp_path))
    metrics.forget_the_gone()
    kept = {path.name for path in tmp_path.iterdir()}
    assert running.name in kept
    assert len(kept) == metrics.MOST_GONE + 1
