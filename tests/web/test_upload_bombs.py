"""A small workbook that unpacks to nothing but tags, sent through the front door."""

import io
import tracemalloc
from contextlib import contextmanager

import pytest

from tests.dashboard import open_dashboard, text
from tests.idlist.zip_bombs import BOMB_MAKERS

MB = 1_000_000
DEEP = "its XML has more than 100 elements in one another"


@pytest.fixture
def dashboard(tmp_path):
    with open_dashboard(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as dashboard:
        yield dashboard


@contextmanager
def at_most(size):
    """No more than so many bytes are held within, expat's included."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def test_a_question_is_refused_in_words(dashboard):
    demo, bomb = dashboard.visitor(), BOMB_MAKERS["depth"](19 * MB)
    with at_most(80 * MB):
        answer = demo.post("/find", {"file": (io.BytesIO(bomb), "list.xlsx")})
    assert answer.status_code == 422
    assert DEEP in text(answer)


@pytest.mark.slow
def test_an_upload_is_refused_in_words(dashboard):
    demo, bomb = dashboard.visitor(), BOMB_MAKERS["depth"](480 * MB)
    with at_most(80 * MB):
        answer = demo.upload(file=(bomb, "list.xlsx"))
        dashboard.work()
    assert answer.status_code == 422
    assert DEEP in text(answer)
