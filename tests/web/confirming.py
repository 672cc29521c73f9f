"""Acting as a person does: look at the page that says what and how many, then press its button."""

import csv
import io

from tests.stage import text
from tests.web.markup import elements


def fields(answer):
    """What the page's confirmation would send."""
    hidden = [e for e in elements(answer, "input", type="hidden") if e["value"] is not None]
    sent = {}
    for element in hidden:
        sent.setdefault(element["name"], []).append(element["value"])
    return sent


def ask(visitor, path, picked=None):
    """The confirmation page; `picked` are positions ticked by hand."""
    if picked is None:
        return visitor.get(path)
    return visitor.post(path, {"picked": "1", "position": [str(place) for place in picked]})


def confirm(visitor, path, picked=None):
    """Ask and confirm; returns the address of the submission that was made."""
    page = ask(visitor, path, picked)
    assert page.status_code == 200, text(page)
    answer = visitor.post(path.partition("?")[0], fields(page))
    assert answer.status_code == 303, text(answer)
    return answer.location


def statuses(visitor, place):
    """{data id: status} of a submission, by its export."""
    body = visitor.get(f"{place}/export.csv").get_data(as_text=True)
    return {row["data_id"]: row["status"] for row in csv.DictReader(io.StringIO(body))}
