"""ICA's operations that the simulator serves, and the media types each of them speaks."""

from dataclasses import dataclass

from werkzeug.datastructures import MIMEAccept

from webapp.simulator.problems import Problem

V4 = "v4"
V3 = "v3"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ICA's operationId, our short name for it (faults use it), and its address."""

    id: str
    name: str
    method: str
    path: str
    versions: tuple[str, ...] = (V3,)
    takes_body: bool = False
    success: int = 200


_PROJECT = "/api/projects/<project_id>"
_LINKING = f"{_PROJECT}/dataLinkingBatch"
_UNLINKING = f"{_PROJECT}/dataUnlinkingBatch"
_BOTH = (V4, V3)

OPERATIONS = (
    Operation("createJwtToken", "token", "POST", "/api/tokens"),
    Operation("refreshJwtToken", "refresh", "POST", "/api/tokens:refresh"),
    Operation("getProjects", "projects", "GET", "/api/projects"),
    Operation("getProject", "project", "GET", _PROJECT),
    Operation(
        "getDataEligibleForLinking", "eligible", "GET", f"{_PROJECT}/data/eligibleForLinking"
    ),
    Operation("getProjectData", "data", "GET", f"{_PROJECT}/data/<data_id>"),
    Operation("getJobs", "jobs", "GET", "/api/jobs"),
    Operation("getJob", "job", "GET", "/api/jobs/<job_id>"),
    Operation("createProjectDataLinkingBatch", "create", "POST", _LINKING, _BOTH, True, 201),
    Operation("getProjectDataLinkingBatch", "batch", "GET", f"{_LINKING}/<batch_id>"),
    Operation(
        "getProjectDataLinkingBatchItems", "items", "GET", f"{_LINKING}/<batch_id>/items", _BOTH
    ),
    Operation(
        "getProjectDataLinkingBatchItem",
        "item",
        "GET",
        f"{_LINKING}/<batch_id>/items/<item_id>",
        _BOTH,
    ),
    Operation(
        "createProjectDataUnlinkingBatch",
        "unlink-create",
        "POST",
        _UNLINKING,
        takes_body=True,
        success=201,
    ),
    Operation("getProjectDataUnlinkingBatch", "unlink-batch", "GET", f"{_UNLINKING}/<batch_id>"),
    Operation(
        "getProjectDataUnlinkingBatchItems",
        "unlink-items",
        "GET",
        f"{_UNLINKING}/<batch_id>/items",
    ),
    Operation(
        "getProjectDataUnlinkingBatchItem",
        "unlink-item",
        "GET",
        f"{_UNLINKING}/<batch_id>/items/<item_id>",
    ),
)


def media_type(version: str) -> str:
    """ICA's media type of an API version, `v3` or `v4`."""
    return f"application/vnd.illumina.{version}+json"


def agree_on_version(operation: Operation, accept: MIMEAccept, content_type: str) -> str:
    """The version both sides speak: the newest that the Accept header and the body allow.

    Raises Problem 400 where nothing is accepted or the two headers differ, and 415 for a body
    of a type that the operation doesn't take.
    """
    accepted = [v for v in operation.versions if accept.quality(media_type(v)) > 0]
    if not accepted:
        raise Problem(400, "ICA_API_004", "Invalid Accept Header")
    if not operation.takes_body or content_type == "application/json":
        return accepted[0]
    sent = [v for v in operation.versions if media_type(v) == content_type]
    if not sent:
        raise Problem(415, "ICA_API_005", f"Unsupported Content-Type: {content_type or 'none'}")
    if sent[0] not in accepted:
        raise Problem(400, "ICA_API_004", "Accept and Content-Type must have the same version")
    return sent[0]
