"""The simulator's projects, and who may read and write each of them."""

import itertools
import uuid
from dataclasses import dataclass

from webapp.simulator.problems import bad_request, forbidden, not_found
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


@dataclass(frozen=True, slots=True)
class Project:
    """One project; `readers` and `writers` are logins of users."""

    id: str
    name: str
    description: str
    readers: frozenset[str]
    writers: frozenset[str]
    created: float


def readable_projects(user: User) -> list[Project]:
    """All projects that a user may read, in the order of their ids."""
    return [project for project in PROJECTS.values() if user.login in project.readers]


def project_to_read(user: User, project_id: str) -> Project:
    """The project, if the user may read it. Raises Problem 400, 404 or 403."""
    project = PROJECTS.get(uuid_text(project_id))
    if project is None:
        raise not_found("Project", project_id)
    if user.login not in project.readers:
        raise forbidden(f"You have no access to project {project_id}")
    return project


def project_to_write(user: User, project_id: str) -> Project:
    """The project, if the user may link data into it. Raises Problem 400, 404 or 403."""
    project = project_to_read(user, project_id)
    if user.login not in project.writers:
        raise forbidden("Linking data needs the role Contributor or Administrator")
    return project


def uuid_text(text: str) -> str:
    """A UUID in its canonical form. Raises Problem 400."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise bad_request(f"{text[:100]!r} is not a valid UUID") from None


def _all_projects() -> list[Project]:
    names = itertools.product(_SUBJECTS, _YEARS, _ASSAYS)
    return [
        _project(1, "Rare disease WGS 2026", _TEAM, _TEAM),
        _project(2, "Reference panel (read only)", _TEAM, frozenset()),
        _project(3, "Coral reef metagenomes", _STRANGER, _STRANGER),
        *(
            _project(number, f"{subject} {assay} {year}", _TEAM, _TEAM)
            for number, (subject, year, assay) in enumerate(names, 4)
        ),
        *(
            _project(number, f"Coral reef metagenomes, dive {number - 900}", _STRANGER, _STRANGER)
            for number in range(901, 907)
        ),
    ]


def _project(number: int, name: str, readers: frozenset[str], writers: frozenset[str]) -> Project:
    first_of_2023 = 1_672_531_200.0
    return Project(
        id=f"00000000-0000-4000-8000-{number:012d}",
        name=name,
        description=f"Sequencing data of the study “{name}”",
        readers=readers,
        writers=writers,
        created=first_of_2023 + number * 86_400,
    )


PROJECTS = {project.id: project for project in _all_projects()}
