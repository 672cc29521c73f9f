"""Statements, templates and routes are compiled once in a process, not for each database and app.

To compile takes a third of the time of most tests.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any
from unittest.mock import patch
from weakref import WeakSet

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Dialect, Engine
from werkzeug.routing import Rule


class Templates(BytecodeCache):
    """Compiled templates, kept for all apps of this process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get((bucket.key, bucket.checksum)):
            bucket.code = kept

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = Templates()


def share_statements() -> Callable[[], None]:
    """From now on all engines of one driver use one cache of statements; call the answer to end it.

    What is cached belongs to the dialect that it was compiled for, so they share that as well; not
    those of a store and others, since a store has its dialect tell errors in its own way, and begin
    to read; nor those that begin a transaction and those that begin none.
    """
    dialects: dict[tuple[str, bool, Any], Dialect] = {}
    statements: dict[Any, Any] = {}
    sharing: WeakSet[Engine] = WeakSet()
    connect = Engine.connect

    def connect_and_share(engine: Engine) -> Connection:
        """Not by an event: each statement would look for others."""
        connection = connect(engine)
        if engine not in sharing:  # its first one, which has set up its dialect
            own = engine.dialect
            key = own.driver, own._has_events, vars(own).get("do_begin")
            engine.dialect = connection.dialect = dialects.setdefault(key, own)
            engine._compiled_cache = statements
            connection.execution_options(compiled_cache=statements)
            sharing.add(engine)
        return connection

    patched = patch.object(Engine, "connect", connect_and_share)
    patched.start()
    return patched.stop


def share_routes() -> Callable[[], None]:
    """From now on all apps share the functions that build addresses; call the answer to end it.

    Such a function depends on the route's text alone, where the route has no defaults.
    """
    compile_builder = Rule._compile_builder
    kept: dict[tuple[Any, bool], Callable[..., tuple[str, str]]] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        key = (*rule._trace,), append_unknown
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    patched = patch.object(Rule, "_compile_builder", compile_once)
    patched.start()
    return patched.stop
