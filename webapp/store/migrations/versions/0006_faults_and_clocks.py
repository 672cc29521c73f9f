"""one batch of ICA's for one of ours, vain tries, the pace of accounts, what an ICA takes, clocks,
restored copies.

Where two batches had taken the same one of ICA's, the later one is as one that was adopted by hand:
without the moment at which it was to be sent.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from webapp.store.migrations.columns import Kind, filled, make_index, nullable, with_default

revision = "0006"
down_revision = "0005"

NUMBER = sa.Integer()
TIME: Kind = sa.Double()
SENT = sa.text("intent_at IS NOT NULL")
ONE_OF_EACH = """
UPDATE batches SET intent_at = NULL WHERE intent_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM batches AS earlier WHERE earlier.ica_batch_id = batches.ica_batch_id
    AND earlier.intent_at IS NOT NULL AND earlier.id < batches.id
)
"""


def upgrade() -> None:
    for name in ("round_pages", "failed_pages", "circles", "vain_tries"):
        op.add_column("batches", with_default(name, NUMBER, "0"))
    op.add_column("batches", with_default("vain_kind", sa.String(60), ""))
    for name in ("round_mark", "failed_mark"):
        op.add_column("batches", sa.Column(name, sa.Text()))
    op.add_column("batches", sa.Column("rest_of", NUMBER))
    op.add_column("batches", sa.Column("intent_ica_at", TIME))
    op.add_column("attempts", sa.Column("look_since", TIME))
    op.add_column("accounts", with_default("pace", TIME, "1"))
    op.add_column("accounts", sa.Column("paced_at", TIME))
    op.add_column("accounts", with_default("paused_until", TIME, "0"))
    op.add_column("workers", with_default("ahead", TIME, "0"))
    op.add_column("workers", sa.Column("ica_ahead", TIME))
    op.create_table(
        "ica_limits",
        sa.Column("ica_url", sa.String(500), primary_key=True),
        *nullable(NUMBER, "batch_size"),
        *nullable(TIME, "batch_size_at"),
    )
    clock = op.create_table(
        "clock",
        sa.Column("id", NUMBER, primary_key=True),
        *filled(TIME, "offset", "since"),
        *filled(NUMBER, "generation"),
    )
    op.bulk_insert(clock, [{"id": 1, "offset": 0.0, "since": 0.0, "generation": 0}])
    op.execute(ONE_OF_EACH)
    sent: dict[str, Any] = dict.fromkeys(("sqlite_where", "postgresql_where"), SENT)
    op.create_index("uq_batches_ica_batch_id", "batches", ["ica_batch_id"], unique=True, **sent)
    make_index("batches", "rest_of", where="rest_of IS NOT NULL")
