"""One line a record, and no secret in it."""

import re

import pytest

from tests.processes import python

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
