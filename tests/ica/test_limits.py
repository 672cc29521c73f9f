"""What an ICA was found to take less of than usual: found for sure, and not kept for long."""

from contextlib import contextmanager
from itertools import chain, repeat

import pytest

from tests.ica.fake_server import Answer, fake_ica, jwt
from tests.simulated_ica import Clock
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import Refused

HOUR = 3600.0
NO, YES = Answer({"detail": "Not now."}, 400), Answer({"items": [], "totalItemCount": 7})


@contextmanager
def asking(answer):
    """A client, the queries that it made, and its clock; `answer` is told the query of each."""
    with fake_ica(lambda asked: answer(dict(asked.query))) as ica:
        clock = Clock()
        client = IcaClient(ica.url, Credential(jwt(sub="u")), clock=clock)
        yield client, ica.asked, clock


def sizes(asked):
    found = [int(dict(request.query)["pageSize"]) for request in asked]
    asked.clear()
    return found


def at_most(rows):
    return lambda query: NO if int(query["pageSize"]) > rows else YES


def in_turns(*answers):
    """These, and then nothing but yes."""
    left = chain(answers, repeat(YES))
    return lambda _query: next(left)


def without_offset(query):
    return NO if "pageOffset" in query else YES


def test_a_page_that_is_refused_once_is_as_large_as_before():
    with asking(in_turns(NO, YES, YES, NO, YES, YES)) as (ica, asked, _clock):
        for _ in range(3):
            ica.items("p", "b")
            ica.items("p", "b")
        assert set(sizes(asked)) == {1000}


def test_a_page_that_is_refused_twice_is_smaller_for_an_hour():
    with asking(at_most(300)) as (ica, asked, clock):
        ica.items("p", "b")
        assert sizes(asked) == [1000, 1000, 500, 250]
        clock.advance(HOUR - 1)
        ica.items("p", "other")
        assert sizes(asked) == [250]
        clock.advance(2)
        ica.items("p", "other")
        assert sizes(asked) == [1000, 1000, 500, 250]


def test_a_still_smaller_size_does_not_prolong_the_hour():
    answers = [NO, NO, YES, NO, NO, YES]
    with asking(in_turns(*answers)) as (ica, asked, clock):
        ica.items("p", "b")
        clock.advance(HOUR - 1)
        ica.items("p", "b")
        assert sizes(asked) == [1000, 1000, 500, 500, 500, 250]
        clock.advance(2)
        ica.items("p", "b")
        assert sizes(asked) == [1000]


def test_what_no_size_helps_costs_one_call_the_next_time():
    with asking(lambda _query: NO) as (ica, asked, _clock):
        for expected in ([1000, 1000, 500, 250, 125, 62, 31, 15, 10], [1000]):
            with pytest.raises(Refused):
                ica.items("p", "b")
            assert sizes(asked) == expected


def test_a_page_of_some_statuses_may_be_refused_for_these():
    with asking(lambda query: NO if "status" in query else YES) as (ica, asked, _clock):
        with pytest.raises(Refused):
            ica.items("p", "b", statuses=["FAILED"])
        assert sizes(asked) == [1000]


def test_an_offset_that_is_refused_once_is_used_again_at_once():
    with asking(in_turns(NO)) as (ica, asked, _clock):
        assert ica.count_items("p", "b") == 7
        assert len(asked) == 3  # with an offset, without one, and with one again
        assert ica.count_items("p", "b") == 7
        assert len(asked) == 4


def test_an_offset_that_is_refused_twice_is_left_out_for_an_hour():
    with asking(without_offset) as (ica, asked, clock):
        assert ica.count_items("p", "b") is None
        assert len(asked) == 3
        clock.advance(HOUR - 1)
        assert ica.count_items("p", "b") is None
        assert len(asked) == 3
        clock.advance(2)
        assert ica.count_items("p", "b") is None
        assert len(asked) == 6


def test_jobs_are_sorted_again_after_one_refusal():
    job = Answer({"items": [{"id": "j", "status": "RUNNING"}]})
    with asking(in_turns(NO, job, YES)) as (ica, asked, _clock):
        assert [newest_first for _, newest_first in ica.pages_of_jobs()] == [True, True]
        assert all("pageOffset" in dict(request.query) for request in asked)
        assert sizes(asked) == [100] * 3


def test_jobs_that_can_not_be_sorted_are_asked_for_by_token_for_an_hour():
    with asking(without_offset) as (ica, asked, clock):
        smaller = [100, 50, 25, 12, 10]  # as the number of rows may be why
        for wait, expected in (
            (0, [100, *smaller, 100, 1000]),
            (HOUR - 1, [1000]),
            (2, [100, 100, 1000]),
        ):
            clock.advance(wait)
            assert [newest_first for _, newest_first in ica.pages_of_jobs()] == [False]
            assert sizes(asked) == expected
