"""What operators ask: is it alive, is it ready, how much is there; and the database away."""

import re

from tests.stage import data_ids, text


def test_alive_whatever_else_is_wrong(st, nobody):
    st.sim.stop()
    assert nobody.get("/healthz").get_data() == b"ok\n"


def test_ready_says_what_is_missing(st, nobody):
    assert nobody.get("/readyz").status_code == 503
    assert "No worker was ever seen" in text(nobody.get("/readyz"))
    st.work()
    assert nobody.get("/readyz").status_code == 200
    st.clock.advance(31)
    assert "No worker was seen for 31 s" in text(nobody.get("/readyz"))


def test_metrics_are_read_from_the_store(stored):
    stored.visitor().submit(data_ids(5) + data_ids(2, ending="00"))
    stored.work(60)
    found = stored.visitor(key=None).get("/metrics").get_data(as_text=True)
    figures = dict(re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", found, re.MULTILINE))
    assert figures['linkboard_submissions{state="settled"}'] == "1.0"
    assert figures['linkboard_items{status="FAILED"}'] == "2.0"
    assert figures["linkboard_oldest_due_seconds"] == "0.0"
    assert "fil." not in found


def lose(st, table):
    with st.store.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")


def test_a_database_that_is_away_is_a_503_that_says_so(st, demo):
    place = demo.submit(data_ids(1))
    lose(st, "sessions")
    for answer in (demo.get(place), demo.part(f"{place}/progress"), demo.post(f"{place}/stop")):
        assert answer.status_code == 503
        assert "Nothing is lost" in text(answer)
        assert answer.headers["Retry-After"] == "10"


def test_it_is_one_too_when_it_goes_away_after_the_door(st, demo):
    place = demo.submit(data_ids(1))
    for table in ("batches", "workers"):
        lose(st, table)
        assert demo.get(place).status_code == 503
        assert "Nothing is lost" in text(demo.get(place))
        with st.store.write() as connection:
            connection.exec_driver_sql(f"ALTER TABLE gone RENAME TO {table}")
    assert demo.get(place).status_code == 200


def test_operators_are_told_so_likewise(st, nobody):
    lose(st, "workers")
    assert nobody.get("/healthz").status_code == 200
    assert nobody.get("/readyz").status_code == 503
    assert nobody.get("/metrics").status_code == 503
