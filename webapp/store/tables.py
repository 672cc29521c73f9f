"""The tables, as SQLAlchemy sees them; migrations/ makes them.

Moments are seconds since 1970 (UTC, float). Positions count from 1. Documents, and numbers by
status, are JSON, read and written whole.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from webapp.store.column_types import Document, EnumText
from webapp.store.documents import FindReview, KeptError, Receipt, Review, TakeProgress
from webapp.store.enums import (
    PRIORITY,
    AccountTrouble,
    AttemptKind,
    AttemptState,
    BatchState,
    Blocked,
    BoardWord,
    ChoreKind,
    EntryKind,
    Phase,
    Source,
    State,
    Task,
)


def _queue() -> list[Column[Any]]:
    """The columns of a queue, see leases.py."""
    return [
        Column("due_at", Double, index=True),  # null: nothing left to do
        Column("lease_until", Double, nullable=False, default=0.0),
        Column("worker", String(64), nullable=False, default=""),
        Column("try_number", Integer, nullable=False, default=0),
    ]


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ica_url", String(500), nullable=False),
    Column("tenant", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("asked_tenant", String(255), nullable=False),  # what the user typed: minting needs it
    Column("sealed_key", Text),  # null once forgotten
    Column("created_at", Double, nullable=False),
    Column("trouble", EnumText(AccountTrouble, 40), nullable=False, default=AccountTrouble.NONE),
    Column("trouble_since", Double),
    Column("trouble_until", Double),
    UniqueConstraint("ica_url", "tenant", "subject"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
)

access = Table(
    "access",
    metadata,
    Column("account_id", ForeignKey("accounts.id"), primary_key=True),
    Column("project_id", String(255), primary_key=True),
    Column("project_name", String(255), nullable=False, default=""),
    Column("allowed", Boolean, nullable=False),
    Column("checked_at", Double, nullable=False),  # when ICA last answered
    Column("due_at", Double, nullable=False),  # when to ask again, if somebody is signed in
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("ica_url", String(500), nullable=False),
    Column("project_id", String(255), nullable=False),
    Column("project_name", String(255), nullable=False),
    Column("source", EnumText(Source, 10), nullable=False),
    Column("name", String(255), nullable=False),
    Column("state", EnumText(State, 12), nullable=False, default=State.READING),
    Column("phase", EnumText(Phase, 12), nullable=False, default=Phase.NONE),
    Column("board_word", EnumText(BoardWord, 16), nullable=False, default=BoardWord.DRAFT),
    Column("created_at", Double, nullable=False),
    Column("submitted_at", Double),
    Column("begun_at", Double),  # when its last attempt began
    Column("settled_at", Double),  # when its last attempt ended
    Column("changed_at", Double, nullable=False),
    Column("watched_at", Double, nullable=False),
    Column("revision", Integer, nullable=False, default=1),  # raised by everything a page shows
    Column("item_count", Integer, nullable=False, default=0),
    Column("batch_size", Integer, nullable=False),
    Column("counts", JSON, nullable=False, default=dict),  # status -> items, as of now
    Column("review", Document(Review), nullable=False, default=Review()),
    Column("problem", Text, nullable=False, default=""),  # why unreadable or refused, in words
    Column("note", Text, nullable=False, default=""),
    Column("archived_at", Double),
    Column("left_out", Integer, nullable=False, default=0),  # items that no attempt has taken yet
    Column("last_attempt_id", Integer, nullable=False, default=0),  # orders the board
    Index("ix_submissions_project_id_last_attempt_id", "project_id", "last_attempt_id"),
    sqlite_autoincrement=True,  # an address never leads to another list
)

attempts = Table(
    "attempts",  # one try at items of a submission; the first is its own list
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submissions.id"), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("kind", EnumText(AttemptKind, 10), nullable=False),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("state", EnumText(AttemptState, 12), nullable=False),
    Column("phase", EnumText(Phase, 12), nullable=False, default=Phase.NONE),
    Column("created_at", Double, nullable=False),
    Column("begun_at", Double),
    Column("ended_at", Double),
    Column("size", Integer, nullable=False, default=0),  # items that it has taken
    Column("counts", JSON, nullable=False, default=dict),  # status -> items, as it found them
    Column("token", String(64), nullable=False, default="", index=True),  # of the page that asked
    Column("receipt", Document(Receipt, or_empty=True), nullable=False, default=dict),
    Column("problem", Text, nullable=False, default=""),  # why it took nothing, or what ICA refused
    Column("former_id", Integer, unique=True),  # in 0.2.0 it was a submission of its own
    UniqueConstraint("submission_id", "number"),
    sqlite_autoincrement=True,
)

uploads = Table(
    "uploads",
    metadata,
    Column("submission_id", ForeignKey("submissions.id"), primary_key=True),
    Column("parts", JSON, nullable=False),  # the name of each part: a file, pasted text
    Column("size", BigInteger, nullable=False, default=0),
    Column("read_bytes", BigInteger, nullable=False, default=0),
    *_queue(),
)

upload_pieces = Table(
    "upload_pieces",
    metadata,
    Column("submission_id", ForeignKey("submissions.id"), primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
)

entries = Table(
    "entries",  # those that did not become an item: repeated and rejected
    metadata,
    Column("submission_id", ForeignKey("submissions.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("kind", EnumText(EntryKind, 10), nullable=False),
    Column("line", Integer, nullable=False),
    Column("column", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("first_line", Integer),
    Column("first_column", Integer),
    Index("ix_entries_submission_id_kind_ordinal", "submission_id", "kind", "ordinal"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submissions.id"), nullable=False),
    Column("attempt", SmallInteger, nullable=False),  # its number
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("kind", EnumText(AttemptKind, 10), nullable=False),
    Column("ordinal", Integer, nullable=False),  # within its attempt
    Column("first_position", Integer, nullable=False),
    Column("last_position", Integer, nullable=False),
    Column("size", Integer, nullable=False, default=0),
    Column("state", EnumText(BatchState, 12), nullable=False, default=BatchState.WAITING),
    Column("task", EnumText(Task, 10), nullable=False, default=Task.SEND),
    Column("priority", SmallInteger, nullable=False, default=PRIORITY[Task.SEND]),
    *_queue(),
    Column("failures", Integer, nullable=False, default=0),  # in a row; they lengthen the pause
    Column("blocked", EnumText(Blocked, 20), nullable=False, default=Blocked.NO),
    Column("trouble", Document(KeptError)),  # the last error that will be tried again
    # what ICA knows of it
    Column("intent_at", Double),
    Column("sent_at", Double),
    Column("settled_at", Double),
    Column("ica_batch_id", String(255)),
    Column("ica_job_id", String(255)),
    Column("job_status", String(40), nullable=False, default=""),
    Column("job_information", Text, nullable=False, default=""),
    Column("job_finished_at", Double),
    Column("problem", Document(KeptError)),  # ICA's refusal, word for word
    Column("counts", JSON, nullable=False, default=dict),
    Column("total", Integer),
    Column("counted_at", Double),
    Column("sent_again", Boolean, nullable=False, default=False),  # in doubt whether ICA had it
    # its items by their rows, status -> items
    Column("held", JSON, nullable=False, default=dict),  # that it holds now, as of now
    Column("found", JSON, nullable=False, default=dict),  # all its items, as it found them
    Column("taken", JSON, nullable=False, default=dict),  # of these, what later attempts took
    Column("missing_count", Integer, nullable=False, default=0),  # 404s in a row
    Column("missing_since", Double),
    # how far its items' rows are up to date
    Column("round_cursor", Text),
    Column("round_read", Integer, nullable=False, default=0),
    Column("round_started_at", Double),
    Column("rows_read", Integer, nullable=False, default=0),
    Column("rows_as_of", Double),
    Column("failed_cursor", Text),
    Column("failed_count", Integer, nullable=False, default=0),  # when they were last walked
    Column("failed_walked_at", Double),
    Column("whole_walks", Integer, nullable=False, default=0),  # since the job has ended
    UniqueConstraint("submission_id", "attempt", "ordinal"),
    Index("ix_batches_ica_batch_id", "ica_batch_id"),
)

items = Table(
    "items",
    metadata,
    Column("submission_id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("data_id", String(255), nullable=False),
    Column("line", Integer),  # null: ICA's own, not in the list
    Column("column", Integer),
    Column("flags", SmallInteger, nullable=False, default=0),  # of idlist's warnings
    Column("status", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("linked_id", String(255), nullable=False),
    Column("batch_id", Integer),  # that holds it; null: a batch of the first attempt, by position
    Column("ica_item_id", String(255)),  # in that batch, once it is known
    Column("changed_at", Double),
    Column("reason_id", Integer),  # of the reason with its ids and numbers masked
    Column("attempt", SmallInteger, nullable=False),  # whose finding this is
    # what is held by whom, and whose finding it is, is counted by the index alone
    Index(
        "ix_items_submission_id_status_position_batch_id_attempt",
        *("submission_id", "status", "position", "batch_id", "attempt"),
    ),
    Index("ix_items_data_id_submission_id", "data_id", "submission_id"),
    Index("ix_items_batch_id_position", "batch_id", "position"),
    Index(
        "ix_items_submission_id_reason_id_position_status",
        *("submission_id", "reason_id", "position", "status"),
        sqlite_where=text("reason_id IS NOT NULL"),
        postgresql_where=text("reason_id IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

history = Table(
    "history",  # what an attempt found of an item and is not, or not any more, in its row
    metadata,
    Column("submission_id", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("status", String(60), nullable=False),
    Column("reason", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("linked_id", String(255), nullable=False),
    Column("batch_id", Integer),
    Column("ica_item_id", String(255)),
    Column("changed_at", Double),
    Column("reason_id", Integer),
    Column("stood", Boolean, nullable=False),  # it was in the row, and may be so again
    Index(
        "ix_history_submission_id_attempt_status_position",
        *("submission_id", "attempt", "status", "position"),
    ),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",  # an attempt's counts over time
    metadata,
    Column("attempt_id", ForeignKey("attempts.id"), primary_key=True),
    Column("at", Double, primary_key=True),
    Column("counts", JSON, nullable=False),
)

reasons = Table(
    "reasons",  # reasons as they are grouped: ids, UUIDs, numbers and paths masked
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("status", String(60), nullable=False),
)

reason_groups = Table(
    "reason_groups",  # how many items of an attempt have a reason
    metadata,
    Column("submission_id", ForeignKey("submissions.id"), primary_key=True),
    Column("reason_id", ForeignKey("reasons.id"), primary_key=True),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_seen", Double, nullable=False),
    Column("count", Integer, nullable=False),  # as this attempt found them
    Column("standing", Integer, nullable=False),  # of these, how many rows have it now
)

chores = Table(
    "chores",  # longer work on one submission: copying items, checking them with ICA, leaving out
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission_id", ForeignKey("submissions.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False),
    Column("kind", EnumText(ChoreKind, 20), nullable=False),
    Column("spec", JSON, nullable=False),  # what is to be done, see chores.py
    Column("result", Document(TakeProgress), nullable=False, default=TakeProgress()),
    Column("problem", Document(KeptError)),  # why it can't go on, or ended without success
    Column("done", Integer, nullable=False, default=0),  # of `total` items
    Column("total", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("ended_at", Double),
    *_queue(),
    Column("failures", Integer, nullable=False, default=0),
)

finds = Table(
    "finds",  # questions: where are my ids?
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("name", String(255), nullable=False),
    Column("review", Document(FindReview), nullable=False),
)

find_ids = Table(
    "find_ids",
    metadata,
    Column("find_id", ForeignKey("finds.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("data_id", String(255), nullable=False),
    Column("line", Integer, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
)
