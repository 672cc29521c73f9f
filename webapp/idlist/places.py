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


class FirstPlaces:
    """The line and the column of the first entry of every id.

    An id is 16 bytes, a place 8; they stand one after the other in buckets of bytes. Which bucket,
    is told by Python's hash of the id, for which nobody can choose ids.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, list[bytes]] = {}

    def of(self, data_id: str, line: int, column: int, *, unusual: bool) -> tuple[int, int] | None:
        """Line and column of the first entry with this id; None if this is the first one."""
        place = line * _MAX_ENTRIES_PER_LINE + column
        if unusual:
            return self._of(_UNUSUAL, _hashed(data_id), place)
        return self._of(data_id[1], bytes.fromhex(data_id[4:]), place)

    def of_lookup(self, lookup: Lookup, line: int, column: int) -> tuple[int, int] | None:
        """Line and column of the first entry with this name or path, code point by code point."""
        place = line * _MAX_ENTRIES_PER_LINE + column
        return self._of(_LOOKUPS, _hashed("\0".join(lookup)), place)

    def first_repeat(self, ids: Sequence[str], start: int, line: int) -> int:
        """Where, from `start` on, the first id stands that is a repeat; len(ids) if none is. The
        ids have the usual shape, and the first of all stands on `line`, each on one of its own.
        """
        for at in range(start, len(ids)):
            data_id = ids[at]
            place = (line + at) * _MAX_ENTRIES_PER_LINE + 1
            if self._of(data_id[1], bytes.fromhex(data_id[4:]), place):
                return at
        return len(ids)

    def _of(self, kind: str, key: bytes, place: int) -> tuple[int, int] | None:
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
        return divmod(first, _MAX_ENTRIES_PER_LINE)


def _hashed(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
