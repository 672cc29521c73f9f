"""Resolving a list of names and paths: what each line becomes, by how many calls, and what holds
whatever ICA does meanwhile.
"""

import unicodedata
from collections import Counter
from dataclasses import replace

import pytest

from tests.dashboard import open_dashboard
from tests.lookups import ask, chore, lines, named, put_in, resolved, settled, states, submission
from tests.work.test_crashes import Died, dies
from webapp.ica import limits
from webapp.simulator import planted
from webapp.simulator.catalogue import Catalogue, data_id
from webapp.simulator.planted import DELIVERIES, ODD_PATHS, REFERENCE_PANEL
from webapp.simulator.projects import PROJECTS, project_id
from webapp.store import chores, lookups, submissions
from webapp.store.enums import ErrorCode, LookupState, State
from webapp.store.leases import LEASE_SECONDS
from webapp.work import chore_runner, resolving

FOUND, OTHERWISE, SEVERAL, MISSING, IMPOSSIBLE = (
    LookupState.FOUND,
    LookupState.OTHERWISE,
    LookupState.SEVERAL,
    LookupState.MISSING,
    LookupState.IMPOSSIBLE,
)
SOURCE = named(DELIVERIES)
HOUR = 3601.0
SMALL = {"catalogue_files": 200}


@pytest.fixture
def board(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, ica=SMALL) as dashboard:
        dashboard.visitor()
        yield dashboard


@pytest.fixture
def sqlite_board(tmp_path):
    """Where the database makes no difference."""
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path, ica=SMALL) as dashboard:
        dashboard.visitor()
        yield dashboard


def name_of(path):
    return path.rstrip("/").rpartition("/")[2]


def test_each_line_becomes_what_icas_data_say(board):
    odd = {what: path for what, path in ODD_PATHS.items() if "both" not in what}
    texts = [
        *odd.values(),
        *(name_of(path) for path in odd.values()),
        *(planted.NAME_ONCE, planted.NAME_TWICE, planted.NAME_300_TIMES, planted.NAME_1500_TIMES),
        *(
            planted.SMALL_PATH,
            planted.CAPITALS_ONLY.lower(),
            name_of(planted.CAPITALS_ONLY).lower(),
        ),
        *(planted.BESIDES[0], name_of(planted.BESIDES[0]), planted.RUN_1, "/run1/"),
        *(planted.FILE_LIKE_FOLDER, planted.FOLDER_LIKE_FILE, planted.PATH_OF_1000),
        *(planted.BY_STATUS["ARCHIVED"], name_of(planted.NO_DETAILS), planted.NO_PATH),
        *(planted.NO_URN, "no-such-thing.bam", "/deliveries/bam/y.bam", "/no/such/folder/"),
        *(planted.BESIDES[0] + "/", "/run1"),
    ]
    found = resolved(board, texts, projects=SOURCE)
    for path in odd.values():
        assert (found[path].state, found[path].data_id) == (FOUND, data_id(DELIVERIES, path))
        assert found[name_of(path)].candidates[0].data_id == data_id(DELIVERIES, path)
    assert found[planted.NAME_ONCE].state == FOUND
    for name, count in (
        (planted.NAME_TWICE, 2),
        (planted.NAME_300_TIMES, 300),
        ("metrics.json", 1500),
    ):
        assert (found[name].state, found[name].lookup.count) == (SEVERAL, count)
        assert len(found[name].candidates) == count
    assert found[planted.SMALL_PATH].data_id == data_id(DELIVERIES, planted.SMALL_PATH)
    for text in (planted.CAPITALS_ONLY.lower(), name_of(planted.CAPITALS_ONLY).lower()):
        assert (found[text].state, found[text].data_id) == (OTHERWISE, "")
        assert found[text].candidates[0].data_id == data_id(DELIVERIES, planted.CAPITALS_ONLY)
    for path in (planted.BESIDES[0], planted.RUN_1, "/run1/", planted.PATH_OF_1000, planted.NO_URN):
        assert (found[path].state, found[path].data_id) == (FOUND, data_id(DELIVERIES, path))
    for path in (planted.FILE_LIKE_FOLDER, planted.FOLDER_LIKE_FILE):
        assert (found[path].state, found[path].data_id) == (FOUND, data_id(DELIVERIES, path))
    assert found["/run1/"].lookup.files == 1
    assert found[planted.BY_STATUS["ARCHIVED"]].candidates[0].status == "ARCHIVED"
    for text, path in ((name_of(planted.NO_DETAILS), planted.NO_DETAILS), (planted.NO_PATH,) * 2):
        assert found[text].state == OTHERWISE
        assert found[text].candidates[0].data_id == data_id(DELIVERIES, path)
        assert found[text].lookup.note
    assert found["no-such-thing.bam"].state == MISSING
    near = found["/deliveries/bam/y.bam"]
    assert (near.state, near.lookup.count) == (MISSING, 0)
    assert planted.BESIDES[0] in [one.path for one in near.candidates]
    assert found["/no/such/folder/"].state == MISSING
    for text, path in ((planted.BESIDES[0] + "/", planted.BESIDES[0]), ("/run1", "/run1/")):
        assert (found[text].state, found[text].lookup.count) == (MISSING, 0)
        assert found[text].candidates[0].path == path


NFC, NFD, COMMA = ODD_PATHS["nfc"], ODD_PATHS["nfd"], ODD_PATHS["comma"]
RIGHT = {  # of data in one project
    planted.SMALL_PATH: FOUND,
    name_of(planted.CAPITAL_PATH): FOUND,
    planted.CAPITALS_ONLY.upper(): OTHERWISE,
    COMMA: FOUND,
    name_of(COMMA): FOUND,
    unicodedata.normalize("NFD", NFC): OTHERWISE,
    name_of(NFD): FOUND,
    unicodedata.normalize("NFC", name_of(NFD)): OTHERWISE,
    ODD_PATHS["both nfc"]: FOUND,
    planted.NAME_TWICE: SEVERAL,
    planted.NAME_300_TIMES: SEVERAL,
    planted.FOLDER_LIKE_FILE: FOUND,
    "/run1/": FOUND,
    planted.NO_PATH: OTHERWISE,
    "none.bam": MISSING,
    "/deliveries/bam/none.bam": MISSING,
    **{f"/qc/plate-{n:04d}/metrics.json": FOUND for n in range(3)},
}
UNKNOWNS = {  # what nobody knows of ICA, and what may go wrong
    **dict.fromkeys(("exact-folds-case", "path-is-parent", "bad-slash-is-empty"), 1.0),
    **dict.fromkeys(("comma-cuts-values", "nfc-equals-nfd", "only-available-links"), 1.0),
    **dict.fromkeys(("twice", "null-totals", "refused-offset", "repeated-cursor"), 1.0),
    **dict.fromkeys(("circling-cursor", "refused-token", "unknown-data-status"), 1.0),
    **dict.fromkeys(("capitals", "too-many-values", "moved"), 1.0),
    "429": "3x",
    "cut": "3x",
    "500": "3x",
    "503": 0.2,
    "dropped-before": "2x",
}


OF_PAGES = {
    "twice",
    "refused-offset",
    "repeated-cursor",
    "circling-cursor",
    "refused-token",
    "moved",
}


@pytest.mark.long
def test_whatever_ica_does_the_answer_is_right(tmp_path):
    """In one project, and among all that may be linked, in turns."""
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path, ica=SMALL) as board:
        for number, (unknown, amount) in enumerate(UNKNOWNS.items()):
            board.sim.set_faults({})
            board.visitor()
            board.sim.set_faults({unknown: amount})
            many = [planted.NAME_1500_TIMES] * (unknown in OF_PAGES)
            found = resolved(board, [*RIGHT, *many], projects=[SOURCE, []][number % 2])
            for name in many:
                count = found.pop(name).lookup.count
                assert count == 1500 or (unknown == "moved" and count >= 1498), unknown
            assert {text: line.state for text, line in found.items()} == RIGHT, unknown
            for text, line in found.items():
                if line.state == FOUND and text.startswith("/"):
                    assert line.data_id == data_id(DELIVERIES, text), unknown
            board.clock.advance(HOUR)  # what ICA was found to take is found anew


def test_what_a_project_holds_already_is_found_there_and_said(board):
    """ICA may leave it out of what may be linked: then one that is left is not the only one."""
    texts = [planted.NAME_ONCE, *planted.BESIDES, "none.bam"]
    twice, capitals = planted.NAME_TWICE, name_of(planted.CAPITAL_PATH)
    first = f"/deliveries/trio-0417/first/{twice}"
    ids = [data_id(DELIVERIES, path) for path in planted.BESIDES]
    held = [data_id(DELIVERIES, path) for path in (first, planted.CAPITAL_PATH)]
    board.visitor().submit([*ids, *held])
    board.work(60)
    board.sim.forget_calls()
    assert states(resolved(board, [planted.NAME_ONCE, twice]).values()) == {FOUND: 1, SEVERAL: 1}
    assert board.sim.total_calls() <= 1 + 1 + 2  # a token, the names, whether ICA hides any
    board.sim.set_faults({"eligible-hides-linked": 1.0})
    found = resolved(board, [*texts, twice, capitals])
    assert [found[path].state for path in texts] == [FOUND] * 4 + [MISSING]
    assert [found[path].data_id for path in planted.BESIDES] == ids
    for path in planted.BESIDES:
        assert "in the project already" in found[path].lookup.note
    assert (found[twice].state, found[twice].lookup.count) == (SEVERAL, 2)
    assert f"In the project already: {first}." in found[twice].lookup.note
    assert (found[capitals].state, found[capitals].data_id) == (FOUND, held[1])
    review = submission(board, 3).review
    assert (review.linked, review.files) == (4, 5)


@pytest.mark.long
def test_many_take_few_calls(tmp_path):
    """5,000 names, and 5,000 paths of one project's runs."""
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as board:
        board.visitor()
        data = Catalogue().of(PROJECTS[project_id(DELIVERIES)]).data
        count = Counter(one.name for one in data)
        files = sorted(
            one.path
            for one in data
            if one.path.startswith("/runs/") and one.size and count[one.name] == 1
        )
        for texts, most in (
            ([path for path in files if path.endswith(".gz")][:5000], 30),
            ([name_of(path) for path in files if path.endswith(".gz")][:5000], 60),
        ):
            board.sim.forget_calls()
            found = resolved(board, texts, projects=SOURCE)
            assert states(found.values()) == {FOUND: len(texts)}
            assert board.sim.total_calls() <= most
            longest = board.sim.longest()["getProjectDataList"]
            assert longest["values"] <= 100
            assert longest["bytes"] <= 8192 - 2000  # there is room for a token


def test_a_worker_that_dies_loses_nothing(board):
    texts = [f"/qc/plate-{n:04d}/all_md5.txt" for n in range(300)]
    texts += [f"/deliveries/none-{n}/x.bam" for n in range(30)]
    submission_id = put_in(board.store, board.clock(), texts, projects=SOURCE)
    for at_call in (2, 3):  # of a third one it would not be tried again
        board.clock.advance(LEASE_SECONDS + 1)
        with board.store.write() as connection:
            its = chores.claim(connection, f"worker {at_call}", board.clock())
        with pytest.raises(Died):
            chore_runner.perform(dies(board, at_call=at_call), its)
    board.clock.advance(LEASE_SECONDS + 1)
    settled(board, submission_id)
    found = lines(board, submission_id)
    assert states(found) == {FOUND: 300, MISSING: 30}
    assert submission(board, submission_id).to_send == 300
    assert len({line.data_id for line in found if line.data_id}) == 300


PLATES = [f"/qc/plate-{n:04d}/metrics.json" for n in range(1500)]


@pytest.mark.slow
def test_a_walk_takes_fewer_calls_where_paths_are_many(board):
    """1,500 folders with a file each, and two files that are not there."""
    texts = [*PLATES, "/qc/plate-0007/METRICS.json", "/qc/plate-0007/none.json"]
    board.sim.forget_calls()
    found = resolved(board, texts, projects=SOURCE)
    assert states(found.values()) == {FOUND: 1500, OTHERWISE: 1, MISSING: 1}
    assert board.sim.total_calls() <= 1 + 1 + 2 + 2  # a token, a count, pages; what is missing
    assert [one.name for one in found[texts[-1]].candidates] == []


@pytest.mark.slow
def test_a_walk_goes_on_where_it_was(sqlite_board, monkeypatch):
    """By cursor, where there are more rows than ICA gives by offset."""
    monkeypatch.setattr(resolving, "MAX_OFFSET_ROWS", 10)
    submission_id = put_in(sqlite_board.store, sqlite_board.clock(), PLATES, projects=SOURCE)
    sqlite_board.sim.set_faults({"data-list:429": 0.5})
    settled(sqlite_board, submission_id)
    assert states(lines(sqlite_board, submission_id)) == {FOUND: 1500}


def test_the_projects_that_lines_name(board, monkeypatch):
    panel, deliveries = PROJECTS[project_id(REFERENCE_PANEL)], PROJECTS[project_id(DELIVERIES)]
    twin = replace(deliveries, number=7777)
    monkeypatch.setitem(PROJECTS, twin.id, twin)
    path, genome = planted.PATH_IN_TWO_PROJECTS, f"/reference/genome/{planted.NAME_IN_TWO_PROJECTS}"
    texts = [
        f"icav2://{panel.name}{path}",
        f"icav2://{deliveries.id}{path}",
        f"icav2://{deliveries.name}{path}",
        f"icav2://{panel.name.upper()}{path}",
        f"icav2://no such project{path}",
        f"icav2://{project_id(planted.STRANGERS)}{path}",
        f"icav2://{panel.id}{genome}",
        planted.NAME_IN_TWO_PROJECTS,
    ]
    found = resolved(board, texts, projects=named(DELIVERIES, REFERENCE_PANEL))
    assert [line.state for line in found.values()] == [
        *(FOUND, SEVERAL, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, IMPOSSIBLE, FOUND, SEVERAL)
    ]
    assert found[texts[0]].data_id == data_id(REFERENCE_PANEL, path)
    twice = found[texts[2]].lookup.note
    assert twice.startswith("2 projects are called")
    assert deliveries.id in twice
    assert twin.id in twice
    assert f"only “{panel.name}”" in found[texts[3]].lookup.note
    assert {one.project_name for one in found[texts[7]].candidates} == {panel.name, deliveries.name}


def test_access_that_is_lost_half_way_keeps_what_was_found(sqlite_board, monkeypatch):
    """The names were asked for when the project is closed, and the paths were not."""
    texts = [planted.NAME_ONCE, planted.SMALL_PATH, "/none.bam"]
    home = PROJECTS[project_id(DELIVERIES)]
    submission_id = put_in(sqlite_board.store, sqlite_board.clock(), texts, projects=SOURCE)
    with sqlite_board.store.write() as connection:
        its = chores.claim(connection, "a worker that dies", sqlite_board.clock())
    with pytest.raises(Died):
        chore_runner.perform(dies(sqlite_board, at_call=3), its)
    monkeypatch.setitem(PROJECTS, home.id, replace(home, readers=frozenset()))
    sqlite_board.clock.advance(LEASE_SECONDS + 1)
    its = settled(sqlite_board, submission_id)
    assert its.problem.code == ErrorCode.FORBIDDEN
    assert f"“{home.name}”" in its.problem.message
    assert submission(sqlite_board, submission_id).state == State.DRAFT
    waiting = LookupState.WAITING
    assert [line.state for line in lines(sqlite_board, submission_id)] == [FOUND, waiting, waiting]
    monkeypatch.setitem(PROJECTS, home.id, home)
    with sqlite_board.store.write() as connection:
        submissions.resolve_on(connection, submission_id, sqlite_board.clock())
        ask(connection, submission_id, 2, sqlite_board.clock())
    settled(sqlite_board, submission_id)
    assert [line.state for line in lines(sqlite_board, submission_id)] == [FOUND, FOUND, MISSING]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["too-many-values", "long-url-drops"])
def test_what_is_too_much_for_a_call_is_asked_for_in_halves(sqlite_board, monkeypatch, fault):
    """20 values at most, or addresses of 8,192 bytes while more are thought to be taken."""
    monkeypatch.setattr(limits, "MAX_VALUE_CHARS", 12_000)
    texts = [f"none-{n}-{'x' * 90}.bam" for n in range(400)] + [planted.NAME_ONCE]
    sqlite_board.sim.set_faults({fault: 1.0})
    sqlite_board.sim.forget_calls()
    found = resolved(sqlite_board, texts, projects=SOURCE)
    assert states(found.values()) == {FOUND: 1, MISSING: 400}
    assert sqlite_board.sim.total_calls() <= 100  # some were under way when that was found out
    sqlite_board.sim.forget_calls()
    resolved(sqlite_board, [*texts[:100], planted.NAME_ONCE], projects=SOURCE)
    assert sum(sqlite_board.sim.struck().values()) >= 1
    assert sqlite_board.sim.total_calls() <= 1 + 2 * 9


def test_flags_tell_of_what_was_found(board):
    texts = [*planted.BY_STATUS.values(), planted.PARTIAL_TWIN]
    resolved(board, texts, projects=SOURCE)
    review = submission(board, 1).review
    assert (review.archived, review.archiving, review.unarchiving) == (1, 1, 1)
    assert (review.partial, review.deleting, review.files) == (2, 1, 7)


def test_odd_names_lose_nothing(sqlite_board):
    texts = ["n" * 2000, "ü" * 2000, "/" + "d" * 1500 + "/x.bam", "a,b", ",", "🧬.bam", "%", "/"]
    found = resolved(sqlite_board, [*texts, planted.NAME_ONCE], projects=SOURCE)
    assert found[texts[1]].state == IMPOSSIBLE
    assert "ICA refuses" in found[texts[1]].lookup.note
    assert found[planted.NAME_ONCE].state == FOUND
    assert states(found.values())[MISSING] == len(texts) - 1


def test_what_is_too_much_to_keep_ends_the_looking_and_says_so(database_url, tmp_path):
    with open_dashboard(database_url, tmp_path, ica=SMALL, account_gb=200_000 / 1e9) as board:
        board.visitor()
        texts = [planted.NAME_ONCE, *[planted.NAME_1500_TIMES] * 3]
        submission_id = put_in(board.store, board.clock(), texts, projects=SOURCE)
        its = settled(board, submission_id)
        assert its.problem.code == ErrorCode.NO_ROOM
        assert "the most for one account" in its.problem.message
        assert submission(board, submission_id).state == State.DRAFT
        assert submission(board, submission_id).kept_bytes <= 200_000


def test_the_rest_is_looked_for_closer_when_somebody_asks(sqlite_board):
    texts = [*(f"none-{n}.bam" for n in range(250)), name_of(planted.CAPITALS_ONLY).upper()]
    submission_id = put_in(sqlite_board.store, sqlite_board.clock(), texts, projects=SOURCE)
    sqlite_board.sim.forget_calls()
    settled(sqlite_board, submission_id)
    assert states(lines(sqlite_board, submission_id)) == {MISSING: 251}
    assert sum(line.lookup.closer for line in lines(sqlite_board, submission_id)) == 200
    assert sqlite_board.sim.total_calls() <= 1 + 3 + 2
    with sqlite_board.store.write() as connection:
        ask(connection, submission_id, 51, sqlite_board.clock(), closer=True)
    settled(sqlite_board, submission_id)
    found = lines(sqlite_board, submission_id)
    assert states(found) == {MISSING: 250, OTHERWISE: 1}
    assert all(line.lookup.closer for line in found)


@pytest.mark.slow
def test_the_budget_holds_and_a_stop_stops(tmp_path):
    """20,000 names at 5 calls a second: progress moves, a stop ends it, the rest waits."""
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with open_dashboard(url, tmp_path, ica=SMALL, calls_per_second=5) as board:
        board.visitor()
        texts = [f"none-{n}.bam" for n in range(20_000)]
        submission_id = put_in(board.store, board.clock(), texts, projects=SOURCE)
        board.sim.forget_calls()
        asked = []
        for _ in range(10):
            board.work(2)
            asked.append((board.sim.total_calls(), chore(board, submission_id).done))
        assert [done for _, done in asked] == sorted({done for _, done in asked})
        assert all(calls <= 5 * 2 * number + 18 for number, (calls, _) in enumerate(asked, 1))
        assert asked[-1][0] >= 5 * 18
        with board.store.write() as connection:
            chores.stop_asking(connection, submission_id, board.clock())
            assert submissions.end_resolving(connection, submission_id, board.clock())
        board.sim.forget_calls()
        board.work(30)
        assert board.sim.total_calls() == 0
        with board.store.read() as connection:
            count = lookups.counts(connection, submission_id)
        assert count == {MISSING: asked[-1][1], LookupState.WAITING: 20_000 - asked[-1][1]}
