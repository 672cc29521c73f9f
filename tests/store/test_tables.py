"""The migrations make exactly the tables that the code uses."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from webapp.store import Store
from webapp.store.tables import metadata


def test_migrations_make_the_tables_of_the_code(store):
    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_indexes_have_the_columns_of_the_code(store):
    with store.read() as connection:
        looked = inspect(connection)
        found = {
            index["name"]: (index["column_names"], bool(index["unique"]))
            for table in metadata.tables
            for index in looked.get_indexes(table)
            if not index.get("duplicates_constraint")
        }
    wanted = {
        index.name: ([column.name for column in index.columns], bool(index.unique))
        for table in metadata.tables.values()
        for index in table.indexes
    }
    assert found == wanted


def test_what_refers_to_a_submission_is_found_by_an_index(store):
    """Else to delete one reads all rows of the table."""
    with store.read() as connection:
        looked = inspect(connection)
        for table in metadata.tables:
            keys = [looked.get_pk_constraint(table)["constrained_columns"]]
            found = [*looked.get_indexes(table), *looked.get_unique_constraints(table)]
            begins = {columns[0] for columns in [*keys, *(one["column_names"] for one in found)]}
            for foreign in looked.get_foreign_keys(table):
                if foreign["referred_table"] == "submissions":
                    assert foreign["constrained_columns"][0] in begins, table


def test_a_second_migration_changes_nothing(store, database_url):
    assert not store.trouble()
    again = Store(database_url)
    again.migrate()
    assert not again.trouble()
    again.close()


def test_a_new_database_is_not_current(empty_database_url):
    empty = Store(empty_database_url)
    assert "run `linkboard migrate`" in empty.trouble()
    empty.close()
