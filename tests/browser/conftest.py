"""A real Chromium before a real dashboard: gunicorn, worker and simulated ICA as processes."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.dashboard import RunningDashboard
from tests.browser.tab import opened

FLAGS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright):
    """Chromium's headless shell, where there is one: it takes two thirds of the time."""
    yield from _launched(playwright, "chromium-headless-shell", "chromium", "google-chrome")


@pytest.fixture
def whole_browser(playwright):
    """Chromium as people have it, with notifications."""
    yield from _launched(playwright, "chromium", "google-chrome")


def _launched(playwright, *names):
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail("These tests need Chromium; on Debian: apt-get install chromium")
    with playwright.chromium.launch(executable_path=path, args=FLAGS) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory):
    """The dashboard that most tests share."""
    with RunningDashboard(tmp_path_factory.mktemp("house")) as shared:
        yield shared


@pytest.fixture
def tab(browser, dashboard):
    """A fresh browser window at the dashboard; whatever its console complains of fails the test."""
    with opened(browser, dashboard.root) as page:
        yield page


@pytest.fixture
def scriptless(browser, dashboard):
    """As `tab`, without JavaScript."""
    with opened(browser, dashboard.root, java_script_enabled=False) as page:
        yield page


@pytest.fixture
def phone(browser, dashboard):
    """As `tab`, as small as a phone."""
    with opened(browser, dashboard.root, viewport={"width": 390, "height": 844}) as page:
        yield page
