"""One browser window, what it complains of, and the steps that every journey takes."""

import re
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.simulated_ica import FIRST_PROJECT

COMPLAINTS = {"error", "warning"}
PATIENCE = 20_000  # milliseconds that a condition may take to come true on a busy machine

expect.set_options(timeout=PATIENCE)


@contextmanager
def opened(browser, root, *, forgiving=False, **options):
    """A page in a window of its own. Unless `forgiving`, it must complain of nothing: no error of
    a script, no refused resource (the Content-Security-Policy's refusals included).
    """
    context = browser.new_context(base_url=root, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    said = []
    page.on(
        "console", lambda message: said.append(f"{message.type}: {message.text} {_at(message)}")
    )
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    try:
        yield page
    finally:
        context.close()
    complaints = [line for line in said if line.partition(":")[0] in COMPLAINTS]
    assert forgiving or not complaints, complaints


def _at(message):
    return message.location["url"]


def sign_in(page, key="demo-key"):
    page.goto("/signin")
    page.get_by_label("ICA API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/submissions$"))


def draft(page, data_ids, name):
    """Upload these ids as a file of that name, up to the review of what was found in it."""
    upload(page, "\n".join(data_ids).encode(), name)


def upload(page, content, name):
    """Upload these bytes as a file of that name, up to the review."""
    page.goto(f"/submissions/new?project_id={FIRST_PROJECT}")
    file = {"name": name, "mimeType": "text/plain", "buffer": content}
    page.get_by_label("A file with your list").set_input_files(file)
    page.get_by_role("button", name="Continue to review").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def submit(page):
    page.get_by_role("button", name=re.compile("^Submit")).click()
    expect(page.locator("#progress")).to_be_visible()


def wait_until_done(page):
    """Wait for the last word, without touching the page."""
    expect(page.locator("#progress .standing")).to_contain_text("Done")


def choose(page, name):
    """Follow a link of the menu beside the title, as the page has it now."""
    page.reload()
    page.locator("details.menu > summary").click()
    page.get_by_role("link", name=name, exact=True).click()


def show_items(page):
    """Go to the tab with the item table."""
    page.get_by_role("navigation", name="Parts of this submission").get_by_text("Items").click()
    expect(page).to_have_url(re.compile("/items$"))
    expect(page.locator("#item-table")).to_be_visible()


def download(page, name):
    """The file that the link of that name downloads."""
    with page.expect_download() as found:
        page.get_by_role("link", name=name, exact=True).click()
    return found.value


def polled(response):
    """Whether a response is a fresh fragment of a submission's progress."""
    return "/progress" in response.url and response.status == 200
