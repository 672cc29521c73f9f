"""One truth: at each step of a list's life everything that tells of it tells the same."""

from tests.agreement import ByVisitor, assert_all_agree
from tests.dashboard import data_ids
from tests.web.confirmation import confirm
from tests.web.markup import link

GOOD = data_ids(40)
IN_USE = data_ids(2, ending="fe", start=100)  # can't be unlinked
HELD = data_ids(4, ending="05", start=200)  # were linked before
ARCHIVED = data_ids(6, ending="02", start=300)  # fail at first, link when tried again
MISSING = data_ids(3, ending="00", start=400)
LIST = [*GOOD, *IN_USE, *HELD, *ARCHIVED, *MISSING]


def told(**words):
    """The expected status of each id: of a group, by its name."""
    groups = {"good": GOOD, "in_use": IN_USE, "held": HELD, "archived": ARCHIVED}
    groups |= {"missing": MISSING}
    return {data_id: words[name] for name, group in groups.items() for data_id in group}


def test_everything_tells_the_same_at_each_step(stored):
    owner, colleague = stored.visitor(), stored.visitor("colleague-key")
    place = owner.submit(LIST, name="cohort")
    stored.work(30)
    first = dict.fromkeys(("good", "in_use"), "LINKED") | {"held": "ALREADY_LINKED"}
    failed = dict.fromkeys(("archived", "missing"), "FAILED")
    agree(stored, place, told(**first, **failed))

    confirm(colleague, link(colleague.get(f"{place}/reasons"), "Try again"))
    stored.work(30)
    agree(stored, place, told(**first, archived="LINKED", missing="FAILED"))

    confirm(owner, f"{place}/undo")
    stored.work(30)
    undone = {"good": "UNLINKED", "archived": "UNLINKED", "in_use": "LINKED"}
    rest = {"held": "ALREADY_LINKED", "missing": "FAILED"}
    agree(stored, place, told(**undone, **rest))

    confirm(owner, link(owner.get(place), "Link again what was unlinked"))
    stored.work(30)
    again = {"good": "LINKED", "archived": "LINKED", "in_use": "LINKED"}
    agree(stored, place, told(**again, **rest))


def agree(dashboard, place, expected):
    assert_all_agree(ByVisitor(dashboard.visitor()), dashboard.sim.root, place, expected)
