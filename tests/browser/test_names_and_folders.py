"""From what people have to data: a sample sheet of file names, and a folder of ICA."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from tests.browser.tab import download, show_items, sign_in, submit, upload, wait_until_done
from tests.simulated_ica import FIRST_PROJECT
from webapp.demo.samples import SAMPLES
from webapp.simulator import planted

SHEET = next(sample for sample in SAMPLES if sample.file_name == "sample-sheet.csv")
NAMES = 26
SEVERAL = planted.RESEQUENCED  # names that stand in ICA twice
MISSING = ("HG99999_S8_L001_R1_001.fastq.gz", "HG99999_S8_L001_R2_001.fastq.gz")

pytestmark = pytest.mark.slow


@pytest.mark.long
def test_a_sample_sheet_comes_back_with_the_outcome_beside_each_line(tab):
    sign_in(tab)
    upload(tab, SHEET.content.encode(), SHEET.file_name)
    main = tab.locator("main")
    expect(main).to_contain_text("3 names and paths found more than once")
    expect(main).to_contain_text("2 names and paths not found")
    expect(tab.get_by_role("button", name="Submit 21 ids")).to_be_visible()
    for name in SEVERAL:
        row = tab.get_by_role("row").filter(has_text=name).filter(has_text="/deliveries/")
        row.get_by_text(f"/deliveries/resequenced/{name}").click()
    tab.get_by_role("button", name="Choose what is ticked").click()
    expect(tab.get_by_role("button", name="Submit 24 ids")).to_be_visible()
    expect(main).to_contain_text("2 names and paths are left open")
    submit(tab)
    wait_until_done(tab)
    expect(tab.locator("#progress")).to_contain_text("All 24 items are linked")

    rows = list(csv.DictReader(io.StringIO(returned(tab))))
    assert [list(row.values())[:3] for row in rows] == [
        line.split(",") for line in SHEET.content.splitlines()[1:]
    ]
    for row in rows:
        found = [row[column] for column in ("fastq_1", "fastq_2") if row[column] not in MISSING]
        assert row["data_id"].count("fil.") == len(found)
        assert all(name in row["resolved_path"] for name in found)
        again = [name for name in found if name in SEVERAL]
        assert row["resolved_path"].count("/deliveries/resequenced/") == len(again)
        assert ("LINKED" in row["status"]) == bool(found)
    [lacking] = [row for row in rows if row["fastq_1"] in MISSING]
    assert "NOT_FOUND" in lacking["status"]


@pytest.mark.long
def test_a_list_is_made_of_a_folder_with_a_filter(tab):
    sign_in(tab)
    tab.get_by_role("link", name="New submission").first.click()
    tab.get_by_role("link", name="From a folder of ICA").click()
    tab.get_by_placeholder("A part of its name, or its id").press_sequentially("WGS 2025")
    tab.get_by_text("Cardiomyopathy WGS 2025", exact=True).click()
    tab.get_by_role("button", name="Open it").click()
    for folder in ("runs", re.compile("_A00871_"), "Analysis", re.compile("^HG")):
        tab.locator("main table").get_by_role("link", name=folder).first.click()
    tab.get_by_role("link", name="Make a list of what is in it").click()
    tab.get_by_label("Name", exact=True).fill("*_R1_001.fastq.gz")
    tab.get_by_role("button", name="See what that is").click()
    expect(tab).to_have_url(re.compile(r"search=(?!.*fastq)"))
    tab.get_by_role("link", name=re.compile("^Make a list of")).click()
    tab.locator(f"input[value='{FIRST_PROJECT}']").check()
    tab.get_by_label("Name", exact=True).fill("First reads")
    tab.get_by_role("button", name=re.compile("^Make")).click()
    expect(tab.get_by_role("button", name="Submit 4 ids")).to_be_visible()
    submit(tab)
    wait_until_done(tab)
    show_items(tab)
    expect(tab.locator("#item-table")).to_contain_text("_R1_001.fastq.gz")
    expect(tab.locator("#item-table")).not_to_contain_text("_R2_001.fastq.gz")


def returned(tab):
    """The text of the list handed back."""
    return download(tab, "Download your list").path().read_text()
