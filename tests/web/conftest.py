"""What the tests of the pages share: a dashboard on one database or on both, and its people."""

import pytest

from tests.dashboard import open_dashboard


@pytest.fixture
def dashboard(tmp_path):
    """A dashboard on SQLite, in a simulated ICA that links 100 items a second."""
    with open_dashboard(
        f"sqlite:///{tmp_path / 'linkboard.db'}", tmp_path, rate=100.0
    ) as dashboard:
        yield dashboard


@pytest.fixture
def stored(database_url, tmp_path):
    """As dashboard, on SQLite and then on PostgreSQL."""
    with open_dashboard(database_url, tmp_path, rate=100.0) as dashboard:
        yield dashboard


@pytest.fixture
def demo(dashboard):
    return dashboard.visitor()


@pytest.fixture
def nobody(dashboard):
    return dashboard.visitor(key=None)
