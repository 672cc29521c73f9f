"""webapp/README.md is the plan of record: its glossary, states and paths are those of the code."""

import ast
import re

import pytest

from webapp.ica.models import LINK_STATUSES, UNLINK_STATUSES
from webapp.paths import STATIC
from webapp.store import enums, tables
from webapp.store.statuses import MEANINGS

ROOT = STATIC.parent
TEXT = (ROOT / "webapp" / "README.md").read_text()
RECIPES = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
NOT_NOUNS_OF_THEIR_OWN = {  # tables that hold a part of something, or a query under its former name
    "ica_limits": "limit",
    "find_ids": "query",
    "finds": "query",
    "reason_groups": "reason",
    "upload_pieces": "upload",
    "workers": "unit",
}


def first_column(heading):
    """The first cells of the table under a heading, without backticks."""
    section = re.split(r"^#", TEXT.partition(heading)[2], maxsplit=1, flags=re.M)[0]
    rows = re.findall(r"^\| ([^|]+?) \|", section, re.M)
    return [cell.strip("`") for cell in rows[1:]]  # the first row names the columns


def glossary():
    return {word for cell in first_column("## Words\n") for word in cell.split(", ")}


def identifiers():
    """The words of all names that the code defines, in small letters."""
    found = set()
    for path in (ROOT / "webapp").rglob("*.py"):
        names = {path.stem, path.parent.name}
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
        for name in names:
            found.update(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))
    return found


@pytest.mark.parametrize("name", re.findall(r"^### .*\(`(\w+)`\)$", TEXT, re.M))
def test_a_table_of_states_has_the_words_of_its_enum(name):
    words = [word.value for word in getattr(enums, name) if word.value]
    assert first_column(f"(`{name}`)\n") == words


def test_there_is_a_table_for_each_state_of_something():
    tables_of = set(re.findall(r"^### .*\(`(\w+)`\)$", TEXT, re.M))
    assert tables_of == {"State", "Phase", "AttemptState", "BatchState", "Task", "ChoreKind"}


def test_our_own_statuses_are_all_there():
    ours = MEANINGS.keys() - {*LINK_STATUSES, *UNLINK_STATUSES}
    assert set(first_column("### Statuses of our own")) == ours


def test_each_noun_of_the_glossary_is_one_of_the_code():
    assert len(glossary()) > 25
    assert glossary() <= identifiers()


def test_each_table_of_the_database_is_a_noun_of_the_glossary():
    nouns = glossary()
    for name in tables.metadata.tables:
        singular = name if name in nouns else re.sub(r"ies$", "y", name).removesuffix("s")
        singular = {"batche": "batch", "acces": "access", "searche": "search"}.get(
            singular, singular
        )
        assert NOT_NOUNS_OF_THEIR_OWN.get(name, singular) in nouns, name


@pytest.mark.parametrize(("text", "folder"), [(TEXT, "webapp"), (RECIPES, "")])
def test_what_is_named_is_there(text, folder):
    named = set(re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.\w+)?|\w+\.(?:py|js|css))`", text))
    assert len(named) > 15
    names = {path.name for one in ("webapp", "static") for path in (ROOT / one).rglob("*")}
    for name in named:
        found = (ROOT / folder / name).exists() or (ROOT / name).exists() or name in names
        assert found, name
