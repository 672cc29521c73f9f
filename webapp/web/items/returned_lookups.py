"""What a returned list says of names and paths: which data they led to, and what became of it."""

from collections.abc import Callable

from webapp.idlist import Entry
from webapp.idlist.formats.tables import NO_DATA, SEPARATOR
from webapp.store.enums import UNREAD, LookupKind, LookupState
from webapp.store.items import ItemRow
from webapp.store.led_items import Led
from webapp.store.lookups import Wanted
from webapp.web.core.formatting import plural

MAX_IDS = 20  # of one name or path; with more, it stands as it is when the list is read again
MANY = "{count:,} data: see the item table, or an export of the items."  # of more than that
WORDS = {
    LookupState.WAITING: ("NOT_LOOKED_UP", "ICA was not asked for it."),
    LookupState.FOUND: ("NOT_CHOSEN", "It was found in ICA, and not chosen on the review."),
    LookupState.OTHERWISE: (
        "NOT_CHOSEN",
        "ICA has it only written otherwise (capitals, or the code of an accent), and that was not "
        "chosen on the review.",
    ),
    LookupState.SEVERAL: ("SEVERAL_FOUND", "{count} found in ICA, and none chosen on the review."),
    LookupState.MISSING: ("NOT_FOUND", "ICA has no such data where it was looked for."),
    LookupState.IMPOSSIBLE: ("NOT_FOUND", "It could not be looked up."),
}
NOT_READ = "not read yet"  # what ICA has not told of yet
NOT_KEPT = ("NOT_LOOKED_UP", "It is not among the names and paths that were read of this list.")

ItemCells = Callable[[ItemRow], tuple[str, ...]]
"""Status, reason, attempt and linked path of an item."""


def wanted_by(entry: Entry) -> Wanted | None:
    """What to look for in the store for an entry; None if it is no name or path."""
    if entry.lookup is None:
        return None
    return (LookupKind(entry.lookup.kind), entry.lookup.text, entry.lookup.project)


def cells_of(led: Led | None, item_cells: ItemCells) -> tuple[str, ...]:
    """Data id and path of what a name or path led to, then the cells of that."""
    if led is None:
        return ("", "", *NOT_KEPT, "", "")
    if not led.items:
        status, reason = WORDS[led.lookup.state]
        reason = led.lookup.note or reason.format(count=plural(led.lookup.count, "data", "data"))
        return ("", "", status, reason, "", "")
    total = sum(led.counts.values()) or 1
    if total > MAX_IDS:
        return _of_many(led, total, item_cells)
    rows = [(item.data_id, _path(led, item), *item_cells(item)) for item in led.items]
    if total == 1:
        return rows[0]
    columns = zip(*rows, strict=True)
    return tuple(SEPARATOR.join(_part(cell) for cell in column) for column in columns)


def _part(cell: str) -> str:
    """What one of several data has in a cell."""
    return cell.replace(SEPARATOR, ", ") or NO_DATA


def _of_many(led: Led, total: int, item_cells: ItemCells) -> tuple[str, ...]:
    named = {item.status: item_cells(item)[0] for item in led.items if item.status == UNREAD}
    named = {word: NOT_READ if told == UNREAD else told for word, told in named.items()}
    words = [f"{named.get(word, word)} {count:,}" for word, count in sorted(led.counts.items())]
    path = f"{_path(led, led.items[0])}, and {total - 1:,} more"
    attempt = str(max(item.attempt for item in led.items))
    return ("", path, ", ".join(words), MANY.format(count=total), attempt, "")


def _path(led: Led, item: ItemRow) -> str:
    """Where the item was when it was looked up: what was linked may have another path."""
    return led.paths.get(item.data_id) or item.path
