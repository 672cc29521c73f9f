"""Acting as a person does: look at the page that says what and how many, then press its button."""

import csv
import io
import json
import re
from collections import Counter
from urllib.parse import urlencode

from tests.dashboard import text
from tests.web.markup import elements, with_class


def fields(answer):
    """What the page's confirmation would send."""
    hidden = [e for e in elements(answer, "input", type="hidden") if e["value"] is not None]
    sent: dict[str, list[str]] = {}
    for element in hidden:
        sent.setdefault(element["name"], []).append(element["value"])
    return sent


def ask(visitor, path, picked=None):
    """The confirmation page; `picked` are positions ticked by hand."""
    if picked is None:
        return visitor.get(path)
    answer = visitor.post(path, {"picked": "1", "position": [str(place) for place in picked]})
    asked = answer.status_code == 303 and "positions=" in answer.location
    return visitor.get(answer.location) if asked else answer


def confirm(visitor, path, picked=None):
    """Ask and confirm; returns the address of the attempt that was begun.

    Whatever is done to a list leads back to the page of that list.
    """
    page = ask(visitor, path, picked)
    assert page.status_code == 200, text(page)
    place, _, act = path.partition("?")[0].rpartition("/")
    answer = visitor.post(f"{place}/{act}", fields(page))
    assert answer.status_code == 303, text(answer)
    assert answer.location == place
    return attempts(visitor, place)[-1]


def attempts(visitor, place):
    """The addresses of the attempts at a submission, the first one first."""
    page = visitor.get(f"{place}/attempts")
    return [f"{place}/attempts/{e['id'].removeprefix('attempt-')}" for e in _listed(page)]


def told(visitor, place):
    """What the list of attempts says of each, in words."""
    return [" ".join(e.text.split()) for e in _listed(visitor.get(f"{place}/attempts"))]


def _listed(page):
    return [e for e in elements(page, "tr", id=None) if re.fullmatch(r"attempt-\d+", e["id"])]


def exported(visitor, place, form="csv", **asked):
    """The rows of an export, of a submission or of one attempt at it, as dictionaries."""
    place, _, number = place.partition("/attempts/")
    query = urlencode({**({"attempt": number} if number else {}), **asked}, doseq=True)
    answer = visitor.get(f"{place}/export.{form}?{query}")
    assert answer.status_code == 200, text(answer)
    body = answer.get_data(as_text=True)
    if form == "jsonl":
        return [json.loads(line) for line in body.splitlines()]
    return list(csv.DictReader(io.StringIO(body)))


def statuses(visitor, place):
    """{data id: status} of a submission as it stands, or as one attempt found it."""
    return {row["data_id"]: row["status"] for row in exported(visitor, place)}


def outcomes(visitor, place):
    """How often each word stands in the pasted list that is handed back."""
    body = visitor.get(f"{place}/list").get_data(as_text=True)
    return Counter(line.split("\t")[1] for line in body.splitlines()[1:])


def breakdown(page):
    """{status: items} of the page's breakdown."""
    counts = elements(page, class_="count", data_status=None)
    return {count["data-status"]: int(count.text.replace(",", "")) for count in counts}


def headline(page):
    """The sentence on where the submission stands, with the word of its badge before it."""
    return " ".join(with_class(page, "standing")[0].text.split())
