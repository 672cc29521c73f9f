"""The final status of an item: it follows from its id's last two hex digits and from the data that
its project holds already.

Linking, by the last two digits (any case; an id that doesn't end in two hex digits is not found):

    00      FAILED   Data not found.
    01      FAILED   Data sharing is disabled in the owning project <a uuid of its own>.
    02      FAILED   Data is being archived.   The first time in a project; LINKED when tried again.
    03-0f   ALREADY_LINKED, and held by every project until unlinked there
    10-1f   PARTIALLY_LINKED, of a folder; of a file: LINKED
    else    LINKED

Unlinking: `00` and the not found FAILED; what the project doesn't hold ALREADY_UNLINKED; held data
ending in `fe` FAILED (Data is used by a running analysis.); a held folder ending in `ff`
PARTIALLY_UNLINKED; else UNLINKED.
"""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

LINKED = "LINKED"
ALREADY_LINKED = "ALREADY_LINKED"
PARTIALLY_LINKED = "PARTIALLY_LINKED"
UNLINKED = "UNLINKED"
ALREADY_UNLINKED = "ALREADY_UNLINKED"
PARTIALLY_UNLINKED = "PARTIALLY_UNLINKED"
FAILED = "FAILED"
QUARANTINED = "QUARANTINED"  # unknown to ICA's documents: the fault unknown-status
SUCCESSES = {LINKED, ALREADY_LINKED, UNLINKED, ALREADY_UNLINKED, QUARANTINED}

_ENDINGS = {f"{number:02x}": number for number in range(256)}
_MISSING = 0x00
_NOT_SHARED = 0x01
_ARCHIVING = 0x02
_HELD_BY_ALL = range(0x03, 0x10)
_PARTIAL = range(0x10, 0x20)
_IN_USE = 0xFE
_PARTLY_IN_USE = 0xFF
_FAILURES: dict[int | None, str] = {
    _ARCHIVING: "Data is being archived.",
    _IN_USE: "Data is used by a running analysis.",
}


@dataclass(slots=True)
class ProjectData:
    """The data of one project: linked, unlinked again, and archived data that were requested.

    `revision` counts the batches that may have changed them.
    """

    linked: set[str] = field(default_factory=set)
    unlinked: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    revision: int = 0

    def holds(self, data_id: str) -> bool:
        return data_id in self.linked or (
            _ending(data_id) in _HELD_BY_ALL and data_id not in self.unlinked
        )

    def link(self, data_id: str) -> str:
        """Link one id and return its final status.

        This is done when the batch is created. If two batches that run at once have the same id,
        it is ALREADY_LINKED in the second one.
        """
        ending = _ending(data_id)
        if ending is None or ending in (_MISSING, _NOT_SHARED):
            return FAILED
        if is_folder(data_id) and ending in _PARTIAL:
            self.linked.add(data_id)
            return PARTIALLY_LINKED
        if self.holds(data_id):
            return ALREADY_LINKED
        if ending == _ARCHIVING and data_id not in self.archived:
            self.archived.add(data_id)
            return FAILED
        self.linked.add(data_id)
        return LINKED

    def unlink(self, data_id: str) -> str:
        """Unlink one id and return its final status."""
        ending = _ending(data_id)
        if ending is None or ending == _MISSING:
            return FAILED
        if not self.holds(data_id):
            return ALREADY_UNLINKED
        if ending == _IN_USE:
            return FAILED
        if is_folder(data_id) and ending == _PARTLY_IN_USE:
            return PARTIALLY_UNLINKED
        self.linked.discard(data_id)
        self.unlinked.add(data_id)
        return UNLINKED


def is_folder(data_id: str) -> bool:
    return data_id.startswith("fol.")


def is_eligible(data_id: str) -> bool:
    """Whether the data are listed as eligible for linking."""
    return _ending(data_id) not in (None, _MISSING, _NOT_SHARED)


def reason_of(status: str, data_id: str) -> str | None:
    """The additionalStatusInformation of an item that ended in `status`; None: there is none."""
    if status in (PARTIALLY_LINKED, PARTIALLY_UNLINKED):
        failed, total = _partial_counts(data_id)
        verb = "linked" if status == PARTIALLY_LINKED else "unlinked"
        return f"{failed} of {total} files could not be {verb}."
    if status != FAILED:
        return None
    ending = _ending(data_id)
    if ending == _NOT_SHARED:
        owner = uuid_of(digest(data_id))
        return f"Data sharing is disabled in the owning project {owner}."
    return _FAILURES.get(ending, "Data not found.")


def contents_of(folder_id: str) -> list[str]:
    """The ids of the two to five files in a folder; V3 links these instead of the folder.

    They end like their folder. If the folder is PARTIALLY_LINKED in V4, as many files are not found
    as V4 reports.
    """
    failed, total = _partial_counts(folder_id)
    if _ending(folder_id) in _PARTIAL:
        endings = ["00"] * failed + ["20"] * (total - failed)
    else:
        endings = [folder_id[-2:].lower()] * total
    names = (digest(f"{folder_id}/{number}").hex()[:30] for number in range(total))
    return [f"fil.{name}{ending}" for name, ending in zip(names, endings, strict=True)]


@lru_cache(maxsize=8)  # what is made up of one datum asks for it again and again
def digest(data_id: str) -> bytes:
    """Sixteen bytes that follow from an id."""
    return hashlib.blake2b(data_id.encode(), digest_size=16).digest()


def uuid_of(raw: bytes) -> str:
    """Sixteen bytes as a UUID of version 4: uuid.UUID(bytes=raw, version=4), but faster."""
    code, variant = raw.hex(), "89ab"[raw[8] >> 4 & 3]
    return f"{code[:8]}-{code[8:12]}-4{code[13:16]}-{variant}{code[17:20]}-{code[20:]}"


def _ending(data_id: str) -> int | None:
    return _ENDINGS.get(data_id[-2:].lower())


def _partial_counts(folder_id: str) -> tuple[int, int]:
    total_byte, failed_byte = digest(folder_id)[:2]
    total = 2 + total_byte % 4
    return 1 + failed_byte % (total - 1), total
