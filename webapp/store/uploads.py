"""Uploads: the bytes as they came, and the queue of what is still to be read."""

from collections.abc import Iterator, Sequence

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Connection,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from webapp.store import sql, submissions
from webapp.store.engine import Store
from webapp.store.leases import LEASE_SECONDS, Queue
from webapp.store.tables import Upload as Upload
from webapp.store.tables import upload_pieces, uploads

PIECE_BYTES = 1024 * 1024
QUEUE = Queue(uploads, Upload, uploads.c.submission_id)
DUE = QUEUE.due()
_LEFT: BindParameter[int] = bindparam("left", type_=BigInteger)
_OF_SUBMISSION = select(uploads).where(uploads.c.submission_id == sql.SUBMISSION)
_CLAIM = QUEUE.lease_first(DUE, uploads.c.due_at)
_SHORTER = DUE & (uploads.c.size < _LEFT) & QUEUE.unharmed()
_ANY_SHORTER = select(uploads.c.submission_id).where(_SHORTER)
_CLAIM_SHORTER = QUEUE.lease_first(_SHORTER, uploads.c.size)
_CLAIM_ONE = QUEUE.lease((uploads.c.submission_id == sql.SUBMISSION) & QUEUE.free())


def add(connection: Connection, submission_id: int, parts: Sequence[str]) -> None:
    """Begin an upload of parts with these names ("" for pasted text); their pieces follow.

    It is not read before make_due().
    """
    names = [name[-255:] for name in parts]
    connection.execute(insert(uploads).values(submission_id=submission_id, parts=names))


def name_parts(connection: Connection, submission_id: int, parts: Sequence[str]) -> None:
    """The upload has parts with these names: what was kept of a form, and more."""
    names = [name[-255:] for name in parts]
    mine = update(uploads).where(uploads.c.submission_id == submission_id)
    connection.execute(mine.values(parts=names))


def keep_piece(
    connection: Connection, submission_id: int, part: int, sequence: int, piece: bytes
) -> None:
    """Keep the next piece of a part, of at most PIECE_BYTES bytes."""
    place = {"submission_id": submission_id, "part": part, "sequence": sequence}
    connection.execute(insert(upload_pieces).values(**place, bytes=piece))
    statement = update(uploads).where(uploads.c.submission_id == submission_id)
    connection.execute(statement.values(size=uploads.c.size + len(piece)))


def claim(connection: Connection, worker: str, now: float) -> Upload | None:
    """Lease the upload that waits longest to the worker."""
    return QUEUE.take(connection, _CLAIM, worker, now)


def claim_shorter(store: Store, left: int, worker: str, now: float) -> Upload | None:
    """Lease the shortest upload that waits to the worker, if it has fewer bytes than are left of
    another one. Not one of which a worker died.
    """
    with store.read() as connection:
        if connection.execute(_ANY_SHORTER.limit(1), {"left": left, "now": now}).first() is None:
            return None
    with store.write() as connection:
        return QUEUE.take(connection, _CLAIM_SHORTER, worker, now, left=left)


def claim_one(connection: Connection, submission_id: int, worker: str, now: float) -> Upload | None:
    """Lease this submission's upload to the worker, if nobody has it."""
    return QUEUE.take(connection, _CLAIM_ONE, worker, now, submission=submission_id)


def record(
    connection: Connection,
    upload: Upload,
    now: float,
    *,
    read_bytes: int | None = None,
    done: bool = False,
) -> None:
    """Keep how far the reading is, and the lease. Raises LeaseLost when somebody else reads."""
    values: dict[str, float | None] = {"lease_until": now + LEASE_SECONDS}
    if read_bytes is not None:
        values["read_bytes"] = read_bytes
    if done:
        values |= {"due_at": None, "lease_until": 0.0}
    QUEUE.keep(connection, upload, values)


def give_back(connection: Connection, upload: Upload, due_at: float) -> None:
    """End the lease: another try begins from the start."""
    again = QUEUE.ended() | {"due_at": due_at, "read_bytes": 0}
    connection.execute(update(uploads).where(QUEUE.is_held(upload)).values(again))


def make_due(connection: Connection, submission_id: int, now: float) -> None:
    """All pieces are here, or are to be read again, from the start."""
    statement = update(uploads).where(uploads.c.submission_id == submission_id)
    connection.execute(statement.values(due_at=now, lease_until=0.0, read_bytes=0))


def get(connection: Connection, submission_id: int) -> Upload | None:
    """The submission's upload, None for one that was not uploaded."""
    return sql.fetch_one(connection, _OF_SUBMISSION, Upload, {"submission": submission_id})


class Dropped(Exception):
    """The bytes are not kept any more."""


def pieces(store: Store, submission_id: int, part: int) -> Iterator[bytes]:
    """The bytes of a part in their order, a piece at a time; no transaction is open in between.

    Raises Dropped when they go meanwhile: what was read is not all of it.
    """
    sequence = 0
    while True:
        statement = select(upload_pieces.c.bytes).where(
            upload_pieces.c.submission_id == submission_id,
            upload_pieces.c.part == part,
            upload_pieces.c.sequence == sequence,
        )
        with store.read() as connection:
            piece: bytes | None = connection.execute(statement).scalar()
            upload = get(connection, submission_id) if piece is None else None
        if piece is None:
            if upload and upload.dropped_at:
                raise Dropped
            return
        yield piece
        sequence += 1


def drop_pieces(connection: Connection, submission_id: int, now: float) -> bool:
    """Delete the bytes as they came; what else is known of the upload stays. False when they are
    gone already.
    """
    kept = (uploads.c.submission_id == submission_id) & uploads.c.dropped_at.is_(None)
    dropped = update(uploads).where(kept).values(dropped_at=now).returning(uploads.c.size)
    size = connection.execute(dropped).scalar()
    if size is None:
        return False
    connection.execute(delete(upload_pieces).where(upload_pieces.c.submission_id == submission_id))
    submissions.touch(connection, submission_id, now)
    submissions.keep_more(connection, submission_id, -size)
    return True


def remove(connection: Connection, submission_id: int) -> None:
    """Remove the upload and its bytes."""
    for table in (upload_pieces, uploads):
        connection.execute(delete(table).where(table.c.submission_id == submission_id))
