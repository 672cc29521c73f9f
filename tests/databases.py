"""Databases with this version's tables, made once in each process and then copied.

To migrate each test's database anew would cost more than most tests do.
"""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import make_url

from webapp.store import Store


def bring_up_to_date(store: Store, database_url: str) -> None:
    """As store.migrate(), but a SQLite file that is still to be made is a copy."""
    if store.is_sqlite and not (path := Path(make_url(database_url).database or "")).exists():
        make_sqlite(path)
    elif store.trouble():
        store.migrate()


def make_sqlite(path: Path) -> str:
    """Make the file; its SQLAlchemy URL."""
    path.write_bytes(_sqlite_file())
    return f"sqlite:///{path}"


def migrate(database_url: str) -> None:
    store = Store(database_url)
    store.migrate()
    store.close()


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linkboard.db"
        migrate(f"sqlite:///{path}")
        return path.read_bytes()  # whole: who closes last empties the log of writes into it
