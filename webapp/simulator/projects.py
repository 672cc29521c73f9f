"""The simulator's projects, and who may read and write each of them."""

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from webapp.simulator.problems import Problem, not_found
from webapp.simulator.users import User

_TEAM = frozenset({"demo", "colleague"})
_STRANGER = frozenset({"stranger"})

_SUBJECTS = (
    *("Cardiomyopathy", "Epilepsy", "Retinal dystrophy", "Newborn screening", "Breast cancer"),
    *("Colorectal cancer", "Lung adenocarcinoma", "Acute myeloid leukaemia", "Hearing loss"),
    *("Kidney disease", "Autism trios", "Twin registry", "Healthy ageing", "Type 2 diabetes"),
    *("Inflammatory bowel", "Parkinson", "Somatic ageing", "Immunodeficiency"),
    *("Wastewater surveillance", "Ancient DNA"),
)
_ASSAYS = ("exomes", "WGS", "RNA-seq", "methylation", "panel v3")
_YEARS = (2023, 2024, 2025, 2026)
NAME_OF_TWO = "Method comparison"
_FIRST_OF_2023 = 1_672_531_200.0


@dataclass(frozen=True, slots=True)
class Project:
    """One project; `readers` and `writers` are logins of users."""

    number: int
    name: str
    readers: frozenset[str]
    writers: frozenset[str]

    @property
    def id(self) -> str:
        return project_id(self.number)

    @property
    def description(self) -> str:
        return f"Sequencing data of the study “{self.name}”"

    @property
    def created(self) -> float:
        return _FIRST_OF_2023 + self.number * 86_400


@cache
def project_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def project_to_read(user: User, project_id: str) -> Project:
    """The project, if the user may read it. Raises Problem 400, 404 or 403."""
    project = PROJECTS.get(uuid_text(project_id))
    if project is None:
        raise not_found("Project", project_id)
    if user.login not in project.readers:
        raise Problem(403, f"You have no access to project {project_id}")
    return project


def project_to_write(user: User, project_id: str) -> Project:
    """The project, if the user may link data into it. Raises Problem 400, 404 or 403."""
    project = project_to_read(user, project_id)
    if user.login not in project.writers:
        raise Problem(403, "Linking data needs the role Contributor or Administrator")
    return project


def uuid_text(text: str) -> str:
    """A UUID in its canonical form. Raises Problem 400."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Problem(400, f"{text[:100]!r} is not a valid UUID") from None


def _all_projects() -> Iterator[Project]:
    yield Project(1, "Rare disease WGS 2026", _TEAM, _TEAM)
    yield Project(2, "Reference panel (read only)", _TEAM, frozenset())
    yield Project(3, "Coral reef metagenomes", _STRANGER, _STRANGER)
    studies = itertools.product(_SUBJECTS, _YEARS, _ASSAYS)
    for number, (subject, year, assay) in enumerate(studies, 4):
        yield Project(number, f"{subject} {assay} {year}", _TEAM, _TEAM)
    for number in (801, 802):
        yield Project(number, NAME_OF_TWO, _TEAM, _TEAM)
    for dive in range(1, 7):
        yield Project(900 + dive, f"Coral reef metagenomes, dive {dive}", _STRANGER, _STRANGER)


PROJECTS = {project.id: project for project in _all_projects()}
HOMES = tuple(p for p in PROJECTS.values() if 100 <= p.number < 800)  # of data that are made up
