"""Reading: an upload's bytes become items, entries and a review, and only then a draft."""

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from webapp import idlist
from webapp.idlist import Entry, Kind, Reading, Unreadable
from webapp.store import drafts, entries, items, submissions, uploads
from webapp.store.batches import LeaseLost
from webapp.store.items import Listed
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.store.words import Flag
from webapp.work.context import Context

MB = 1_000_000
UNPACKED = 10  # times the upload limit that a compressed file may unpack to
MOST = 20  # earlier submissions, or other projects, that the review names
EXAMPLES = 3  # items of each kind that the review shows
TRY_AGAIN = 10.0  # seconds after which a reading that was given up begins anew
NO_ID = (
    "No data id was found in this list. A data id is fil. or fol. and 32 characters of 0-9 and "
    "a-f, such as fil.0123456789abcdef0123456789abcdef."
)

log = logging.getLogger(__name__)


class Stopped(Exception):
    """It is time to stop; the reading begins anew elsewhere."""


def read(context: Context, upload: Upload) -> None:
    """Read a leased upload to its end. Its rows count from the last UPDATE on, and not before."""
    try:
        _forget_former_try(context, upload)
        with context.store.read() as connection:
            submission = submissions.get(connection, upload.submission_id)
            has_earlier = drafts.has_earlier(connection, submission)
        reader = _Reader(context, upload, submission, has_earlier)
        reader.read_parts()
        reader.become_draft()
    except Unreadable as error:
        _unreadable(context, upload, str(error))
    except Stopped:
        with context.store.write() as connection:
            uploads.give_back(connection, upload, context.clock())
    except LeaseLost:
        log.info("submission %d: somebody else reads its upload", upload.submission_id)


def _forget_former_try(context: Context, upload: Upload) -> None:
    for drop in (items.drop, entries.drop):
        while True:
            with context.store.write() as connection:
                if drop(connection, upload.submission_id, items.CHUNK) == 0:
                    break


def _unreadable(context: Context, upload: Upload, problem: str) -> None:
    """Nothing is stored half: what was read so far is removed again."""
    _forget_former_try(context, upload)
    now = context.clock()
    with context.store.write() as connection:
        uploads.record(connection, upload, now, done=True)
        submissions.become_unreadable(connection, upload.submission_id, problem, now)


@dataclass
class _Reader:
    """One reading of one upload: chunks on their way to the store, and what is counted."""

    context: Context
    upload: Upload
    submission: Submission
    has_earlier: bool  # submissions to the same project
    good: list[Listed] = field(default_factory=list)
    others: list[entries.Entry] = field(default_factory=list)
    item_count: int = 0
    entry_count: int = 0
    read_bytes: int = 0
    readings: list[Reading] = field(default_factory=list)
    folders: int = 0
    flagged: Counter[Flag] = field(default_factory=Counter)
    examples: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    linked_by: Counter[int] = field(default_factory=Counter)
    other_projects: Counter[str] = field(default_factory=Counter)

    def read_parts(self) -> None:
        """Read the file, then the pasted text: its lines go on where the file's end."""
        for part, name in enumerate(self.upload.parts):
            before = self.readings[-1] if self.readings else None
            reading = idlist.read(
                self._pieces(part),
                file_name=name,
                column=self.submission.review.get("columns", {}).get(str(part)),
                limits=self._limits(),
                after=before,
            )
            self.readings.append(reading)
            for entry in reading:
                self._take(entry)
        self._flush()
        if self.item_count == 0:
            raise Unreadable(NO_ID)

    def become_draft(self) -> None:
        now = self.context.clock()
        upload = self.upload
        with self.context.store.write() as connection:
            uploads.record(connection, upload, now, read_bytes=upload.size, done=True)
            submissions.become_draft(
                connection, upload.submission_id, self.item_count, self._review(), now
            )

    def _limits(self) -> idlist.Limits:
        most = self.context.settings.upload_limit_mb * MB * UNPACKED
        return idlist.Limits(unpacked_bytes=most)

    def _pieces(self, part: int) -> Any:
        for piece in uploads.pieces(self.context.store, self.upload.submission_id, part):
            self.read_bytes += len(piece)
            yield piece

    def _take(self, entry: Entry) -> None:
        if entry.kind is Kind.GOOD:
            self.good.append(self._listed(entry))
        else:
            self.entry_count += 1
            self.others.append(_other(self.entry_count, entry))
        if len(self.good) + len(self.others) >= items.CHUNK:
            self._flush()

    def _listed(self, entry: Entry) -> Listed:
        self.folders += entry.data_id.startswith("fol.")
        listed = Listed(entry.data_id, entry.line, entry.column)
        if entry.unusual:
            listed = self._flag(listed, Flag.UNUSUAL)
        if entry.mended:
            listed = self._flag(listed, Flag.MENDED)
        if entry.project_id and entry.project_id != self.submission.project_id:
            self.other_projects[entry.project_id] += 1
            listed = self._flag(listed, Flag.ELSEWHERE)
        return listed

    def _flag(self, listed: Listed, flag: Flag) -> Listed:
        self.flagged[flag] += 1
        examples = self.examples.setdefault(flag.word, [])
        if len(examples) < EXAMPLES:
            examples.append((listed.line, listed.column, listed.data_id))
        return replace(listed, flags=listed.flags | flag)

    def _flag_linked_before(self) -> None:
        """Look the chunk up among what earlier submissions linked into the same project."""
        data_ids = [listed.data_id for listed in self.good]
        with self.context.store.read() as connection:
            found = drafts.linked_before(connection, self.submission, data_ids)
        if found:
            self.linked_by.update(found.values())
            self.good = [
                self._flag(listed, Flag.LINKED) if listed.data_id in found else listed
                for listed in self.good
            ]

    def _flush(self) -> None:
        """One transaction: the chunk, and how far the reading is."""
        if self.context.stop.is_set():
            raise Stopped
        if self.has_earlier:
            self._flag_linked_before()
        submission_id, now = self.upload.submission_id, self.context.clock()
        with self.context.store.write() as connection:
            uploads.record(connection, self.upload, now, read_bytes=self.read_bytes)
            items.add(connection, submission_id, self.item_count + 1, self.good)
            entries.add(connection, submission_id, self.others)
            submissions.note_reading(connection, submission_id, now)
        self.item_count += len(self.good)
        self.good.clear()
        self.others.clear()

    def _review(self) -> dict[str, Any]:
        """What the review says of the list as a whole."""
        total = {
            name: sum(getattr(reading, name) for reading in self.readings)
            for name in ("good", "repeated", "rejected", "comments", "blank")
        }
        return total | {
            **{flag.word: count for flag, count in self.flagged.items()},
            "folders": self.folders,
            "files": self.item_count - self.folders,
            "examples": self.examples,
            "columns": self.submission.review.get("columns", {}),  # what the user chose
            "linked_by": dict(self.linked_by.most_common(MOST)),
            "other_projects": dict(self.other_projects.most_common(MOST)),
            "parts": [_described(reading) for reading in self.readings],
        }


def _other(ordinal: int, entry: Entry) -> entries.Entry:
    first_line, first_column = entry.first or (None, None)
    return entries.Entry(
        ordinal=ordinal,
        kind=entry.kind,
        line=entry.line,
        column=entry.column,
        text=entry.text,
        note=entry.note,
        first_line=first_line,
        first_column=first_column,
    )


def _described(reading: Reading) -> dict[str, Any]:
    """How one part was read."""
    return {
        "format": reading.format,
        "encoding": reading.encoding,
        "gzip": reading.gzip,
        "lines": reading.lines,
        "columns": [column._asdict() for column in reading.columns],
        "warnings": reading.warnings,
    }
