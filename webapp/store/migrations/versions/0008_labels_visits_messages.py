"""Labels of items and lookups, what a reader has seen of a submission, messages at an attempt's
end, how many rows a batch has changed, and searches that are shared.
"""

import sqlalchemy as sa
from alembic import op

from webapp.store.migrations.columns import (
    Kind,
    filled,
    keys,
    make_index,
    nullable,
    reference,
    with_default,
)

revision = "0008"
down_revision = "0007"

NUMBER = sa.Integer()
TEXT = sa.Text()
TIME: Kind = sa.Double()

# Who submitted them knows what ended long ago: the first board does not tell it all.
ENDS_ARE_SEEN = """
    INSERT INTO visits (submission_id, account_id, began_at, seen_at, counts, before_counts)
    SELECT id, account_id, settled_at, settled_at, counts, '{}' FROM submissions
    WHERE state = 'settled' AND settled_at IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("items", with_default("label", TEXT, ""))
    op.add_column("lookups", with_default("label", TEXT, ""))
    op.add_column("batches", with_default("rows_changed", sa.BigInteger(), "0"))
    op.add_column("searches", *nullable(TIME, "shared_at"))
    op.add_column("submissions", with_default("recipients", sa.JSON(), "[]"))
    op.create_table(
        "visits",
        reference("submissions", primary_key=True),
        reference("accounts", primary_key=True),
        *filled(TIME, "began_at", "seen_at"),
        *filled(sa.JSON(), "counts"),
        *nullable(TIME, "before_at"),
        *filled(sa.JSON(), "before_counts"),
        sqlite_with_rowid=False,
    )
    op.execute(ENDS_ARE_SEEN)
    op.create_table(
        "messages",
        *keys(NUMBER, "id"),
        reference("submissions"),
        *filled(sa.SmallInteger(), "attempt"),
        *filled(sa.String(255), "recipient"),
        *filled(sa.String(40), "key"),
        *filled(TIME, "created_at"),
        *nullable(TIME, "sent_at"),
        *filled(NUMBER, "failures"),
        *nullable(sa.JSON(), "problem"),
        *nullable(TIME, "due_at"),
        *filled(TIME, "lease_until"),
        *filled(sa.String(64), "worker"),
        *filled(NUMBER, "try_number"),
        sa.UniqueConstraint("submission_id", "attempt", "recipient"),
    )
    make_index("messages", "due_at")
