"""Statistics of PostgreSQL: without them its planner takes a list of 200,000 items for a short one.

Its own housekeeping comes by once a minute at most, and somebody may have turned it off. By then a
list is read, sent and tried again, by plans that read the whole list for each chunk of it.
"""

from sqlalchemy import Connection, text

from webapp.store import tables

LARGE = (tables.items, tables.history, tables.entries, tables.find_ids)
MIN_PAGES = 128  # of 8 kB: below, any plan will do
_GROWN = text("""
    SELECT relname FROM pg_class
    WHERE relname = ANY(:names) AND pg_table_is_visible(oid)
    AND pg_relation_size(oid) / current_setting('block_size')::int > :pages
    AND (pg_relation_size(oid) / current_setting('block_size')::int > 1.5 * relpages
         OR NOT EXISTS (SELECT 1 FROM pg_stats WHERE tablename = relname))
""")


def refresh(connection: Connection) -> list[str]:
    """Have those tables looked at that have grown by half since they were; returns their names."""
    names = [table.name for table in LARGE]
    grown = connection.execute(_GROWN, {"names": names, "pages": MIN_PAGES}).scalars().all()
    for name in grown:
        connection.execute(text(f"ANALYZE {name}"))
    return list(grown)
