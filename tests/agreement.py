"""Whether everything that tells how a list stands tells the same, ICA itself included."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import requests

from tests.dashboard import HEADERS, Visitor
from tests.simulated_ica import FIRST_PROJECT
from webapp.store.statuses import IN_PROJECT, MEANINGS, NEW_STATUS
from webapp.web.submissions.status_display import look, ordered, status_label

if TYPE_CHECKING:  # to import it takes long, and most tests need no browser
    from playwright.sync_api import Page

LOOKED_AT = 8  # items whose own pages are read
BADGE = re.compile(r'data-status="([^"]+)"')


class ByVisitor:
    """Reads the pages as a tests.dashboard.Visitor."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def get(self, path: str) -> str:
        answer = self._visitor.get(path)
        assert answer.status_code == 200, path
        return answer.get_data(as_text=True)

    def post(self, path: str, fields: Mapping[str, str]) -> str:
        """The address that a form leads to."""
        return self._visitor.post(path, fields).location or ""


class ByBrowser:
    """Reads the pages with the cookies of a browser's window."""

    def __init__(self, page: "Page", root: str) -> None:
        self._page, self._root = page, root

    def get(self, path: str) -> str:
        answer = self._page.request.get(path)
        assert answer.ok, path
        return answer.text()

    def post(self, path: str, fields: Mapping[str, str]) -> str:
        answer = self._page.request.post(path, form=dict(fields), headers=HEADERS)
        return answer.url.removeprefix(self._root)


class Reader(Protocol):
    """Whoever can get a page, and the address that a form leads to."""

    def get(self, path: str) -> str: ...

    def post(self, path: str, fields: Mapping[str, str]) -> str: ...


def assert_all_agree(
    reader: Reader, ica_root: str, place: str, expected: Mapping[str, str]
) -> None:
    """`expected` is {data id: status}, in the order of the list, of a submission at rest."""
    counts = Counter(expected.values())
    assert by_csv(reader, place) == expected
    assert by_json_lines(reader, place) == expected
    assert by_the_list_handed_back(reader, place) == expected
    assert by_find(reader, expected) == expected
    assert by_the_page(reader, place) == by_the_chips(reader, place) == counts
    assert by_the_manifest(reader, place) == in_project(expected)
    assert short(counts) in by_the_board(reader, place)
    assert by_the_reasons(reader, place) == sum(
        count for word, count in counts.items() if MEANINGS.get(word, NEW_STATUS).trouble
    )
    assert_the_attempts_add_up(reader, place)
    assert_the_items_agree(reader, place, expected)
    with requests.Session() as session:  # one connection for all
        for data_id, status in expected.items():
            there = in_ica(session, ica_root, data_id)
            assert there == (status in IN_PROJECT), (data_id, status)


def by_csv(reader: Reader, place: str, query: str = "") -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(reader.get(f"{place}/export.csv{query}")))
    return {row["data_id"]: row["status"] for row in rows}


def by_json_lines(reader: Reader, place: str) -> dict[str, str]:
    rows = map(json.loads, reader.get(f"{place}/export.jsonl").splitlines())
    return {row["data_id"]: row["status"] for row in rows}


def by_the_list_handed_back(reader: Reader, place: str) -> dict[str, str]:
    """Of a list of ids, one a line."""
    lines = reader.get(f"{place}/list").splitlines()[1:]
    return {line.split("\t")[0]: line.split("\t")[1] for line in lines}


def by_find(reader: Reader, data_ids: Iterable[str]) -> dict[str, str]:
    answer = reader.post("/find", {"ids": "\n".join(data_ids)})
    rows = csv.DictReader(io.StringIO(reader.get(f"{answer}/export.csv")))
    return {row["data_id"]: row["outcome"] for row in rows}


def by_the_page(reader: Reader, place: str) -> Counter[str]:
    return legend(reader.get(place))


def legend(page: str) -> Counter[str]:
    """The counts that a list's page shows of it."""
    found = re.findall(r'class="count" data-status="([^"]+)"[^>]*>([0-9,]+)<', page)
    return Counter({word: int(count.replace(",", "")) for word, count in found})


def by_the_chips(reader: Reader, place: str) -> Counter[str]:
    chips = reader.get(f"{place}/items").partition('id="item-chips"')[2].partition("</div>")[0]
    found = re.findall(r'id="chip-([A-Z_]+)".*?chip-count"[^>]*>([0-9,]+)<', chips, re.S)
    return Counter({word: int(count.replace(",", "")) for word, count in found})


def by_the_manifest(reader: Reader, place: str) -> set[str]:
    """The ids that it has as linked."""
    rows = csv.DictReader(io.StringIO(reader.get(f"{place}/export.csv?columns=manifest")))
    return in_project({row["data_id"]: row["status"] for row in rows})


def in_project(told: Mapping[str, str]) -> set[str]:
    return {data_id for data_id, status in told.items() if status in IN_PROJECT}


def by_the_board(reader: Reader, place: str) -> str:
    """The row's words."""
    number = place.rsplit("/", 1)[1]
    row = reader.get("/submissions").partition(f'id="submission-{number}"')[2]
    return " ".join(re.sub("<[^>]*>", " ", row.partition("</tr>")[0]).split())


def short(counts: Counter[str]) -> str:
    """The counts as the board has them."""
    found: Counter[str] = Counter()
    for word in ordered(counts):
        found[look(word).short or status_label(word).lower()] += counts[word]
    return ", ".join(f"{count:,} {word}" for word, count in found.items())


def by_the_reasons(reader: Reader, place: str) -> int:
    """How many items stand with a reason."""
    cells = re.findall(
        r'data-label="Items" class="number">([0-9,]+)<', reader.get(f"{place}/reasons")
    )
    return sum(int(count.replace(",", "")) for count in cells)


def assert_the_attempts_add_up(reader: Reader, place: str) -> None:
    """Each attempt's own export has as many items as its page says."""
    page = reader.get(f"{place}/attempts")
    for number in re.findall(rf'href="{place}/attempts/([0-9]+)"', page):
        own = Counter(by_csv(reader, place, f"?attempt={number}").values())
        assert by_the_page(reader, f"{place}/attempts/{number}") == own, number


def assert_the_items_agree(reader: Reader, place: str, expected: Mapping[str, str]) -> None:
    """Some items' own pages: how each stands, and whether ICA shows it in the project."""
    rows = list(csv.DictReader(io.StringIO(reader.get(f"{place}/export.csv"))))
    for position in range(1, len(rows) + 1, max(1, len(rows) // LOOKED_AT)):
        status = rows[position - 1]["status"]
        page = reader.get(f"{place}/items/{position}").partition("<h2>Status</h2>")[2]
        assert BADGE.findall(page)[0] == status
        if status in IN_PROJECT:
            assert "ICA shows it in this project" in page
        else:
            assert "ICA shows it in this project" not in page


def in_ica(session: requests.Session, root: str, data_id: str) -> bool:
    """Whether ICA shows the datum in the project."""
    address = f"{root}/ica/rest/api/projects/{FIRST_PROJECT}/data/{data_id}"
    headers = {"X-API-Key": "demo-key", "Accept": "application/vnd.illumina.v3+json"}
    answer = session.get(address, headers=headers, timeout=10)
    assert answer.status_code in {200, 404}
    return answer.status_code == 200
