"""The items of a batch: outcomes, both ways of paging, filters, counts, and both versions."""

from collections import Counter

import pytest

from tests.ica.batches import NOWHERE, client, every_item, finished, ids
from tests.simulated_ica import FIRST_PROJECT
from webapp.ica.errors import MalformedResponse, NotFound, Refused
from webapp.ica.models import LINK_STATUSES, MOVING, UNLINK_STATUSES


def test_an_item_tells_its_outcome(sim):
    ica = client(sim)
    batch_id = finished(sim, ica, [*ids(33), *ids(33, "fol")])
    by_id = {item.data_id: item for item in every_item(ica, batch_id)}
    assert Counter(item.status for item in by_id.values()) == {
        "FAILED": 6,
        "ALREADY_LINKED": 26,
        "PARTIALLY_LINKED": 16,
        "LINKED": 18,
    }
    failed, linked = by_id[ids(1)[0]], by_id[ids(33)[32]]
    assert (failed.information, failed.created) == ("Data not found.", None)
    assert linked.information is None
    assert linked.created.project_id == FIRST_PROJECT
    assert linked.created.data.id == linked.data_id
    assert linked.created.details.name
    assert (linked.created.details.data_type, linked.created.details.size > 0) == ("FILE", True)
    one = ica.item(FIRST_PROJECT, batch_id, failed.id)
    assert one == failed
    with pytest.raises(NotFound):
        ica.item(FIRST_PROJECT, batch_id, NOWHERE)


@pytest.mark.parametrize("page_size", [1, 7, 100, 1000])
def test_cursor_and_offset_paging_see_the_same(sim, page_size):
    ica = client(sim)
    data_ids = ids(70)
    batch_id = finished(sim, ica, data_ids)
    by_cursor = every_item(ica, batch_id, page_size=page_size)
    by_offset = []
    for offset in range(0, 70, page_size):
        page = ica.items(FIRST_PROJECT, batch_id, page_offset=offset, page_size=page_size)
        assert (page.total, page.next_token) == (70, None)
        by_offset += page.items
    assert by_cursor == by_offset
    assert [item.data_id for item in by_cursor] == data_ids


def test_a_walk_goes_on_from_a_cursor_that_was_kept(sim):
    ica = client(sim)
    batch_id = finished(sim, ica, ids(50))
    page = ica.items(FIRST_PROJECT, batch_id, page_size=20)
    rest = client(sim).items(FIRST_PROJECT, batch_id, page_token=page.next_token, page_size=30)
    assert [item.data_id for item in [*page.items, *rest.items]] == ids(50)


@pytest.mark.parametrize("statuses", [["FAILED"], ["FAILED", "LINKED"], ["RUNNING"], []])
def test_items_are_filtered_by_any_set_of_statuses(sim, statuses):
    ica = client(sim)
    batch_id = finished(sim, ica, ids(64))
    every = every_item(ica, batch_id)
    chosen = every_item(ica, batch_id, statuses=statuses, page_size=5)
    wanted = [item for item in every if not statuses or item.status in statuses]
    assert chosen == wanted


def test_counts_per_status_add_up_to_the_total(sim):
    ica = client(sim)
    batch = ica.create_batch(FIRST_PROJECT, ids(500))
    sim.clock.advance(0.2)
    sim.forget_calls()
    counts = {
        word: ica.count_items(FIRST_PROJECT, batch.id, status=word) for word in ica.statuses()
    }
    total = ica.count_items(FIRST_PROJECT, batch.id)
    assert sum(counts.values()) == total == 500
    assert all(counts[word] for word in MOVING)
    assert sim.total_calls() == len(LINK_STATUSES) + 1


def test_counts_are_unknown_where_ica_gives_no_total(sim):
    ica = client(sim)
    batch_id = finished(sim, ica, ids(5))
    sim.set_faults({"null-totals": 1})
    assert ica.count_items(FIRST_PROJECT, batch_id) is None
    assert len(every_item(ica, batch_id, page_size=2)) == 5


def test_a_batch_may_have_no_job(sim):
    sim.set_faults({"null-job": 1})
    ica = client(sim)
    made = ica.create_batch(FIRST_PROJECT, ids(1))
    assert made.job is None
    assert ica.batch(FIRST_PROJECT, made.id).job is None


def test_a_status_never_seen_before_goes_through(sim):
    sim.set_faults({"unknown-status": 1})
    ica = client(sim)
    batch_id = finished(sim, ica, ids(64))
    words = {item.status for item in every_item(ica, batch_id)}
    counts = [ica.count_items(FIRST_PROJECT, batch_id, status=word) for word in ica.statuses()]
    assert len(words - set(LINK_STATUSES)) == 1
    assert 0 < sum(counts) < ica.count_items(FIRST_PROJECT, batch_id) == 64


def test_pages_that_go_in_a_circle_are_nonsense(sim):
    sim.set_faults({"circling-cursor": 1})
    with pytest.raises(MalformedResponse, match="circle"):
        client(sim).eligible(FIRST_PROJECT, ids(50))


def test_a_cursor_made_up_by_hand_is_refused(sim):
    ica = client(sim)
    batch_id = finished(sim, ica, ids(5))
    for token in ("made-up", "x" * 2001, "ä"):
        with pytest.raises(Refused) as raised:
            ica.items(FIRST_PROJECT, batch_id, page_token=token)
        assert raised.value.status == 400


def test_a_batch_can_be_undone(sim):
    ica = client(sim)
    data_ids = ids(40)[32:]
    finished(sim, ica, data_ids)
    batch_id = finished(sim, ica, [*data_ids, *ids(1)], kind="unlink")
    batch = ica.batch(FIRST_PROJECT, batch_id, kind="unlink")
    assert batch.job.is_final
    items = every_item(ica, batch_id, kind="unlink", page_size=3)
    assert Counter(item.status for item in items) == {"UNLINKED": 8, "FAILED": 1}
    assert all(item.created is None for item in items)
    assert ica.item(FIRST_PROJECT, batch_id, items[0].id, kind="unlink") == items[0]
    assert ica.count_items(FIRST_PROJECT, batch_id, status="UNLINKED", kind="unlink") == 8
    assert ica.statuses("unlink") == UNLINK_STATUSES


def test_v3_knows_no_partly_linked_folder(sim):
    old, new = client(sim, version="v3"), client(sim)
    folder = ids(17, "fol")[16]
    in_v4 = finished(sim, new, [folder])
    [whole] = every_item(new, in_v4)
    [failed] = every_item(old, in_v4)
    assert (whole.status, failed.status) == ("PARTIALLY_LINKED", "FAILED")
    assert old.item(FIRST_PROJECT, in_v4, failed.id).status == "FAILED"
    assert "PARTIALLY_LINKED" not in old.statuses()


def test_v3_makes_a_folder_one_item_per_file(sim):
    old = client(sim, version="v3")
    folder = ids(65, "fol")[64]
    batch_id = finished(sim, old, [folder])
    items = every_item(old, batch_id, page_size=3)
    assert len(items) > 1
    assert all(item.data_id != folder for item in items)
    assert old.count_items(FIRST_PROJECT, batch_id) == len(items)
