"""Remembers where each id of a list is first, in some 40 bytes an id: a dict would take 130."""

from collections import defaultdict
from hashlib import blake2b

from webapp.idlist.entries import Entry

_KEY_BYTES, _PLACE_BYTES = 16, 8
_CELL_BYTES = _KEY_BYTES + _PLACE_BYTES
_BUCKETS = 1 << 16  # each has 23 ids at most, of 1,500,000
_FILE, _FOLDER, _UNUSUAL = "i", "o", ""  # by the second letter of a usual id
_MAX_ENTRIES_PER_LINE = 1 << 24  # a line has fewer characters


class FirstPlaces:
    """The line and the column of the first entry of every id.

    An id is 16 bytes, a place 8; they stand one after the other in buckets of bytes. Which bucket,
    is told by Python's hash of the id, for which nobody can choose ids.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, defaultdict[int, bytearray]] = {
            kind: defaultdict(bytearray) for kind in (_FILE, _FOLDER, _UNUSUAL)
        }

    def of(self, entry: Entry, line: int) -> tuple[int, int] | None:
        """Line and column of the first entry with this id; None if this is the first one."""
        data_id = entry.data_id
        if entry.unusual:
            kind = _UNUSUAL
            key = blake2b(data_id.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
        else:
            kind, key = data_id[1], bytes.fromhex(data_id[4:])
        bucket = self._buckets[kind][hash(key) % _BUCKETS]
        at = bucket.find(key)
        while at > 0 and at % _CELL_BYTES:  # bytes of two cells may happen to look like the key
            at = bucket.find(key, at + 1)
        if at < 0:
            place = line * _MAX_ENTRIES_PER_LINE + entry.column
            bucket += key + place.to_bytes(_PLACE_BYTES)
            return None
        place = int.from_bytes(bucket[at + _KEY_BYTES : at + _CELL_BYTES])
        return divmod(place, _MAX_ENTRIES_PER_LINE)
