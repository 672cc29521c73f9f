"""People at a dashboard whose processes are killed: whom it does not answer tries again."""

import html
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.agreement import legend
from tests.dashboard import HEADERS
from tests.processes import until
from tests.simulated_ica import FIRST_PROJECT
from webapp.store.statuses import MOVING

PATIENCE_SECONDS = 60.0  # for an answer that comes at last
LINE = 200  # bytes of a list: the worker reads more than 1 MB
ENDING_SECONDS = 240.0  # of a list once ICA fails no more
READING_SECONDS = 240.0  # of a list, though its readers die
LOOK_SECONDS = 1.0  # between two looks at all pages
AGAIN_SECONDS = 0.3  # before the same is asked again
ANSWER_SECONDS = 20.0
NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
UNREADABLE = "be read, so nothing was sent"
# Without a trigger the page asks no more.
FINAL = re.compile(r'<div id="progress"(?![^>]*hx-trigger)')
PICKED = 200  # items of a page's table
TOO_LATE = {409, 422}  # it was done meanwhile, or there is nothing to do


@dataclass
class Shown:
    """What a page has shown of a list at a moment: whether it has ended, and its counts."""

    at: float
    ended: bool
    counts: Counter[str]


@dataclass
class OwnList:
    """A list that somebody has submitted, what they did to it and when, and what pages said."""

    name: str
    ids: Sequence[str]
    place: str = ""
    submitted: bool = False
    acts: list[float] = field(default_factory=list)  # when each began, and when it had its answer
    shown: list[Shown] = field(default_factory=list)


class Person:
    """Somebody who is signed in, with a browser of their own."""

    def __init__(self, root: str, key: str) -> None:
        self._root, self._key = root, key
        self._browser = requests.Session()
        self._browser.trust_env = False
        self._browser.headers.update(HEADERS)
        self.unanswered = self.busy = 0

    def sign_in(self) -> None:
        answer = self.insist("POST", "/signin", {"api_key": self._key})
        assert answer.status_code == 303, answer.text

    def ask(
        self, method: str, path: str, data: Any = None, **more: Any
    ) -> requests.Response | None:
        """The answer, None when there is none. No page may fail by itself."""
        more = {"allow_redirects": False, "timeout": ANSWER_SECONDS} | more
        try:
            answer = self._browser.request(method, self._root + path, data=data, **more)
        except NO_ANSWER:
            self.unanswered += 1
            return None
        assert answer.status_code < 500 or answer.status_code == 503, (path, answer.text)
        if answer.status_code == 503:
            self.busy += 1
            return None
        return answer

    def insist(self, method: str, path: str, data: Any = None, **more: Any) -> requests.Response:
        """The same again until there is an answer."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (answer := self.ask(method, path, data, **more)) is None:
            assert time.monotonic() < end, f"{method} {path} has no answer"
            time.sleep(AGAIN_SECONDS)
        return answer

    def get(self, path: str) -> str:
        """As the readers of tests.agreement: a page or a file, whole."""
        answer = self.insist("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.text

    def post(self, path: str, fields: Mapping[str, str]) -> str:
        return self.insist("POST", path, fields).headers.get("Location", "")

    def submit(self, own: OwnList) -> None:
        """Upload the list, look it over once it is read, and submit it."""
        while not self._is_read(own):
            self._upload(own)
        answer = self.insist("POST", f"{own.place}/submit", {"confirmed": str(len(own.ids))})
        assert answer.status_code == 303, answer.text
        own.submitted = True

    def _upload(self, own: OwnList) -> None:
        while not own.place:
            form: Any = {
                "project_id": (None, FIRST_PROJECT),
                "name": (None, own.name),
                "file": ("list.txt", "\n".join(one.ljust(LINE) for one in own.ids).encode()),
            }
            answer = self.ask("POST", "/submissions", files=form)
            if answer is None:
                own.place = self._find(own.name)
            elif answer.status_code == 303:
                own.place = answer.headers["Location"]
            else:
                assert "ICA" in answer.text, answer.text  # it could not be asked about the project
                time.sleep(AGAIN_SECONDS)

    def _is_read(self, own: OwnList) -> bool:
        """Whether it was read; not so if it was not uploaded yet, or its readers died too often."""
        end = time.monotonic() + READING_SECONDS
        while own.place:
            page = self.get(own.place)
            if f'action="{own.place}/submit"' in page:
                return True
            if UNREADABLE in page:
                own.place = ""
            assert time.monotonic() < end, "the list is not read"
            time.sleep(3 * AGAIN_SECONDS)
        return False

    def _find(self, name: str) -> str:
        """The address of the list of this name, "" when it did not arrive."""
        rows = self.get("/submissions")
        found = re.search(rf'href="(/submissions/\d+)"[^>]*>{re.escape(name)}<', rows)
        return found[1] if found else ""

    def act(self, own: OwnList, what: str, chosen: Mapping[str, Any]) -> None:
        """Ask for an attempt by the page that has it confirmed, if there is anything to do."""
        own.acts.append(time.monotonic())
        answer = self.insist("POST", f"{own.place}/{what}", chosen)
        if "positions=" in answer.headers.get("Location", ""):
            answer = self.insist("GET", answer.headers["Location"])
        fields = _fields(answer.text)
        if "token" in fields:
            answer = self.insist("POST", f"{own.place}/{what}", fields)
        own.acts.append(time.monotonic())
        assert answer.status_code in {303, 200, *TOO_LATE}, (answer.status_code, answer.text)

    def stop(self, own: OwnList, attempt: int) -> None:
        own.acts.append(time.monotonic())
        answer = self.insist("POST", f"{own.place}/stop", {"attempt": str(attempt)})
        own.acts.append(time.monotonic())
        assert answer.status_code in {303, 404}, (answer.status_code, answer.text)

    def wait_for_the_end(self, own: OwnList) -> None:
        """Until its page asks no more for news."""
        until(lambda: FINAL.search(self.get(own.place)), ENDING_SECONDS, pause=5 * AGAIN_SECONDS)

    def look_at(self, own: OwnList) -> None:
        """See what its page shows, if it answers."""
        answer = self.ask("GET", own.place)
        if answer is None or not own.submitted:
            return
        if answer.status_code == 404 and not own.shown:
            return  # ICA has not said yet whether this person may see its project
        assert answer.status_code == 200, (answer.status_code, answer.text)
        counts = legend(answer.text)
        if counts:
            ended = bool(FINAL.search(answer.text))
            own.shown.append(Shown(time.monotonic(), ended, counts))


def busy_person(person: Person, lists: Sequence[OwnList], over: threading.Event, seed: int) -> None:
    """Submits these lists one after the other, and meanwhile does this and that to them."""
    chance = random.Random(seed)
    for own in lists:
        person.submit(own)
        _do_something(person, own, chance)
    while not over.wait(chance.uniform(0.5, 2)):
        _do_something(person, chance.choice(lists), chance)
    for own in lists[:1]:  # whatever was done before
        person.wait_for_the_end(own)
        _retry(person, own)
        _undo(person, own, chance)


def _do_something(person: Person, own: OwnList, chance: random.Random) -> None:
    act = chance.choice(["retry", "retry", "undo", "stop"])
    if act == "retry":
        _retry(person, own)
    elif act == "undo":
        _undo(person, own, chance)
    else:
        person.stop(own, chance.randint(1, 4))


def _retry(person: Person, own: OwnList) -> None:
    person.act(own, "retry", {"status": ["FAILED", "NOT_SENT", "PARTIALLY_LINKED"]})


def _undo(person: Person, own: OwnList, chance: random.Random) -> None:
    picked = chance.sample(range(1, len(own.ids) + 1), PICKED)
    person.act(own, "undo", {"picked": "1", "position": picked})


def watch(person: Person, lists: Sequence[OwnList], over: threading.Event) -> None:
    """Looks at each page again and again, and at the board; once more when it is over."""
    is_last = False
    while not is_last:
        is_last = over.wait(LOOK_SECONDS)
        for own in lists:
            if own.submitted:
                person.look_at(own)
        person.ask("GET", "/submissions")


def longest_untrue(own: OwnList) -> float:
    """The longest time in seconds that the pages of a list said something untrue: counts that are
    not as many as its ids, or that it has ended as it did not, though nobody did anything to it.
    """
    longest, since = 0.0, None
    for seen, after in zip(own.shown, own.shown[1:] + own.shown[-1:], strict=True):
        acted = any(seen.at - ANSWER_SECONDS < at < after.at for at in own.acts)
        changed = seen.ended and after.counts != seen.counts and not acted
        if sum(seen.counts.values()) != len(own.ids) or changed or (seen.ended and moves(seen)):
            since = seen.at if since is None else since
            longest = max(longest, after.at - since)
        else:
            since = None
    return longest


def moves(seen: Shown) -> bool:
    return bool(seen.counts.keys() & MOVING)


def _fields(page: str) -> dict[str, list[str]]:
    """What the page's confirmation would send."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page):
        if 'type="hidden"' in tag:
            words = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            found.setdefault(words["name"], []).append(html.unescape(words.get("value", "")))
    return found
