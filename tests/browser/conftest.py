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
def browser():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("These tests need Chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


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
