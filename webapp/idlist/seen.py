"""Remembers which ids a list has had, and where: some 130 bytes for an id, whatever its length."""

from hashlib import blake2b

_COLUMNS = 1 << 24  # more than any line has entries


class Seen:
    """The first place of every id."""

    def __init__(self) -> None:
        self._places: dict[int | bytes, int] = {}

    def first(self, data_id: str, unusual: bool, line: int, column: int) -> tuple[int, int] | None:
        """Where the id stands first; None if that is here, which is then remembered."""
        key = _digest(data_id) if unusual else _number(data_id)
        place = self._places.get(key)
        if place is None:
            self._places[key] = line * _COLUMNS + column
            return None
        return divmod(place, _COLUMNS)


def _number(data_id: str) -> int:
    """A usual id as a number, half the size of the text: files' are positive, folders' negative."""
    digits = int(data_id[4:], 16)
    return digits if data_id[1] == "i" else ~digits


def _digest(data_id: str) -> bytes:
    return blake2b(data_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
