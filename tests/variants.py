"""Values of a parameter that are tried with --full alone."""

from typing import Any

import pytest


def in_full(*values: Any) -> list[Any]:
    """For `pytest.mark.parametrize`; a tuple has a value for each of several names."""
    rows = [value if isinstance(value, tuple) else (value,) for value in values]
    return [pytest.param(*row, marks=pytest.mark.long) for row in rows]
