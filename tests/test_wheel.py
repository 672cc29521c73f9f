"""The wheel is whole: installed elsewhere, it serves a page and its stylesheet."""

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

import pytest

from tests.processes import CLEAN, Program

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[1]


def pip(*arguments):
    quiet = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*quiet, *arguments], check=True, cwd=REPOSITORY)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of a new environment's programs: the wheel is its own, the rest it borrows."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, REPOSITORY)
    [wheel] = folder.glob("linkboard-*.whl")
    venv.create(folder / "env", with_pip=False)
    programs = folder / "env" / "bin"
    pip("--python", programs / "python", "install", "--no-deps", "--no-index", wheel)
    [packages] = (folder / "env").glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
    return programs


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.headers.get_content_type(), answer.read().decode()


@pytest.mark.long
def test_serves_a_page_and_its_stylesheet(installed, tmp_path, free_port, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"LINKBOARD_DATA_DIR": tmp_path, "LINKBOARD_PORT": free_port}
    with Program([installed / "linkboard", "serve", "--no-worker"], CLEAN | settings) as program:
        url = program.wait_for(r"Linkboard is at (\S+)")[1]
        kind, page = get(f"{url}/signin")
        assert kind == "text/html"
        stylesheet = re.search(r'<link[^>]+href="([^"]+\.css[^"]*)"', page)[1]
        kind, css = get(url + stylesheet)
        assert (kind, bool(css)) == ("text/css", True)


def test_holds_templates_static_files_and_migrations_and_no_tests(installed):
    [package] = installed.parent.glob("lib/python*/site-packages/webapp")
    found = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert {"templates/base.html", "static/app.css", "static/vendor/htmx.min.js"} <= found
    assert "store/migrations/env.py" in found
    assert not os.path.exists(package.parent / "tests")
