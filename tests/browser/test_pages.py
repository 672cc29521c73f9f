"""Every page fits a phone, and says nothing on the console."""

import pytest

from tests.browser.tab import draft, sign_in, submit, wait_until_done
from tests.stage import data_ids

WIDER = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize(
    "path", ["/submissions", "/submissions/new", "/submissions/adopt", "/account"]
)
def test_no_page_scrolls_sideways_on_a_phone(phone, path):
    sign_in(phone)
    phone.goto(path)
    assert phone.evaluate(WIDER) <= 0


def test_nor_does_a_submission(phone):
    sign_in(phone)
    ids = data_ids(5, start=160_000) + data_ids(5, ending="01", start=161_000)
    draft(phone, ids, "a_name_without_a_space_" + "x" * 120)
    assert phone.evaluate(WIDER) <= 0
    submit(phone)
    wait_until_done(phone)
    assert phone.evaluate(WIDER) <= 0
    phone.locator("#item-table tbody tr th a").last.click()
    assert phone.evaluate(WIDER) <= 0
