"""attempts live inside the list.

In 0.2.0 a retry or an undo was a submission of its own, with copies of the items (items.retried_in
led to it, and its items were numbered in the order of those they were copied from). A whole tree
of them becomes one submission: its root, and an attempt for each other member, under whose id it is
found again (attempts.id too is the id that it had).

Everything happens in the transaction that Store.migrate() opened: a migration that is killed has
changed nothing, and begins anew. Nothing here changes with webapp.store: it is of 0.2.0 and 0003.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.store.migrations.columns import filled, keys, make_index, nullable, reference

revision = "0003"
down_revision = "0002"

WITH_REASON = "reason_id IS NOT NULL"

log = logging.getLogger("linkboard.migration")

STEPS = 7
SLICE_ITEMS = 100_000  # items of lists that are written by one statement
PROGRESS_SECONDS = 5.0
BEGUN = ("active", "settled")
LEFT = (
    "The retry or undo “{name}” was still being prepared when Linkboard was updated, so nothing of "
    "it was sent: confirm it again."
)

Row = sa.Row[Any]
Counts = dict[str, int]


def upgrade() -> None:
    connection = op.get_bind()
    _lock(connection)
    steps = Steps(connection)
    families = Families(_submissions(connection))
    steps.say("the attempts of %d lists", len(families.roots))
    _make_attempts(connection, families)
    steps.say("who has taken which item")
    _make_findings(connection)
    steps.say("what was found before")
    _make_history(steps, families)
    steps.say("batches and reasons")
    found = _found_by_batches(connection)
    _change_reasons(connection)
    steps.say("items")
    _make_items(steps, families)
    steps.say("the indexes of the items")
    _index_items()
    steps.say("the numbers of the lists")
    _make_reason_groups(connection)
    _change_batches(connection, found)
    _change_snapshots(connection)
    _change_submissions(connection, families)
    for name in ("findings", "marks"):
        op.drop_table(name)


class Steps:
    """Says how far it is; of an empty database there is nothing to say."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        counted = "SELECT count(*) FROM submissions"
        self._silent = connection.execute(sa.text(counted)).scalar() == 0
        self._step, self._what, self._said_at = 0, "", 0.0

    def say(self, what: str, *values: object) -> None:
        self._step += 1
        self._what = what % values
        self._say("")

    def slices(self, families: "Families") -> Iterable[dict[str, int]]:
        """Ranges of lists with some SLICE_ITEMS items each; meanwhile it says how many are done."""
        roots, first, size = families.roots, 0, 0
        for number, root in enumerate(roots, start=1):
            size += root.item_count
            if size >= SLICE_ITEMS or number == len(roots):
                yield {"first": roots[first].id, "last": root.id}
                first, size = number, 0
                if time.monotonic() - self._said_at > PROGRESS_SECONDS:
                    self._say(f": {number} of {len(roots)} lists done")

    def _say(self, how_far: str) -> None:
        self._said_at = time.monotonic()
        if not self._silent:
            log.info("Migration, step %d of %d: %s%s.", self._step, STEPS, self._what, how_far)


# families


@dataclass(frozen=True, slots=True)
class Member:
    """What becomes an attempt: its number, and the submission that it is one of."""

    row: Row
    root_id: int
    number: int
    began: float  # never before what it was made from, whatever the clocks said


@dataclass(slots=True)
class Families:
    """The submissions of 0.2.0: roots, the attempts that each has, and what had not begun."""

    every: Sequence[Row]
    roots: list[Row] = field(default_factory=list)
    members: dict[int, list[Member]] = field(default_factory=dict)  # by root, in their order
    dropped: list[Row] = field(default_factory=list)
    root_of: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ids rise from parent to child."""
        began: dict[int, float] = {}
        family: dict[int, list[Row]] = {}
        for row in self.every:
            parent = self.root_of.get(row.parent_id) if row.parent_id in began else None
            if row.parent_id is not None and row.state not in BEGUN:
                self.dropped.append(row)
                continue
            root_id = self.root_of[row.id] = parent or row.id
            family.setdefault(root_id, []).append(row)
            if row.state in BEGUN:
                before = began[row.parent_id] if parent else 0.0
                began[row.id] = max(before, row.submitted_at or row.created_at)
            if root_id == row.id:
                self.roots.append(row)
        for root_id, rows in family.items():
            rows.sort(key=lambda row: (row.id != root_id, began.get(row.id, 0.0), row.id))
            self.members[root_id] = [
                Member(row, root_id, number, began.get(row.id, 0.0))
                for number, row in enumerate(rows, start=1)
            ]


def _make_attempts(connection: sa.Connection, families: Families) -> None:
    attempts = op.create_table(
        "attempts",
        *keys(sa.Integer(), "id"),
        reference("submissions"),
        *filled(sa.SmallInteger(), "number"),
        *filled(sa.String(10), "kind"),
        reference("accounts", index=True),
        *filled(sa.String(12), "state", "phase"),
        *filled(sa.Double(), "created_at"),
        *nullable(sa.Double(), "begun_at", "ended_at"),
        *filled(sa.Integer(), "size"),
        *filled(sa.JSON(), "counts"),
        sa.Column("token", sa.String(64), nullable=False, index=True),
        *filled(sa.JSON(), "receipt"),
        *filled(sa.Text(), "problem"),
        sa.Column("former_id", sa.Integer(), unique=True),
        sa.UniqueConstraint("submission_id", "number"),
        sqlite_autoincrement=True,
    )
    summed = "SELECT submission_id, sum(size) FROM batches GROUP BY submission_id"
    sizes = _pairs(connection, summed)
    rows = [_attempt(member, sizes) for members in families.members.values() for member in members]
    if rows:
        connection.execute(attempts.insert(), rows)
    _go_on_from(connection, "attempts", max((row.id for row in families.every), default=0))


def _attempt(member: Member, sizes: Mapping[int, int]) -> dict[str, Any]:
    row = member.row
    receipt = (row.review or {}).get("receipt", {})
    states = {"active": "active", "settled": "ended"}
    return {
        "id": row.id,
        "submission_id": member.root_id,
        "number": member.number,
        "kind": row.kind,
        "account_id": row.account_id,
        "state": states.get(row.state, "draft"),
        "phase": row.phase if row.state in BEGUN else "",
        "created_at": row.created_at,
        "begun_at": row.submitted_at,
        "ended_at": row.settled_at if row.state == "settled" else None,
        "size": sizes.get(row.id, 0),
        "counts": _without_left_out(row.counts) if row.state in BEGUN else {},
        "token": (row.review or {}).get("token", ""),
        "receipt": {key: receipt[key] for key in ("made", "skipped", "by_status") if receipt},
        "problem": row.problem if row.state in BEGUN else "",
        "former_id": row.id if member.number > 1 else None,
    }


def _without_left_out(counts: Mapping[str, int]) -> Counts:
    return {word: count for word, count in counts.items() if word != "LEFT_OUT"}


# what every attempt has found of every item


def _make_findings(connection: sa.Connection) -> None:
    """One row for each item that was copied, and for each copy of it.

    root_id and place: the item. number: of the attempt. submission_id and position: where it stood
    in 0.2.0. batch_id: what it was sent in. stands: it told how the item stands, until another has.
    present: it tells that now. is_last: its batch holds the item.
    """
    op.create_table(
        "marks",
        *keys(sa.Integer(), "source_id", "source_position"),
        *filled(sa.Integer(), "taker_id", "taker_position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "findings",
        *keys(sa.Integer(), "root_id", "place"),
        *keys(sa.SmallInteger(), "number"),
        *filled(sa.Integer(), "submission_id", "position"),
        *nullable(sa.Integer(), "batch_id"),
        *filled(sa.Boolean(), "is_first", "is_last", "stands", "present"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batches_first", "batches", ["submission_id", "first_position"])
    _do(connection, MARKS)
    op.create_index("ix_marks_taker", "marks", ["taker_id", "taker_position"])
    _analyze(connection, "marks", "batches", "attempts")
    _do(connection, FINDINGS)
    _analyze(connection, "findings")


MARKS = """
INSERT INTO marks (source_id, source_position, taker_id, taker_position)
SELECT i.submission_id, i.position, i.retried_in,
       row_number() OVER (PARTITION BY i.retried_in ORDER BY i.position)
FROM items i JOIN attempts a ON a.id = i.retried_in
WHERE i.retried_in IS NOT NULL AND a.number > 1
"""
BATCH_OF = """
(SELECT b.id FROM batches b
 WHERE b.submission_id = i.submission_id AND b.first_position <= i.position
 ORDER BY b.first_position DESC LIMIT 1)
"""
# An item that ICA (V3) has added to a copy stands behind the list from now on.
FINDINGS = f"""
INSERT INTO findings (root_id, place, number, submission_id, position, batch_id,
                      is_first, is_last, stands, present)
WITH RECURSIVE chain (submission_id, position, place) AS (
    SELECT m.source_id, m.source_position, m.source_position
    FROM marks m JOIN attempts a ON a.id = m.source_id
    WHERE a.number = 1
  UNION ALL
    SELECT i.submission_id, i.position, s.item_count + row_number() OVER (
        PARTITION BY a.submission_id ORDER BY a.number, i.position)
    FROM attempts a
    JOIN submissions s ON s.id = a.submission_id
    JOIN items i ON i.submission_id = a.id
    WHERE a.number > 1 AND NOT EXISTS (
        SELECT 1 FROM marks m
        WHERE m.taker_id = i.submission_id AND m.taker_position = i.position)
  UNION ALL
    SELECT m.taker_id, m.taker_position, c.place
    FROM chain c
    JOIN marks m ON m.source_id = c.submission_id AND m.source_position = c.position
), placed AS (
    SELECT a.submission_id AS root_id, c.place, a.number, a.kind, c.submission_id, c.position,
           i.status,
           CASE WHEN i.status = 'LEFT_OUT' THEN NULL
                ELSE coalesce(i.batch_id, {BATCH_OF}) END AS batch_id,
           row_number() OVER later = 1 AS is_first,
           lead(a.number) OVER later IS NULL AS is_last
    FROM chain c
    JOIN attempts a ON a.id = c.submission_id
    JOIN items i ON i.submission_id = c.submission_id AND i.position = c.position
    WINDOW later AS (PARTITION BY a.submission_id, c.place ORDER BY a.number)
), told AS (
    SELECT p.*, p.is_first OR CASE
        WHEN p.kind = 'unlink'
        THEN p.status IN ('UNLINKED', 'ALREADY_UNLINKED', 'PARTIALLY_UNLINKED')
        ELSE p.status NOT IN ('UNREAD', 'NOT_SENT', 'UNKNOWN') AND NOT (
            p.status IN ('INITIALISED', 'WAITING_RESOURCES', 'RUNNING')
            AND b.state IN ('settled', 'refused', 'stopped', 'lost'))
        END AS stands
    FROM placed p LEFT JOIN batches b ON b.id = p.batch_id
)
SELECT root_id, place, number, submission_id, position, batch_id, is_first, is_last, stands,
       number = max(CASE WHEN stands THEN number END) OVER (PARTITION BY root_id, place)
FROM told
ORDER BY root_id, place, number
"""


def _known(column: str) -> str:
    """What a finding `p`, of the item `t`, has of a column; else what was known before."""
    return f"""
    CASE WHEN t.{column} = '' THEN coalesce((
        SELECT x.{column} FROM findings f
        JOIN items x ON x.submission_id = f.submission_id AND x.position = f.position
        WHERE f.root_id = p.root_id AND f.place = p.place AND f.number < p.number
              AND f.stands AND x.{column} <> ''
        ORDER BY f.number DESC LIMIT 1), '')
    ELSE t.{column} END
    """


# history


def _make_history(steps: Steps, families: Families) -> None:
    op.create_table(
        "history",
        *keys(sa.Integer(), "submission_id", "position"),
        *keys(sa.SmallInteger(), "attempt"),
        *filled(sa.String(60), "status"),
        *filled(sa.Text(), "reason", "path"),
        *filled(sa.String(255), "linked_id"),
        *nullable(sa.Integer(), "batch_id"),
        *nullable(sa.String(255), "ica_item_id"),
        *nullable(sa.Double(), "changed_at"),
        *nullable(sa.Integer(), "reason_id"),
        *filled(sa.Boolean(), "stood"),
        sqlite_with_rowid=False,
    )
    for part in steps.slices(families):
        _do(steps.connection, HISTORY, part)
    make_index("history", "submission_id", "attempt", "status", "position")


# What another attempt has taken since, or what did not come to count.
HISTORY = f"""
INSERT INTO history (submission_id, position, attempt, status, reason, path, linked_id, batch_id,
                     ica_item_id, changed_at, reason_id, stood)
SELECT p.root_id, p.place, p.number, t.status, t.reason, {_known("path")}, {_known("linked_id")},
       p.batch_id, t.ica_item_id, t.changed_at, t.reason_id, p.stands
FROM findings p JOIN items t ON t.submission_id = p.submission_id AND t.position = p.position
WHERE (NOT p.is_last OR (NOT p.stands AND t.status <> 'UNREAD'))
      AND p.root_id BETWEEN :first AND :last
"""


# reasons


def _change_reasons(connection: sa.Connection) -> None:
    """A group has one status; what no item has is forgotten."""
    with op.batch_alter_table("reasons") as table:
        table.add_column(sa.Column("status", sa.String(length=60), nullable=True))
    _do(connection, "CREATE TABLE told (id INTEGER PRIMARY KEY, status VARCHAR(60) NOT NULL)")
    told = f"SELECT reason_id, min(status) FROM items WHERE {WITH_REASON} GROUP BY reason_id"
    _do(connection, f"INSERT INTO told {told}")
    status = "SELECT t.status FROM told t WHERE t.id = reasons.id"
    _do(connection, f"UPDATE reasons SET status = ({status})")
    op.drop_table("told")


def _make_reason_groups(connection: sa.Connection) -> None:
    """An attempt's own items with a reason stand in its history, or in the rows that are its own
    finding; these are how the list stands.
    """
    op.create_table(
        "new_reason_groups",
        *filled(sa.Integer(), "submission_id", "reason_id"),
        *filled(sa.SmallInteger(), "attempt"),
        *filled(sa.Double(), "first_seen"),
        *filled(sa.Integer(), "count", "standing"),
        *(
            sa.ForeignKeyConstraint(
                [f"{name}_id"], [f"{name}s.id"], name=op.f(f"fk_reason_groups_{name}_id")
            )
            for name in ("reason", "submission")
        ),
        _primary_key(connection, "reason_groups", "submission_id", "reason_id", "attempt"),
    )
    _do(connection, REASON_GROUPS)
    _put_in_place(connection, "reason_groups")
    _do(connection, "DELETE FROM reasons WHERE id NOT IN (SELECT reason_id FROM reason_groups)")
    with op.batch_alter_table("reasons") as table:
        table.alter_column("status", existing_type=sa.String(length=60), nullable=False)


REASON_GROUPS = """
INSERT INTO new_reason_groups (submission_id, reason_id, attempt, first_seen, count, standing)
SELECT w.submission_id, w.reason_id, w.attempt,
       coalesce(min(g.first_seen), min(w.changed_at), min(a.created_at)), sum(w.own), sum(w.stands)
FROM (
    SELECT i.submission_id, i.reason_id, i.attempt, min(i.changed_at) AS changed_at,
           sum(CASE WHEN h.attempt IS NULL THEN 1 ELSE 0 END) AS own, count(*) AS stands
    FROM items i
    LEFT JOIN history h ON h.submission_id = i.submission_id AND h.position = i.position
                           AND h.attempt = i.attempt
    WHERE i.reason_id IS NOT NULL
    GROUP BY i.submission_id, i.reason_id, i.attempt
  UNION ALL
    SELECT submission_id, reason_id, attempt, min(changed_at), count(*), 0
    FROM history
    WHERE reason_id IS NOT NULL
    GROUP BY submission_id, reason_id, attempt
) w
JOIN attempts a ON a.submission_id = w.submission_id AND a.number = w.attempt
LEFT JOIN reason_groups g ON g.submission_id = a.id AND g.reason_id = w.reason_id
GROUP BY w.submission_id, w.reason_id, w.attempt
"""


# items


def _make_items(steps: Steps, families: Families) -> None:
    connection = steps.connection
    op.create_table(
        "new_items",
        *filled(sa.Integer(), "submission_id", "position"),
        *filled(sa.String(255), "data_id"),
        *nullable(sa.Integer(), "line", "column"),
        *filled(sa.SmallInteger(), "flags"),
        *filled(sa.String(60), "status"),
        *filled(sa.Text(), "reason", "name", "path"),
        *filled(sa.String(255), "linked_id"),
        *nullable(sa.Integer(), "batch_id"),
        *nullable(sa.String(255), "ica_item_id"),
        *nullable(sa.Double(), "changed_at"),
        *nullable(sa.Integer(), "reason_id"),
        *filled(sa.SmallInteger(), "attempt"),
        _primary_key(connection, "items", "submission_id", "position"),
        sqlite_with_rowid=False,
    )
    for part in steps.slices(families):
        _do(connection, LISTED_ITEMS, part)
        _do(connection, APPENDED_ITEMS, part)
    _put_in_place(connection, "items")


ITEM = 'submission_id, position, data_id, line, "column", flags'
TOLD = "status, reason, name, path, linked_id, batch_id, ica_item_id, changed_at, reason_id"


def _or_own(column: str) -> str:
    return f"CASE WHEN p.number IS NULL THEN i.{column} ELSE t.{column} END"


# `t` is the row of 0.2.0 that tells how the item stands, `h` that of the batch that holds it.
LISTED_ITEMS = f"""
INSERT INTO new_items ({ITEM}, {TOLD}, attempt)
SELECT i.submission_id, i.position, i.data_id, i.line, i."column", i.flags,
       {_or_own("status")}, {_or_own("reason")},
       CASE WHEN p.number IS NULL THEN i.name ELSE {_known("name")} END,
       CASE WHEN p.number IS NULL THEN i.path ELSE {_known("path")} END,
       CASE WHEN p.number IS NULL THEN i.linked_id ELSE {_known("linked_id")} END,
       CASE WHEN l.number IS NULL THEN i.batch_id ELSE l.batch_id END,
       CASE WHEN l.number IS NULL THEN i.ica_item_id ELSE h.ica_item_id END,
       {_or_own("changed_at")}, {_or_own("reason_id")}, coalesce(p.number, 1)
FROM attempts a CROSS JOIN items i
LEFT JOIN findings p ON p.root_id = i.submission_id AND p.place = i.position AND p.present
LEFT JOIN items t ON t.submission_id = p.submission_id AND t.position = p.position
LEFT JOIN findings l ON l.root_id = i.submission_id AND l.place = i.position AND l.is_last
LEFT JOIN items h ON h.submission_id = l.submission_id AND h.position = l.position
WHERE i.submission_id = a.id AND a.number = 1 AND a.id BETWEEN :first AND :last
"""
APPENDED_ITEMS = f"""
INSERT INTO new_items ({ITEM}, {TOLD}, attempt)
SELECT p.root_id, p.place, t.data_id, t.line, t."column", t.flags, t.status, t.reason,
       {_known("name")}, {_known("path")}, {_known("linked_id")}, l.batch_id, h.ica_item_id,
       t.changed_at, t.reason_id, p.number
FROM submissions s
JOIN findings p ON p.root_id = s.id AND p.place > s.item_count AND p.present
JOIN items t ON t.submission_id = p.submission_id AND t.position = p.position
JOIN findings l ON l.root_id = p.root_id AND l.place = p.place AND l.is_last
JOIN items h ON h.submission_id = l.submission_id AND h.position = l.position
WHERE s.id BETWEEN :first AND :last
"""


def _index_items() -> None:
    make_index("items", "submission_id", "status", "position", "batch_id", "attempt")
    make_index("items", "data_id", "submission_id")
    make_index("items", "batch_id", "position")
    make_index("items", "submission_id", "reason_id", "position", "status", where=WITH_REASON)


# batches


def _found_by_batches(connection: sa.Connection) -> dict[int, Counts]:
    """All its items by its own words: in 0.2.0 that is what its rows say."""
    in_attempts = "JOIN attempts a ON a.id = i.submission_id WHERE i.status <> 'LEFT_OUT'"
    return _by_batch(connection, BY_BATCH.format(in_attempts))


BY_BATCH = f"""
SELECT batch, status, count(*) FROM (
    SELECT coalesce(i.batch_id, {BATCH_OF}) AS batch, i.status FROM items i {{}}
) w WHERE batch IS NOT NULL GROUP BY batch, status
"""
# A row that names no batch is one of the first attempt's, and BATCH_OF still goes by the ids of
# 0.2.0: a root's own.
HELD = BY_BATCH.format("WHERE i.status <> 'LEFT_OUT' OR i.batch_id IS NOT NULL")
TAKEN = """
SELECT batch_id, status, count(*) FROM history
WHERE stood AND batch_id IS NOT NULL GROUP BY batch_id, status
"""
RANGES = """
SELECT batch_id, min(place), max(place) FROM findings
WHERE number > 1 AND NOT is_first GROUP BY batch_id
"""


def _by_batch(connection: sa.Connection, statement: str) -> dict[int, Counts]:
    found: dict[int, Counts] = defaultdict(dict)
    for batch_id, status, count in connection.execute(sa.text(statement)):
        found[batch_id][status] = count
    return {batch_id: dict(sorted(counts.items())) for batch_id, counts in found.items()}


def _change_batches(connection: sa.Connection, found: Mapping[int, Counts]) -> None:
    counted = {"held": _by_batch(connection, HELD), "found": found}
    counted["taken"] = _by_batch(connection, TAKEN)
    ranges = {row[0]: (row[1], row[2]) for row in connection.execute(sa.text(RANGES))}
    op.drop_index("ix_batches_first", "batches")
    new: dict[str, sa.types.TypeEngine[Any]] = {
        "attempt": sa.SmallInteger(),
        "sent_again": sa.Boolean(),
        **dict.fromkeys(counted, sa.JSON()),
    }
    with op.batch_alter_table("batches") as table:
        table.drop_constraint("uq_batches_submission_id_ordinal", type_="unique")
        for name, kind in new.items():
            table.add_column(sa.Column(name, kind, nullable=True))
    values = []
    for row in _read(connection, BATCHES_AND_ATTEMPTS):
        first, last = ranges.get(row.id, (row.first_position, row.last_position))
        place = {"key": row.id, "submission_id": row.root_id, "attempt": row.number}
        ends = {"first_position": first, "last_position": last, "sent_again": False}
        counts = {name: by_batch.get(row.id, {}) for name, by_batch in counted.items()}
        values.append(place | ends | counts)
    _update(connection, "batches", values)
    _do(connection, "DELETE FROM batches WHERE attempt IS NULL")
    with op.batch_alter_table("batches") as table:
        for name, kind in new.items():
            table.alter_column(name, existing_type=kind, nullable=False)
        table.create_unique_constraint(
            "uq_batches_submission_id_attempt_ordinal", ["submission_id", "attempt", "ordinal"]
        )


BATCHES_AND_ATTEMPTS = """
SELECT b.id, b.first_position, b.last_position, a.submission_id AS root_id, a.number
FROM batches b JOIN attempts a ON a.id = b.submission_id
"""


# snapshots


def _change_snapshots(connection: sa.Connection) -> None:
    """An attempt has the id that its submission had."""
    _do(connection, "DELETE FROM snapshots WHERE submission_id NOT IN (SELECT id FROM attempts)")
    if connection.dialect.name == "sqlite":
        without = "json_remove(counts, '$.LEFT_OUT')"
    else:
        without = "(counts::jsonb - 'LEFT_OUT')::json"
    some_left_out = "submission_id IN (SELECT id FROM submissions WHERE left_out > 0)"
    _do(connection, f"UPDATE snapshots SET counts = {without} WHERE {some_left_out}")
    with op.batch_alter_table("snapshots") as table:
        table.drop_constraint("fk_snapshots_submission_id", type_="foreignkey")
        table.alter_column("submission_id", new_column_name="attempt_id")
    with op.batch_alter_table("snapshots") as table:
        table.create_foreign_key("fk_snapshots_attempt_id", "attempts", ["attempt_id"], ["id"])


# submissions


def _change_submissions(connection: sa.Connection, families: Families) -> None:
    for index in ("project_id_id", "root_id", "parent_id"):
        op.drop_index(f"ix_submissions_{index}", "submissions")
    with op.batch_alter_table("submissions") as table:
        table.add_column(sa.Column("board_word", sa.String(length=16), nullable=True))
        table.add_column(sa.Column("begun_at", sa.Double(), nullable=True))
        table.add_column(sa.Column("last_attempt_id", sa.Integer(), nullable=True))
    _update(connection, "submissions", Numbers(connection, families).values())
    _drop_what_is_no_submission(connection)
    with op.batch_alter_table("submissions", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("board_word", existing_type=sa.String(length=16), nullable=False)
        table.alter_column("last_attempt_id", existing_type=sa.Integer(), nullable=False)
        for name in ("kind", "batch_count", "parent_id", "root_id", "attempt"):
            table.drop_column(name)
    make_index("submissions", "project_id", "last_attempt_id")
    _go_on_from(connection, "submissions", _last_id(families))


def _last_id(families: Families) -> int:
    """No address may lead to another list than it did, that of a parent long gone included."""
    ids = (row_id for row in families.every for row_id in (row.id, row.parent_id, row.root_id))
    return max((row_id for row_id in ids if row_id), default=0)


def _drop_what_is_no_submission(connection: sa.Connection) -> None:
    _do(connection, "DELETE FROM chores WHERE kind = 'copy'")
    gone = "(SELECT id FROM submissions WHERE last_attempt_id IS NULL)"
    for name in ("chores", "upload_pieces", "uploads", "entries"):
        _do(connection, f"DELETE FROM {name} WHERE submission_id IN {gone}")
    _do(connection, "DELETE FROM submissions WHERE last_attempt_id IS NULL")


OF_THE_BEGUN = ("state", "phase", "settled_at", "counts", "problem", "archived_at", "left_out")


class Numbers:
    """What the submissions come to, from their batches: as webapp/store/rollup.py does it."""

    def __init__(self, connection: sa.Connection, families: Families) -> None:
        self._families = families
        self._parts: dict[int, list[Row]] = defaultdict(list)
        table = _table(connection, "batches")
        for part in connection.execute(sa.select(table).order_by(table.c.id)):
            self._parts[part.submission_id].append(part)
        self._left_out = _pairs(connection, STILL_LEFT_OUT)
        self._appended = _pairs(connection, APPENDED)
        self._notes: dict[int, list[str]] = defaultdict(list)
        for row in families.dropped:
            if row.state == "reading":
                what_was_not_sent = LEFT.format(name=row.name)
                log.info("Submission %d: %s", row.parent_id, what_was_not_sent)
                if root_id := families.root_of.get(row.parent_id):
                    self._notes[root_id].append(what_was_not_sent)

    def values(self) -> list[dict[str, Any]]:
        return [
            self._root(root, [member.row for member in self._families.members[root.id]])
            for root in self._families.roots
        ]

    def _root(self, root: Row, rows: Sequence[Row]) -> dict[str, Any]:
        values = {name: getattr(root, name) for name in OF_THE_BEGUN} | {
            "key": root.id,
            "source": root.source if root.source in ("upload", "adopt") else "upload",
            "board_word": "draft",
            "begun_at": rows[-1].submitted_at,
            "changed_at": max(row.changed_at for row in rows),
            "watched_at": max(row.watched_at for row in rows),
            "revision": sum(row.revision for row in rows) + 1,
            "item_count": root.item_count + self._appended.get(root.id, 0),
            "review": self._review(root),
            "note": "\n".join([*_notes(root, rows), *self._notes[root.id]]),
            "last_attempt_id": rows[-1].id,
        }
        return values | (self._begun(root, rows) if root.state in BEGUN else {})

    def _begun(self, root: Row, rows: Sequence[Row]) -> dict[str, Any]:
        parts = self._parts[root.id]
        left_out = self._left_out.get(root.id, 0)
        counts = _sum([{"LEFT_OUT": left_out}, *map(_standing, parts)])
        state, phase = _where(parts)
        settled = state == "settled"
        ended = [row.settled_at for row in rows if row.settled_at is not None]
        return {
            "state": state,
            "phase": phase,
            "board_word": _board_word(state, phase, counts),
            "settled_at": max(ended, default=root.changed_at) if settled else None,
            "counts": counts,
            "problem": _refusal(part for part in parts if part.held) if settled else root.problem,
            "archived_at": root.archived_at if settled else None,
            "left_out": left_out,
        }

    def _review(self, root: Row) -> dict[str, Any]:
        """The review of a draft names the submissions that have linked its ids before."""
        review: dict[str, Any] = dict(root.review or {})
        if review.get("linked_by"):
            merged: Counter[str] = Counter()
            for key, count in review["linked_by"].items():
                merged[str(self._families.root_of.get(int(key), int(key)))] += count
            review["linked_by"] = dict(merged)
        return review


STILL_LEFT_OUT = """
SELECT submission_id, count(*) FROM items
WHERE status = 'LEFT_OUT' AND batch_id IS NULL GROUP BY submission_id
"""
APPENDED = """
SELECT f.root_id, count(*) FROM findings f
WHERE f.is_first AND f.number > 1 GROUP BY f.root_id
"""


def _notes(root: Row, rows: Sequence[Row]) -> list[str]:
    return [
        row.note if row.id == root.id else f"{row.name}: {row.note}"
        for row in rows
        if row.note.strip()
    ]


UNSENT = {"waiting", "sending", "refused", "stopped"}
ENDED = {"settled", "refused", "stopped", "lost"}
TAKEN_OUT = {"UNLINKED", "ALREADY_UNLINKED", "PARTIALLY_UNLINKED"}
UNDOABLE = {"LINKED", "PARTIALLY_UNLINKED"}
SUCCESSFUL = {
    *("LINKED", "ALREADY_LINKED", "UNLINKED", "ALREADY_UNLINKED"),
    *("EXPANDED", "LEFT_OUT"),
}


def _standing(part: Row) -> Counts:
    """The items that a batch holds, as they stand; while it runs, ICA's counts are ahead."""
    held: Counts = part.held
    if part.state in UNSENT:
        read = {word: count for word, count in held.items() if word != "UNREAD"}
        return _sum([{"NOT_SENT": held.get("UNREAD", 0)}, read])
    if part.state in ENDED or not part.counts:
        return held
    if part.kind == "link":
        return _less(part.counts, part.taken)
    out = {word: count for word, count in part.counts.items() if word in TAKEN_OUT}
    out = _less(out, {word: count for word, count in part.taken.items() if word in TAKEN_OUT})
    stays = {word: count for word, count in held.items() if word not in TAKEN_OUT}
    return _less(stays, {}, to=sum(held.values()) - sum(out.values())) | out


def _less(counts: Counts, taken: Counts, to: int | None = None) -> Counts:
    wanted = max(sum(counts.values()) - sum(taken.values()) if to is None else to, 0)
    found = {word: max(count - taken.get(word, 0), 0) for word, count in counts.items()}
    for word in sorted(found, key=found.__getitem__, reverse=True):
        found[word] -= min(found[word], max(sum(found.values()) - wanted, 0))
    return found


def _sum(each: Iterable[Counts]) -> Counts:
    total: Counter[str] = Counter()
    for counts in each:
        total.update(counts)
    return {status: count for status, count in sorted(total.items()) if count}


def _refusal(parts: Iterable[Row]) -> str:
    refused = (part.problem for part in parts if part.state == "refused")
    return next((str(problem["message"]) for problem in refused), "")


def _where(parts: Sequence[Row]) -> tuple[str, str]:
    """State and phase of a submission with these batches."""
    open_ones = [part for part in parts if part.state not in ENDED or part.task != ""]
    if not open_ones:
        return "settled", ""
    running = {part.attempt for part in open_ones}
    states = {part.state for part in parts if part.attempt in running}
    if any(part.blocked for part in open_ones):
        return "active", "blocked"
    if states == {"waiting"}:
        return "active", "waiting"
    if states & {"waiting", "sending"}:
        return "active", "sending"
    return "active", "linking" if "running" in states else "stopping"


def _board_word(state: str, phase: str, counts: Counts) -> str:
    if state != "settled":
        return "blocked" if phase == "blocked" else "running"
    words = counts.keys() - {"LEFT_OUT"}
    if words & TAKEN_OUT:
        return "partly-undone" if words & UNDOABLE else "undone"
    if words == {"NOT_SENT"}:
        return "not-sent"
    return "done" if words <= SUCCESSFUL else "with-failures"


# what SQLite and PostgreSQL say differently, and tables as this file sees them


def _lock(connection: sa.Connection) -> None:
    """Nobody writes meanwhile. SQLite has one writer anyhow."""
    if connection.dialect.name == "postgresql":
        names = "submissions, batches, items, chores, snapshots, reasons, reason_groups"
        _do(connection, f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def _primary_key(connection: sa.Connection, name: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """PostgreSQL has no two keys of one name, so the key of a new table is renamed with it."""
    prefix = "pk_" if connection.dialect.name == "sqlite" else "pk_new_"
    return sa.PrimaryKeyConstraint(*columns, name=op.f(prefix + name))


def _put_in_place(connection: sa.Connection, name: str) -> None:
    """The new table instead of the old one."""
    op.drop_table(name)
    op.rename_table(f"new_{name}", name)
    if connection.dialect.name == "postgresql":
        _do(connection, f"ALTER TABLE {name} RENAME CONSTRAINT pk_new_{name} TO pk_{name}")
    _analyze(connection, name)


def _analyze(connection: sa.Connection, *names: str) -> None:
    """PostgreSQL plans by what it knows of the tables, and nobody else has told it yet."""
    if connection.dialect.name == "postgresql":
        for name in names:
            _do(connection, f"ANALYZE {name}")


def _go_on_from(connection: sa.Connection, name: str, last: int) -> None:
    """The next id is larger than `last`."""
    if not last:
        return
    if connection.dialect.name == "postgresql":
        found = f"pg_get_serial_sequence('{name}', 'id')"
        known = f"(SELECT last_value FROM {name}_id_seq)"
        _do(connection, f"SELECT setval({found}, greatest({known}, :last))", {"last": last})
        return
    _do(connection, "DELETE FROM sqlite_sequence WHERE name = :name", {"name": name})
    both = {"name": name, "last": last}
    _do(connection, "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)", both)


def _do(
    connection: sa.Connection, statement: str, values: Mapping[str, object] | None = None
) -> None:
    connection.execute(sa.text(statement), dict(values or {}))


def _read(connection: sa.Connection, statement: str) -> Sequence[Row]:
    return connection.execute(sa.text(statement)).all()


def _pairs(connection: sa.Connection, statement: str) -> dict[int, int]:
    rows: Sequence[Any] = _read(connection, statement)
    return {row[0]: int(row[1]) for row in rows}


def _submissions(connection: sa.Connection) -> Sequence[Row]:
    table = _table(connection, "submissions")
    return connection.execute(sa.select(table).order_by(table.c.id)).all()


def _table(connection: sa.Connection, name: str) -> sa.Table:
    """The table as it is now."""
    return sa.Table(name, sa.MetaData(), autoload_with=connection)


def _update(connection: sa.Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """Each of these rows names its id as `key`."""
    table = _table(connection, name)
    if rows:
        connection.execute(table.update().where(table.c.id == sa.bindparam("key")), rows)
