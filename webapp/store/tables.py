"""The tables, as SQLAlchemy sees them; migrations/ makes them.

Moments are seconds since 1970 (UTC, float). Positions count from 1. Documents, and numbers by
status, are JSON, read and written whole.
"""

from dataclasses import dataclass
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

from webapp.store.column_types import Document, EnumText, columns_of, stored
from webapp.store.documents import (
    Counts,
    FindReview,
    FolderQuery,
    KeptError,
    NamedProject,
    Receipt,
    Review,
    TakeProgress,
)
from webapp.store.enums import (
    PRIORITY,
    AccountTrouble,
    AttemptKind,
    AttemptState,
    AuditAction,
    BatchState,
    Blocked,
    BoardWord,
    ChoreKind,
    EntryKind,
    LookupKind,
    LookupState,
    Phase,
    Source,
    State,
    Task,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _where(condition: str) -> dict[str, Any]:
    """Of an index: it has the rows that meet the condition."""
    return dict.fromkeys(("sqlite_where", "postgresql_where"), text(condition))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The columns of a queue, see leases.py."""

    due_at: float | None = stored(index=True)  # null: nothing left to do
    lease_until: float = stored(default=0.0)
    worker: str = stored(length=64, default="")
    try_number: int = stored(default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A row of accounts; `trouble` is what its last calls of ICA met."""

    id: int = stored(primary_key=True)
    ica_url: str = stored(length=500)
    tenant: str = stored(length=255)
    subject: str = stored(length=255)
    name: str = stored(length=255)
    asked_tenant: str = stored(length=255)  # what the user typed: minting needs it
    sealed_key: str | None  # null once forgotten
    created_at: float
    trouble: AccountTrouble = stored(length=40, default=AccountTrouble.NONE)
    trouble_since: float | None
    trouble_until: float | None
    refusals: int = stored(default=0)  # 401s in a row
    refused_since: float | None  # the first of them
    ask_at: float = stored(default=0.0)  # ICA gave no answer about access: ask no sooner
    pace: float = stored(default=1.0)  # its share of the calls a second, when it was last 429
    paced_at: float | None  # when that was
    paused_until: float = stored(default=0.0)  # ICA asked for no more calls before


accounts = Table(
    "accounts", metadata, *columns_of(Account), UniqueConstraint("ica_url", "tenant", "subject")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A row of sessions; `device` and `address` are where it was opened."""

    token_hash: str = stored(length=64, primary_key=True)
    account_id: int = stored(ForeignKey("accounts.id"), index=True)
    created_at: float
    seen_at: float
    expires_at: float
    device: str = stored(length=255, default="")
    address: str = stored(length=64, default="")


sessions = Table("sessions", metadata, *columns_of(Session))


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A row of access."""

    account_id: int = stored(ForeignKey("accounts.id"), primary_key=True)
    project_id: str = stored(length=255, primary_key=True)
    project_name: str = stored(length=255, default="")
    allowed: bool
    checked_at: float  # when ICA last answered
    due_at: float  # when to ask again, if somebody is signed in


access = Table("access", metadata, *columns_of(Access))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRow:
    """A row of submissions."""

    id: int = stored(primary_key=True)
    account_id: int = stored(ForeignKey("accounts.id"), index=True)
    ica_url: str = stored(length=500)
    project_id: str = stored(length=255)
    project_name: str = stored(length=255)
    source: Source = stored(length=10)
    name: str = stored(length=255)
    state: State = stored(length=12, default=State.READING)
    phase: Phase = stored(length=12, default=Phase.NONE)
    board_word: BoardWord = stored(length=16, default=BoardWord.DRAFT)
    created_at: float
    submitted_at: float | None
    begun_at: float | None  # when its last attempt began
    settled_at: float | None  # when its last attempt ended
    changed_at: float
    watched_at: float
    revision: int = stored(default=1)  # raised by everything a page shows
    item_count: int = stored(default=0)  # positions; of a list of ids, its items
    empty_positions: int = stored(default=0)  # of lookups that led to no item of their own
    batch_size: int
    counts: Counts = stored(default=dict)  # status -> items, as of now
    review: Review = stored(default=Review())
    problem: str = stored(default="")  # why unreadable or refused, in words
    note: str = stored(default="")
    archived_at: float | None
    left_out: int = stored(default=0)  # items that no attempt has taken yet
    history_dropped_at: float | None  # what attempts before had found is no longer kept
    kept_bytes: int = stored(type_=BigInteger, default=0)  # see usage.py
    last_attempt_id: int = stored(default=0)  # orders the board
    lookup_projects: list[NamedProject] = stored(  # none: all data that may be linked
        type_=Document(list[NamedProject]), default=list
    )
    folder_query: FolderQuery | None = stored(
        type_=Document(FolderQuery, or_empty=True), nullable=False, default=dict
    )
    recipients: list[str] = stored(default=list)  # who gets a message when an attempt has ended

    @property
    def to_send(self) -> int:
        """Of a draft, how many items will be sent."""
        return self.item_count - self.left_out - self.empty_positions


submissions = Table(
    "submissions",
    metadata,
    *columns_of(SubmissionRow),
    Index(None, "project_id", "last_attempt_id"),
    sqlite_autoincrement=True,  # an address never leads to another list
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """A row of attempts.

    counts: status -> items, as this attempt found them; they stay when it has ended.
    receipt: what became of the items that were confirmed; None of the first, and until it is sent.
    """

    id: int = stored(primary_key=True)
    submission_id: int = stored(ForeignKey("submissions.id"))
    number: int = stored(type_=SmallInteger)
    kind: AttemptKind = stored(length=10)
    account_id: int = stored(ForeignKey("accounts.id"), index=True)
    state: AttemptState = stored(length=12)
    phase: Phase = stored(length=12, default=Phase.NONE)
    created_at: float
    begun_at: float | None
    ended_at: float | None
    size: int = stored(default=0)  # items that it has taken
    counts: Counts = stored(default=dict)  # status -> items, as it found them
    token: str = stored(length=64, default="", index=True)  # of the page that asked
    receipt: Receipt | None = stored(
        type_=Document(Receipt, or_empty=True), nullable=False, default=dict
    )
    problem: str = stored(default="")  # why it took nothing, or what ICA refused
    former_id: int | None = stored(unique=True)  # in 0.2.0 it was a submission of its own
    look_since: float | None  # of a restored copy: ICA may have its batches, made since then


attempts = Table(
    "attempts",
    metadata,
    *columns_of(AttemptRow),
    UniqueConstraint("submission_id", "number"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Queued):
    """A row of uploads."""

    submission_id: int = stored(ForeignKey("submissions.id"), primary_key=True)
    parts: list[str]  # the name of each part: a file, pasted text
    size: int = stored(type_=BigInteger, default=0)
    read_bytes: int = stored(type_=BigInteger, default=0)
    dropped_at: float | None  # its bytes are no longer kept


uploads = Table("uploads", metadata, *columns_of(Upload))

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
    Index(None, "submission_id", "kind", "ordinal"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """A row of lookups: a name or a path that stands in a list in place of a data id.

    key: see lookups.key_of. count: of its candidates, near ones aside, in all. first_item and
    last_item: the positions of the items that it led to; None: of none, nothing is chosen.
    shared: they are those of another line, which means the same data.
    """

    submission_id: int = stored(ForeignKey("submissions.id"), primary_key=True)
    position: int = stored(primary_key=True)
    kind: LookupKind = stored(length=10)
    text: str
    project: str  # that it names, by its id or its name; "": none
    key: str = stored(length=32)
    line: int
    column: int
    state: LookupState = stored(length=12, default=LookupState.WAITING)
    count: int = stored(default=0)
    closer: bool = stored(default=False)  # it was missing, and was looked for once more
    note: str = stored(default="")  # why it is impossible, in words
    files: int | None  # of a folder that was found, below it; None: not known
    first_item: int | None
    last_item: int | None
    shared: bool = stored(default=False)
    label: str = ""  # of the items that it leads to


lookups = Table(
    "lookups",
    metadata,
    *columns_of(Lookup),
    # what lookups led to is counted, by kind too, and their pages found, by this index alone
    Index(None, "submission_id", "state", "position", "first_item", "shared", "kind"),
    Index(None, "submission_id", "key"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRow:
    """A row of candidates: data that ICA has for a lookup, as it was when that was looked up."""

    submission_id: int = stored(ForeignKey("submissions.id"), primary_key=True)
    position: int = stored(primary_key=True)  # of the lookup
    ordinal: int = stored(primary_key=True)  # from 1, the likest first
    likeness: int = stored(type_=SmallInteger)
    data_id: str = stored(length=255)
    name: str
    path: str
    project_id: str = stored(length=255)  # that owns it
    project_name: str = stored(length=255)
    status: str = stored(length=40)  # ICA's, of the data
    size: int | None = stored(type_=BigInteger)  # in bytes; a folder has none
    modified_at: float | None


candidates = Table("candidates", metadata, *columns_of(CandidateRow), sqlite_with_rowid=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow(Queued):
    """A row of batches."""

    id: int = stored(primary_key=True)
    submission_id: int = stored(ForeignKey("submissions.id"))
    attempt: int = stored(type_=SmallInteger)  # its number
    account_id: int = stored(ForeignKey("accounts.id"))
    kind: AttemptKind = stored(length=10)
    ordinal: int  # within its attempt
    first_position: int
    last_position: int
    size: int = stored(default=0)
    state: BatchState = stored(length=12, default=BatchState.WAITING)
    task: Task = stored(length=10, default=Task.SEND)
    priority: int = stored(type_=SmallInteger, default=PRIORITY[Task.SEND])
    failures: int = stored(default=0)  # in a row; they lengthen the pause
    blocked: Blocked = stored(length=20, default=Blocked.NO)
    trouble: KeptError | None  # the last error that will be tried again
    # what ICA knows of it
    intent_at: float | None
    intent_ica_at: float | None  # by ICA's clock, if that was known
    sent_at: float | None
    settled_at: float | None
    ica_batch_id: str | None = stored(length=255)
    ica_job_id: str | None = stored(length=255)
    job_status: str = stored(length=40, default="")
    job_information: str = stored(default="")
    job_finished_at: float | None
    problem: KeptError | None  # ICA's refusal, word for word
    counts: Counts = stored(default=dict)
    total: int | None
    counted_at: float | None
    sent_again: bool = stored(default=False)  # in doubt whether ICA had it
    # its items by their rows, status -> items
    held: Counts = stored(default=dict)  # that it holds now, as of now
    found: Counts = stored(default=dict)  # all its items, as it found them
    taken: Counts = stored(default=dict)  # of these, what later attempts took
    missing_count: int = stored(default=0)  # 404s in a row
    missing_since: float | None
    # how far its items' rows are up to date
    round_cursor: str | None
    round_read: int = stored(default=0)
    round_started_at: float | None
    rows_read: int = stored(default=0)
    rows_as_of: float | None
    failed_cursor: str | None
    failed_count: int = stored(default=0)  # when they were last walked
    failed_walked_at: float | None
    whole_walks: int = stored(default=0)  # since the job has ended
    round_pages: int = stored(default=0)
    round_mark: str | None  # a cursor of the round: one that comes again is a circle
    failed_pages: int = stored(default=0)  # and the same of the failed items
    failed_mark: str | None
    circles: int = stored(default=0)  # that its walks met
    vain_tries: int = stored(default=0)  # of one kind, in a row
    vain_kind: str = stored(length=60, default="")
    rest_of: int | None  # the batch whose items it had, before ICA found them too many
    # how often a row of its items was changed, so that a page learns how many it lacks
    rows_changed: int = stored(type_=BigInteger, default=0)


batches = Table(
    "batches",
    metadata,
    *columns_of(BatchRow),
    UniqueConstraint("submission_id", "attempt", "ordinal"),
    Index(None, "ica_batch_id"),
    # One that was adopted by hand may be another one's, and has no intent_at.
    Index(
        "uq_batches_ica_batch_id", "ica_batch_id", unique=True, **_where("intent_at IS NOT NULL")
    ),
    Index(None, "rest_of", **_where("rest_of IS NOT NULL")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A row of items; `line` is None for an item that ICA has and the list has not."""

    submission_id: int = stored(primary_key=True)
    position: int = stored(primary_key=True)
    data_id: str = stored(length=255)
    line: int | None  # null: ICA's own, not in the list
    column: int | None
    flags: int = stored(type_=SmallInteger, default=0)  # of idlist's warnings
    status: str = stored(length=60)
    reason: str
    name: str
    path: str
    linked_id: str = stored(length=255)
    batch_id: int | None  # that holds it; null: a batch of the first attempt, by position
    ica_item_id: str | None = stored(length=255)  # in that batch, once it is known
    changed_at: float | None
    reason_id: int | None  # of the reason with its ids and numbers masked
    attempt: int = stored(type_=SmallInteger)  # whose finding this is
    label: str = ""  # the user's own word for it, from another column of the list


items = Table(
    "items",
    metadata,
    *columns_of(Item),
    # what is held by whom, and whose finding it is, is counted by the index alone
    Index(None, "submission_id", "status", "position", "batch_id", "attempt"),
    Index(None, "data_id", "submission_id"),
    Index(None, "batch_id", "position"),
    Index(
        None, "submission_id", "reason_id", "position", "status", **_where("reason_id IS NOT NULL")
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
    Index(None, "submission_id", "attempt", "status", "position"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoreRow(Queued):
    """A row of chores: `done` of `total` items; `result` is what came of taking them."""

    id: int = stored(primary_key=True)
    submission_id: int = stored(ForeignKey("submissions.id"), index=True)
    account_id: int = stored(ForeignKey("accounts.id"))
    kind: ChoreKind = stored(length=20)
    spec: dict[str, Any]  # what is to be done, see chores.py
    result: TakeProgress = stored(default=TakeProgress())
    problem: KeptError | None  # why it can't go on, or ended without success
    done: int = stored(default=0)  # of `total` items
    total: int
    created_at: float
    ended_at: float | None
    failures: int = stored(default=0)  # leases in a row, this one too, that recorded nothing


chores = Table("chores", metadata, *columns_of(ChoreRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRow:
    """A row of finds."""

    id: str = stored(length=40, primary_key=True)
    account_id: int = stored(ForeignKey("accounts.id"), index=True)
    created_at: float
    name: str = stored(length=255)
    review: FindReview
    shared_at: float | None  # null: only its asker may see it
    deleted_at: float | None  # null: it is there
    kept_bytes: int = stored(type_=BigInteger, default=0)  # see usage.py


finds = Table("finds", metadata, *columns_of(FindRow))

find_ids = Table(
    "find_ids",
    metadata,
    Column("find_id", ForeignKey("finds.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("data_id", String(255), nullable=False),
    Column("line", Integer, nullable=False),
    Column("text", Text, nullable=False, default=""),  # the name or path that led to the id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """A row of searches: what somebody looked for on a page, under a random key; of a search among
    a list's items, the list's number and a dot stand before it.
    """

    id: str = stored(length=40, primary_key=True)
    account_id: int = stored(ForeignKey("accounts.id"))
    text: str
    created_at: float
    shared_at: float | None  # null: only its asker may have it


searches = Table("searches", metadata, *columns_of(SearchRow))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A row of visits: what a reader has seen of a submission's counts, wherever they were shown.

    counts: as they were shown at seen_at, in the visit that began at began_at. before_at and
    before_counts: the reader's last look before it, while this visit tells what changed since.
    """

    submission_id: int = stored(ForeignKey("submissions.id"), primary_key=True)
    account_id: int = stored(ForeignKey("accounts.id"), primary_key=True)
    began_at: float
    seen_at: float
    counts: Counts = stored(default=dict)
    before_at: float | None
    before_counts: Counts = stored(default=dict)


visits = Table("visits", metadata, *columns_of(Visit), sqlite_with_rowid=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow(Queued):
    """A row of messages: what one recipient is told at the end of one attempt.

    recipient: an address that the operator allows, as it is called in the settings. key: the same
    for every try, so that a receiver can drop a repeat.
    """

    id: int = stored(primary_key=True)
    submission_id: int = stored(ForeignKey("submissions.id"))
    attempt: int = stored(type_=SmallInteger)  # its number
    recipient: str = stored(length=255)
    key: str = stored(length=40)
    created_at: float
    sent_at: float | None
    failures: int = stored(default=0)  # in a row; they lengthen the pause
    problem: KeptError | None  # why it was not sent yet, or will not be


messages = Table(
    "messages",
    metadata,
    *columns_of(MessageRow),
    UniqueConstraint("submission_id", "attempt", "recipient"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A row of audit: who did what. It refers to nothing, so it outlives what it tells of."""

    id: int = stored(primary_key=True)
    at: float
    action: AuditAction = stored(length=20)
    account_id: int | None  # that did it, or whose sessions ended; null: no account
    who: str = stored(length=255)  # their name
    address: str = stored(length=64)
    submission_id: int | None
    owner_id: int | None  # the account that submitted it
    submission_name: str = stored(length=255)
    details: dict[str, Any]  # counts, and what else tells it from another


audit = Table(
    "audit",
    metadata,
    *columns_of(AuditRow),
    Index(None, "at"),
    Index(None, "submission_id", "id"),
    Index(None, "account_id", "id"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("beat_at", Double, nullable=False),
    Column("ahead", Double, nullable=False, default=0.0),  # its machine's clock, of the database's
    Column("ica_ahead", Double),  # ICA's clock, of the database's; null: not asked yet
)

ica_limits = Table(
    "ica_limits",  # what an ICA was found to take, and when
    metadata,
    Column("ica_url", String(500), primary_key=True),
    Column("batch_size", Integer),
    Column("batch_size_at", Double),
)

clock = Table(
    "clock",  # its one row: how far the dashboard's time is from the database's clock, see clock.py
    metadata,
    Column("id", Integer, primary_key=True),
    Column("offset", Double, nullable=False),
    Column("since", Double, nullable=False),
    Column("generation", Integer, nullable=False),
)
