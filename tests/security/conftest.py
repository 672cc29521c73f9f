"""What the tests of security share: the dashboards and the people of the tests of the pages."""

from tests.web.conftest import dashboard, demo, nobody, stored

__all__ = ["dashboard", "demo", "nobody", "stored"]
