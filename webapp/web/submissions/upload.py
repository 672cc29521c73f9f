"""Uploads: what the form for a new submission brought, checked and kept as it came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from io import SEEK_END, BytesIO
from typing import IO

from flask import flash, request
from werkzeug.datastructures import FileStorage

from webapp.store import Connection, kept_files, submissions, uploads
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
MAX_KEPT_FILES = 5  # of one account, of forms that are still filled in
KEPT_NO_LONGER = (
    "The file that you sent before is kept no longer (a form keeps it for an hour), or it has "
    "become a list already. Choose it again."
)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file with a list: its own name, and its size in bytes.

    stream: of one that came with the request. kept: of one that is kept, by which number.
    """

    name: str
    size: int
    stream: IO[bytes] | None = None
    kept: int = 0

    @classmethod
    def of_request(cls) -> "ListFile | None":
        """The one that was sent, if any was."""
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            return None
        return cls(_file_name(sent), _size(sent.stream), sent.stream)

    @classmethod
    def kept_as(cls, number: int) -> "ListFile | None":
        """The visitor's kept file of this number; None when it is kept no longer."""
        found = context().read(kept_files.find, number, viewer()) if number else None
        return cls(found.name, found.kept_bytes, kept=found.id) if found else None

    def pieces(self) -> Iterator[bytes]:
        """Its bytes, as many at a time as the store keeps in a row. Raises Unusable when it is not
        kept any more.
        """
        if self.stream is not None:
            self.stream.seek(0)
            yield from iter(partial(self.stream.read, uploads.PIECE_BYTES), b"")
            return
        left = self.size
        for piece in uploads.pieces(context().store, self.kept, 0):
            left -= len(piece)
            yield piece
        if left:
            raise Unusable(Errors(file=KEPT_NO_LONGER))


@dataclass(frozen=True, slots=True)
class Form:
    """What the visitor filled in.

    gone: the number of a file that is kept no longer. former: that of one which is not wanted any
    more. lost: the name of a file that could not be kept.
    """

    project_id: str
    name: str
    ids: str
    file: ListFile | None
    sources: Sequence[str] = ()
    gone: int = 0
    former: int = 0
    lost: str = ""

    @classmethod
    def of_request(cls) -> "Form":
        """Empty where the request brought none."""
        fields, file = request.form, ListFile.of_request()
        number = _number(fields.get("kept_file", ""))
        unwanted = file is not None or "drop_file" in fields
        kept = None if unwanted else ListFile.kept_as(number)
        return cls(
            project_id=params.line(fields.get("project_id", "")).lower(),
            name=forms.name(fields.get("name", "")),
            ids=fields.get("ids", ""),
            file=file or kept,
            sources=projects.chosen_sources(fields),
            gone=0 if unwanted or kept else number,
            former=number if unwanted else 0,
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
        if self.gone:
            wrong["file"] = KEPT_NO_LONGER
        elif self.file is None and not self.ids.strip():
            wrong["file"] = "Choose a file with a list, or paste the list below."
        return wrong


def keep_file(form: Form, errors: Errors) -> Form:
    """The form with its file kept, so that it need not be sent again; without it where it is of no
    use, or there is no room for it.
    """
    if form.former:
        context().write(kept_files.drop, form.former, viewer(), context().clock())
    file = None if errors["file"] else form.file
    if file is None or file.stream is None:
        if file:
            context().write(kept_files.keep_on, file.kept, viewer(), context().clock())
        return replace(form, file=file)
    try:
        number = _begin_keeping(file)
    except Unusable:
        return replace(form, file=None, lost=file.name)
    _keep_pieces(number, 0, file.pieces())
    return replace(form, file=ListFile(file.name, file.size, kept=number))


def _begin_keeping(file: ListFile) -> int:
    """The number of the file, whose bytes are to follow. Raises Unusable without room for it."""
    new = New(
        account=viewer(),
        project_id="",
        project_name="",
        name=file.name,
        source=Source.UPLOAD,
        batch_size=context().settings.batch_size,
        kept_bytes=file.size,
    )
    with context().store.write() as connection:
        quota.demand_room(connection, viewer().id, file.size)
        if kept_files.count(connection, viewer()) >= MAX_KEPT_FILES:
            raise Unusable(Errors())
        return kept_files.begin(connection, new, context().clock())


def receive(form: Form) -> int:
    """Keep a new submission's bytes and, when they are few, read them; returns its id.

    Raises Unusable, and keeps nothing, when the form or a list that was read at once is of no use.
    """
    if sent := _sent_before(form):
        return sent
    if wrong := form.errors():
        raise Unusable(wrong)
    project = readable("project_id", form.project_id, "such project")
    sources = [readable("source_id", one, f"project {one}") for one in form.sources]
    try:
        submission_id = _keep(form, project, sources)
    except Unusable:
        if sent := _sent_before(form):  # by another click, just now
            return sent
        raise
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


def _sent_before(form: Form) -> int | None:
    """The submission that a former click made of the form's kept file, for the same project."""
    number = form.gone or (form.file.kept if form.file else 0)
    if not number or not context().read(kept_files.is_list, number, viewer(), form.project_id):
        return None
    flash("This list was here already. It was not made twice.", "info")
    return number


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
    whole = parts(form)
    names, size = [part.name for part in whole], sum(part.size for part in whole)
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
    kept = form.file.kept if form.file else 0
    with context().store.write() as connection:
        quota.demand_one_more(
            connection, viewer().id, sum(part.size for part in whole if part.stream)
        )
        if not kept:
            submission_id = submissions.create(connection, new, now)
            uploads.add(connection, submission_id, names)
        elif kept_files.take(connection, submission_id := kept, new, now):
            uploads.name_parts(connection, submission_id, names)
        else:
            raise Unusable(Errors(file=KEPT_NO_LONGER))
        if form.former:
            kept_files.drop(connection, form.former, viewer(), now)
    for at, part in enumerate(whole):
        if part.stream:
            _keep_pieces(submission_id, at, part.pieces())
    return submission_id


def _keep_pieces(submission_id: int, part: int, found: Iterator[bytes]) -> None:
    for sequence, piece in enumerate(found):
        context().write(uploads.keep_piece, submission_id, part, sequence, piece)


def parts(form: Form) -> list[ListFile]:
    """The file and the pasted text, which has no name, as far as they are there."""
    found = [form.file] if form.file else []
    if form.ids.strip():
        typed = form.ids.encode("utf-8", "replace")
        found.append(ListFile("", len(typed), BytesIO(typed)))
    return found


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size


def _file_name(file: FileStorage) -> str:
    """The file's own name, without the folders that some browsers send along."""
    path = params.line(file.filename or "").replace("\\", "/").rstrip("/")
    return path.rsplit("/", 1)[-1][-forms.MAX_CHARACTERS["name"] :] or "file"


def _number(text: str) -> int:
    """The number of a kept file, as a form names it; one that names none where it is no number."""
    if not text:
        return 0
    known = params.DIGITS.fullmatch(text) and int(text) <= params.MAX_NUMBER
    return int(text) if known else params.MAX_NUMBER


def _name_for(form: Form, now: float) -> str:
    if form.file:
        return form.file.name
    return f"Pasted list, {datetime.fromtimestamp(now, UTC):%d %b %Y %H:%M} UTC"


def claim_if_small(connection: Connection, submission_id: int) -> Upload | None:
    """Lease a small upload to this request, which reads it; a larger one is left to the worker.

    Called in the transaction that makes it due: else the worker could be quicker.
    """
    upload = uploads.get(connection, submission_id)
    if upload is None or upload.size > READ_AT_ONCE_BYTES:
        return None
    return uploads.claim_one(connection, submission_id, "web", context().clock())
