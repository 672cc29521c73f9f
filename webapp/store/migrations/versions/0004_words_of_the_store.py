"""what is kept in rows is in the store's own words.

0003 wrote some of the board's words with hyphens.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text("UPDATE submissions SET board_word = replace(board_word, '-', '_')"),
    )
