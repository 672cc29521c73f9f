"""`linkboard check`: what is wrong with the settings, the database, ICA or the worker."""

import re
import signal

import pytest

from tests.ica.fake_server import Answer, fake_ica
from tests.mail_server import mail_server, to_mail
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
    told = {"webhooks": "lab=slack:http://127.0.0.1:9/hidden", "smtp_host": "127.0.0.1"}
    told |= {"smtp_port": 9, "mail_to": "a@b.example", "mail_from": "a@b.example"}
    code, output = output_of("check", settings | told | {"prot": 1})
    assert code == 1
    assert "WRONG  LINKBOARD_PROT is set, but there is no such setting." in output
    assert "WRONG  There is no database at " in output
    assert f"WRONG  ICA at {NO_ICA} does not answer" in output
    assert "WRONG  The webhook lab (slack) can't be reached: the connection was refused." in output
    assert "WRONG  The mail server can't be reached: the mail server refused the conn" in output
    assert "hidden" not in output


def test_check_finds_nothing_wrong(settings):
    with linkboard("simulate", "--port", 0) as simulator:
        settings["ica_url"] = simulator.wait_for(r"ICA is simulated at (\S+)")[1]
        with linkboard("serve", **settings) as program:
            program.wait_for("Linkboard is at")
            wait_for_check("A worker was heard of", settings)
            with fake_ica(Answer(status=405)) as hook, mail_server() as mail:
                address = hook.url.replace("http", "lab=slack:http", 1)
                mails = {**to_mail(mail), "mail_to": "a@b.example"}
                code, output = output_of("check", settings | mails | {"webhooks": address})
    assert code == 0, output
    assert "WRONG" not in output
    assert "The webhook lab (slack) answers." in output
    assert "The mail server takes e-mails." in output
    assert [one.method for one in hook.asked] == ["HEAD"]
    assert not mail.letters


@pytest.mark.long
def test_a_worker_runs_alone(settings):
    with linkboard("migrate", **settings) as program:
        assert program.wait_until_all_are_gone() == 0
    with linkboard("work", **settings) as worker:
        wait_for_check(r"^ok .*A worker was heard of \d s ago", settings)
        worker.send(signal.SIGTERM)
        assert worker.wait_until_all_are_gone(within=10) == 0
