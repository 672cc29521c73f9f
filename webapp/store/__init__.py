"""The store: the only code with SQL. One module a noun; every function takes a connection."""

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError as DatabaseAway
from sqlalchemy.exc import ProgrammingError as WrongStatement

from webapp.store.engine import Store
from webapp.store.schema_version import NotMigrated

__all__ = ["Connection", "DatabaseAway", "NotMigrated", "Store", "WrongStatement"]
