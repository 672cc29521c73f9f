"""Types of columns: texts become members of enums, and JSON becomes Structs."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import JSON, Dialect, String, TypeDecorator


class EnumText(TypeDecorator[Any]):
    """The value of a member of an enum; rows have the member. Another text is refused."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.words = words

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


class Document(TypeDecorator[Any]):
    """A Struct as JSON. None is null or, where a column has no null, {} if `or_empty`."""

    impl = JSON
    cache_ok = True

    def __init__(self, struct: type[Struct], *, or_empty: bool = False) -> None:
        super().__init__(none_as_null=True)
        self.struct = struct
        self.or_empty = or_empty

    def process_bind_param(self, value: Struct | None, _dialect: Dialect) -> Any:
        if value is None:
            return {} if self.or_empty else None
        return msgspec.to_builtins(value, str_keys=True)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Struct | None:
        if value is None or (self.or_empty and not value):
            return None
        return msgspec.convert(value, self.struct, str_keys=True)
