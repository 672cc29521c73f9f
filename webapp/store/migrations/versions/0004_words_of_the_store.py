"""what is kept in rows is in the store's own words.

Errors were kept under the names of classes of the program, and have codes instead. 0003 wrote some
words of the board with hyphens.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ERRORS = {"batches": ("trouble", "problem"), "chores": ("problem",)}
CODES = {
    "IcaUnreachable": "unreachable",
    "IcaNonsense": "malformed_response",
    "Circle": "malformed_response",
    "IcaDown": "server_error",
    "NotSignedIn": "unauthorized",
    "MayNot": "forbidden",
    "NotThere": "not_found",
    "Conflict": "conflict",
    "TooMany": "rate_limited",
    "Refused": "refused",
    "NoKey": "no_key",
    "Stopped": "stopped",
    "Unexpected": "unexpected",
}


def upgrade() -> None:
    connection = op.get_bind()
    words = "UPDATE submissions SET board_word = replace(board_word, '-', '_')"
    connection.execute(sa.text(words))
    for name, columns in ERRORS.items():
        for column in columns:
            _name_by_code(connection, name, column)


def _name_by_code(connection: sa.Connection, name: str, column: str) -> None:
    kept: sa.ColumnClause[dict[str, object]] = sa.column(column, sa.JSON(none_as_null=True))
    table = sa.table(name, sa.column("id", sa.Integer()), kept)
    for row_id, error in connection.execute(sa.select(table).where(kept.is_not(None))).all():
        kind = str(error.pop("kind"))
        by_code = {"code": CODES.get(kind, "server_error"), **error}
        connection.execute(sa.update(table).where(table.c.id == row_id).values({column: by_code}))
