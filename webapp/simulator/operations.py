"""The operations of ICA that the simulator serves, and the media types of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from werkzeug.datastructures import MIMEAccept

from webapp.simulator.problems import Problem

V4 = "v4"
V3 = "v3"


class Kind(StrEnum):
    """What a batch does with its data."""

    LINKING = "linking"
    UNLINKING = "unlinking"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ICA's operationId, our short name (for handlers and faults), address."""

    id: str
    name: str
    method: str
    path: str
    versions: tuple[str, ...] = (V3,)
    creates: bool = False


_PROJECT = "/api/projects/<project_id>"


def _on_batches(kind: Kind, prefix: str, versions: tuple[str, ...]) -> Iterator[Operation]:
    """The four operations of one kind of batch; `prefix` is that of their short names."""
    word = kind.capitalize()
    name, batches = f"ProjectData{word}Batch", f"{_PROJECT}/data{word}Batch"
    batch = f"{batches}/<batch_id>"
    yield Operation(f"create{name}", f"{prefix}create", "POST", batches, versions, creates=True)
    yield Operation(f"get{name}", f"{prefix}batch", "GET", batch)
    yield Operation(f"get{name}Items", f"{prefix}items", "GET", f"{batch}/items", versions)
    yield Operation(f"get{name}Item", f"{prefix}item", "GET", f"{batch}/items/<item_id>", versions)


OPERATIONS = (
    Operation("createJwtToken", "token", "POST", "/api/tokens"),
    Operation("refreshJwtToken", "refresh", "POST", "/api/tokens:refresh"),
    Operation("getProjects", "projects", "GET", "/api/projects"),
    Operation("getProject", "project", "GET", _PROJECT),
    Operation(
        "getDataEligibleForLinking", "eligible", "GET", f"{_PROJECT}/data/eligibleForLinking"
    ),
    Operation("getProjectDataList", "data-list", "GET", f"{_PROJECT}/data"),
    Operation("getProjectData", "data", "GET", f"{_PROJECT}/data/<data_id>"),
    Operation(
        "getProjectDataChildren",
        "children",
        "GET",
        f"{_PROJECT}/data/<data_id>/children",
        (V4, V3),
    ),
    Operation("getJobs", "jobs", "GET", "/api/jobs"),
    Operation("getJob", "job", "GET", "/api/jobs/<job_id>"),
    *_on_batches(Kind.LINKING, "", (V4, V3)),
    *_on_batches(Kind.UNLINKING, "unlink-", (V3,)),
)


def media_type(version: str) -> str:
    """ICA's media type of an API version, `v3` or `v4`."""
    return f"application/vnd.illumina.{version}+json"


def negotiated_version(operation: Operation, accept: MIMEAccept, content_type: str) -> str:
    """The newest API version that the Accept header and the body's media type allow.

    Raises Problem 400 if no version is accepted or the two headers differ, and 415 for a body
    of a type that the operation doesn't take.
    """
    accepted = [v for v in operation.versions if accept.quality(media_type(v)) > 0]
    if not accepted:
        raise Problem(400, "Invalid Accept Header", "ICA_API_004")
    if not operation.creates or content_type == "application/json":
        return accepted[0]
    sent = [v for v in operation.versions if media_type(v) == content_type]
    if not sent:
        raise Problem(415, f"Unsupported Content-Type: {content_type or 'none'}", "ICA_API_005")
    if sent[0] not in accepted:
        raise Problem(400, "Accept and Content-Type must have the same version", "ICA_API_004")
    return sent[0]
