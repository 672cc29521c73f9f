"""count what is left to try again by an index alone."""

from alembic import op

from webapp.store.migrations.columns import PARTIAL

revision = "0002"
down_revision = "0001"


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
        **PARTIAL,
    )
