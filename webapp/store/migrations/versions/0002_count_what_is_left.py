"""count what is left to try again by an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

WITH_REASON = sa.text("reason_id IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_submissions_parent_id", "submissions", ["parent_id"])
    op.drop_index("ix_items_submission_id_status_position", "items")
    op.create_index(
        "ix_items_submission_id_status_position_retried_in",
        "items",
        ["submission_id", "status", "position", "retried_in"],
    )
    op.drop_index("ix_items_submission_id_reason_id_position", "items")
    op.create_index(
        "ix_items_submission_id_reason_id_position_status_retried_in",
        "items",
        ["submission_id", "reason_id", "position", "status", "retried_in"],
        sqlite_where=WITH_REASON,
        postgresql_where=WITH_REASON,
    )
