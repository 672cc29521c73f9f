"""The worker's memory: what large lists took goes back to the system, where glibc is there."""

import ctypes

from webapp.store import Store

_C = ctypes.CDLL(None)
_M_ARENA_MAX, MAX_ARENAS = -8, 2


def share_arenas() -> None:
    """Have threads reuse what others freed: by itself each keeps its own, together 100 MB more."""
    if hasattr(_C, "mallopt"):
        _C.mallopt(_M_ARENA_MAX, MAX_ARENAS)


def give_back(store: Store) -> None:
    """What SQLite and glibc keep for the next time: of 1,000,000 ids 95 MB."""
    store.release_memory()
    if hasattr(_C, "malloc_trim"):
        _C.malloc_trim(0)
