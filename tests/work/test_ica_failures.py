"""Every error of ICA is kept under a code."""

import pytest

from webapp.ica.errors import IcaError, IcaProblem, PagingLoop
from webapp.store.enums import ErrorCode
from webapp.work import ica_failures

BASES = {IcaError, IcaProblem}  # none of these is raised itself


def classes(kind):
    """The class, and all that are made of it."""
    return [kind, *(one for below in kind.__subclasses__() for one in classes(below))]


def of_kind(kind):
    told = (
        {"status": 400, "problem": {"detail": "Not now."}} if issubclass(kind, IcaProblem) else {}
    )
    return kind("A sentence.", **told)


@pytest.mark.parametrize("kind", [one for one in classes(IcaError) if one not in BASES])
def test_every_error_has_a_code(kind):
    kept = ica_failures.kept_error(of_kind(kind), 1.5)
    assert kept.code in ErrorCode
    assert (kept.message, kept.at) == ("A sentence.", 1.5)
    assert kept.problem == ({"detail": "Not now."} if issubclass(kind, IcaProblem) else {})


def test_a_circle_is_an_answer_that_makes_no_sense():
    assert ica_failures.kept_error(PagingLoop("Round."), 1.5).code == ErrorCode.MALFORMED_RESPONSE
