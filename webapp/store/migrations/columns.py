"""Columns and indexes as the migrations make them: several columns of one kind at once.

Keys, constraints and indexes get their names by the naming convention of tables.py.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

Kind = sa.types.TypeEngine[Any]


def filled(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are never null."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def with_default(name: str, kind: Kind, default: str) -> sa.Column[Any]:
    """A column that is filled in the rows that are there."""
    return sa.Column(name, kind, nullable=False, server_default=default)


def nullable(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that may be null."""
    return [sa.Column(name, kind) for name in names]


def keys(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """The columns of a primary key, or some of them."""
    return [sa.Column(name, kind, primary_key=True) for name in names]


def reference(table: str, **options: Any) -> sa.Column[Any]:
    """A column, `submission_id`, that names a row of a table, `submissions`."""
    key, name = sa.ForeignKey(f"{table}.id"), f"{table.removesuffix('s')}_id"
    return sa.Column(name, sa.Integer(), key, nullable=False, **options)


def make_index(table: str, *columns: str, where: str | None = None) -> None:
    """Make an index, of the rows that meet a condition."""
    condition = None if where is None else sa.text(where)
    conditions: dict[str, Any] = {"sqlite_where": condition, "postgresql_where": condition}
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns), **conditions)
