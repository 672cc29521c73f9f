"""What visitors sign in with stays out of the log, and what others typed stays in it."""

import io
import logging
from contextlib import contextmanager

import pytest

from tests.dashboard import Dashboard, data_ids
from tests.ica.fake_server import DROPPED, Answer, fake_ica, jwt
from tests.simulated_ica import Clock
from webapp.logs import HIDDEN, MAX_LINE_CHARS, LineFormatter

KEY = "k3y-that-nobody-has"
log = logging.getLogger("tests")


@contextmanager
def process():
    """The log of a process that knows no secret yet; yields what it says of a text."""
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter("test"))
    root.addHandler(handler)

    def said(text):
        log.warning("%s", text)
        return stream.getvalue().splitlines()[-1]

    said.so_far = stream.getvalue
    yield said
    root.removeHandler(handler)


@pytest.fixture
def said():
    with process() as saying:
        yield saying


@contextmanager
def signing_in(answer, folder, key=KEY):
    """Somebody signs in to an ICA that gives this answer; yields theirs."""
    with fake_ica(answer) as ica:
        dashboard = Dashboard(ica, f"sqlite:///{folder}/t.db", folder, Clock())
        yield dashboard.visitor(key=None).sign_in(key)
        dashboard.store.close()


def test_what_ica_did_not_take_changes_no_line(said, nobody):
    for key in ("2", "[hidden]", "d", "e", "n", "submission", "[", "hidden", "i"):
        assert nobody.sign_in(key).status_code == 422
    line = said("submission 26: linked, hidden")
    assert line.endswith("submission 26: linked, hidden")
    assert len(line) < 100


@pytest.mark.long
def test_no_number_of_wrong_keys_pushes_a_real_one_off(said, dashboard, nobody):
    dashboard.visitor()
    for number in range(1001):
        assert nobody.sign_in(f"wrong-key-{number}").status_code == 422
        dashboard.clock.advance(6)
    assert "demo-key" not in said("demo-key")


def test_a_key_that_ica_took_is_hidden(said, nobody):
    assert "demo-key" in said("demo-key")
    nobody.sign_in()
    assert said("demo-key").endswith(HIDDEN)


def test_a_key_is_hidden_in_each_process_that_opens_it(dashboard, demo):
    demo.submit(data_ids(1))
    with process() as worker:
        assert "demo-key" in worker("demo-key")
        dashboard.work(1)
        assert worker("demo-key").endswith(HIDDEN)


@pytest.mark.parametrize("token", ["opaque-token", jwt(sub="u")])
def test_a_token_that_ica_minted_is_hidden(said, token, tmp_path):
    with signing_in(Answer({"token": token}), tmp_path):
        assert said(token).endswith(HIDDEN)
        assert said(KEY).endswith(HIDDEN)


ANSWERS = {
    "refused": Answer({"detail": f"bad key: {KEY}"}, status=401),
    "html": Answer(f"<p>{KEY}</p>".encode(), status=502),
    "nonsense": Answer(f"what? {KEY}".encode()),
    "not the right type": Answer({"token": [KEY]}),
    "redirect": Answer(status=302, headers={"Location": f"http://elsewhere/{KEY}"}),
    "broken headers": Answer(status=401, headers={"X": f"x\r\nno header: {KEY}"}, length=1),
    "broken off": Answer(KEY.encode(), length=1000),
    "dropped": DROPPED,
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_key_that_is_not_judged_yet_reaches_no_line(answer, said, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with signing_in(ANSWERS[answer], tmp_path) as page:
        assert page.status_code == 422
    assert "Starting new HTTP connection" in said.so_far()
    assert KEY not in said.so_far()
    assert KEY in said(KEY)


def test_an_error_nobody_expected_at_the_sign_in_tells_no_key(dashboard, nobody, said, caplog):
    with dashboard.store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE accounts RENAME TO elsewhere")
    assert nobody.sign_in().status_code >= 500
    assert "accounts" in said.so_far()
    assert "demo-key" not in caplog.text


def test_a_line_has_an_end(said):
    assert len(said("x" * 10 * MAX_LINE_CHARS)) < 2 * MAX_LINE_CHARS
