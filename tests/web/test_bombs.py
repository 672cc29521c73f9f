"""A small workbook that unpacks to nothing but tags, sent through the front door."""

import io
import tracemalloc
from contextlib import contextmanager

import pytest

from tests.idlist.zip_bombs import BOMB_MAKERS
from tests.stage import stage, text

MB = 1_000_000
DEEP = "its XML has more than 100 elements in one another"


@pytest.fixture
def st(tmp_path):
    with stage(f"sqlite:///{tmp_path / 'b.db'}", tmp_path) as set_up:
        yield set_up


@contextmanager
def at_most(size):
    """No more than so many bytes are held within, expat's included."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def test_a_question_is_refused_in_words(st):
    demo, bomb = st.visitor(), BOMB_MAKERS["depth"](19 * MB)
    with at_most(80 * MB):
        answer = demo.post("/find", {"file": (io.BytesIO(bomb), "list.xlsx")})
    assert answer.status_code == 422
    assert DEEP in text(answer)


@pytest.mark.slow
def test_an_upload_is_refused_in_words(st):
    demo, bomb = st.visitor(), BOMB_MAKERS["depth"](480 * MB)
    with at_most(80 * MB):
        answer = demo.upload(file=(bomb, "list.xlsx"))
        st.work()
    assert answer.status_code == 422
    assert DEEP in text(answer)
