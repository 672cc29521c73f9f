"""Every page fits a phone, says nothing on the console, and keeps what was typed."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import draft, sign_in, submit, wait_until_done
from tests.dashboard import data_ids

WIDER = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize(
    "path", ["/submissions", "/submissions/new", "/submissions/adopt", "/account"]
)
def test_no_page_scrolls_sideways_on_a_phone(phone, path):
    sign_in(phone)
    phone.goto(path)
    assert phone.evaluate(WIDER) <= 0


@pytest.mark.long
def test_nor_does_a_submission(phone):
    sign_in(phone)
    ids = data_ids(5, start=160_000) + data_ids(5, ending="01", start=161_000)
    draft(phone, ids, "a_name_without_a_space_" + "x" * 120)
    assert phone.evaluate(WIDER) <= 0
    submit(phone)
    wait_until_done(phone)
    for name in ("Reasons", "Attempts", "Batches", "Items"):
        phone.get_by_role("link", name=name, exact=True).last.click()
        expect(phone.locator(".tabs [aria-current]")).to_have_text(name)
        assert phone.evaluate(WIDER) <= 0
    phone.locator("#item-table tbody tr th a").last.click()
    expect(phone).to_have_url(re.compile(r"/items/\d+"))
    phone.wait_for_load_state()
    assert phone.evaluate(WIDER) <= 0


@pytest.mark.parametrize("window", ["tab", "scriptless"])
def test_searching_for_a_project_keeps_what_was_pasted(request, window):
    page = request.getfixturevalue(window)
    sign_in(page)
    page.goto("/submissions/new")
    page.get_by_label("Or paste it").fill("fil.1\nfil.2")
    project = page.get_by_label("Find the project to link the data into")
    project.fill("rare disease")
    project.press("Enter")
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.get_by_label("Or paste it")).to_have_value("fil.1\nfil.2")
    expect(page).to_have_url(re.compile("/submissions/new$"))

    page.get_by_text("Where to look for names and paths").click()
    sources = page.locator("#sources")
    sources.get_by_role("checkbox").first.check()
    search = page.get_by_label("Find a project to look in")
    search.fill("registry wgs 2025")
    search.press("Enter")
    expect(sources).to_contain_text("Twin registry WGS 2025")
    expect(sources.get_by_role("checkbox", checked=True)).to_have_count(1)
    expect(sources.get_by_label("Rare disease WGS 2026")).to_be_checked()
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.get_by_label("Or paste it")).to_have_value("fil.1\nfil.2")


def test_a_note_keeps_its_lines(tab):
    sign_in(tab)
    draft(tab, data_ids(1, start=162_000), "noted.txt")
    tab.get_by_role("link", name="Name and note").click()
    tab.get_by_label("Note").fill("one\ntwo")
    tab.get_by_role("button", name="Save").click()
    expect(tab.locator(".note")).to_be_visible()
    assert tab.locator(".note").inner_text() == "one\ntwo"
