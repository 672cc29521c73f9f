"""A running simulator for the tests of the client."""

import pytest

from tests.simulated_ica import simulator


@pytest.fixture
def sim():
    with simulator(rate=1000) as running:
        yield running
