"""Searches: what somebody looks for on a page.

Names and paths can hold patients' codes, and addresses are kept by browsers, proxies and logs: so a
text comes by POST, and `?search=` of the address that follows is a key for it. Of a search among a
list's items the key is good for whoever may see the list, who may read all of these anyway; of any
other, for who typed it and, once they share it, for those of the same ICA. A data id stands there
as it is, so that its link means the same to everybody.
"""

import re
import secrets
from typing import NamedTuple

from flask import abort, g, request

from webapp.store import searches
from webapp.web.core import params
from webapp.web.core.context import context, viewer

ID = re.compile(r"f[io]l\.[0-9a-f]{0,32}")
KEY = re.compile(r"[A-Za-z0-9_-]{22}")
UNKNOWN = (
    "This search is not kept any more, or is somebody else's. Without it this file would have all "
    "the items. Go back to the list, type again what you look for, and download from there."
)


class Search(NamedTuple):
    """A search: what stands for it in addresses, and its text; without one, "" and "".

    unknown: the address names a search that this visitor has not, or no longer. mine: the visitor
    typed it. shared: others of the same ICA have it by its link.
    """

    key: str = ""
    text: str = ""
    unknown: bool = False
    mine: bool = False
    shared: bool = False


def of_request() -> Search:
    """The search that the address names, read once."""
    if "search" not in g:
        g.search = of_key(request.args.get("search", ""))
    found: Search = g.search
    return found


def known_or_404() -> Search:
    """The same for a file, which can't say that it has all items."""
    found = of_request()
    return abort(404, UNKNOWN) if found.unknown else found


def of_key(key: str) -> Search:
    """The search that stands in an address as this."""
    if not key or ID.fullmatch(key):
        return Search(key, key)
    kept = None
    if KEY.fullmatch(key):
        here = (request.view_args or {}).get("submission_id")
        kept = context().read_one(searches.get, key, viewer(), context().clock(), here)
    if kept is None:
        return Search(unknown=True)
    return Search(key, kept.text, mine=kept.mine, shared=kept.shared)


def typed_in(submission_id: int) -> str:
    """What stands in an address for the text that was sent; it is kept for who may see this list,
    among whose items it is looked for.
    """
    return kept(params.text("text"), submission_id)


def kept(text: str, submission_id: int | None = None) -> str:
    """What stands in an address for a text, which is kept for the visitor, or as typed_in()."""
    if not text or ID.fullmatch(text):
        return text
    key = secrets.token_urlsafe(16)
    context().write(searches.keep, key, viewer().id, text, context().clock(), submission_id)
    return key


def of_id(data_id: str) -> str:
    """What stands in an address for a data id; "" for one of another shape, which may be a name."""
    return data_id if ID.fullmatch(data_id) else ""


def in_address(asked: str) -> str:
    """The same of an address elsewhere: what can be a search, else "". It is not looked up."""
    return asked if ID.fullmatch(asked) or KEY.fullmatch(asked) else ""
