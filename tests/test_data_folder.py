"""The data folder and the files in it are for their owner alone."""

import stat
from http.client import HTTPConnection

import pytest

from tests.processes import linkboard, output_of


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    return folder


def modes(folder):
    """The permissions of the folder and of its files, as in `chmod`."""
    paths = [folder, *folder.iterdir()]
    return {path.name: f"{stat.S_IMODE(path.stat().st_mode):o}" for path in paths}


def migrate(folder):
    return output_of("migrate", {"data_dir": folder})


def test_what_is_made_is_for_its_owner_alone(folder):
    assert migrate(folder)[0] == 0
    assert modes(folder) == {"data": "700", "linkboard.db": "600"}


def test_what_was_open_to_others_is_closed(folder):
    migrate(folder)
    folder.chmod(0o755)
    (folder / "linkboard.db").chmod(0o644)
    (folder / "linkboard.db.before-0004").touch(0o644)
    code, said = migrate(folder)
    assert (code, said.count("was open to others, and is not any more")) == (0, 3)
    assert set(modes(folder).values()) == {"700", "600"}


def test_a_folder_with_files_of_others_stays_as_it_is_and_check_says_so(folder):
    (folder / "thesis.txt").touch(0o644)
    migrate(folder)
    assert modes(folder) == {"data": "755", "linkboard.db": "600", "thesis.txt": "644"}
    assert f"WRONG  {folder} can be read by others" in output_of("check", {"data_dir": folder})[1]


@pytest.mark.long
def test_a_running_dashboard_leaves_nothing_to_others(folder, free_port):
    settings = {"data_dir": folder, "port": free_port, "web_processes": 1}
    with linkboard("serve", **settings) as program:
        program.wait_for("Linkboard is at")
        asked = HTTPConnection("127.0.0.1", free_port, timeout=20)
        asked.request("GET", "/readyz")
        asked.getresponse().read()  # from now on the database is open, and has its other files
        asked.close()
        found = modes(folder)
        assert {"secret_key", "linkboard.db", "linkboard.db-wal", "linkboard.db-shm"} < set(found)
        assert found.pop("data") == "700"
        assert set(found.values()) == {"600"}
        assert f"WRONG  {folder}" not in output_of("check", settings)[1]
