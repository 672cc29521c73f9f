"""Columns by the fields of their rows; texts become members of enums, and JSON becomes Structs.

A row's dataclass is the one declaration of its table's columns. SQLAlchemy's mapped classes were
tried: they can not be frozen, and to make a row takes six times as long.
"""

from dataclasses import field, fields
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from sqlalchemy import JSON, Boolean, Column, Dialect, Double, Integer, String, Text, TypeDecorator

TYPES = {int: Integer, float: Double, bool: Boolean, str: Text, dict: JSON, list: JSON}


class EnumText(TypeDecorator[Any]):
    """The value of a member of an enum; rows have the member. Another text is refused."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.enum = enum

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.enum(value)


class Document(TypeDecorator[Any]):
    """A Struct, or a list of them, as JSON. None is null or, where a column has no null, {} if
    `or_empty`.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, struct: Any, *, or_empty: bool = False) -> None:
        super().__init__(none_as_null=True)
        self.struct = struct
        prepare(struct)
        self.or_empty = or_empty

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        if value is None:
            return {} if self.or_empty else None
        return msgspec.to_builtins(value, str_keys=True)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        if value is None or (self.or_empty and not value):
            return None
        return msgspec.convert(value, self.struct, str_keys=True)


def prepare(struct: Any) -> None:
    """Let msgspec look at the Struct while there is one thread: version 0.22.0 crashes the process
    where several threads meet one for the first time at once.
    """
    msgspec.json.Decoder(struct)


def stored(*arguments: Any, **options: Any) -> Any:
    """A field whose column needs more than the field's type: the arguments of Column().

    length: of a text or of an enum's values. type_: where the field's type is not enough.
    """
    return field(metadata={"arguments": arguments, "options": options})


def columns_of(row: type[Any]) -> list[Column[Any]]:
    """The columns of a table of such rows; a field that may be None may be null."""
    hints = get_type_hints(row)
    return [_column(one.name, hints[one.name], **one.metadata) for one in fields(row)]


def _column(
    name: str, hint: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
) -> Column[Any]:
    nullable = NoneType in get_args(hint)
    kind = get_args(hint)[0] if nullable else hint
    given = {"nullable": nullable} | (options or {})
    length = given.pop("length", None)
    return Column(name, given.pop("type_", None) or _type(kind, length), *arguments, **given)


def _type(kind: Any, length: int | None) -> Any:
    plain = get_origin(kind) or kind
    if issubclass(plain, StrEnum):
        return EnumText(plain, length or 0)
    if issubclass(plain, Struct):
        return Document(plain)
    return String(length) if length else TYPES[plain]
