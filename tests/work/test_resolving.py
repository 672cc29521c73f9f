"""Resolving a list of names and paths: what each line becomes, by how many calls, and what holds
whatever ICA does meanwhile.
"""

import pytest

from tests.dashboard import open_dashboard
from tests.lookups import named, resolved
from webapp.simulator import planted
from webapp.simulator.catalogue import data_id
from webapp.simulator.planted import DELIVERIES, ODD_PATHS, REFERENCE_PANEL
from webapp.store.enums import LookupState

FOUND, OTHERWISE, SEVERAL, MISSING, IMPOSSIBLE = (
    LookupState.FOUND,
    LookupState.OTHERWISE,
    LookupState.SEVERAL,
    LookupState.MISSING,
    LookupState.IMPOSSIBLE,
)
SOURCE = named(DELIVERIES)
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
        *(planted.SMALL_PATH, planted.CAPITALS_ONLY.lower(), name_of(planted.CAPITALS_ONLY).lower()),
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
    for name, count in ((planted.NAME_TWICE, 2), (planted.NAME_300_TIMES, 300), ("metrics.json", 1500)):
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
