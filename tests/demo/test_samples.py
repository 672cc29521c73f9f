"""The sample lists: a part of the demo's application, and of no other."""

import pytest

from tests.dashboard import Visitor, open_dashboard, text
from tests.web.markup import element, elements
from webapp.demo.app import create_app
from webapp.demo.samples import PROJECT_ID

ANOTHER_PROJECT = "00000000-0000-4000-8000-000000000004"


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


def test_to_use_one_leaves_the_project_and_the_name_as_they_were_chosen(dashboard):
    visitor = Visitor(create_app(dashboard.settings, dashboard.store))
    visitor.sign_in()
    content = visitor.get("/samples/clean.txt").get_data(as_text=True)
    offered = elements(visitor.get("/submissions/new"), "button", name="sample")
    assert offered[0]["value"] == "clean.txt"
    place = offered[0]["formaction"].partition("#")[0]
    for chosen, shown in ((ANOTHER_PROJECT, ANOTHER_PROJECT), ("", PROJECT_ID)):
        filled = {"project_id": chosen, "name": "Of mine", "ids": "", "sample": "clean.txt"}
        form = visitor.post(place, filled)
        assert element(form, "input", name="project_id", checked=None)["value"] == shown
        assert element(form, "input", name="name")["value"] == "Of mine"
        assert element(form, "textarea", name="ids").text.split() == content.split()


def test_without_the_demo_there_are_none(dashboard):
    visitor = dashboard.visitor()
    assert visitor.get("/samples/clean.txt").status_code == 404
    form = text(visitor.get("/submissions/new?sample=clean.txt"))
    assert "Lists to try" not in form
    assert "fil." not in form
