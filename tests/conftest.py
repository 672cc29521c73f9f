"""What all tests share: the two databases, a free port, and the flags that choose some."""

import gc
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from tests import compile_caches, ports
from tests.databases import make_sqlite
from tests.postgres import Cluster, NoPostgresError, throwaway_cluster
from webapp.logs import URL_LOGGERS, VERBOSE_LOGGERS

SLOW_MODULE, LONG_MODULE = "pytestmark = pytest.mark.slow", "pytestmark = pytest.mark.long"
GARBAGE = 7_000, 20, 20  # new objects, and rounds, after which it is looked for
# What is about locks, or compares all pages and files at each step of a list.
ALWAYS_ON_BOTH = {
    "test_agreement.py",
    "test_concurrency.py",
    "test_database_faults.py",
}
EXAMPLES, FEW_EXAMPLES = 40, 20  # of Hypothesis, and with --fast; with --full there are 100


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", "--full", action="store_true", help="also run the tests marked long")
    parser.addoption(
        "--fast",
        action="store_true",
        help="leave out browsers, PostgreSQL and the tests marked slow; make up fewer examples",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.add_cleanup(compile_caches.share_statements())
    config.add_cleanup(compile_caches.share_routes())
    count = FEW_EXAMPLES if config.getoption("fast") else EXAMPLES
    few = {} if config.getoption("long") else {"max_examples": count}
    # How long one example takes says how busy the machine is.
    settings.register_profile("linkboard", settings.default, deadline=None, **few)
    settings.load_profile("linkboard")


def pytest_report_header(config: pytest.Config) -> list[str]:
    what = "are left out, and most of web/, work/ and security/ on PostgreSQL: --full runs them"
    long = "are run" if config.getoption("long") else what
    fast = ["linkboard: without browsers, PostgreSQL and the tests marked slow"]
    return [f"linkboard: tests marked long {long}", *(fast if config.getoption("fast") else [])]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What is left out as a whole is not even imported."""
    fast, long = config.getoption("fast"), config.getoption("long")
    left_out = {*[SLOW_MODULE] * fast, *[LONG_MODULE] * (not long)}
    is_module = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    if is_module and not left_out.isdisjoint(collection_path.read_text().splitlines()):
        return True
    return (fast and collection_path.name == "browser") or None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if _is_chosen(config, item)]
    config.hook.pytest_deselected(items=list(set(items) - set(chosen)))
    # What takes long comes first: at the end the other workers would wait for it.
    items[:] = sorted(chosen, key=_is_quick)


def pytest_collection_finish() -> None:
    """All that was imported stays: looking for garbage in it again and again takes a tenth of
    the time; in what tests make, a twentieth, unless it is done a tenth as often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to tell though they pass: record_property("told", a sentence)."""
    for report in terminalreporter.getreports("passed"):
        for name, sentence in report.user_properties:
            if name == "told":
                terminalreporter.write_line(sentence)


def _is_chosen(config: pytest.Config, item: pytest.Item) -> bool:
    is_long = item.get_closest_marker("long") or _is_on_the_other_database(item)
    if is_long and not config.getoption("long"):
        return False
    return _is_fast(item) or not config.getoption("fast")


def _is_quick(item: pytest.Item) -> bool:
    return not any(map(item.get_closest_marker, ("slow", "long")))


def _is_fast(item: pytest.Item) -> bool:
    if item.path.parent.name == "browser" or item.get_closest_marker("slow"):
        return False
    return not _is_on_postgresql(item)


def _is_on_the_other_database(item: pytest.Item) -> bool:
    """What all else rests on is tried on PostgreSQL in every run: the store, each page, locks, and
    processes that are killed, of which there are more. The rest of pages and worker, which ask the
    store alone, with --full; there processes are killed on SQLite, too.
    """
    if item.path.parent.name == "crashes":
        return not _is_on_postgresql(item)
    rests_on_it = item.path.parent.name in {"web", "work", "security"}
    return rests_on_it and item.path.name not in ALWAYS_ON_BOTH and _is_on_postgresql(item)


def _is_on_postgresql(item: pytest.Item) -> bool:
    return hasattr(item, "callspec") and "postgresql" in item.callspec.params.values()


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """A command that is run in this very process sets it for good."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """A command that is run in this very process sets up its log for good."""
    names = *VERBOSE_LOGGERS, *URL_LOGGERS
    root, verbose = logging.getLogger(), [logging.getLogger(name) for name in names]
    handlers, levels = root.handlers[:], [logger.level for logger in (root, *verbose)]
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:] = handlers
    for logger, level in zip((root, *verbose), levels, strict=True):
        logger.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
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
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The SQLAlchemy URL of a database of the test's own, with tables: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield make_sqlite(tmp_path / "linkboard.db")
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As database_url, without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'linkboard.db'}"
        return
    with request.getfixturevalue("postgres").empty_database() as url:
        yield url


@pytest.fixture
def free_port() -> int:
    return ports.free_port()
