"""Pages and parts: every template is rendered, from exactly the fields that it uses."""

from dataclasses import fields

import pytest
from jinja2 import meta, nodes

from tests.dashboard import Visitor, data_ids, open_dashboard, text
from tests.web.markup import elements, named_otherwise
from tests.web.page_visits import TELLING, visit_all
from webapp import paths
from webapp.demo import app as demo_app
from webapp.web.core import page

TEMPLATES = {
    path.relative_to(paths.TEMPLATES).as_posix() for path in paths.TEMPLATES.rglob("*.html")
}


class Titled(page.Part):
    template = "error.html"
    title: str


def parts(kind=page.Part):
    """All classes of pages and parts of the application."""
    for subclass in kind.__subclasses__():
        if hasattr(subclass, "template") and subclass is not Titled:
            yield subclass
        yield from parts(subclass)


def names_used(environment, template):
    """The names that a template reads, those that it includes and the one it extends too."""
    tree = environment.parse(environment.loader.get_source(environment, template)[0])
    found = meta.find_undeclared_variables(tree)
    for node in tree.find_all((nodes.Include, nodes.Extends)):
        if isinstance(node.template, nodes.Const):
            found |= names_used(environment, node.template.value)
    return found


def assert_a_way_out(name, answer):
    """Whoever is signed in can sign out on each whole page."""
    is_page = answer.mimetype == "text/html" and b"<html" in answer.get_data()
    if is_page and answer.status_code == 200 and not name.startswith("signin"):
        assert elements(answer, "form", method="post", action="/signout"), name


def test_every_template_is_rendered_with_all_that_it_reads(tmp_path, monkeypatch):
    loaded = set()

    def watch(app):
        get_source = app.jinja_env.loader.get_source

        def noting(environment, template):
            loaded.add(template)
            return get_source(environment, template)

        monkeypatch.setattr(app.jinja_env.loader, "get_source", noting)

    url = f"sqlite:///{tmp_path}/t.db"
    with open_dashboard(url, tmp_path, rate=100.0, **TELLING) as dashboard:
        watch(dashboard.app)
        for name, answer in visit_all(dashboard, monkeypatch):
            assert answer.status_code < 500, (name, text(answer))
            assert answer.get_data(), name
            assert_a_way_out(name, answer)
            assert not named_otherwise(answer), name
        demo = Visitor(demo_app.create_app(dashboard.settings, dashboard.store))
        watch(demo.client.application)
        demo.sign_in()
        assert demo.get("/submissions/new").status_code == 200
    assert loaded >= TEMPLATES


def test_templates_use_every_field_that_they_are_given(dashboard):
    unused = {
        part.__name__: {field.name for field in fields(part)}
        - names_used(dashboard.app.jinja_env, part.template)
        for part in parts()
    }
    assert len(unused) > 30
    assert not {name: left for name, left in unused.items() if left}


def test_two_parts_may_not_give_one_name_to_different_things(dashboard):
    with dashboard.app.test_request_context(), pytest.raises(TypeError, match="both give title"):
        page.render(Titled("one"), Titled("another"))


def test_a_polled_part_leaves_what_was_flashed_to_the_next_page(demo):
    running, draft = demo.submit(data_ids(3)), demo.draft(data_ids(2), name="Plate 4")
    demo.post(f"{draft}/discard")
    for path in (f"{running}/progress", "/submissions/rows", f"{running}/items"):
        answer = demo.part(path)
        assert answer.status_code == 200
        assert "was discarded" not in text(answer)
    assert "“Plate 4” was discarded." in text(demo.get("/submissions"))
