"""Types of columns: what stands in a row is read into its enum, and written from it, here alone."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Dialect, String, TypeDecorator


class Word(TypeDecorator[Any]):
    """One of the words of an enum, by its value; a row has the member. Another word is refused."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.words = words

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, _dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)
