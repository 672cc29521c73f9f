"""Quotas: what one account may keep here, told on the form that would keep more."""

from webapp.store import Connection, usage
from webapp.store.usage import Kept
from webapp.web.core.context import context
from webapp.web.core.formatting import bytes_size, plural
from webapp.web.core.forms import Errors, Unusable

FIELD = "quota"  # of the errors; the forms have links there that help


def demand_room(connection: Connection, account_id: int, size: int) -> None:
    """Raises Unusable if the account may not keep so many more bytes."""
    usage.lock(connection, account_id)
    _refuse(_too_much(usage.kept(connection, account_id), size))


def demand_one_more(connection: Connection, account_id: int, size: int) -> None:
    """Raises Unusable if the account may not keep one more list, of so many bytes."""
    usage.lock(connection, account_id)
    kept = usage.kept(connection, account_id)
    _refuse(_too_many_drafts(kept) or _too_many_unread(kept) or _too_much(kept, size))


def _refuse(problem: str) -> None:
    if problem:
        raise Unusable(Errors({FIELD: problem}))


def _too_much(kept: Kept, size: int) -> str:
    most = context().settings.account_bytes
    if kept.bytes + size <= most:
        return ""
    this = f"This would take {bytes_size(size)} here, and {bytes_size(most)} is the most for one"
    if size > most:
        return (
            f"{this} account, whatever is deleted. A smaller one may fit; for this one, "
            "ask who runs Linkboard for more room."
        )
    return (
        f"{this} account; what you keep takes {bytes_size(kept.bytes)} of it. Discard drafts, or "
        "delete lists and questions that you need no more; then send this once more."
    )


def _too_many_drafts(kept: Kept) -> str:
    most = context().settings.account_drafts
    if kept.drafts < most:
        return ""
    lists = plural(kept.drafts, "list that was", "lists that were")
    return (
        f"You have {lists} not submitted, and {most:,} is the most for one account. Submit or "
        "discard some of them, then send this one once more."
    )


def _too_many_unread(kept: Kept) -> str:
    most = context().settings.account_unread
    if kept.unread < most:
        return ""
    lists = plural(kept.unread, "list of yours waits", "lists of yours wait")
    return (
        f"{lists} to be read, and {most:,} is the most for one account. Wait until "
        f"“{kept.first_unread}” is read, then send this one once more."
    )
