"""The operations of ICA's API that are used here, as data: id, path and media type.

Each operation of ICA has its own version of the media type, so no version serves them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from webapp.ica.models import LINK_STATUSES, UNLINK_STATUSES

Kind = Literal["link", "unlink"]

V3 = "application/vnd.illumina.v3+json"
V4 = "application/vnd.illumina.v4+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    id: ICA's own operationId. path: under the base address, with {names} for its ids.
    media: the media type of the answer, and of the body where there is one.
    creates: whether it makes something at ICA, so that doing it twice makes it twice.
    """

    id: str
    method: Literal["GET", "POST"]
    path: str
    media: str = V3
    creates: bool = False


CREATE_TOKEN = Operation("createJwtToken", "POST", "/api/tokens")
GET_PROJECTS = Operation("getProjects", "GET", "/api/projects")
GET_PROJECT = Operation("getProject", "GET", "/api/projects/{project}")
GET_ELIGIBLE = Operation(
    "getDataEligibleForLinking", "GET", "/api/projects/{project}/data/eligibleForLinking"
)
GET_DATA_LIST = Operation("getProjectDataList", "GET", "/api/projects/{project}/data")
GET_CHILDREN = Operation(
    "getProjectDataChildren", "GET", "/api/projects/{project}/data/{data}/children", V4
)
GET_DATA = Operation("getProjectData", "GET", "/api/projects/{project}/data/{data}")
GET_JOBS = Operation("getJobs", "GET", "/api/jobs")
GET_JOB = Operation("getJob", "GET", "/api/jobs/{job}")


class BatchOperations(NamedTuple):
    """The four operations of one kind of batch, and the statuses that its items may have."""

    create: Operation
    get: Operation
    items: Operation
    item: Operation
    statuses: tuple[str, ...]


def batch_operations(version: str) -> Mapping[Kind, BatchOperations]:
    """The operations of each kind of batch.

    version: v4; or v3, where ICA reports PARTIALLY_LINKED as FAILED and makes one item of every
    file of a folder. Unlinking has v3 only.
    """
    if version == "v3":
        in_v3 = tuple(status for status in LINK_STATUSES if status != "PARTIALLY_LINKED")
        linking = _batch_operations("Linking", V3, in_v3)
    else:
        linking = _batch_operations("Linking", V4, LINK_STATUSES)
    return {"link": linking, "unlink": _batch_operations("Unlinking", V3, UNLINK_STATUSES)}


def _batch_operations(action: str, media: str, statuses: tuple[str, ...]) -> BatchOperations:
    name = f"ProjectData{action}Batch"
    path = f"/api/projects/{{project}}/data{action}Batch"
    return BatchOperations(
        create=Operation(f"create{name}", "POST", path, media, creates=True),
        get=Operation(f"get{name}", "GET", path + "/{batch}"),
        items=Operation(f"get{name}Items", "GET", path + "/{batch}/items", media),
        item=Operation(f"get{name}Item", "GET", path + "/{batch}/items/{item}", media),
        statuses=statuses,
    )
