"""A question is its asker's: others see it while it is shared, and what they may see themselves."""

import pytest
from sqlalchemy import func, select

from tests.dashboard import data_ids, text
from tests.simulated_ica import STRANGERS_PROJECT
from tests.web.markup import element
from tests.web.test_find import asked, summary
from webapp.store import tables

IDS = data_ids(5)


@pytest.fixture
def place(stored):
    """A question about ids of which some are no ids, asked by demo."""
    demo = stored.visitor()
    demo.submit(IDS, name="Run 5")
    stored.work(30)
    return asked(demo, [*IDS, "sample: Ada"], name="Lost ones")


def addresses(place):
    return place, f"{place}/export.csv", f"{place}/export.txt", f"/submissions/new?find={place[6:]}"


def test_for_others_it_is_like_one_that_never_was(stored, place):
    never = "/find/" + "A" * 16
    for key in ("colleague-key", "stranger-key"):
        other = stored.visitor(key)
        for mine, nobodys in zip(addresses(place), addresses(never), strict=True):
            answer = other.get(mine)
            assert answer.status_code == 404
            assert text(answer) == text(other.get(nobodys))
        for act in ("share", "unshare", "delete"):
            assert other.post(f"{place}/{act}").status_code == 404
        assert "Ask its sender to open it and choose “Let colleagues use this link”" in text(
            other.get(place)
        )
    assert text(stored.visitor().get(place)).count("Lost ones") > 0


def test_shared_it_tells_what_its_reader_may_see(stored, place):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    stranger = stored.visitor("stranger-key")
    before = text(demo.get(place))
    alone = "The link to this search works for you alone: others see “Not found”."
    assert before.index(alone) < before.index("By outcome") < before.index("will see the search's")
    button = element(demo.get(place), "form", action=f"{place}/share")
    assert button.text.strip().endswith("Let colleagues use this link")
    assert "will see the search's name, its ids, names, paths and labels, and the entries" in before
    assert demo.post(f"{place}/share").status_code == 303
    shared = text(demo.get(place))
    assert "everybody of the same ICA who has its link" in shared
    assert "works for everybody of the same ICA. They see what became of ids" in shared
    assert alone not in shared
    form = element(demo.get(place), "form", action=f"{place}/unshare")
    assert "Copy the link" in form.text
    assert element(demo.get(place), "button", data_copy=f"http://localhost{place}")
    assert "The link to this search" not in text(colleague.get(place))
    assert summary(colleague, place) == {"LINKED": 5}
    assert summary(stranger, place) == {"NEVER": 5}
    said = text(stranger.get(place))
    assert "Lost ones" in said
    assert "sample: Ada" in said
    assert "Run 5" not in said
    assert "Run 5" not in text(stranger.get(f"{place}/export.csv"))
    secret = stranger.draft(IDS, project=STRANGERS_PROJECT, name="Secret")
    stranger.post(f"{secret}/submit")
    assert "Secret" in text(stranger.get(place))
    assert "Secret" not in text(demo.get(place))


def test_only_its_asker_ends_the_sharing_or_deletes_it(stored, place):
    demo, colleague = stored.visitor(), stored.visitor("colleague-key")
    demo.post(f"{place}/share")
    for act in ("share", "unshare", "delete"):
        answer = colleague.post(f"{place}/{act}")
        assert answer.status_code == 403
        assert "Only Dana Demo, who made this search" in text(answer)
    demo.post(f"{place}/unshare")
    assert [colleague.get(path).status_code for path in addresses(place)] == [404] * 4
    assert demo.get(place).status_code == 200


def test_what_is_deleted_is_gone_for_all_and_leaves_nothing(stored, place):
    demo = stored.visitor()
    other = asked(demo, IDS[:2], name="Kept")
    demo.post(f"{place}/share")
    assert demo.post(f"{place}/delete").status_code == 303
    for visitor in (demo, stored.visitor("colleague-key")):
        assert [visitor.get(path).status_code for path in addresses(place)] == [404] * 4
    stored.work(20)
    with stored.store.read() as connection:
        left = connection.execute(select(func.count()).select_from(tables.find_ids)).scalar()
        names = connection.execute(select(tables.finds.c.name)).scalars().all()
    assert (left, names) == (2, ["Kept"])
    assert demo.get(other).status_code == 200


def test_the_form_lists_what_the_visitor_asked_last(stored, place):
    demo = stored.visitor()
    for number in range(10):
        stored.clock.advance(1)
        asked(demo, IDS[:1], name=f"Question {number}")
    said = text(demo.get("/find"))
    assert all(f"Question {number}" in said for number in range(10))
    assert "Lost ones" not in said
    assert "Question" not in text(stored.visitor("colleague-key").get("/find")).replace(
        "the question (optional)", ""
    )
