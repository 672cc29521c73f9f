"""The templates: each compiles, and none holds what the Content-Security-Policy forbids."""

import re

import pytest

from webapp import paths

NAMES = sorted(str(path.relative_to(paths.TEMPLATES)) for path in paths.TEMPLATES.rglob("*.html"))


def test_each_compiles(dashboard):
    assert all(map(dashboard.app.jinja_env.get_template, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_it_needs_no_inline_code_and_nothing_from_elsewhere(name):
    source = (paths.TEMPLATES / name).read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", source)
    assert "|safe" not in source
    assert "autoescape false" not in source


@pytest.mark.parametrize("name", [name for name in NAMES if "/_" not in f"/{name}"])
def test_a_page_is_a_page(name):
    source = (paths.TEMPLATES / name).read_text()
    frames = ("base.html", "submissions/tab.html")
    assert name == "base.html" or any(f'{{% extends "{frame}" %}}' in source for frame in frames)
