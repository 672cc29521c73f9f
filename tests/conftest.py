"""What all tests share: the two databases, a free port, and the flag for the long ones."""

import os
from contextlib import closing

import pytest

from tests import ports
from tests.migrated import make_sqlite
from tests.postgres import Cluster, NoPostgresError, throwaway_cluster


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_report_header(config):
    told = "are run" if config.getoption("long") else "are left out: give --long to run them"
    return f"linkboard: tests marked long {told}"


def pytest_collection_modifyitems(config, items):
    if config.getoption("long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL: LINKBOARD_TEST_POSTGRES (a SQLAlchemy URL), or a cluster of our own."""
    given = os.environ.get("LINKBOARD_TEST_POSTGRES")
    if given:
        with closing(Cluster(given)) as cluster:
            yield cluster
        return
    try:
        with throwaway_cluster() as cluster:
            yield cluster
    except NoPostgresError as error:
        pytest.fail(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The SQLAlchemy URL of a database of the test's own, with tables: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield make_sqlite(tmp_path / "linkboard.db")
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request, tmp_path):
    """As database_url, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'linkboard.db'}"
        return
    with request.getfixturevalue("postgres").empty_database() as url:
        yield url


@pytest.fixture
def free_port():
    return ports.free_port()
