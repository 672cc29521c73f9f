"""count what is left to try again by an index alone."""

from alembic import op

from webapp.store.migrations.columns import make_index

revision = "0002"
down_revision = "0001"

WITH_REASON = "reason_id IS NOT NULL"


def upgrade() -> None:
    make_index("submissions", "parent_id")
    op.drop_index("ix_items_submission_id_status_position", "items")
    make_index("items", "submission_id", "status", "position", "retried_in")
    op.drop_index("ix_items_submission_id_reason_id_position", "items")
    make_index(
        "items", "submission_id", "reason_id", "position", "status", "retried_in", where=WITH_REASON
    )
