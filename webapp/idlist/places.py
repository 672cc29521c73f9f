"""Remembers where each id, name and path of a list is first, in some 50 bytes each."""

from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct

from webapp.idlist.entries import Lookup

_KEY_BYTES = 16
_CELL = Struct(f">{_KEY_BYTES}sQ")  # an id and its place
_pack = _CELL.pack
_BUCKETS = 1 << 16  # each has 23 ids on average, of 1,500,000
_UNUSUAL, _LOOKUPS = "", "/"  # usual ids have buckets by their second letter
_MAX_ENTRIES_PER_LINE = 1 << 24  # a line has fewer characters
_MAX_PLACES = 1 << 48  # a list has fewer lines; what is left of 8 bytes tells of the label

Place = tuple[int, int, bool]
"""Line and column of an entry, and whether its label is another one; see FirstPlaces."""


class FirstPlaces:
    """The line and the column of the first entry of every id, and a hash of its label in 16 bits.

    An id is 16 bytes, a place 8; they stand one after the other in buckets of bytes. Which bucket,
    is told by Python's hash of the id, for which nobody can choose ids.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, list[bytes]] = {}

    def of(
        self, data_id: str, line: int, column: int, label: str = "", *, unusual: bool
    ) -> Place | None:
        """The place of the first entry with this id; None if this is the first one."""
        place = _place(line, column, label)
        if unusual:
            found = self._of(_UNUSUAL, _hashed(data_id), place)
        else:
            found = self._of(data_id[1], bytes.fromhex(data_id[4:]), place)
        return None if found is None else _first(found, label)

    def of_lookup(self, lookup: Lookup, line: int, column: int, label: str = "") -> Place | None:
        """The place of the first entry with this name or path, code point by code point."""
        place = _place(line, column, label)
        found = self._of(_LOOKUPS, _hashed("\0".join(lookup)), place)
        return None if found is None else _first(found, label)

    def first_repeat(self, ids: Sequence[str], start: int, line: int) -> int:
        """Where, from `start` on, the first id stands that is a repeat; len(ids) if none is. The
        ids have the usual shape, and the first of all stands on `line`, each on one of its own.
        """
        for at in range(start, len(ids)):
            data_id = ids[at]
            place = (line + at) * _MAX_ENTRIES_PER_LINE + 1
            if self._of(data_id[1], bytes.fromhex(data_id[4:]), place) is not None:
                return at
        return len(ids)

    def _of(self, kind: str, key: bytes, place: int) -> int | None:
        if (buckets := self._buckets.get(kind)) is None:
            buckets = self._buckets[kind] = [b""] * _BUCKETS
        number = hash(key) % _BUCKETS
        bucket = buckets[number]
        at = bucket.find(key)
        while at > 0 and at % _CELL.size:  # bytes of two cells may happen to look like the key
            at = bucket.find(key, at + 1)
        if at < 0:
            buckets[number] = bucket + _pack(key, place)
            return None
        first: int = _CELL.unpack_from(bucket, at)[1]
        return first


def _place(line: int, column: int, label: str) -> int:
    """As it is kept, in one number; most entries have no label."""
    place = line * _MAX_ENTRIES_PER_LINE + column
    return place + _mark(label) * _MAX_PLACES if label else place


def _first(found: int, label: str) -> Place:
    """What is kept of the first entry, beside the label of one that repeats it."""
    mark, place = divmod(found, _MAX_PLACES)
    return *divmod(place, _MAX_ENTRIES_PER_LINE), bool(label) and _mark(label) != mark


def _mark(label: str) -> int:
    """What is nearly always another number for another label; 0 for none."""
    return hash(label) % 0xFFFF + 1


def _hashed(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
