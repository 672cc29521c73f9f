"""What the database is filled with, kind by kind, in bytes."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, Table, func, select, text

from webapp.store import tables, usage

MAX_MEASURED_BYTES = 4_000_000_000  # SQLite reads all of it to measure it, within some seconds

KINDS: Mapping[str, tuple[Table, ...]] = {
    "lists as they came": (tables.uploads, tables.upload_pieces),
    "items": (tables.items,),
    "rejected and repeated entries": (tables.entries,),
    "history": (tables.history,),
    "questions": (tables.finds, tables.find_ids),
    "audit": (tables.audit,),
}
ROW_BYTES = {  # of kinds that are counted where they can't be measured
    "items": usage.of_usual_items(1),
    "rejected and repeated entries": 110,
    "history": usage.HISTORY_BYTES,
    "questions": usage.FOUND_ID_BYTES + usage.ID_CHARS,
    "audit": 250,
}


class DatabaseSize(NamedTuple):
    """The size of the database, and of the kinds that it is filled with; or about that much."""

    total: int
    kinds: dict[str, int]
    is_measured: bool


def measure(connection: Connection) -> DatabaseSize:
    """What the database is filled with, indexes included."""
    if connection.dialect.name == "postgresql":
        size = func.pg_total_relation_size
        sizes = {
            table.name: connection.execute(select(size(table.name))).scalar_one()
            for names in KINDS.values()
            for table in names
        }
        total = connection.execute(select(func.pg_database_size(func.current_database())))
        return DatabaseSize(total.scalar_one(), _by_kind(sizes), is_measured=True)
    pages = (connection.execute(text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
    count, page_bytes = (found.scalar_one() for found in pages)
    options = connection.execute(text("PRAGMA compile_options")).scalars().all()
    if count * page_bytes > MAX_MEASURED_BYTES or "ENABLE_DBSTAT_VTAB" not in options:
        return DatabaseSize(count * page_bytes, by_counts(connection), is_measured=False)
    return DatabaseSize(count * page_bytes, _by_kind(_sqlite_sizes(connection)), is_measured=True)


def by_counts(connection: Connection) -> dict[str, int]:
    """About how many bytes each kind takes, by how many rows there are."""
    sent = select(func.sum(tables.uploads.c.size)).where(tables.uploads.c.dropped_at.is_(None))
    found = {"lists as they came": int(connection.execute(sent).scalar() or 0)}
    for kind, each in ROW_BYTES.items():
        count = select(func.count()).select_from(KINDS[kind][-1])
        found[kind] = connection.execute(count).scalar_one() * each
    return found


def _sqlite_sizes(connection: Connection) -> dict[str, int]:
    """By table, its bytes and those of its indexes."""
    statement = text(
        "SELECT owner.tbl_name, sum(part.pgsize) FROM dbstat AS part "
        "JOIN sqlite_master AS owner ON owner.name = part.name "
        "WHERE part.aggregate = 1 GROUP BY owner.tbl_name"
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def _by_kind(sizes: Mapping[str, int]) -> dict[str, int]:
    return {kind: sum(sizes.get(table.name, 0) for table in names) for kind, names in KINDS.items()}
