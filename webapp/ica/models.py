"""What ICA answers, as typed and frozen values.

Fields that ICA sends and we don't name are ignored. Statuses are plain text, so that a new one is
passed on. Times have a time zone.
"""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

MOVING = ("INITIALISED", "WAITING_RESOURCES", "RUNNING")
"""The item statuses that are not final, in the order in which an item has them."""

LINK_STATUSES = (*MOVING, "LINKED", "ALREADY_LINKED", "FAILED", "PARTIALLY_LINKED")
UNLINK_STATUSES = (*MOVING, "UNLINKED", "ALREADY_UNLINKED", "FAILED", "PARTIALLY_UNLINKED")

FINAL_JOB = frozenset({"STOPPED", "SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED"})
"""The job statuses that are final. Jobs have other statuses than items."""
MOVING_JOB = frozenset({"INITIALIZED", "WAITING_FOR_RESOURCES", "RUNNING"})
"""The job statuses that are not final. Of any other it is not known."""

UNREADABLE = "ICA's entry of this id can't be read."

Time = Annotated[datetime, msgspec.Meta(tz=True)]

T = TypeVar("T")


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The base of all: camelCase in JSON; fields without a default are required."""


class Page(_Answer, Generic[T], frozen=True):
    """One page of a list.

    total: how many there are in all; ICA gives it with offset paging only, and not everywhere.
    """

    items: list[T]
    next_page_token: str | None = None
    total: int | None = msgspec.field(default=None, name="totalItemCount")

    @property
    def next_token(self) -> str | None:
        """The cursor of the page after this one; None at the end and with offset paging."""
        return self.next_page_token or None


class Project(_Answer, frozen=True):
    """A project that data are linked into."""

    id: str
    name: str
    short_description: str | None = None


class Job(_Answer, frozen=True):
    """The job that works on a batch.

    subject_type, subject_id: what it works on. Of a batch's job, the batch's id; how ICA calls the
    types its document does not say.
    information: ICA's additionalStatusInformation, free text.
    """

    id: str
    status: str
    subject_type: str | None = None
    subject_id: str | None = None
    information: str | None = msgspec.field(default=None, name="additionalStatusInformation")
    time_created: Time | None = None
    time_finished: Time | None = None
    project: Project | None = None

    @property
    def is_final(self) -> bool:
        """Whether the job has ended, successfully or not."""
        return self.status in FINAL_JOB

    @property
    def is_moving(self) -> bool:
        """Whether the job goes on. A status never seen before is neither this nor final."""
        return self.status in MOVING_JOB

    @property
    def may_link(self) -> bool:
        """Whether it may be that of a linking batch: unless ICA calls its subject otherwise."""
        kind = (self.subject_type or "link").lower()
        return "link" in kind and "unlink" not in kind

    @property
    def project_id(self) -> str | None:
        """The project that the job belongs to, where ICA says it."""
        return self.project.id if self.project else None


class Batch(_Answer, frozen=True):
    """A linking or unlinking batch. The schema allows it to have no job."""

    id: str
    job: Job | None = None


class DataFormat(_Answer, frozen=True):
    """What a file holds, such as FASTQ."""

    code: str


class DataDetails(_Answer, frozen=True):
    """What ICA tells of a file or folder; size in bytes, folders have none.

    path: for whole_path() to read, since ICA may mean that of the folder it is in.
    """

    name: str | None = None
    path: str | None = None
    size: int | None = msgspec.field(default=None, name="fileSizeInBytes")
    status: str | None = None
    data_type: str | None = None
    owning_project_id: str | None = None
    owning_project_name: str | None = None
    format: DataFormat | None = None
    time_created: Time | None = None
    time_modified: Time | None = None


_DETAIL_TEXTS = {  # by their names at ICA
    "name": "name",
    "path": "path",
    "status": "status",
    "dataType": "data_type",
    "owningProjectId": "owning_project_id",
    "owningProjectName": "owning_project_name",
}


class Data(_Answer, frozen=True):
    """A file or folder, seen from no project."""

    id: str
    urn: str | None = None
    details: DataDetails | None = None

    @classmethod
    def of_unreadable(cls, legible: dict[str, Any]) -> "Data | None":
        """Data that are not of this shape, by the texts that are legible; None without their id."""
        data_id, details = legible.get("id"), legible.get("details")
        if not isinstance(data_id, str) or not data_id:
            return None
        known = details if isinstance(details, dict) else {}
        texts = {ours: known.get(name) for name, ours in _DETAIL_TEXTS.items()}
        found: dict[str, Any] = {ours: t for ours, t in texts.items() if isinstance(t, str)}
        return cls(id=data_id, details=DataDetails(**found) if found else None)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, by its type or, without one, by its id."""
        kind = self.details.data_type if self.details else None
        return kind == "FOLDER" if kind else self.id.startswith("fol.")


class ProjectData(_Answer, frozen=True):
    """A file or folder in a project. If it is linked, its id is still that of its own project."""

    data: Data
    project_id: str

    @classmethod
    def of_unreadable(cls, legible: dict[str, Any]) -> "ProjectData | None":
        """As Data.of_unreadable(); without a project where that can't be read."""
        inner, project_id = legible.get("data"), legible.get("projectId")
        data = Data.of_unreadable(inner) if isinstance(inner, dict) else None
        its_project = project_id if isinstance(project_id, str) else ""
        return cls(data=data, project_id=its_project) if data else None

    @property
    def details(self) -> DataDetails:
        """The details, all empty where ICA sent none."""
        return self.data.details or DataDetails()


def whole_path(data: Data) -> str:
    """The path of data with their own name; of a folder it ends in a slash. "" where ICA sent none.

    ICA's document calls `path` that of the parent; every answer seen was the whole one.
    """
    details = data.details or DataDetails()
    name, path = details.name or "", details.path or ""
    if not path:
        return ""
    if not data.is_folder:
        return path + name if path.endswith("/") else path
    inner = path.rstrip("/")
    if name and inner.rpartition("/")[2] != name:
        inner = f"{inner}/{name}"
    return f"{inner}/"


class _Request(_Answer, frozen=True):
    data_id: str


class _Processing(_Answer, frozen=True):
    status: str
    additional_status_information: str | None = None


class Item(_Answer, frozen=True):
    """One data id of a batch and what became of it."""

    id: str
    request: _Request
    processing: _Processing
    created: ProjectData | None = msgspec.field(default=None, name="createdProjectData")

    @classmethod
    def of_unreadable(cls, legible: dict[str, Any]) -> "Item | None":
        """An item that is not of this shape, by what is legible of it; None without its data id.

        Its status is UNKNOWN, and its information says why.
        """
        request, item_id = legible.get("request"), legible.get("id")
        data_id = request.get("dataId") if isinstance(request, dict) else None
        if not isinstance(data_id, str) or not data_id:
            return None
        said = _Processing(status="UNKNOWN", additional_status_information=UNREADABLE)
        item_id = item_id if isinstance(item_id, str) else ""
        return cls(id=item_id, request=_Request(data_id=data_id), processing=said)

    @property
    def data_id(self) -> str:
        """The id as it was submitted."""
        return self.request.data_id

    @property
    def status(self) -> str:
        """ICA's status; there may be new ones."""
        return self.processing.status

    @property
    def information(self) -> str | None:
        """ICA's additionalStatusInformation: free text, the only reason that it gives."""
        return self.processing.additional_status_information


class MintedToken(_Answer, frozen=True):
    """The answer of POST /api/tokens. Its repr does not show the token."""

    token: str

    def __repr__(self) -> str:
        return "MintedToken(…)"
