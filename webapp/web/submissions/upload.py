"""Uploads: what the form for a new submission brought, checked and kept as it came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import SEEK_END, BytesIO
from typing import IO

from flask import request
from werkzeug.datastructures import FileStorage

from webapp.store import Connection, submissions, uploads
from webapp.store.documents import NamedProject
from webapp.store.enums import AuditAction, Source, State
from webapp.store.submissions import New
from webapp.store.uploads import Upload
from webapp.web.core import audit, forms, params
from webapp.web.core.access import may_read
from webapp.web.core.context import context, viewer
from webapp.web.core.errors import sentence
from webapp.web.core.forms import Errors, Unusable
from webapp.web.submissions import projects, quota
from webapp.work import reading
from webapp.work.clients import NoKey

READ_AT_ONCE_BYTES = 1024 * 1024  # a larger upload is read by the worker
NO_PROJECT_ID = (
    "A project is chosen by its id, a UUID such as 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0. Choose "
    "one of the list."
)


@dataclass(frozen=True, slots=True)
class Form:
    """What the visitor filled in."""

    project_id: str
    name: str
    ids: str
    file: FileStorage | None
    sources: Sequence[str] = ()

    @classmethod
    def of_request(cls) -> "Form":
        """Empty where the request brought none."""
        fields, file = request.form, request.files.get("file")
        return cls(
            project_id=params.line(fields.get("project_id", "")).lower(),
            name=forms.name(fields.get("name", "")),
            ids=fields.get("ids", ""),
            file=file if file and file.filename else None,
            sources=projects.chosen_sources(fields),
        )

    def errors(self) -> Errors:
        """What is wrong with it, as far as that is known without asking ICA."""
        wrong = forms.too_long({"name": self.name})
        if not self.project_id:
            wrong["project_id"] = "Choose the project to link the data into."
        elif not params.is_uuid(self.project_id):
            wrong["project_id"] = NO_PROJECT_ID
        if not all(map(params.is_uuid, self.sources)):
            wrong["source_id"] = (
                "A project to look in is chosen by its id, a UUID. Choose among those of the list."
            )
        elif len(self.sources) > projects.MAX_SOURCES:
            wrong["source_id"] = (
                f"Names and paths can be looked up in at most {projects.MAX_SOURCES} projects; "
                f"{len(self.sources)} are chosen. Untick some of them."
            )
        if self.file is None and not self.ids.strip():
            wrong["file"] = "Choose a file with a list, or paste the list below."
        return wrong


def receive(form: Form) -> int:
    """Keep a new submission's bytes and, when they are few, read them; returns its id.

    Raises Unusable, and keeps nothing, when the form or a list that was read at once is of no use.
    """
    if wrong := form.errors():
        raise Unusable(wrong)
    project = readable("project_id", form.project_id, "such project")
    sources = [readable("source_id", one, f"project {one}") for one in form.sources]
    submission_id = _keep(form, project, sources)
    with context().store.write() as connection:
        uploads.make_due(connection, submission_id, context().clock())
        mine = claim_if_small(connection, submission_id)
        upload = uploads.get(connection, submission_id)
        audit.note(
            connection,
            AuditAction.UPLOAD,
            submissions.get(connection, submission_id),
            bytes=upload.size if upload else 0,
        )
    if mine:
        reading.read(context(), mine, at_once=True)
    found = context().read(submissions.get, submission_id)
    if found.state == State.UNREADABLE:
        with context().store.write() as connection:
            submissions.discard(connection, submission_id, context().clock())
            audit.note(connection, AuditAction.DISCARD, found, why="it can't be read")
        raise Unusable(Errors({"file" if form.file else "ids": found.problem}))
    return submission_id


def demand_choice(project_id: str, nothing: str) -> None:
    """Raises Unusable for what is no project's id, with the text `nothing` where none is chosen."""
    if not project_id:
        raise Unusable(Errors(project_id=nothing))
    if not params.is_uuid(project_id):
        raise Unusable(Errors(project_id=NO_PROJECT_ID))


def readable(field: str, project_id: str, called: str) -> NamedProject:
    """The project, by the name that ICA gives it. Raises Unusable, at a field and with a sentence
    that calls it so, where the visitor may not read it or ICA does not say whether they may.
    """
    try:
        found = may_read(project_id)
    except NoKey as error:
        raise Unusable(Errors({field: sentence(error)})) from error
    if found is None:
        wrong = "ICA does not answer, so the project can't be checked now."
    elif not found.allowed:
        wrong = f"ICA knows no {called}, or your key may not see it."
    else:
        return NamedProject(project_id, found.project_name)
    raise Unusable(Errors({field: wrong}))


def _keep(form: Form, project: NamedProject, sources: Sequence[NamedProject]) -> int:
    """The bytes as they came, a piece a transaction; nobody reads them before they are whole."""
    now = context().clock()
    streams = parts(form)
    size = sum(map(_size, (stream for _, stream in streams)))
    new = New(
        account=viewer(),
        project_id=project.id,
        project_name=project.name,
        name=form.name or _name_for(form, now),
        source=Source.UPLOAD,
        batch_size=context().settings.batch_size,
        kept_bytes=size,
        lookup_projects=sources,
    )
    with context().store.write() as connection:
        quota.demand_one_more(connection, viewer().id, size)
        submission_id = submissions.create(connection, new, now)
        uploads.add(connection, submission_id, [name for name, _ in streams])
    for part, (_, stream) in enumerate(streams):
        for sequence, piece in enumerate(pieces(stream)):
            context().write(uploads.keep_piece, submission_id, part, sequence, piece)
    return submission_id


def parts(form: Form) -> list[tuple[str, IO[bytes]]]:
    """The file and the pasted text, as far as they are there: name ("" for text) and bytes."""
    found: list[tuple[str, IO[bytes]]] = []
    if form.file:
        found.append((_file_name(form.file), form.file.stream))
    if form.ids.strip():
        found.append(("", BytesIO(form.ids.encode("utf-8", "replace"))))
    return found


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes of a stream, as many at a time as the store keeps in a row."""
    while piece := stream.read(uploads.PIECE_BYTES):
        yield piece


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def _file_name(file: FileStorage) -> str:
    """The file's own name, without the folders that some browsers send along."""
    path = params.line(file.filename or "").replace("\\", "/").rstrip("/")
    return path.rsplit("/", 1)[-1][-forms.MAX_CHARACTERS["name"] :] or "file"


def _name_for(form: Form, now: float) -> str:
    if form.file:
        return _file_name(form.file)
    return f"Pasted list, {datetime.fromtimestamp(now, UTC):%d %b %Y %H:%M} UTC"


def claim_if_small(connection: Connection, submission_id: int) -> Upload | None:
    """Lease a small upload to this request, which reads it; a larger one is left to the worker.

    Called in the transaction that makes it due: else the worker could be quicker.
    """
    upload = uploads.get(connection, submission_id)
    if upload is None or upload.size > READ_AT_ONCE_BYTES:
        return None
    return uploads.claim_one(connection, submission_id, "web", context().clock())
