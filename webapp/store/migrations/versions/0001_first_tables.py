"""first tables."""

import sqlalchemy as sa
from alembic import op

from webapp.store.migrations.columns import filled, keys, make_index, nullable, reference

revision = "0001"
down_revision = None

WITH_REASON = "reason_id IS NOT NULL"


def upgrade() -> None:
    op.create_table(
        "accounts",
        *keys(sa.Integer(), "id"),
        *filled(sa.String(500), "ica_url"),
        *filled(sa.String(255), "tenant", "subject", "name", "asked_tenant"),
        *nullable(sa.Text(), "sealed_key"),
        *filled(sa.Double(), "created_at"),
        *filled(sa.String(40), "trouble"),
        *nullable(sa.Double(), "trouble_since", "trouble_until"),
        sa.UniqueConstraint("ica_url", "tenant", "subject"),
    )
    op.create_table(
        "items",
        *keys(sa.Integer(), "submission_id", "position"),
        *filled(sa.String(255), "data_id"),
        *nullable(sa.Integer(), "line", "column"),
        *filled(sa.SmallInteger(), "flags"),
        *filled(sa.String(60), "status"),
        *filled(sa.Text(), "reason", "name", "path"),
        *filled(sa.String(255), "linked_id"),
        *nullable(sa.Integer(), "batch_id"),
        *nullable(sa.String(255), "ica_item_id"),
        *nullable(sa.Double(), "changed_at"),
        *nullable(sa.Integer(), "reason_id", "retried_in"),
        sqlite_with_rowid=False,
    )
    make_index("items", "data_id", "submission_id")
    make_index("items", "submission_id", "reason_id", "position", where=WITH_REASON)
    make_index("items", "submission_id", "status", "position")
    op.create_index(
        "uq_items_batch_id_ica_item_id", "items", ["batch_id", "ica_item_id"], unique=True
    )
    op.create_table(
        "reasons",
        *keys(sa.Integer(), "id"),
        *filled(sa.String(64), "digest"),
        *filled(sa.Text(), "text"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "workers",
        *keys(sa.String(64), "id"),
        *filled(sa.Double(), "started_at", "beat_at"),
    )
    op.create_table(
        "access",
        reference("accounts", primary_key=True),
        *keys(sa.String(255), "project_id"),
        *filled(sa.String(255), "project_name"),
        *filled(sa.Boolean(), "allowed"),
        *filled(sa.Double(), "checked_at", "due_at"),
    )
    op.create_table(
        "finds",
        *keys(sa.String(40), "id"),
        reference("accounts", index=True),
        *filled(sa.Double(), "created_at"),
        *filled(sa.String(255), "name"),
        *filled(sa.JSON(), "review"),
    )
    op.create_table(
        "sessions",
        *keys(sa.String(64), "token_hash"),
        reference("accounts", index=True),
        *filled(sa.Double(), "created_at", "seen_at", "expires_at"),
    )
    op.create_table(
        "submissions",
        *keys(sa.Integer(), "id"),
        reference("accounts", index=True),
        *filled(sa.String(500), "ica_url"),
        *filled(sa.String(255), "project_id", "project_name"),
        *filled(sa.String(10), "kind", "source"),
        *filled(sa.String(255), "name"),
        *filled(sa.String(12), "state", "phase"),
        *filled(sa.Double(), "created_at"),
        *nullable(sa.Double(), "submitted_at", "settled_at"),
        *filled(sa.Double(), "changed_at", "watched_at"),
        *filled(sa.Integer(), "revision", "item_count", "batch_count", "batch_size"),
        *filled(sa.JSON(), "counts", "review"),
        *filled(sa.Text(), "problem", "note"),
        *nullable(sa.Double(), "archived_at"),
        *filled(sa.Integer(), "left_out"),
        *nullable(sa.Integer(), "parent_id"),
        sa.Column("root_id", sa.Integer(), index=True),
        *filled(sa.SmallInteger(), "attempt"),
    )
    make_index("submissions", "project_id", "id")
    op.create_table(
        "batches",
        *keys(sa.Integer(), "id"),
        reference("submissions"),
        reference("accounts"),
        *filled(sa.String(10), "kind"),
        *filled(sa.Integer(), "ordinal", "first_position", "last_position", "size"),
        *filled(sa.String(12), "state"),
        *filled(sa.String(10), "task"),
        *filled(sa.SmallInteger(), "priority"),
        sa.Column("due_at", sa.Double(), index=True),
        *filled(sa.Double(), "lease_until"),
        *filled(sa.String(64), "worker"),
        *filled(sa.Integer(), "try_number", "failures"),
        *filled(sa.String(20), "blocked"),
        *nullable(sa.JSON(), "trouble"),
        *nullable(sa.Double(), "intent_at", "sent_at", "settled_at"),
        sa.Column("ica_batch_id", sa.String(255), index=True),
        *nullable(sa.String(255), "ica_job_id"),
        *filled(sa.String(40), "job_status"),
        *filled(sa.Text(), "job_information"),
        *nullable(sa.Double(), "job_finished_at"),
        *nullable(sa.JSON(), "problem"),
        *filled(sa.JSON(), "counts"),
        *nullable(sa.Integer(), "total"),
        *nullable(sa.Double(), "counted_at"),
        *filled(sa.Integer(), "missing_count"),
        *nullable(sa.Double(), "missing_since"),
        *nullable(sa.Text(), "round_cursor"),
        *filled(sa.Integer(), "round_read"),
        *nullable(sa.Double(), "round_started_at"),
        *filled(sa.Integer(), "rows_read"),
        *nullable(sa.Double(), "rows_as_of"),
        *nullable(sa.Text(), "failed_cursor"),
        *filled(sa.Integer(), "failed_count"),
        *nullable(sa.Double(), "failed_walked_at"),
        *filled(sa.Integer(), "whole_walks"),
        sa.UniqueConstraint("submission_id", "ordinal"),
    )
    op.create_table(
        "chores",
        *keys(sa.Integer(), "id"),
        reference("submissions", index=True),
        reference("accounts"),
        *filled(sa.String(20), "kind"),
        *filled(sa.JSON(), "spec", "result"),
        *nullable(sa.JSON(), "problem"),
        *filled(sa.Integer(), "done", "total"),
        *filled(sa.Double(), "created_at"),
        *nullable(sa.Double(), "ended_at"),
        sa.Column("due_at", sa.Double(), index=True),
        *filled(sa.Double(), "lease_until"),
        *filled(sa.String(64), "worker"),
        *filled(sa.Integer(), "try_number", "failures"),
    )
    op.create_table(
        "entries",
        reference("submissions", primary_key=True),
        *keys(sa.Integer(), "ordinal"),
        *filled(sa.String(10), "kind"),
        *filled(sa.Integer(), "line", "column"),
        *filled(sa.Text(), "text", "note"),
        *nullable(sa.Integer(), "first_line", "first_column"),
    )
    make_index("entries", "submission_id", "kind", "ordinal")
    op.create_table(
        "find_ids",
        sa.Column("find_id", sa.String(40), sa.ForeignKey("finds.id"), primary_key=True),
        *keys(sa.Integer(), "ordinal"),
        *filled(sa.String(255), "data_id"),
        *filled(sa.Integer(), "line"),
    )
    op.create_table(
        "reason_groups",
        reference("submissions", primary_key=True),
        reference("reasons", primary_key=True),
        *filled(sa.Double(), "first_seen"),
    )
    op.create_table(
        "snapshots",
        reference("submissions", primary_key=True),
        *keys(sa.Double(), "at"),
        *filled(sa.JSON(), "counts"),
    )
    op.create_table(
        "upload_pieces",
        reference("submissions", primary_key=True),
        *keys(sa.SmallInteger(), "part"),
        *keys(sa.Integer(), "sequence"),
        *filled(sa.LargeBinary(), "bytes"),
    )
    op.create_table(
        "uploads",
        reference("submissions", primary_key=True),
        *filled(sa.JSON(), "parts"),
        *filled(sa.BigInteger(), "size", "read_bytes"),
        sa.Column("due_at", sa.Double(), index=True),
        *filled(sa.Double(), "lease_until"),
        *filled(sa.String(64), "worker"),
        *filled(sa.Integer(), "try_number"),
    )
