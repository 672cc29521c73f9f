"""Fault injection: which fault, in which operation, how often.

Written `[OPERATION:]NAME=RATE`. RATE is a share of the calls between 0 and 1 (`429=0.1`), or a
number of calls and an x (`create:dropped-after=1x`: the next one). OPERATION is a short name of
operations.py; without it the fault applies to every operation. The simulator's own addresses have
no faults.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping

from webapp.simulator.operations import OPERATIONS

FAULTS = {
    "429": "too many requests, with Retry-After in seconds",
    "429-date": "too many requests, with Retry-After as a date",
    "429-bare": "too many requests, without Retry-After",
    "500": "an internal error, as a problem",
    "503": "unavailable, as a proxy's HTML page",
    "408": "a proxy in between gives up waiting, the work was done",
    "302": "a proxy in between wants somebody to sign in, the work was done",
    "dropped-before": "the connection closes unanswered, nothing was done",
    "dropped-after": "the connection closes unanswered, the work was done",
    "slow": "the answer stalls for some seconds",
    "cut": "the answer ends in its middle",
    "drip": "the answer comes byte by byte, its header too; the work was done",
    "null-totals": "pages have neither totalItemCount nor remainingRecords",
    "null-job": "a batch has no job",
    "unknown-status": "items of a new batch end in a status nobody has heard of",
    "refused-token": "a page token is refused",
    "repeated-cursor": "a page's next token leads to that page again",
    "circling-cursor": "the last page's next token leads to the first page again",
    "endless-cursor": "as circling-cursor, and each token is a new one",
    "refused-offset": "paging by offset, and with it sorting, is refused",
    "malformed-item": "the first item of a batch has a status that is no text",
    "miscounted": "a page of items with a status has none",
    "nameless-item": "the first item of a batch does not say whose it is",
    "nameless-job": "a job does not say what it works on",
    "unknown-job": "a job has a status that nobody has heard of",
    "capitals": "data ids are written in capitals",
    "lost-batch": "a batch is answered by 404",
    "forbidden": "a batch is closed to the user (403), nothing was done",
    "refused-batch": "a new batch is refused as it stands, nothing was done",
    "too-large": "a new batch of more than --batch-items ids is refused (413), nothing was done",
    "refused-size": "a new batch of any size is refused (413), nothing was done",
    "too-large-400": "as too-large, by a 400 that does not say so",
    "exact-folds-case": "names are found by EXACT in any capitals",
    "nfc-equals-nfd": "names are found by EXACT whatever the code points of their characters",
    "comma-cuts-values": "a value with a comma is two values",
    "bad-slash-is-empty": "a path that begins or ends wrongly finds nothing, in place of a 400",
    "path-is-parent": "the path of data is that of the folder in which they lie",
    "eligible-hides-linked": "what a project holds already is not eligible for it",
    "only-available-links": "data that are not AVAILABLE can't be linked",
    "unknown-data-status": "data have a status that nobody has heard of",
    "moved": "when a later page is read, the last of all data is gone and the one before renamed",
    "long-url-is-400": "a request line of over 8,192 bytes is answered by 400, not by 414",
    "long-url-drops": "a request line of over 8,192 bytes closes the connection unanswered",
    "too-many-values": "more than --values values of one parameter are refused (400)",
    "twice": "a page by offset begins with the last row of the page before",
    "bad-id": "a new batch with an id that ends in bad is refused (400), nothing was done",
}


class FaultError(ValueError):
    """A fault that can't be used; the message says what is allowed."""


class Faults(dict[str, int | float]):
    """The faults of a simulator: by `[OPERATION:]NAME` the share of the calls that each hits or, as
    an int, their number.
    """

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Faults":
        """Read a list of `[OPERATION:]NAME=RATE`. Raises FaultError."""
        return cls.from_json(dict(text.partition("=")[::2] for text in texts))

    @classmethod
    def from_json(cls, amounts: Mapping[str, object]) -> "Faults":
        """Read `{"[OPERATION:]NAME": rate or "2x"}`. Raises FaultError."""
        for target in amounts:
            operation, _, name = target.rpartition(":")
            _demand_known("fault", name, FAULTS)
            _demand_known("operation", operation, ["", *(known.name for known in OPERATIONS)])
        return cls({key.removeprefix(":"): _amount(str(n)) for key, n in amounts.items()})

    def to_json(self) -> dict[str, float | str]:
        return {name: f"{n}x" if isinstance(n, int) else n for name, n in self.items()}


class FaultInjector:
    """Decides which faults hit a call. The same seed and calls lead to the same decisions."""

    def __init__(self, plan: Faults, seed: int) -> None:
        self.plan = Faults(plan)  # an int in it says how many calls are left
        self.struck: Counter[str] = Counter()  # how often each has hit a call: {"create:429": 3}
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def hits(self, name: str, operation: str) -> bool:
        """Whether fault `name` hits this call of `operation`; a counted fault is used up by it."""
        plan = self.plan
        if not plan:
            return False
        with self._lock:
            hit = any(self._hits(plan, target) for target in (name, f"{operation}:{name}"))
            if hit:
                self.struck[f"{operation}:{name}"] += 1
            return hit

    def _hits(self, plan: Faults, target: str) -> bool:
        amount = plan.get(target, 0)
        if isinstance(amount, float):
            return self._random.random() < amount
        if amount:
            plan[target] = amount - 1
        return amount > 0


def _demand_known(what: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        listed = ", ".join(filter(None, known))
        raise FaultError(f"There is no {what} {name!r}. There are: {listed}.")


def _amount(text: str) -> int | float:
    if text.endswith("x") and text[:-1].isdecimal():
        return int(text[:-1])
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise FaultError(f"A rate is between 0 and 1, or a count such as 2x, not {text!r}.")
    return rate
