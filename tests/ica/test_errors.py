"""Each way to fail becomes its own error, that says what is known of it."""

import pytest

from tests.ica.errors import IDS, both_errors, failure
from tests.ica.fake_server import Answer, fake_ica
from tests.simulated_ica import DEMO_KEY, FIRST_PROJECT, simulator
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import (
    Conflict,
    Forbidden,
    IcaError,
    IcaProblem,
    MalformedResponse,
    NotFound,
    RateLimited,
    Refused,
    ServerError,
    Unauthorized,
    Unreachable,
)

FAULTS = {
    # fault: (class, worth trying again, retry after, whether a creating call may be done)
    "429": (RateLimited, True, 2, True),
    "429-date": (RateLimited, True, 2, True),
    "429-bare": (RateLimited, True, None, True),
    "500": (ServerError, True, None, True),
    "503": (ServerError, True, None, True),
    "dropped-before": (Unreachable, True, None, True),
    "dropped-after": (Unreachable, True, None, True),
    "cut": (Unreachable, True, None, True),
    "slow": (Unreachable, True, None, True),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_becomes_its_error(fault):
    kind, again, wait, maybe_done = FAULTS[fault]
    with simulator(slow_seconds=0.6) as sim:
        ica = IcaClient(sim.url, Credential(DEMO_KEY), clock=sim.clock, timeout=(1, 0.3))
        ica.project(FIRST_PROJECT)
        sim.set_faults({fault: 1})
        sim.forget_calls()
        reading = failure(lambda: ica.project(FIRST_PROJECT))
        creating = failure(lambda: ica.create_batch(FIRST_PROJECT, IDS))
        calls = sim.calls()
    for error in (reading, creating):
        assert type(error) is kind
        assert error.worth_trying_again is again
        assert error.retry_after == wait
    assert (reading.maybe_done, creating.maybe_done) == (False, maybe_done)
    assert calls == {"getProject": 1, "createProjectDataLinkingBatch": 1}


@pytest.mark.parametrize(("fault", "made"), [("dropped-before", 0), ("dropped-after", 1)])
def test_a_lost_answer_leaves_open_what_the_jobs_can_tell(fault, made):
    with simulator() as sim:
        ica = IcaClient(sim.url, Credential(DEMO_KEY), clock=sim.clock)
        before = ica.jobs().total
        sim.set_faults({f"create:{fault}": "1x"})
        assert failure(lambda: ica.create_batch(FIRST_PROJECT, IDS)).maybe_done
        assert ica.jobs().total - before == made


def test_a_batch_that_is_lost_is_not_there():
    with simulator() as sim:
        ica = IcaClient(sim.url, Credential(DEMO_KEY), clock=sim.clock)
        batch = ica.create_batch(FIRST_PROJECT, IDS)
        sim.set_faults({"lost-batch": 1})
        assert type(failure(lambda: ica.batch(FIRST_PROJECT, batch.id))) is NotFound


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, Refused, False),
        (401, Unauthorized, False),
        (402, Refused, False),
        (403, Forbidden, False),
        (404, NotFound, False),
        (409, Conflict, False),
        (408, ServerError, True),
        (415, Refused, False),
        (429, RateLimited, True),
        (451, Refused, False),
        (500, ServerError, True),
        (504, ServerError, True),
        (599, ServerError, True),
    ],
)
def test_each_status_has_its_error(status, kind, again):
    with fake_ica(Answer({"title": "CODE", "detail": "Why."}, status=status)) as ica:
        reading, creating = both_errors(ica.url)
    for error in (reading, creating):
        assert type(error) is kind
        assert (error.status, error.worth_trying_again) == (status, again)
    assert str(reading) == f"ICA answered getJob with {status}: CODE, Why."
    assert (reading.maybe_done, creating.maybe_done) == (False, again)


def test_a_problem_is_kept_word_for_word():
    problem = {
        "id": "7d0f",
        "type": "about:blank",
        "title": "ICA_SEC_003",
        "status": 403,
        "detail": "You have no access.",
        "instance": "urn:x",
        "parameters": {"projectId": "p", "n": 1},
        "timestamp": "2026-11-23T12:00:00Z",
        "unheard": [None, {"of": True}],
    }
    with fake_ica(Answer(problem, status=403)) as ica:
        error, _ = both_errors(ica.url)
    assert error.problem == problem


def test_what_was_looked_for_is_not_kept_of_a_problem():
    problem = {"status": 403, "instance": "https://ica/api/projects/p/data?filename=Anna.bam"}
    with fake_ica(Answer(problem, status=403)) as ica:
        error, _ = both_errors(ica.url)
    assert error.problem["instance"] == "https://ica/api/projects/p/data"


@pytest.mark.parametrize("body", [{}, {"title": None, "detail": 5, "id": []}])
def test_a_problem_may_say_nothing(body):
    with fake_ica(Answer(body, status=418)) as ica:
        error, _ = both_errors(ica.url)
    assert str(error) == "ICA answered getJob with 418."


PAGE = b"""<!doctype html><html><head><style>p {color: red}</style><script>alert("no")</script>
</head><body><h1>Gateway&nbsp;trouble</h1>\n\n<p>Try &lt;later&gt;.</p></body></html>"""


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (PAGE, "Gateway trouble Try <later>."),
        (b"", ""),
        (b"\xff\xfe plain", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} plain"),
        (b"[1, 2]", "[1, 2]"),
        (b"<script>" + b"x" * 100_000, ""),
    ],
)
def test_an_error_that_is_no_problem_is_told_in_short(body, detail):
    with fake_ica(Answer(body, status=502)) as ica:
        error, _ = both_errors(ica.url)
    assert error.problem == {"status": 502, "title": "Bad Gateway", "detail": detail}


def test_a_long_text_is_shortened():
    with fake_ica(Answer(b"word " * 100_000, status=500)) as ica:
        error, _ = both_errors(ica.url)
    assert len(error.problem["detail"]) == 300
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 1.0),  # else it would be asked again at once, for ever
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("9" * 5000, 900.0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 1.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_either_form(header, seconds):
    """By ICA's own clock: ours is an hour astray here."""
    headers = {"Retry-After": header, "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}
    with fake_ica(Answer(status=429, headers=headers)) as ica:
        error, _ = both_errors(ica.url, clock=lambda: 1795435200.0 + 3600)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>Please sign in</html>", headers={"Content-Type": "text/html"}),
        Answer(b'{"id": "b", "st'),
        Answer(b""),
        Answer(b"", status=204),
        Answer([]),
        Answer({"id": 5, "status": "RUNNING"}),
        Answer({"id": None}),
        Answer({"job": {"id": "j"}}),
        Answer({"id": "b", "status": "RUNNING", "timeCreated": "noon", "job": 5}),
        Answer({"id": "b", "status": "RUNNING", "timeCreated": "2026-11-23T12:00:00", "job": []}),
        Answer(b'{"deep": ' + b"[" * 100_000),
        Answer(b"\xff\xfe{}"),
        Answer(b"{}", headers={"Content-Encoding": "gzip"}),
    ],
)
def test_an_answer_that_cant_be_read_is_nonsense(answer):
    with fake_ica(answer) as ica:
        reading, creating = both_errors(ica.url)
    for error in (reading, creating):
        assert type(error) is MalformedResponse
        assert error.worth_trying_again
    assert "getJob" in str(reading)
    assert (reading.maybe_done, creating.maybe_done) == (False, True)


def test_every_error_is_an_ica_error_and_says_whether_to_try_again():
    kinds = [Unreachable, MalformedResponse, IcaProblem, *IcaProblem.__subclasses__()]
    assert len(kinds) == 10
    for kind in kinds:
        assert issubclass(kind, IcaError)
        assert isinstance(kind.worth_trying_again, bool)
