"""Remembers which ids a list has had, and where: some 130 bytes for an id, whatever its length."""

from hashlib import blake2b

from webapp.idlist.entries import Entry

_COLUMNS = 1 << 24  # more than any line has entries


class Seen:
    """The first place of every id."""

    def __init__(self) -> None:
        self._places: dict[int | bytes, int] = {}

    def first(self, entry: Entry, line: int) -> tuple[int, int] | None:
        """Where the id stands first; None if that is here, which is then remembered."""
        key = _key(entry)
        place = self._places.get(key)
        if place is None:
            self._places[key] = line * _COLUMNS + entry.column
            return None
        return divmod(place, _COLUMNS)


def _key(entry: Entry) -> int | bytes:
    """A usual id is a number, half the size of the text: files' are positive, folders' negative."""
    if entry.unusual:
        return blake2b(entry.data_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    digits = int(entry.data_id[4:], 16)
    return digits if entry.data_id[1] == "i" else ~digits
