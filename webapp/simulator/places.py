"""Where data are looked for: in one project, or among all that may be linked into one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from webapp.simulator.catalogue import SOURCES
from webapp.simulator.collection import Collection
from webapp.simulator.datum import Datum
from webapp.simulator.outcomes import is_eligible
from webapp.simulator.projects import Project
from webapp.simulator.state import State
from webapp.simulator.users import User


class Place(Protocol):
    """Where data are looked for."""

    @property
    def state(self) -> State: ...

    def collections(self) -> Sequence[Collection]:
        """What is looked through where neither ids nor folders are named."""

    def lists(self, datum: Datum) -> bool:
        """Whether the datum is there."""

    def inside(self, folder_id: str) -> Sequence[Datum]:
        """What lies directly in a folder; nothing, if the folder is not there."""


@dataclass(frozen=True, slots=True)
class OneProject:
    """A project's own data and what is linked into it."""

    state: State
    project: Project

    def collections(self) -> Sequence[Collection]:
        return [self.state.catalogue.of(self.project), self.state.linked(self.project)]

    def lists(self, datum: Datum) -> bool:
        """Own data, what was linked, and the contents of a folder that was linked."""
        return (
            datum.home is self.project
            or self.state.holds(self.project, datum.id)
            or any(self.state.holds(self.project, folder.id) for folder in self.state.above(datum))
        )

    def inside(self, folder_id: str) -> Sequence[Datum]:
        folder = self.state.datum(folder_id)
        return self.state.contents(folder) if self.lists(folder) else ()


@dataclass(frozen=True, slots=True)
class Linkable:
    """All data that a user may link into a project; `fresh`: that it does not hold already."""

    state: State
    target: Project
    user: User
    fresh: bool

    def collections(self) -> Sequence[Collection]:
        return self.state.catalogue.readable_by(self.user.login)

    def lists(self, datum: Datum) -> bool:
        """What is made up is readable for all: nothing but its id is known of it."""
        home = datum.home
        readable = home.id not in SOURCES or self.user.login in home.readers
        held = self.fresh and self.state.holds(self.target, datum.id)
        return readable and home is not self.target and is_eligible(datum.id) and not held

    def inside(self, folder_id: str) -> Sequence[Datum]:
        folder = self.state.datum(folder_id)
        return list(filter(self.lists, self.state.contents(folder))) if self.lists(folder) else ()
