"""A running simulator for the tests of the client."""

import pytest

from tests.simulated import simulator


@pytest.fixture
def sim():
    with simulator(rate=1000) as running:
        yield running
