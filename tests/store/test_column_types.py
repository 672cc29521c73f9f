"""Columns of words and documents: what goes in comes out, and no word that the enum has not."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import StatementError

from webapp.store import submissions
from webapp.store.documents import KeptError, Receipt, Review
from webapp.store.enums import ErrorCode, Flag, State
from webapp.store.tables import attempts, batches
from webapp.store.tables import submissions as table


def test_a_word_goes_in_as_its_value_and_comes_out_as_a_member(store, make_draft):
    draft = make_draft(["fil.1"])
    with store.write() as connection:
        connection.execute(update(table).values(state="settled"))
        raw = connection.execute(text("SELECT state FROM submissions")).scalar_one()
        assert raw == "settled"
        assert submissions.get(connection, draft).state is State.SETTLED
        assert connection.execute(select(table.c.id).where(table.c.state == State.SETTLED)).all()


def test_another_word_is_refused(store, make_draft):
    make_draft(["fil.1"])
    with store.write() as connection, pytest.raises(StatementError, match="no such word"):
        connection.execute(update(table).values(state="no such word"))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (table.c.review, Review()),
        (table.c.review, Review(good=3, linked_by={7: 2}, left_out={"linked": 1})),
        (attempts.c.receipt, None),
        (attempts.c.receipt, Receipt(0, {"changed": 3})),
        (batches.c.trouble, None),
        (batches.c.trouble, KeptError(ErrorCode.NOT_FOUND, 1.5, "Gone.", {"id": "7"})),
    ],
)
def test_a_document_comes_out_as_it_went_in(store, make_batches, column, value):
    make_batches(1)
    with store.write() as connection:
        connection.execute(update(column.table).values({column: value}))
        assert connection.execute(select(column)).scalar_one() == value


@pytest.mark.parametrize("flag", Flag)
def test_a_review_counts_every_flag(flag):
    assert Review(**{flag.word: 3}).flagged(flag) == 3


def test_no_receipt_is_written_as_before(store, make_batches):
    make_batches(1)
    with store.read() as connection:
        assert str(connection.execute(text("SELECT receipt FROM attempts")).scalar_one()) == "{}"
        nulls = text("SELECT count(*) FROM batches WHERE trouble IS NULL AND problem IS NULL")
        assert connection.execute(nulls).scalar_one() == 1
