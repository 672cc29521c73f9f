"""Reading a request: cursors, sizes and statuses from the URL; anything made up is a 400."""

import re
import uuid
from urllib.parse import unquote

from flask import abort, current_app, request
from werkzeug.routing import IntegerConverter, Map

from webapp.store.paging import Cursor

STATUS = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
# Controls, line breaks, and marks that turn the direction of reading: exe.gpj would read gpj.exe.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
DIGITS = re.compile(r"[0-9]{1,10}")
UUID_CHARACTERS = 36
MAX_NUMBER = 2**31 - 2  # one more is a number of the store still
OFFERED_SIZES = (50, 200, 500)  # rows of a page
PAGE_SIZES = (*OFFERED_SIZES, 100, 250, 1000)  # with those of older addresses
MAX_TEXT_BYTES = 1_000  # of what can be typed into a box that searches: a path is so long


class Key(IntegerConverter):
    """A number in an address: a row of the store, so no larger than the store's numbers."""

    regex = r"\d{1,10}"

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=MAX_NUMBER)


def cursor() -> Cursor:
    """Where the page begins. A made-up cursor is a 400."""
    after, before = (whole(name) for name in ("after", "before"))
    if after is not None and before is not None:
        abort(400, "A page begins either after a row or before one. Go back to the first page.")
    return Cursor(after, before)


def whole(name: str) -> int | None:
    """A number of ours, such as a cursor or a group of reasons; None without one."""
    text = request.args.get(name, "")
    message = "This address is not one of ours: begin again at the first page of the list."
    return number(text, message) if text else None


def number(text: str, message: str, least: int = 0) -> int:
    """A number as the store can hold it; anything else is a 400 that says `message`."""
    if not DIGITS.fullmatch(text) or not least <= int(text) <= MAX_NUMBER:
        abort(400, message)
    return int(text)


def size() -> int:
    """Rows on a page: one of PAGE_SIZES."""
    text = request.args.get("size", "") or str(PAGE_SIZES[0])
    if text not in map(str, PAGE_SIZES):
        *some, last = map(str, OFFERED_SIZES)
        abort(400, f"A page can have {', '.join(some)} or {last} rows.")
    return int(text)


def chosen_size() -> int | None:
    """What an address says of the rows on its page: nothing for the first of PAGE_SIZES."""
    return size() if size() != PAGE_SIZES[0] else None


def words(
    name: str, message: str = "This filter is not one of ours: remove it and choose again."
) -> list[str]:
    """A repeated parameter whose values are status words or states; anything else is a 400."""
    found = list(dict.fromkeys(word for word in request.values.getlist(name) if word))
    if len(found) > 30 or not all(STATUS.fullmatch(word) for word in found):
        abort(400, message)
    return found


def text(name: str) -> str:
    """A line of text from a form, cut to MAX_TEXT_BYTES: what holds all of it holds that too."""
    found = line(request.form.get(name, "")).encode()
    return found[:MAX_TEXT_BYTES].decode(errors="ignore").strip()


def project() -> str:
    """The id of a project to filter by, "" for all; what is none finds none.

    The addresses of a page repeat it, and a web server takes no more than 4,094 characters.
    """
    return line(request.values.get("project", ""))[:UUID_CHARACTERS]


def line(given: str) -> str:
    """What somebody typed, as one line that any database and any header takes."""
    return UNPRINTABLE.sub(" ", given).strip()


def is_uuid(value: str) -> bool:
    """Whether it is a UUID as ICA writes them."""
    try:
        return str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def page_before() -> str:
    """The page that a form was sent from, path and query, without our prefix: our own policy has
    browsers say so to us alone. "" where that is no page of ours, or the answer to another form.
    """
    before = request.referrer or ""
    address = before.removeprefix(request.root_url)
    path, adapter = unquote(address.partition("?")[0]), current_app.create_url_adapter(request)
    is_ours = address != before and not path.startswith("/")
    return f"/{address}" if is_ours and adapter and adapter.test(f"/{path}", "GET") else ""
