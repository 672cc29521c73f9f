"""Databases of 0.2.0, as fixtures/make_0_2_0.py has kept them, and a way to have one again."""

import base64
import gzip
import json
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, MetaData, create_engine, event, func, select, text

from webapp.store.schema_version import MIGRATIONS

FIXTURES = Path(__file__).parent / "fixtures"
REVISION = "0002"


def rows_of(database_url):
    """The rows that 0.2.0 left on this kind of database: {table: [{column: value}]}."""
    kind = database_url.partition(":")[0].partition("+")[0]
    return json.loads(gzip.decompress((FIXTURES / f"0.2.0-{kind}.json.gz").read_bytes()))


def put(database_url, rows):
    """Bring an empty database to the tables of 0.2.0, and these rows into them."""
    engine = create_engine(database_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA journal_mode=WAL"))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, REVISION)
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, JSON):
                    column.type.none_as_null = True
            if rows.get(table.name):
                connection.execute(table.insert(), [_raw(row) for row in rows[table.name]])
                _count_on(connection, table)
    engine.dispose()


def _raw(row):
    return row | {"bytes": base64.b64decode(row["bytes"])} if "bytes" in row else row


def _count_on(connection, table):
    """PostgreSQL gives ids of its own from behind these."""
    if connection.dialect.name == "postgresql" and "id" in table.columns:
        sequence = f"{table.name}_id_seq"
        if connection.execute(text(f"SELECT to_regclass('{sequence}')")).scalar():
            last = connection.execute(select(func.max(table.c.id))).scalar()
            connection.execute(text(f"SELECT setval('{sequence}', {last + 3})"))
