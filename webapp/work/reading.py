"""Reading an upload: its bytes become items, entries and a review, and only then a draft."""

import gc
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, repeat
from time import thread_time
from typing import Any

from webapp import idlist
from webapp.idlist import Entry, Kind, Lines, Reading, Unreadable
from webapp.settings import Settings
from webapp.store import (
    chores,
    drafts,
    entries,
    items,
    leases,
    lifecycle,
    lookups,
    statistics,
    submissions,
    uploads,
    usage,
)
from webapp.store.documents import Column, LabelColumn, Part, Review
from webapp.store.enums import ChoreKind, EntryKind, Flag, LookupKind
from webapp.store.items import Labelled, Listed
from webapp.store.leases import LeaseLost
from webapp.store.lookups import NewLookup
from webapp.store.submissions import Submission
from webapp.store.uploads import Upload
from webapp.work import memory
from webapp.work.context import Context
from webapp.work.flagging import Precheck

MAX_REQUEST_PAUSES = 8  # of the reader, one every 256 kB, within a request
MAX_REQUEST_SECONDS = 2.0  # of the processor, within a request
RENEWAL_SECONDS = 10.0  # after which the lease is renewed while no entry comes
MAX_SECONDS = 300.0  # for one upload: 1,000,000 ids take 15
MAX_UNPACKED = 10  # times the upload limit that a compressed file may unpack to
NO_ID = (
    "No data id was found in this list. A data id is fil. or fol. and 32 characters of 0-9 and "
    "a-f, such as fil.0123456789abcdef0123456789abcdef."
)
NOTHING = (
    "No data id was found in this list, and no name or path of data either. Upload data ids "
    "(fil. or fol. and 32 characters of 0-9 and a-f), paths (/run1/a.bam), folders (/run1/), "
    "addresses (icav2://my-project/run1/a.bam) or names of files (a.bam), one a line or in a table."
)
SEEN = " Line {line:,} has “{text}”. {note}"
MAY_BE_NAMES = (
    " If these are names all the same, write file_name in the line above them, or as the header of "
    "their column."
)

TOO_LONG = (
    f"This list was read for {MAX_SECONDS / 60:.0f} minutes without coming to its end, and was "
    "given up. If it is a list of data ids, split it and upload the parts."
)
NO_ROOM = (
    "With this list, all that you keep here would take more than {most}, the most for one account; "
    "it was read up to line {line:,}. Delete lists that you need no more, and upload it again."
)
DEADLY = (
    f"This list was given up: {leases.MAX_DEATHS} times Linkboard died or failed while it read "
    "this list. Save it as .csv, or split it, and upload that; the log of the worker says more."
)

log = logging.getLogger(__name__)
Renewal = Callable[[float], None]


class Stopped(Exception):
    """The process stops, or the request has lasted long enough: somebody else begins anew."""


def limits(settings: Settings) -> idlist.Limits:
    """How much of an upload is read."""
    return idlist.Limits(unpacked_bytes=settings.upload_limit_bytes * MAX_UNPACKED)


def read(
    context: Context, upload: Upload, *, at_once: bool = False, within: Renewal | None = None
) -> None:
    """Read a leased upload to its end. Its rows count from the last UPDATE on, and not before.

    Within a request (`at_once`) no more than 2 MB are read, unpacked, and for no more than 2
    seconds: then it is given back, and the worker reads it. `within` the reading of another list,
    it keeps the lease of that one.
    """
    try:
        _read(context, upload, at_once, within)
    except Stopped:
        context.write(uploads.give_back, upload, context.clock())
    except LeaseLost:
        log.info("submission %d: somebody else reads its upload", upload.submission_id)
    if not (at_once or within):
        gc.collect()  # what was read refers to itself
        memory.give_back(context.store)


def _read(context: Context, upload: Upload, at_once: bool, within: Renewal | None) -> None:
    if leases.is_deadly(upload):
        _unreadable(context, upload, DEADLY)
        return
    _forget_former_try(context, upload)
    submission = context.read(submissions.get, upload.submission_id)
    try:
        reader = _Reader(context, upload, submission, at_once, within)
        reader.read_parts()
    except Unreadable as error:
        _unreadable(context, upload, str(error))
    else:
        if not context.store.is_sqlite:
            context.write_if_free(statistics.refresh)  # before anybody looks for these items
        reader.end()


def _forget_former_try(context: Context, upload: Upload) -> None:
    """Drop what an earlier try left. A reader that lost its lease must not drop the next one's."""
    dropped = None
    while dropped != 0:
        now = context.clock()
        with context.store.write() as connection:
            uploads.record(connection, upload, now)
            dropped = lifecycle.drop_rows(connection, upload.submission_id)


def _unreadable(context: Context, upload: Upload, problem: str) -> None:
    """Remove what was read so far, and keep why the rest can't be read."""
    _forget_former_try(context, upload)
    now = context.clock()
    with context.store.write() as connection:
        uploads.record(connection, upload, now, done=True)
        submissions.become_unreadable(connection, upload.submission_id, problem, upload.size, now)


@dataclass
class _Reader:
    """One reading of one upload: the chunk that is not stored yet, and what is counted."""

    context: Context
    upload: Upload
    submission: Submission
    at_once: bool
    within: Renewal | None  # keeps the lease of the list that gave way to this one
    next_way: float = 0.0  # when it may give way again
    pauses: int = 0
    renewed_at: float = 0.0
    good: list[Listed] = field(default_factory=list)  # with a GAP for each lookup
    lookups: list[NewLookup] = field(default_factory=list)
    others: list[entries.Entry] = field(default_factory=list)
    piece_rows: int = items.PIECE_ROWS  # in the next statement
    item_count: int = 0  # positions that are stored
    labelled: bool = False  # some items of the chunk are
    unusual: bool = False  # some of these, too, which are left out
    left_out: int = 0
    lookup_kinds: Counter[str] = field(default_factory=Counter)
    first_reject: Entry | None = None
    entry_counts: Counter[Kind] = field(default_factory=Counter)
    last_line: int = 0
    kept_bytes: int = 0
    most_bytes: int = 0  # that may be kept of it, by what else the account kept at the last look
    read_bytes: int = 0
    readings: list[Reading] = field(default_factory=list)
    folders: int = 0

    def __post_init__(self) -> None:
        self.precheck = Precheck(self.context, self.submission)
        self.began, self.processor_began = self.context.clock(), thread_time()

    def read_parts(self) -> None:
        """Read the file, then the pasted text; its lines are numbered on from those of the file."""
        self.kept_bytes = self.upload.size
        self._look_for_room()
        for part, name in enumerate(self.upload.parts):
            reading = Reading(
                self._pieces(part),
                file_name=name,
                column=self.submission.review.columns.get(part),
                label=self.submission.review.labels.get(part),
                names=self.submission.review.assumes_names,
                limits=limits(self.context.settings)._replace(pause=self._pause),
                after=self.readings[-1] if self.readings else None,
            )
            self.readings.append(reading)
            for record in reading.records():
                if isinstance(record, Lines):
                    self._take_lines(record)
                else:
                    for entry in record.entries:
                        self._take(entry)
        self._flush()
        if self.item_count == 0:
            raise Unreadable(self._why_nothing())

    def end(self) -> None:
        """Of ids it becomes a draft; for names and paths, ICA has to be asked first."""
        now, upload = self.context.clock(), self.upload
        review, empty = self._review(), self.lookup_kinds.total()
        place = (upload.submission_id, self.item_count)
        with self.context.store.write() as connection:
            uploads.record(connection, upload, now, read_bytes=upload.size, done=True)
            if empty:
                account = self.submission.account_id
                chore = (account, ChoreKind.RESOLVE, chores.ResolveSpec(), empty, now)
                chores.add(connection, upload.submission_id, *chore)
                submissions.become_resolving(connection, *place, empty, review, now)
            else:
                submissions.become_draft(connection, *place, review, now)

    def _why_nothing(self) -> str:
        """Why a list has nothing that can be linked, with what was seen in it."""
        seen = ""
        if entry := self.first_reject:
            text = idlist.display_text(entry.text)
            seen = SEEN.format(line=entry.line, text=text, note=entry.note)
        unsure = any(reading.unsure for reading in self.readings)
        return NOTHING + seen + MAY_BE_NAMES * unsure

    def _pause(self) -> None:
        """Called every 256 kB, also in a list of blanks from which no entry comes."""
        now = self.context.clock()
        self.pauses += 1
        if self.context.stop.is_set() or (self.at_once and self._lasts_too_long()):
            raise Stopped
        if now > self.began + MAX_SECONDS:
            raise Unreadable(TOO_LONG)
        self._renew(now)
        if self.within:
            self.within(now)
        elif not self.at_once and not leases.deaths(self.upload) and now >= self.next_way:
            self._give_way(now)

    def _renew(self, now: float) -> None:
        if now > max(self.began, self.renewed_at) + RENEWAL_SECONDS:
            self.context.write(uploads.record, self.upload, now, read_bytes=self.read_bytes)
            self.renewed_at = now

    def _renew_meanwhile(self, now: float) -> None:
        """While a shorter list is read: it is not to end when this one's lease is lost."""
        with suppress(LeaseLost):  # the next write of this one finds out
            self._renew(now)

    def _give_way(self, now: float) -> None:
        """Read a list that is shorter than the rest of this one, then this one for as long. One
        that a worker has died of is read alone: no other one is to count as deadly with it.
        """
        left, worker = self.upload.size - self.read_bytes, self.upload.worker
        shorter = uploads.claim_shorter(self.context.store, left, worker, now)
        if shorter is None:
            return
        try:
            read(self.context, shorter, within=self._renew_meanwhile)
        except Exception:  # its lease runs out, and it is tried again
            log.exception("submission %d: reading it has failed", shorter.submission_id)
        self._look_for_room()  # both may be lists of one account
        end = self.context.clock()
        self.began, self.next_way = self.began + end - now, end + end - now

    def _lasts_too_long(self) -> bool:
        """Whether a request had better answer now."""
        seconds = thread_time() - self.processor_began
        return seconds > MAX_REQUEST_SECONDS or self.pauses > MAX_REQUEST_PAUSES

    def _pieces(self, part: int) -> Any:
        for piece in uploads.pieces(self.context.store, self.upload.submission_id, part):
            self.read_bytes += len(piece)
            yield piece

    def _take_lines(self, lines: Lines) -> None:
        """Good entries that carry no flag, as many as fit the chunk first."""
        room = items.CHUNK_ROWS - len(self.good) - len(self.others)
        for line, ids in ((lines.line, lines.ids[:room]), (lines.line + room, lines.ids[room:])):
            if ids:
                self.last_line = line + len(ids) - 1
                self.folders += sum(data_id.startswith("fol.") for data_id in ids)
                self.good += map(Listed, ids, count(line), repeat(1))
                self._flush_if_full()

    def _take(self, entry: Entry) -> None:
        self.last_line = entry.line
        if entry.data_id and not entry.first:
            data_id, flags = entry.data_id, self.precheck.of_entry(entry)
            self.folders += data_id.startswith("fol.") and not entry.unusual
            self.unusual |= entry.unusual
            if entry.label:
                self.labelled = True
                self.kept_bytes += len(entry.label)
                self.good.append(Labelled(data_id, entry.line, entry.column, flags, entry.label))
            else:
                self.good.append(Listed(data_id, entry.line, entry.column, flags))
        elif entry.lookup and not entry.first:
            self._take_lookup(entry, entry.lookup)
        else:
            if entry.kind is Kind.REJECTED:
                self.first_reject = self.first_reject or entry
            self.entry_counts[entry.kind] += 1
            if self.entry_counts[entry.kind] <= entries.MAX_KEPT:
                self.others.append(_other(self.entry_counts.total(), entry))
        self._flush_if_full()

    def _take_lookup(self, entry: Entry, lookup: idlist.Lookup) -> None:
        """Keep the position of a name or path free for the item that it leads to."""
        self.good.append(items.GAP)
        position = self.item_count + len(self.good)
        what = (LookupKind(lookup.kind), lookup.text, lookup.project)
        self.lookups.append(NewLookup(position, *what, entry.line, entry.column, entry.label))
        self.lookup_kinds[lookup.kind] += 1

    def _flush_if_full(self) -> None:
        if len(self.good) + len(self.others) >= items.CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        """Store the chunk, and how far the reading is: in one transaction while nobody waits."""
        self._demand_room()
        good, others = self.precheck.with_former_links(self.good), self.others
        first, submission_id = self.item_count + 1, self.upload.submission_id
        store = self.context.store
        done, end = 0, max(len(good), len(others))
        while done < end:
            now = self.context.clock()
            with store.write() as connection:
                uploads.record(connection, self.upload, now, read_bytes=self.read_bytes)
                while done < end:
                    until = done + self.piece_rows
                    chunk = (submission_id, first + done, good[done:until])
                    gaps, labelled = bool(self.lookups), self.labelled
                    items.add(connection, *chunk, has_gaps=gaps, has_labels=labelled)
                    if self.unusual:
                        ends = (first + done, first + until - 1)
                        these = (submission_id, Flag.UNUSUAL, *ends)
                        self.left_out += drafts.mark_left_out(connection, *these, now)
                    lookups.add(connection, submission_id, self.lookups[done:until])
                    entries.add(connection, submission_id, others[done:until])
                    done = until
                    if store.somebody_waits():
                        self.piece_rows = items.PIECE_ROWS
                        break
                    self.piece_rows = min(2 * self.piece_rows, items.CHUNK_ROWS)
                submissions.note_reading(connection, submission_id, self.kept_bytes, now)
            store.let_others_write()
        self.item_count += len(good)
        self.good, self.lookups, self.others = [], [], []
        self.labelled = self.unusual = False

    def _look_for_room(self) -> None:
        others = self.context.read(usage.beside, self.submission.account_id, self.submission.id)
        self.most_bytes = self.context.settings.account_bytes - others

    def _demand_room(self) -> None:
        self.kept_bytes += usage.of_items(self.good) + usage.of_entries(self.others)
        self.kept_bytes += usage.of_lookups(one.text + one.label for one in self.lookups)
        if self.kept_bytes > self.most_bytes:
            most = self.context.settings.account_bytes
            raise Unreadable(NO_ROOM.format(most=f"{most / 1e9:,.3g} GB", line=self.last_line))

    def _review(self) -> Review:
        """What the review says of the list as a whole."""
        total = {
            name: sum(getattr(reading, name) for reading in self.readings)
            for name in (
                *("good", "lookups", "unsure", "repeated", "rejected", "comments", "blank"),
                *("labelled", "relabelled"),
            )
        }
        unusual = sum(reading.unusual for reading in self.readings)
        return Review(
            **total,
            **self.precheck.review(),
            folders=self.folders,
            files=self.item_count - self.lookup_kinds.total() - self.folders - unusual,
            lookup_kinds=dict(self.lookup_kinds),
            left_out={Flag.UNUSUAL.word: self.left_out} if self.left_out else {},
            columns=self.submission.review.columns,
            labels=self.submission.review.labels,
            empty_cells=sum((one.empty_cells for one in self.readings), Counter()),
            assumes_names=self.submission.review.assumes_names,
            parts=[_described(reading) for reading in self.readings],
        )


def _other(ordinal: int, entry: Entry) -> entries.Entry:
    here = (entry.line, entry.column)
    first = entry.first or (None, None)
    return entries.Entry(
        ordinal, EntryKind(entry.kind), *here, idlist.display_text(entry.text), entry.note, *first
    )


def _described(reading: Reading) -> Part:
    """How one part was read."""
    names = ("format", "encoding", "gzip", "lines", "warnings")
    columns = [Column(*column[:-1], kind=column.kind.value) for column in reading.columns]
    labels = reading.layout.labels
    return Part(
        **{name: getattr(reading, name) for name in names},
        columns=columns,
        label=0 if labels.at is None else labels.at + 1,
        label_columns=[LabelColumn(*column) for column in labels.offered],
    )
