"""What the tests of the pages share: a dashboard on one database or on both, and its people."""

import pytest

from tests.stage import stage


@pytest.fixture
def st(tmp_path):
    """A dashboard on SQLite, in a simulated ICA that links 100 items a second."""
    with stage(f"sqlite:///{tmp_path / 'linkboard.db'}", tmp_path, rate=100.0) as set_up:
        yield set_up


@pytest.fixture
def stored(database_url, tmp_path):
    """As st, on SQLite and then on PostgreSQL."""
    with stage(database_url, tmp_path, rate=100.0) as set_up:
        yield set_up


@pytest.fixture
def demo(st):
    return st.visitor()


@pytest.fixture
def nobody(st):
    return st.visitor(key=None)
