"""Ids that a text leads to, wherever they are: by which index the database looks for them."""

import pytest
from sqlalchemy import event, text

from tests.store.conftest import NOW, WHO
from webapp.store import accounts
from webapp.store.find import names

IDS = [f"fil.{number:032x}" for number in range(1, 41)]


@pytest.mark.parametrize("beginning", ["fil.0000", "0000000000000000000000000000001"])
def test_the_beginning_of_an_id_is_looked_up_in_the_index_of_ids(store, make_draft, beginning):
    make_draft(IDS)
    asked = []
    event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4]))
    with store.write() as connection:
        reader = accounts.get(connection, accounts.sign_in(connection, WHO, NOW))
    with store.read() as connection:
        names.ids_beginning(connection, reader, NOW, beginning, 201)
        looked = [call for call in asked if "SELECT DISTINCT" in call[0]]
        explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
        if not store.is_sqlite:  # it would read a table as small as this one whole
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plans = [
            "\n".join(map(str, connection.exec_driver_sql(explain + statement, values)))
            for statement, values in looked
        ]
    assert len(plans) == (1 if beginning.startswith("fil.") else 2)
    for plan in plans:
        assert "ix_items_data_id_submission_id" in plan, plan
        if store.is_sqlite:
            assert "data_id>?" in plan, plan
        else:
            assert "Index Cond: ((data_id >=" in plan, plan
