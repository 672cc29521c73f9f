"""Statements and templates are compiled once in a process: each database and app would do it anew.

To compile takes a quarter of the time of most tests.
"""

from collections.abc import Callable
from typing import Any

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Dialect, Engine, event


class Templates(BytecodeCache):
    """Compiled templates, kept for all apps of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get((bucket.key, bucket.checksum)):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


TEMPLATES = Templates()


def share_statements() -> Callable[[], None]:
    """From now on all engines of one driver use one cache of statements; call the answer to end it.

    What is cached belongs to the dialect that it was compiled for, so they share that as well.
    """
    dialects: dict[str, Dialect] = {}
    statements: dict[Any, Any] = {}

    def share(connection: Connection) -> None:
        dialect = dialects.setdefault(connection.dialect.driver, connection.dialect)
        connection.engine.dialect = connection.dialect = dialect
        connection.execution_options(compiled_cache=statements)

    event.listen(Engine, "engine_connect", share)
    return lambda: event.remove(Engine, "engine_connect", share)
