"""Forms as they are filled in: the project that is picked, the file, and what stands beside."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.tab import opened, sign_in
from tests.dashboard import data_ids
from tests.simulated_ica import FIRST_PROJECT

V4 = "application/vnd.illumina.v4+json"


def list_file(name, lines):
    return {"name": name, "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}


def test_what_is_picked_and_chosen_stands_beside_the_button(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    side, picker = tab.get_by_role("complementary"), tab.locator("#picker")
    expect(side).to_contain_text("Not chosen yet")
    picker.get_by_role("radio", name="Rare disease WGS 2026").hover()
    tab.mouse.wheel(0, 300)
    expect(side).to_contain_text("Not chosen yet")
    picker.get_by_role("radio", name="Rare disease WGS 2026").click()
    expect(picker).not_to_have_attribute("open", "")
    expect(side).to_contain_text("Rare disease WGS 2026")
    expect(picker.locator("summary")).to_be_focused()

    tab.keyboard.press("Enter")  # on the line itself: it unfolds
    picker.get_by_role("radio", name="Rare disease WGS 2026").focus()
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    expect(picker).to_have_attribute("open", "")
    expect(side).to_contain_text("Cardiomyopathy exomes 2023")
    tab.keyboard.press("Enter")
    expect(picker).not_to_have_attribute("open", "")
    expect(tab).to_have_url(re.compile("/submissions/new$"))

    tab.get_by_label("A file with your list").set_input_files(list_file("a.txt", data_ids(3)))
    expect(side).to_contain_text("a.txt (110 B)")
    tab.get_by_label("Or paste it").fill("fil.1")
    expect(side).to_contain_text("a.txt (110 B) and pasted text (1 line)")
    tab.get_by_label("Or paste it").fill("fil.1\n\n  fil.2\n")
    expect(side).to_contain_text("a.txt (110 B) and pasted text (2 lines)")
    tab.get_by_role("button", name="Take it away").click()
    expect(side).not_to_contain_text("a.txt")


def test_what_stands_beside_a_form_agrees_with_it_after_back(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    tab.get_by_label("Or paste it").fill(data_ids(1, start=410_000)[0])
    tab.get_by_label("Name", exact=True).fill("Typed before")
    tab.get_by_role("button", name="Continue to review").click()
    expect(tab.get_by_role("heading", name="Typed before")).to_be_visible()
    tab.go_back()
    side = tab.get_by_role("complementary")
    expect(tab.get_by_label("Name", exact=True)).to_have_value("Typed before")
    expect(side).to_contain_text("Rare disease WGS 2026")
    expect(side).to_contain_text("pasted text")
    expect(tab.locator("#picker summary")).to_contain_text("Rare disease WGS 2026")
    expect(tab.locator("#picker")).not_to_have_attribute("open", "")
    expect(tab.get_by_text("Change the project")).to_be_visible()


def test_the_batches_of_the_picked_project_are_listed_after_back(tab):
    sign_in(tab)
    tab.goto("/submissions/adopt")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    expect(tab.get_by_role("heading", name="Recent batches")).to_be_visible()
    tab.get_by_role("link", name="Find ids").click()
    expect(tab.get_by_role("heading", name="Where are my ids?")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("complementary")).to_contain_text("Rare disease WGS 2026")
    expect(tab.get_by_role("heading", name="Recent batches")).to_be_visible()
    expect(tab.locator("#picker")).not_to_have_attribute("open", "")


def test_what_was_typed_is_there_again_after_signing_in_again(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    ids = "\n".join(data_ids(1_000, start=400_000))
    tab.get_by_label("Or paste it").fill(ids)
    tab.get_by_label("Name", exact=True).fill("Of a long day")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    tab.context.request.post("/signout", headers={"Origin": tab.url.partition("/submissions")[0]})
    tab.get_by_role("button", name="Continue to review").click()
    expect(tab.get_by_text("nothing was sent to ICA, and nothing was changed")).to_be_visible()
    expect(tab.get_by_text("What you had typed is kept in this tab")).to_be_visible()

    tab.get_by_label("ICA API key").fill("demo-key")
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_text("What you had typed before you were signed out")).to_be_visible()
    expect(tab.get_by_text("The file has to be chosen again")).to_be_hidden()
    expect(tab.get_by_label("Or paste it")).to_have_value(ids)
    expect(tab.get_by_label("Name", exact=True)).to_have_value("Of a long day")
    expect(tab.get_by_role("complementary")).to_contain_text("Rare disease WGS 2026")
    expect(tab.get_by_role("complementary")).to_contain_text("pasted text")
    expect(tab.locator("#picker")).not_to_have_attribute("open", "")
    tab.goto("/submissions/new")
    expect(tab.get_by_label("Name", exact=True)).to_have_value("")


def test_a_file_that_was_chosen_has_to_be_chosen_again_and_that_is_said(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    tab.get_by_label("A file with your list").set_input_files(list_file("a.txt", data_ids(3)))
    tab.get_by_label("Name", exact=True).fill("With a file")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    tab.context.request.post("/signout", headers={"Origin": tab.url.partition("/submissions")[0]})
    tab.get_by_role("button", name="Continue to review").click()
    tab.get_by_label("ICA API key").fill("demo-key")
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_label("Name", exact=True)).to_have_value("With a file")
    expect(tab.get_by_text("The file has to be chosen again")).to_be_visible()


def test_a_form_that_came_back_with_an_error_is_back_when_it_is_opened_again(browser, dashboard):
    with opened(browser, dashboard.root, forgiving=True) as page:  # a 422 is an error to it
        sign_in(page)
        page.goto(f"/submissions/new?project_id={FIRST_PROJECT}")
        back = page.get_by_text("What you had typed before you were signed out")
        for name in ("n" * 201, "m" * 201):
            page.get_by_label("Or paste it").fill(data_ids(1)[0])
            page.get_by_label("Name", exact=True).fill(name)
            page.get_by_role("button", name="Continue to review").click()
            expect(page.get_by_role("alert")).to_be_visible()
            expect(page.get_by_label("Name", exact=True)).to_have_value(name)
            expect(back).to_be_hidden()
        page.context.request.post("/signout", headers={"Origin": dashboard.root})
        page.get_by_role("button", name="Continue to review").click()
        page.get_by_label("ICA API key").fill("demo-key")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page).to_have_url(re.compile("/submissions$"))
        page.goto("/submissions/new")
        expect(back).to_be_visible()
        expect(page.get_by_label("Name", exact=True)).to_have_value("m" * 201)
        page.get_by_role("button", name="Continue to review").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(back).to_be_hidden()


def test_what_was_typed_is_not_given_to_another_account(tab):
    sign_in(tab)
    tab.goto("/submissions/new")
    tab.get_by_label("Name", exact=True).fill("Of mine")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    tab.get_by_label("Or paste it").fill(data_ids(1)[0])
    tab.context.request.post("/signout", headers={"Origin": tab.url.partition("/submissions")[0]})
    tab.get_by_role("button", name="Continue to review").click()
    tab.get_by_label("ICA API key").fill("colleague-key")
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab).to_have_url(re.compile("/submissions/new$"))
    expect(tab.get_by_label("Name", exact=True)).to_have_value("")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_is_sent_once(browser, dashboard, scripts):
    # A 422 is an error to the console, so this window may complain.
    with opened(browser, dashboard.root, forgiving=True, java_script_enabled=scripts) as page:
        sign_in(page)
        page.goto(f"/submissions/new?project_id={FIRST_PROJECT}")
        file = list_file("twice.txt", data_ids(40_000, start=300_000))
        page.get_by_label("A file with your list").set_input_files(file)
        page.get_by_label("Name", exact=True).fill("n" * 201)
        page.get_by_role("button", name="Continue to review").click()
        expect(page.get_by_role("alert")).to_contain_text("this one has 201")
        expect(page.get_by_text("twice.txt (1.5 MB) is kept")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("sent once")
        with page.expect_request("**/submissions") as sent:
            page.get_by_role("button", name="Continue to review").click()
        expect(page.get_by_role("heading", name="sent once")).to_be_visible()
        assert int(sent.value.all_headers()["content-length"]) < 5_000


def test_a_recent_batch_is_watched_by_one_click(tab, dashboard):
    made = requests.post(
        f"{dashboard.ica_root}/ica/rest/api/projects/{FIRST_PROJECT}/dataLinkingBatch",
        json={"items": [{"dataId": one} for one in data_ids(3, start=400_000)]},
        headers={"X-API-Key": "demo-key", "Accept": V4, "Content-Type": V4},
        timeout=20,
    ).json()
    sign_in(tab)
    tab.goto("/submissions/adopt")
    expect(tab.get_by_role("heading", name="Recent batches")).to_have_count(0)
    tab.get_by_label("By its id").fill("no id")
    tab.get_by_label("Name (optional)").fill("from a script")
    tab.get_by_role("radio", name="Rare disease WGS 2026").check()
    expect(tab.locator("#recent")).to_contain_text(made["id"])
    expect(tab.get_by_label("Or by its id")).to_have_value("no id")
    tab.get_by_role("button", name=f"Watch it: batch {made['id']}").click()
    expect(tab.get_by_role("heading", name="from a script")).to_be_visible()
