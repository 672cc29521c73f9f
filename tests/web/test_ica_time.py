"""ICA's answers drip: a request ends all the same, and what may have been done is looked for."""

import time

from tests.dashboard import data_ids, text
from tests.work.ica_state import assert_as_in_ica

FAR_LESS = 10.0  # seconds than one answer would take


def test_a_submit_ends_in_time_and_its_batch_is_found(dashboard, demo, monkeypatch):
    place = demo.draft(data_ids(5))
    monkeypatch.setattr("webapp.web.app.ICA_SECONDS", 0.5)
    dashboard.sim.set_faults({"drip": 1})
    started = time.monotonic()
    assert demo.post(f"{place}/submit").status_code == 303
    assert time.monotonic() - started < FAR_LESS
    dashboard.sim.set_faults({})
    dashboard.work(120)
    assert dashboard.sim.calls()["createProjectDataLinkingBatch"] == 1
    assert "5 items are linked" in text(demo.get(place))
    assert_as_in_ica(dashboard)


def test_a_unit_ends_in_time(dashboard, demo, monkeypatch):
    place = demo.submit(data_ids(5))
    monkeypatch.setattr("webapp.work.worker.ICA_SECONDS", 0.3)
    dashboard.sim.set_faults({"drip": 1})
    started = time.monotonic()
    dashboard.work()
    assert time.monotonic() - started < FAR_LESS
    dashboard.sim.set_faults({})
    dashboard.work(120)
    assert "5 items are linked" in text(demo.get(place))
    assert_as_in_ica(dashboard)
