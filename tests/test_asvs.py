"""What SECURITY's table of requirements names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / ".github" / "ASVS.md").read_text()
ANSWERS = ("met", "n/a", "**not met**", "**in part**", "the operator's", "**the operator's**")


def test_each_test_and_module_that_is_named_is_there():
    named = set(re.findall(r"`([\w./]+\.(?:py|js))`", TABLE))
    assert len(named) > 50
    places = (ROOT, ROOT / "tests", ROOT / "webapp")
    assert not [name for name in named if not any((place / name).exists() for place in places)]


def test_each_row_has_an_answer_and_each_requirement_one():
    rows = [row.split(" | ") for row in re.findall(r"^\| (\d.*) \|$", TABLE, re.MULTILINE)]
    assert not [row for row in rows if len(row) != 3 or not row[1].startswith(ANSWERS)]
    numbers = [number for row in rows for number in re.findall(r"\b\d+\.\d+\.\d+\b", row[0])]
    assert len(numbers) == len(set(numbers)) > 150
