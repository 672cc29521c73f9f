"""What the state file keeps of batches when the simulator is started again."""

import json

from tests.simulated_ica import simulator
from tests.simulator.conftest import data_id, linked


def test_what_is_remembered_survives_a_restart(tmp_path, demo_at):
    state = tmp_path / "deep" / "simulator.jsonl"
    file, archived, folder = data_id(1, "99"), data_id(2, "02"), data_id(3, "15", "fol")
    with simulator(rate=10, state=state) as sim:
        demo = demo_at(sim)
        v4 = demo.create([file, archived, folder])
        v3 = demo.create([folder], "v3")
        sim.clock.advance(1.8)
        before = [demo.items(v4), demo.items(v3), demo.get("/api/jobs").json()["items"]]
    with simulator(rate=1_000, state=state, clock=sim.clock) as sim:
        demo = demo_at(sim)
        again = [demo.items(v4), demo.items(v3), demo.get("/api/jobs").json()["items"]]
        assert again == before
        outcomes = linked(demo, sim, [file, archived])
        assert [status for status, _ in outcomes.values()] == ["ALREADY_LINKED", "LINKED"]


def test_a_torn_line_of_the_state_is_dropped(tmp_path, demo_at):
    state = tmp_path / "simulator.jsonl"
    with simulator(state=state) as sim:
        first, second = (demo_at(sim).create([data_id(n, "99")]) for n in range(2))
    state.write_bytes(state.read_bytes()[:-10])
    with simulator(state=state) as sim:
        demo = demo_at(sim)
        assert demo.get(first).status_code == 200
        assert demo.get(second).status_code == 404
        third = demo.create([data_id(3, "99")])
    with simulator(state=state) as sim:
        assert demo_at(sim).get(third).status_code == 200


def test_files_of_earlier_versions_are_read(tmp_path, demo_at):
    state = tmp_path / "simulator.jsonl"
    with simulator(state=state) as sim:
        batch = demo_at(sim).create([data_id(1, "99")])
    [kept] = map(json.loads, state.read_text().splitlines())
    names = "id kind project_id user_id created rate version odd data_ids"
    assert list(kept) == names.split()
    with simulator(state=state) as sim:
        assert demo_at(sim).get(batch).status_code == 200
