"""Resolving a list of names and paths: what each line becomes, by how many calls, and what holds
whatever ICA does meanwhile.
"""

import random
import unicodedata

import pytest

from tests.dashboard import open_dashboard
from tests.lookups import named, resolved, states
from webapp.simulator import planted
from webapp.simulator.catalogue import Catalogue, data_id
from webapp.simulator.planted import DELIVERIES, ODD_PATHS
from webapp.simulator.projects import PROJECTS, project_id
from webapp.store import submissions
from webapp.store.enums import LookupState

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
    planted.NAME_1500_TIMES: SEVERAL,
    planted.FOLDER_LIKE_FILE: FOUND,
    "/run1/": FOUND,
    planted.NO_PATH: OTHERWISE,
    "none.bam": MISSING,
    "/deliveries/bam/none.bam": MISSING,
    **{f"/qc/plate-{n:04d}/metrics.json": FOUND for n in range(40)},
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


@pytest.mark.slow
def test_whatever_ica_does_the_answer_is_right(tmp_path):
    """In one project, and among all that may be linked, in turns."""
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path, ica=SMALL) as board:
        for number, (unknown, amount) in enumerate(UNKNOWNS.items()):
            board.sim.set_faults({})
            board.visitor()
            board.sim.set_faults({unknown: amount})
            found = resolved(board, [*RIGHT], projects=[SOURCE, []][number % 2])
            assert {text: line.state for text, line in found.items()} == RIGHT, unknown
            count = found[planted.NAME_1500_TIMES].lookup.count
            assert count == 1500 or (unknown == "moved" and count >= 1498), unknown
            for text, line in found.items():
                if line.state == FOUND and text.startswith("/"):
                    assert line.data_id == data_id(DELIVERIES, text), unknown
            board.clock.advance(HOUR)  # what ICA was found to take is found anew


def test_what_a_project_holds_already_is_found_there_and_said(board):
    """ICA may leave it out of what may be linked."""
    texts = [planted.NAME_ONCE, *planted.BESIDES, "none.bam"]
    ids = [data_id(DELIVERIES, path) for path in planted.BESIDES]
    board.visitor().submit(ids)
    board.work(60)
    board.sim.set_faults({"eligible-hides-linked": 1.0})
    found = resolved(board, texts)
    assert [found[path].state for path in texts] == [FOUND] * 4 + [MISSING]
    assert [found[path].data_id for path in planted.BESIDES] == ids
    for path in planted.BESIDES:
        assert "in the project already" in found[path].lookup.note
    with board.store.read() as connection:
        review = submissions.get(connection, 2).review
    assert (review.linked, review.files) == (3, 4)


@pytest.mark.slow
def test_many_take_few_calls(tmp_path):
    """5,000 names, and 5,000 paths of one project's runs."""
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as board:
        board.visitor()
        data = Catalogue().of(PROJECTS[project_id(DELIVERIES)]).data
        files = sorted(one.path for one in data if one.path.startswith("/runs/") and one.size)
        for texts, most in (
            ([path for path in files if path.endswith(".gz")][:5000], 30),
            ([name_of(path) for path in files if path.endswith(".gz")][:5000], 60),
            (random.Random(1).sample(files, 5000), 30),
        ):
            board.sim.forget_calls()
            found = resolved(board, texts, projects=SOURCE)
            assert states(found.values()) == {FOUND: 5000}
            assert board.sim.total_calls() <= most
            longest = board.sim.longest()["getProjectDataList"]
            assert longest["values"] <= 100
            assert longest["bytes"] <= 8192 - 2000  # there is room for a token
