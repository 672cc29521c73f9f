"""One line a record, and no secret in it."""

import json
import logging
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st_

from tests.processes import python
from webapp.logs import HIDDEN, MAX_LINE_CHARS, JsonFormatter, LineFormatter

PROGRAM = """
import sys
from webapp import logs

logs.setup("test", "INFO", secrets=["a-registered-secret"])
logs.hide("a-later-secret")
"""
LINE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z %s test\[\d+\] %s\n"


def output(code, *arguments):
    with python(PROGRAM + code, *arguments) as program:
        program.wait_until_all_are_gone()
        return program.output


def logged(message):
    return output("import logging; logging.info('%s', sys.argv[1])", message)


def test_a_line_has_time_level_process_and_message():
    assert re.fullmatch(LINE % ("INFO", "All is well."), logged("All is well."))


@pytest.mark.parametrize("breaker", ["\n", "\r", "\x1b", "\x85", "\u2028", "\u2029"])
def test_what_would_break_the_line_is_escaped(breaker):
    message = f"said{breaker}2026-01-01T00:00:00.000Z INFO forged"
    assert breaker not in logged(message).rstrip("\n")


@pytest.mark.parametrize(
    "text",
    [
        "a-registered-secret",
        "a-later-secret",
        "X-API-Key: s3cret",
        "{'X-API-Key': 's3cret'}",
        "POST /signin api_key=s3cret&tenant=x",
        "Authorization: Bearer s3cret-s3cret",
        "Authorization: Basic s3cret",
        "the token eyJhbGciOiJub25lIn0.eyJzdWIiOiJzM2NyZXQifQ.s3cret was refused",
        "Cookie: session=s3cret",
        "postgresql://user:s3cret@host/name",
    ],
)
def test_secrets_are_blotted_out(text):
    line = logged(text)
    assert "[hidden]" in line
    assert "s3cret" not in line
    assert "secret" not in line


def test_ordinary_words_stay():
    text = "ICA refused the API key of account 7; see https://host:8000/a@b and basic things."
    assert text in logged(text)


@pytest.mark.parametrize(
    "code",
    [
        "raise ValueError('a-registered-secret')",
        "import threading; threading.Thread(target=open, args=['a-registered-secret']).start()",
    ],
)
def test_an_uncaught_error_is_a_line_too(code):
    told = output(code)
    assert re.fullmatch(LINE % ("CRITICAL", "An error nobody expected.*Traceback.*Error.*"), told)
    assert "a-registered-secret" not in told


def test_a_warning_is_a_line_too():
    told = output("import warnings; warnings.warn('beware')")
    assert re.fullmatch(LINE % ("WARNING", ".*beware.*"), told)


def line(text, *hidden, own=()):
    """The line that a text becomes once these were hidden, one after the other."""
    formatter = LineFormatter("test", own)
    for secret in hidden:
        formatter.hide([secret])
    return formatter.format(logging.LogRecord("test", 20, "", 0, text, (), None))[START:]


START = len(LineFormatter("test").format(logging.LogRecord("", 20, "", 0, "", (), None)))
LETTERS = st_.text("ab[hid]", max_size=60)
SECRETS = st_.lists(st_.text("ab[hid]", min_size=1, max_size=12), max_size=6)


@given(LETTERS, SECRETS, st_.randoms())
def test_whatever_the_order_of_the_secrets_the_line_is_the_same(text, secrets, random):
    told = line(text, *secrets)
    random.shuffle(secrets)
    assert line(text, *secrets) == told
    assert len(told) <= len(text)


@given(st_.lists(st_.text("abc", min_size=8, max_size=12), min_size=1))
def test_no_piece_of_a_secret_is_left_where_secrets_overlap(secrets):
    overlapping = "".join(secrets)
    assert not set(line(overlapping, *secrets)) & set("abc")


def test_the_longest_secret_wins_and_what_stands_in_its_place_is_not_looked_at_again():
    assert line("<long-secret-1>", "long-secret", "long-secret-1") == f"<{HIDDEN}>"
    assert line("<long-secret>", HIDDEN, "long-secret") == f"<{HIDDEN}>"


def test_what_is_too_short_to_be_a_secret_stays():
    assert line("2026: 2 batches, hidden", "2", "hidden") == "2026: 2 batches, hidden"


def test_secrets_in_use_and_those_of_the_start_are_not_pushed_off_the_list():
    others = [f"another-key-{number}" for number in range(1000)]
    told = line("own-secret, old-secret", "old-secret", *others, "old-secret", own=["own-secret"])
    assert told == f"{HIDDEN}, {HIDDEN}"


@pytest.mark.parametrize("prefix", ["", "Bearer%20", "x"])
def test_a_token_is_hidden_wherever_it_begins(prefix):
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzM2NyZXQifQ.s3cret"
    assert line(f"got {prefix}{token}, then left") == f"got {prefix}{HIDDEN}, then left"


@pytest.mark.parametrize("size", [MAX_LINE_CHARS + 1, MAX_LINE_CHARS + 9, 10 * MAX_LINE_CHARS])
@pytest.mark.parametrize("secret", ["s3333333", "eyJ" + "3" * 3000 + ".333.333"])
def test_a_long_line_keeps_its_ends_and_no_piece_of_a_secret_at_the_cut(size, secret):
    for before in range(MAX_LINE_CHARS // 2 - 12, MAX_LINE_CHARS // 2 + 2):
        told = line(f"{'a' * before} {secret} {'b' * size} {secret} {'c' * before}!", "s3333333")
        assert len(told) <= MAX_LINE_CHARS + 2 * len(HIDDEN)
        assert told.startswith("aaa")
        assert told.endswith("cc!")
        assert "3" not in told


def test_what_is_escaped_does_not_make_a_line_longer_than_it_may_be():
    told = line("\u2028" * MAX_LINE_CHARS + "!")
    assert len(told) <= MAX_LINE_CHARS + len("[cut]")
    assert told.startswith("\\u2028")
    assert told.endswith("!")


def as_json(text, *hidden, error=None, **given):
    """The object that a text becomes once these were hidden; its line has no break."""
    formatter = JsonFormatter("test", ["own-secret"])
    formatter.hide(hidden)
    trace = (type(error), error, None) if error else None
    record = logging.LogRecord("test", 20, "", 0, text, (), trace)
    record.fields = given
    line = formatter.format(record)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= MAX_LINE_CHARS + 300
    return json.loads(line)


@given(st_.text(), st_.text(min_size=8))
def test_as_json_any_text_is_one_line_and_hides_what_is_secret(text, secret):
    told = as_json(f"{text} {secret} own-secret", secret, rule=f"/{secret}")
    assert secret not in told["message"].replace(HIDDEN, "")
    assert told["message"].endswith(HIDDEN)
    assert told["rule"] == f"/{HIDDEN}"


@pytest.mark.parametrize("letter", ["a", '"', "\n", "\u2028", "\U0001f600"])
def test_as_json_a_long_line_keeps_its_ends(letter):
    told = as_json("begin" + letter * MAX_LINE_CHARS + "end", error=ValueError(letter * 90_000))
    assert told["message"].startswith("begin")
    assert told["message"].endswith("end")
    assert "[cut]" in told["message"]
    assert "ValueError" in told["error"]


def test_as_json_it_has_the_same_as_a_line_of_text():
    told = as_json("All is well.", task="send", seconds=0.1, nothing=None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("time"))
    assert told.pop("pid") > 0
    assert told == {
        "level": "INFO",
        "process": "test",
        "message": "All is well.",
        "task": "send",
        "seconds": 0.1,
        "nothing": None,
    }


def test_what_a_database_quotes_of_a_row_is_not_told():
    said = 'value too long for type\nCONTEXT:  COPY candidates, line 1, column name: "Anna.bam"'
    assert "Anna" not in logged(said)
    assert "value too long" in logged(said)
