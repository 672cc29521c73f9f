"""The databases that the tests run on."""

import sqlalchemy


def test_is_empty_and_takes_a_table(empty_database_url):
    engine = sqlalchemy.create_engine(empty_database_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE something (id INTEGER)"))
    assert sqlalchemy.inspect(engine).get_table_names() == ["something"]
    engine.dispose()


test_gets_another_one_each_time = test_is_empty_and_takes_a_table
