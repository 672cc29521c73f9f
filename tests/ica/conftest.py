"""What the tests of the operations share: a simulator under way."""

import pytest

from tests.simulated import simulator


@pytest.fixture
def sim():
    with simulator(rate=1000) as running:
        yield running
