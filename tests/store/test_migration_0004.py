"""The migration of words and documents: what 0.2.0 may have kept is read by what reads it now."""

from itertools import cycle

import pytest
from sqlalchemy import select

from tests.store import former_database
from webapp.store import Store, accounts, attempts, batches, chores, entries, submissions, tables
from webapp.store.chores import AttemptSpec, FlagSpec, TakeSpec
from webapp.store.documents import Column, FindReview, KeptError, Part, Reject, Review
from webapp.store.enums import (
    ASKING,
    BatchState,
    Blocked,
    BoardWord,
    ChoreKind,
    EntryKind,
    ErrorCode,
    Flag,
    State,
    Task,
)
from webapp.store.find import queries
from webapp.store.paging import Cursor
from webapp.store.retry.selection import Selection

pytestmark = pytest.mark.long

CODES = {  # of the classes whose names 0.2.0 has kept
    "IcaUnreachable": ErrorCode.UNREACHABLE,
    "IcaNonsense": ErrorCode.MALFORMED_RESPONSE,
    "Circle": ErrorCode.MALFORMED_RESPONSE,
    "IcaDown": ErrorCode.SERVER_ERROR,
    "NotSignedIn": ErrorCode.UNAUTHORIZED,
    "MayNot": ErrorCode.FORBIDDEN,
    "NotThere": ErrorCode.NOT_FOUND,
    "Conflict": ErrorCode.CONFLICT,
    "TooMany": ErrorCode.RATE_LIMITED,
    "Refused": ErrorCode.REFUSED,
    "NoKey": ErrorCode.NO_KEY,
    "Stopped": ErrorCode.STOPPED,
    "Unexpected": ErrorCode.UNEXPECTED,
    "NeverHeardOf": ErrorCode.SERVER_ERROR,
}
LIST = 34  # a draft; its chores are kept
REVIEW = {
    "columns": {"0": 2, "1": 1},
    "linked_by": {"1": 3},
    "left_out": {"linked": 2},
    "examples": {"linked": [[4, 1, "fil.1"]]},
    "checked_at": 5.0,
    "linked": 3,
    "good": 9,
    "parts": [
        {
            "format": "CSV",
            "encoding": "UTF-8",
            "gzip": True,
            "lines": 10,
            "warnings": ["A warning."],
            "columns": [
                {"number": 2, "header": "id", "ids": 9, "sampled": 9, "chosen": True, "why": "It."}
            ],
        }
    ],
}


def error(kind):
    return {"kind": kind, "message": f"a {kind}", "problem": {"detail": "Not now."}, "at": 1.5}


def kept(kind):
    return KeptError(CODES[kind], 1.5, f"a {kind}", {"detail": "Not now."})


def extended(rows):
    """Rows of 0.2.0 with every kind of error in every column, and every word of a queue."""
    for batch, kind in zip(rows["batches"], cycle(CODES), strict=False):
        batch["trouble"] = error(kind)
    waiting = [row for row in rows["batches"] if row["state"] not in {"refused", "settled"}]
    for batch, state, task, reason in zip(
        waiting, cycle(["sending", "running"]), cycle(Task), cycle(Blocked), strict=False
    ):
        if batch["state"] == "running":
            batch |= {"state": str(state), "task": str(task), "blocked": str(reason)}
    for batch, kind in zip((b for b in rows["batches"] if b["problem"]), CODES, strict=False):
        batch["problem"] = error(kind)
    like = rows["chores"][0] | {"submission_id": LIST, "result": {}, "total": 9}
    specs = {"leave out": {"flag": 4}, "take back": {"flag": 4}, "check": {}}
    kinds = enumerate((chore, kind) for chore in specs for kind in CODES)
    rows["chores"] += [
        like
        | {"id": 900 + number, "kind": chore, "spec": specs[chore], "problem": error(kind)}
        | {"ended_at": None if number % 2 else 2.0}
        for number, (chore, kind) in kinds
    ]
    next(row for row in rows["submissions"] if row["id"] == LIST)["review"] = REVIEW
    rejects = [{"line": 3, "text": "?", "note": "No id."}]
    review = {"ids": 7, "repeated": 1, "rejected": 1, "rejects": rejects}
    find = {"id": "a question", "account_id": 1, "created_at": 1.0, "name": "", "review": review}
    rows["finds"].append(find)
    return rows


@pytest.fixture
def rows(empty_database_url):
    return extended(former_database.rows_of(empty_database_url))


@pytest.fixture
def connection(empty_database_url, rows):
    """To a store that 0.2.0 has left with these rows, brought up to date."""
    former_database.put(empty_database_url, rows)
    store = Store(empty_database_url)
    store.migrate()
    with store.read() as connection:
        yield connection
    store.close()


def test_all_that_was_kept_is_read_now(connection, rows):
    found = connection.execute(select(tables.submissions.c.id)).scalars().all()
    lists = [submissions.get(connection, one) for one in found]
    batch_rows = [batch for one in found for batch in batches.of_submission(connection, one)]
    assert {one.state for one in lists} == set(State) - {State.RESOLVING}
    assert {batch.state for batch in batch_rows} == set(BatchState)
    assert {batch.task for batch in batch_rows} == set(Task)
    assert {batch.blocked for batch in batch_rows} == set(Blocked)
    done = {BoardWord.DONE, BoardWord.FAILURES, BoardWord.PARTLY_UNDONE, BoardWord.UNDONE}
    assert {one.board_word for one in lists} >= done | {BoardWord.DRAFT, BoardWord.BLOCKED}
    was = {row["id"]: row for row in rows["batches"]}
    told = {kind for batch in batch_rows for kind in CODES if batch.trouble == kept(kind)}
    assert told == set(CODES)
    for batch in batch_rows:
        for column in ("trouble", "problem"):
            before = was[batch.id][column]
            assert getattr(batch, column) == (before and kept(before["kind"]))
    sizes = [
        len(entries.page(connection, one, kind, Cursor(), 9).rows)
        for one in found
        for kind in EntryKind
    ]
    assert sum(sizes) == len(rows["entries"])


def test_chores_have_their_errors_and_can_be_done(connection):
    found = connection.execute(select(tables.chores).where(tables.chores.c.id >= 900)).all()
    assert [row.problem for row in found] == [kept(kind) for _ in range(3) for kind in CODES]
    unfinished = chores.unfinished(connection, LIST)
    kinds = {ChoreKind.LEAVE_OUT, ChoreKind.TAKE_BACK, ChoreKind.CHECK}
    assert {chore.kind for chore in unfinished} == kinds
    for chore in unfinished:
        if chore.kind not in ASKING:
            assert chore.spec_as(FlagSpec).flag is Flag.LINKED
        assert (chore.result.made, chore.result.after) == (0, 0)


def test_reviews_and_receipts_stay(connection, rows):
    review = submissions.get(connection, LIST).review
    column = Column(2, "id", 9, 9, True, "It.")
    assert review == Review(
        good=9,
        linked=3,
        columns={0: 2, 1: 1},
        linked_by={1: 3},
        left_out={"linked": 2},
        examples={"linked": [(4, 1, "fil.1")]},
        checked_at=5.0,
        parts=[Part("CSV", "UTF-8", True, 10, ["A warning."], [column])],
    )
    assert review.flagged(Flag.LINKED) == 3
    adopted = next(row["id"] for row in rows["submissions"] if row["source"] == "adopt")
    assert submissions.get(connection, adopted).review == Review()
    was = {row["id"]: row["review"].get("receipt") for row in rows["submissions"]}
    for one in connection.execute(select(tables.attempts)):
        told = was[one.id]
        assert (one.receipt is None) == (told is None)
        if told:
            for name in ("made", "skipped", "by_status"):
                assert getattr(one.receipt, name) == told[name]
    find = queries.get(connection, "a question", accounts.get(connection, 1))
    assert find.review == FindReview(7, 1, 1, [Reject(3, "?", "No id.")])


def test_the_spec_of_taking_is_read_as_it_was_written(connection):
    scope = Selection(["FAILED"], positions=[3, 5], attempt=2, at=1.5)
    spec = {"attempt": 4, "scope": {"statuses": ["FAILED"], "reason_id": None}}
    spec["scope"] |= {"positions": [3, 5], "attempt": 2, "at": 1.5, "text": ""}
    chore = chores.unfinished(connection, LIST)[0]
    values = {"account_id": chore.account_id, "kind": ChoreKind.TAKE, "total": 2, "now": 3.0}
    for one in (TakeSpec(4, scope), None):
        chores.add(connection, LIST, spec=one, **values)
    written, empty = chores.unfinished(connection, LIST)[-2:]
    assert (written.spec, empty.spec) == (spec, {})
    assert written.spec_as(TakeSpec) == TakeSpec(4, scope)
    assert written.spec_as(AttemptSpec).attempt == 4
    first = attempts.of_submission(connection, LIST)[0]
    assert first.receipt is None
