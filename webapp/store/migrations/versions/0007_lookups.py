"""Lookups: names and paths in place of data ids, what ICA has for them, lists from a folder of ICA,
and searches that stand in no address.
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

revision = "0007"
down_revision = "0006"

NUMBER = sa.Integer()
SMALL = sa.SmallInteger()
TEXT = sa.Text()
ID = sa.String(255)
TIME: Kind = sa.Double()


def upgrade() -> None:
    op.add_column("submissions", with_default("empty_positions", NUMBER, "0"))
    op.add_column("submissions", with_default("lookup_projects", sa.JSON(), "[]"))
    op.add_column("submissions", with_default("folder_query", sa.JSON(), "{}"))
    op.add_column("find_ids", with_default("text", TEXT, ""))
    op.create_table(
        "lookups",
        reference("submissions", primary_key=True),
        *keys(NUMBER, "position"),
        *filled(sa.String(10), "kind"),
        *filled(TEXT, "text", "project"),
        *filled(sa.String(32), "key"),
        *filled(NUMBER, "line", "column"),
        *filled(sa.String(12), "state"),
        *filled(NUMBER, "count"),
        *filled(sa.Boolean(), "closer"),
        *filled(TEXT, "note"),
        *nullable(NUMBER, "files", "first_item", "last_item"),
        *filled(sa.Boolean(), "shared"),
        sqlite_with_rowid=False,
    )
    make_index("lookups", "submission_id", "state", "position", "first_item", "shared", "kind")
    make_index("lookups", "submission_id", "key")
    op.create_table(
        "candidates",
        reference("submissions", primary_key=True),
        *keys(NUMBER, "position", "ordinal"),
        *filled(SMALL, "likeness"),
        *filled(ID, "data_id"),
        *filled(TEXT, "name", "path"),
        *filled(ID, "project_id", "project_name"),
        *filled(sa.String(40), "status"),
        *nullable(sa.BigInteger(), "size"),
        *nullable(TIME, "modified_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "searches",
        *keys(sa.String(40), "id"),
        reference("accounts"),
        *filled(TEXT, "text"),
        *filled(TIME, "created_at"),
    )
