"""One search in the masthead, and the same on the board: what is typed leads to what it names."""

from tests.dashboard import data_ids, text
from tests.web.confirmation import fields
from tests.web.markup import element, main
from webapp.store import batches


def test_one_search_leads_to_data_batches_jobs_and_names(dashboard):
    visitor, [data_id] = dashboard.visitor(), data_ids(1)
    place = visitor.submit([data_id], name="Plate of March")
    dashboard.work(30)
    with dashboard.store.read() as connection:
        [batch] = batches.of_submission(connection, int(place.rpartition("/")[2]))

    def found(typed, path="/search"):
        answer = visitor.post(path, {"text": typed})
        assert answer.status_code == 303
        return answer.location

    assert text(visitor.get(found(data_id))).count("Plate of March") > 0
    assert found(data_id.upper().replace("FIL", "fil")).startswith("/find/")
    assert found(batch.ica_batch_id) == found(batch.ica_job_id.upper()) == place
    assert found(batch.ica_batch_id, "/submissions/search") == place
    named = found("of march")
    assert "march" not in named
    assert "Plate of March" in text(visitor.get(named))
    nowhere = "00000000-0000-4000-8000-00000000dead"
    assert "No submission that you may see has this batch" in text(visitor.get(found(nowhere)))
    assert nowhere in element(visitor.get(found(nowhere)), id="batch_id")["value"]
    stranger = dashboard.visitor("stranger-key")
    assert "adopt" in stranger.post("/search", {"text": batch.ica_batch_id}).location


def test_what_no_list_is_called_can_be_looked_for_among_the_items(dashboard):
    visitor = dashboard.visitor()
    sheet = f"id,sample\n{data_ids(1)[0]},PT-0013\n".encode()
    visitor.post(f"{visitor.draft('', file=(sheet, 'plate of March.csv'))}/submit")
    page = main(visitor.get(visitor.post("/search", {"text": "PT-0013"}).location))
    assert "Nothing matches" in text(page)
    answer = visitor.post("/find", fields(page))
    assert "plate of March" in text(visitor.get(answer.location))
