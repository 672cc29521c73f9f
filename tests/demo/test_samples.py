"""The sample lists: a part of the demo's application, and of no other."""

import pytest

from tests.dashboard import Visitor, open_dashboard, text
from webapp.demo.app import create_app


@pytest.fixture
def dashboard(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path}/t.db", tmp_path, demo_key="demo-key") as dashboard:
        yield dashboard


def test_the_demo_offers_them_to_who_is_signed_in(dashboard):
    visitor = Visitor(create_app(dashboard.settings, dashboard.store))
    for path in ("/samples/clean.txt", "/submissions/new?sample=clean.txt"):
        assert visitor.get(path).location.startswith("/signin")
    visitor.sign_in()
    assert "Lists to try" in text(visitor.get("/submissions/new"))
    content = visitor.get("/samples/clean.txt").get_data(as_text=True)
    assert content.split()[0] in text(visitor.get("/submissions/new?sample=clean.txt"))
    assert visitor.get("/samples/made-up.txt").status_code == 404


def test_without_the_demo_there_are_none(dashboard):
    visitor = dashboard.visitor()
    assert visitor.get("/samples/clean.txt").status_code == 404
    form = text(visitor.get("/submissions/new?sample=clean.txt"))
    assert "Lists to try" not in form
    assert "fil." not in form
