"""Any order of actions, faults and crashes leaves a store that agrees with itself and with ICA."""

import random
import time

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import get_state_machine_test

from tests.work.state_machine import Machine

ROUNDS, LONG_RUN_SECONDS = 1, 1800.0  # on each database
FIRST_SEED = 962_599  # in whose round much goes wrong
ROUND = settings(
    max_examples=3,
    stateful_step_count=30,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to shorten a failing run would take longer than all the rest
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.slow
def test_any_order_of_acts_faults_and_deaths(request, record_property, database_url):
    """In rounds, each with the next seed: a few, or until the time is over.

    The short run goes the same ways each time; the long one looks for new ones.
    """
    given, long = (request.config.getoption(name) for name in ("--hypothesis-seed", "long"))
    number = first = int(given or (random.randrange(1_000_000) if long else FIRST_SEED))
    end = time.monotonic() + LONG_RUN_SECONDS
    Machine.url, Machine.steps = database_url, 0
    Machine.did.clear()
    while time.monotonic() < end if long else number < first + ROUNDS:
        run_round(number)
        number += 1
    kind = database_url.partition(":")[0].partition("+")[0]
    told = f"state machine on {kind}: {Machine.steps} steps, seeds {first} to {number - 1}"
    did = ", ".join(f"{count} {what}" for what, count in sorted(Machine.did.items()))
    record_property("told", f"{told}; {did}")


def run_round(number):
    try:
        seed(number)(get_state_machine_test(Machine, settings=ROUND))()
    except BaseException as error:
        error.add_note(f"Again: pytest {__file__} --hypothesis-seed={number}")
        raise
