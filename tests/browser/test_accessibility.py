"""Every page, in every state of a dashboard: axe finds nothing, nothing scrolls sideways, no text
is smaller than 13 px, and what has the focus can be seen.

tests/run looks at each page where it shows the most, and in some states besides, by turns on a
phone and on wide screens, in light and in dark colours; --full at all of them in all six ways.
"""

from itertools import cycle, product

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.whole_pages import LAPTOP, PHONE, WIDE, shown_at, whole_pages
from tests.dashboard import open_dashboard
from tests.web.page_visits import visit_all
from webapp.web.submissions.status_text import segments

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WAYS = list(product((PHONE, LAPTOP, WIDE), ("light", "dark")))
MORE_STATES = {
    *("attempts", "batches", "submission with a chart", "submission blocked"),
    *("submission with a silent worker", "board unused", "items unread", "draft of names"),
}
WIDTHS = """(bar, shares) => {
  const parts = [...bar.children];
  parts.splice(shares.length).forEach((one) => one.remove());
  parts.forEach((one, n) => one.setAttribute("width", `${shares[n]}%`));
  const width = (drawn) => drawn.getBoundingClientRect().width;
  return parts.map((one) => [width(one), width(one.firstChild)]);
}"""
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"
SMALL = """[...document.querySelectorAll("body *")].filter((element) =>
  [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) &&
  element.checkVisibility() && parseFloat(getComputedStyle(element).fontSize) < 13
).map((element) => `smaller than 13 px: ${element.outerHTML.slice(0, 120)}`)"""
FOCUSABLE = "a[href], button, input, select, textarea, summary"
HIDDEN_FOCUS = """focusable => {
  const found = [];
  for (const element of document.querySelectorAll(focusable)) {
    if (!element.checkVisibility({ visibilityProperty: true }) || element.disabled) continue;
    element.focus();
    if (document.activeElement !== element || element.closest(".visually-hidden")) continue;
    const box = [...element.getClientRects()].find((rect) => rect.width && rect.height);
    if (!box) continue;
    const middle = (from, to, size) => (Math.max(from, 0) + Math.min(to, size)) / 2;
    const at = [middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight)];
    const seen = document.elementFromPoint(...at); // of a tall field the browser shows the caret
    const label = seen?.closest("label");
    const own = (one) => one && (one.contains(element) || element.contains(one));
    if (own(seen) || own(label)) continue;
    found.push(`hidden when focused: ${element.outerHTML.slice(0, 120)}`);
    found.push(`by ${seen?.outerHTML.slice(0, 120)}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with (
        open_dashboard(f"sqlite:///{folder / 'linkboard.db'}", folder, rate=100.0) as dashboard,
        pytest.MonkeyPatch.context() as patch,
    ):
        yield list(whole_pages(visit_all(dashboard, patch)))


def faults_of(tab):
    """What is wrong with the page that is shown, a line each."""
    found = Axe().run(tab, options={"runOnly": TAGS, "resultTypes": ["violations"]})
    wrong = [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]
    if sideways := tab.evaluate(SIDEWAYS):
        wrong.append(f"it is {sideways} pixels wider than the window")
    return wrong + tab.evaluate(SMALL) + tab.evaluate(HIDDEN_FOCUS, FOCUSABLE)


def check(browser, pages_and_ways):
    wrong = []
    for way in WAYS:
        with shown_at(browser, *way) as show:
            for page in (page for page, its_way in pages_and_ways if its_way == way):
                wrong += [f"{page.name} at {way}: {fault}" for fault in faults_of(show(page))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_each_page_in_its_main_state(browser, pages):
    by_name = {page.name: page for page in pages}
    fullest = {page.template: page for page in sorted(pages, key=lambda page: len(page.html))}
    main = {*fullest.values(), *(by_name[name] for name in MORE_STATES)}
    assert len(main) > 40
    check(browser, list(zip(sorted(main, key=pages.index), cycle(WAYS), strict=False)))


@pytest.mark.long
def test_one_of_300_000_is_seen_in_a_bar_and_nothing_looks_larger_than_it_is(browser, pages):
    [ended] = [page for page in pages if page.name == "submission ended"]
    shares = [segment.width for segment in segments({"LINKED": 299_999, "FAILED": 1})]
    for size in (PHONE, WIDE):
        with shown_at(browser, size, "light") as show:
            bar = show(ended).locator(".breakdown > .bar")
            linked, failed = bar.evaluate(WIDTHS, shares)
            assert failed == [2, 2]
            assert linked == [bar.bounding_box()["width"] - 2] * 2


@pytest.mark.long
def test_each_page_in_each_state_and_each_way(browser, pages):
    check(browser, list(product(pages, WAYS)))
