"""who did what, sessions that are told apart, keys that ICA refuses, and queries that are shared.

Queries of before were open to whoever had their address; they belong to their asker now.
"""

import time

import sqlalchemy as sa
from alembic import op

from webapp.store.migrations.columns import Kind, filled, make_index, nullable, with_default

revision = "0005"
down_revision = "0004"

NUMBER = sa.Integer()
TIME: Kind = sa.Double()
# Bytes, roughly: the upload, and for each row what it takes with usual texts; as store/usage.py.
KEPT_OF_SUBMISSIONS = """
UPDATE submissions SET kept_bytes = 352 * CAST(item_count AS BIGINT)
    + COALESCE((SELECT size FROM uploads WHERE submission_id = submissions.id), 0)
    + 110 * (SELECT count(*) FROM entries WHERE submission_id = submissions.id)
    + 230 * (SELECT count(*) FROM history WHERE submission_id = submissions.id)
"""
KEPT_OF_QUERIES = """
UPDATE finds SET kept_bytes = 101 * (SELECT count(*) FROM find_ids WHERE find_id = finds.id)
"""
# Before, they were kept for ever: nobody was told when one is discarded.
DAYS_BEGIN_NOW = """
UPDATE submissions SET changed_at = :now WHERE state IN ('draft', 'unreadable')
"""


def upgrade() -> None:
    op.add_column("sessions", with_default("device", sa.String(255), ""))
    op.add_column("sessions", with_default("address", sa.String(64), ""))
    op.add_column("accounts", with_default("refusals", NUMBER, "0"))
    op.add_column("accounts", sa.Column("refused_since", TIME))
    op.add_column("accounts", with_default("ask_at", TIME, "0"))
    op.add_column("finds", sa.Column("shared_at", TIME))
    op.add_column("finds", sa.Column("deleted_at", TIME))
    op.add_column("finds", with_default("kept_bytes", sa.BigInteger(), "0"))
    op.add_column("submissions", with_default("kept_bytes", sa.BigInteger(), "0"))
    op.add_column("submissions", sa.Column("history_dropped_at", TIME))
    op.add_column("uploads", sa.Column("dropped_at", TIME))
    op.execute(KEPT_OF_SUBMISSIONS)
    op.execute(KEPT_OF_QUERIES)
    op.execute(sa.text(DAYS_BEGIN_NOW).bindparams(now=time.time()))
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True),
        *filled(TIME, "at"),
        *filled(sa.String(20), "action"),
        *nullable(NUMBER, "account_id"),
        *filled(sa.String(255), "who"),
        *filled(sa.String(64), "address"),
        *nullable(NUMBER, "submission_id", "owner_id"),
        *filled(sa.String(255), "submission_name"),
        *filled(sa.JSON(), "details"),
        sqlite_autoincrement=True,
    )
    make_index("audit", "at")
    make_index("audit", "submission_id", "id")
    make_index("audit", "account_id", "id")
