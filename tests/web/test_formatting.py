"""How values are written."""

import pytest

from webapp.web.core.formatting import bytes_size, clock, iso, number, plural, share


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.2 kB"),
        (50_000_000, "50 MB"),
        (999_600, "1 MB"),
    ],
)
def test_sizes(size, written):
    assert bytes_size(size) == written


@pytest.mark.parametrize(
    ("count", "total", "written"),
    [
        (0, 10, "0 %"),
        (1, 300_000, "< 0.1 %"),
        (1, 3, "33.3 %"),
        (299_999, 300_000, "> 99.9 %"),
        (10, 10, "100 %"),
        (0, 0, "0 %"),
    ],
)
def test_a_share_is_never_all_or_nothing_before_it_is(count, total, written):
    assert share(count, total) == written


def test_numbers_and_moments():
    assert number(12345) == "12,345"
    assert number(None) == ""
    assert plural(1, "batch", "batches") == "1 batch"
    assert plural(2000, "id") == "2,000 ids"
    assert iso(0.0) == "1970-01-01T00:00:00Z"
    assert clock(1_795_435_451.9) == "23 Nov 2026, 12:04:11 UTC"
