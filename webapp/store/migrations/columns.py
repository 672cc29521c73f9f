"""Columns as the migrations write them: several of one kind at once.

Keys, constraints and indexes without a name get theirs by the naming convention of tables.py.
"""

from typing import Any

import sqlalchemy as sa

Kind = sa.types.TypeEngine[Any]
WITH_REASON = sa.text("reason_id IS NOT NULL")
PARTIAL: dict[str, Any] = {"sqlite_where": WITH_REASON, "postgresql_where": WITH_REASON}


def filled(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are never null."""
    return [sa.Column(name, kind, nullable=False) for name in names]


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
