"""Who is told at the end is chosen by the submitter, among those whom the operator allows."""

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.databases import make_sqlite
from tests.simulated_ica import COLLEAGUE_KEY
from tests.web.markup import elements
from webapp.store import submissions

ALLOWED = {
    "webhooks": ("lab=slack:http://127.0.0.1:9/hidden", "lims=teams:http://127.0.0.1:9/hidden"),
    "mail_to": ("lab@a.example", "@b.example"),
}


@pytest.fixture
def telling(tmp_path):
    with open_dashboard(make_sqlite(tmp_path / "a.db"), tmp_path, **ALLOWED) as dashboard:
        yield dashboard


def chosen(dashboard, place):
    with dashboard.store.read() as connection:
        return submissions.get(connection, int(place.rsplit("/", 1)[1])).recipients


def ticked(answer):
    boxes = elements(answer, "input", type="checkbox", name="recipient")
    return [box["value"] for box in boxes if "checked" in box]


def form(*names, typed=""):
    return {"telling": "1", "recipient": [*names], "recipients_typed": typed}


def test_they_are_chosen_on_the_review_and_changed_on_the_page(telling):
    visitor, colleague = telling.visitor(), telling.visitor(COLLEAGUE_KEY)
    place = visitor.draft(data_ids(3), name="Run 7")
    review = visitor.get(place)
    assert not ticked(review)
    assert "Message to Slack" in text(review)
    refused = visitor.post(f"{place}/submit", form("lab", typed="me@b.example, you@c.example"))
    assert refused.status_code == 422
    assert "“you@c.example” is no e-mail address of @b.example" in text(refused)
    assert ticked(refused) == ["lab"]
    (box,) = elements(refused, "input", name="recipients_typed")
    assert box["value"] == "me@b.example, you@c.example"
    assert chosen(telling, place) == []

    many = " ".join(f"x{number}@b.example" for number in range(6))
    assert "6 addresses are too many" in text(visitor.post(f"{place}/submit", form(typed=many)))
    first = form("lab", "lab@a.example", "made-up", typed="me@b.example;lab@a.example")
    assert visitor.post(f"{place}/submit", first).status_code == 303
    assert chosen(telling, place) == ["lab", "lab@a.example", "me@b.example"]
    page = visitor.get(place)
    assert ticked(page) == ["lab", "lab@a.example"]
    assert "Told when it has ended: lab, lab@a.example, me@b.example" in text(page)
    assert visitor.post(f"{place}/submit", form("lims")).status_code == 303  # a page left open
    assert "lims" not in chosen(telling, place)

    changed = visitor.post(f"{place}/recipients", form("lims"))
    assert changed.status_code == 303
    assert "lims will be told" in text(visitor.get(place))
    wrong = visitor.post(f"{place}/recipients", form("lab", typed="nobody"))
    assert wrong.status_code == 422
    assert ticked(wrong) == ["lab"]
    assert chosen(telling, place) == ["lims"]
    assert "lims" in text(visitor.get(f"{place}/audit"))
    assert "Told when" not in text(colleague.get(place))
    assert visitor.post(f"{place}/recipients", form()).status_code == 303
    assert chosen(telling, place) == []


def test_ticks_that_come_with_a_choice_lose_neither(telling):
    """A submit that only takes ticks, or that can't be done, keeps who is to be told."""
    visitor = telling.visitor()
    place = visitor.draft(data_ids(3))
    stale = visitor.post(f"{place}/submit", form("lab") | {"confirmed": "2"})
    assert stale.status_code == 422
    assert ticked(stale) == ["lab"] == chosen(telling, place)
    assert visitor.post(f"{place}/choose", form("lims")).status_code == 303
    assert chosen(telling, place) == ["lims"]
    assert visitor.post(f"{place}/recipients", form("lims")).status_code == 409
    assert visitor.post(f"{place}/submit").status_code == 303  # a form without these fields
    assert chosen(telling, place) == ["lims"]


def test_without_settings_nothing_speaks_of_it(dashboard):
    visitor = dashboard.visitor()
    place = visitor.draft(data_ids(3))
    assert "Told when" not in text(visitor.get(place))
    assert visitor.post(f"{place}/submit", form("lab")).status_code == 303
    assert chosen(dashboard, place) == []
    assert "Told when" not in text(visitor.get(place))
    assert "Nobody can be told." in text(visitor.get(f"{place}/recipients"))
