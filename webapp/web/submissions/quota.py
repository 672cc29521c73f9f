"""Quotas: what one account may keep here, told on the form that would keep more."""

from webapp.store import Connection, usage
from webapp.web.core.context import context
from webapp.web.core.formatting import bytes_size, plural
from webapp.web.core.forms import Errors, Unusable

FIELD = "quota"  # of the errors; the forms have links there that help


def demand_room(connection: Connection, account_id: int, size: int) -> None:
    """Raises Unusable if the account may not keep so many more bytes."""
    usage.lock(connection, account_id)
    _demand_bytes(usage.kept(connection, account_id).bytes, size)


def _demand_bytes(kept: int, size: int) -> None:
    most = context().settings.account_bytes
    if kept + size <= most:
        return
    this = f"This would take {bytes_size(size)} here, and {bytes_size(most)} is the most for one"
    if size > most:
        raise _full(
            f"{this} account, whatever is deleted. A smaller one may fit; for this one, "
            "ask who runs Linkboard for more room."
        )
    raise _full(
        f"{this} account; what you keep takes {bytes_size(kept)} of it. Discard drafts, or "
        "delete lists and searches that you need no more; then send this once more."
    )


def demand_one_more(connection: Connection, account_id: int, size: int) -> None:
    """Raises Unusable if the account may not keep one more list, of so many bytes."""
    usage.lock(connection, account_id)
    kept, settings = usage.kept(connection, account_id), context().settings
    if kept.drafts >= settings.account_drafts:
        lists = plural(kept.drafts, "list that was", "lists that were")
        raise _full(
            f"You have {lists} not submitted, and {settings.account_drafts:,} is the most for one "
            "account. Submit or discard some of them, then send this one once more."
        )
    if kept.unread >= settings.account_unread:
        lists = plural(kept.unread, "list of yours waits", "lists of yours wait")
        raise _full(
            f"{lists} to be read, and {settings.account_unread:,} is the most for one account. "
            f"Wait until “{kept.first_unread}” is read, then send this one once more."
        )
    _demand_bytes(kept.bytes, size)


def _full(problem: str) -> Unusable:
    return Unusable(Errors({FIELD: problem}))
