"""Enums of the store: states, tasks, and the statuses that ICA does not have."""

from enum import IntEnum, IntFlag, StrEnum

# statuses of our own, beside ICA's
UNREAD = "UNREAD"  # of a row: ICA has not been asked about it yet
NOT_SENT = "NOT_SENT"  # not sent to ICA; the reason says why, or it still waits
UNKNOWN = "UNKNOWN"  # in counts only: part of ICA's total, and of no count of a known status
LEFT_OUT = "LEFT_OUT"  # the submitter chose not to send it; the reason says why
EXPANDED = "EXPANDED"  # a folder that ICA (V3) replaced by one item per file


class Source(StrEnum):
    """Where a submission comes from."""

    UPLOAD = "upload"
    ADOPT = "adopt"  # from a batch that was made elsewhere
    FOLDER = "folder"  # from what a folder of ICA holds


class State(StrEnum):
    """A submission's state."""

    READING = "reading"
    RESOLVING = "resolving"
    DRAFT = "draft"
    ACTIVE = "active"
    SETTLED = "settled"
    UNREADABLE = "unreadable"
    DISCARDED = "discarded"


BEGUN = frozenset({State.ACTIVE, State.SETTLED})  # its list was submitted
LISTED = BEGUN | {State.DRAFT}  # its list was read whole, so its items count


class Match(StrEnum):
    """How the name, path or label of an item has to be like the text that a query asks for."""

    EXACT = "exact"
    ANY_CASE = "any case"  # the same but for small and capital letters of ASCII
    PART = "part"  # contains the text, as ANY_CASE


class Phase(StrEnum):
    """What to show of an active submission; of any other, its state is shown."""

    GATHERING = "gathering"
    WAITING = "waiting"
    SENDING = "sending"
    LINKING = "linking"
    BLOCKED = "blocked"
    STOPPING = "stopping"
    NONE = ""


class BoardWord(StrEnum):
    """What the board calls a submission, and filters it by."""

    DRAFT = "draft"
    RUNNING = "running"
    BLOCKED = "blocked"
    DONE = "done"
    FAILURES = "with_failures"
    NOT_SENT = "not_sent"
    PARTLY_UNDONE = "partly_undone"
    UNDONE = "undone"


class AttemptKind(StrEnum):
    """What an attempt, and each of its batches, does with its items."""

    LINK = "link"
    UNLINK = "unlink"


class AttemptState(StrEnum):
    """An attempt's state."""

    DRAFT = "draft"  # the first one, before its list is submitted
    GATHERING = "gathering"  # its items are being taken; nothing is sent yet
    ACTIVE = "active"
    ENDED = "ended"


class BatchState(StrEnum):
    """A batch's state."""

    WAITING = "waiting"
    SENDING = "sending"
    RUNNING = "running"
    SETTLED = "settled"
    REFUSED = "refused"
    STOPPED = "stopped"
    LOST = "lost"


# What is being sent may have arrived: nobody is told that it was not.
UNSENT = frozenset({BatchState.WAITING, BatchState.REFUSED, BatchState.STOPPED})
ENDED = frozenset({BatchState.SETTLED, BatchState.REFUSED, BatchState.STOPPED, BatchState.LOST})


class Task(StrEnum):
    """What is to be done next for a batch."""

    SEND = "send"
    FIND = "find"  # was it sent? look for its job
    REFRESH = "refresh"
    WALK = "walk"
    CLOSE = "close"  # its items were never sent: record that in their rows
    NONE = ""


class EntryKind(StrEnum):
    """Why an entry of a list did not become an item."""

    REPEATED = "repeated"
    REJECTED = "rejected"


class LookupKind(StrEnum):
    """What stands in a list in place of a data id."""

    NAME = "name"
    PATH = "path"
    FOLDER = "folder"  # its path


class LookupState(StrEnum):
    """What became of a lookup."""

    WAITING = "waiting"  # ICA was not asked yet
    FOUND = "found"  # one datum
    OTHERWISE = "otherwise"  # only data whose name is written otherwise, see Likeness
    SEVERAL = "several"  # more than one
    MISSING = "missing"  # none
    IMPOSSIBLE = "impossible"  # it can't be asked for; its note says why


class Likeness(IntEnum):
    """How a candidate's name or path is like that of the lookup."""

    SAME = 0  # code point by code point
    OTHERWISE = 1  # but for capitals, or for the code points that write a character (NFC, NFD)
    NEAR = 2  # perhaps what was meant


class Rule(StrEnum):
    """How many lookups of a state are settled at once, each by those of its candidates that are
    exactly it.
    """

    ONLY = "only"  # where there is one alone
    NEWEST = "newest"
    AVAILABLE = "available"
    FOLDER = "folder"  # below this one
    PROJECT = "project"  # in this one
    ALL = "all"  # all of them
    NONE = "none"  # what was chosen is taken back


class Flag(IntFlag):
    """What a user should know of an item before it is sent."""

    UNUSUAL = 1  # not of the shape of ICA's ids
    MENDED = 2  # capitals were made small
    LINKED = 4  # into this project, by an earlier submission here
    ELSEWHERE = 8  # its line names another project
    REFUSED = 16  # ICA said that it can't be linked
    # by the status that its data had in ICA when it was found
    ARCHIVED = 32
    ARCHIVING = 64
    UNARCHIVING = 128
    PARTIAL = 256
    DELETING = 512

    @property
    def word(self) -> str:
        """The name that addresses and reviews use."""
        return str(self.name).lower()


class ChoreKind(StrEnum):
    """What kind of longer work a submission needs. What a page asks for is an AuditAction by the
    same name.
    """

    TAKE = "take"  # the items of an attempt
    LEAVE_OUT = "leave out"
    TAKE_BACK = "take back"  # what was left out
    CHECK = "check"  # with ICA: which ids would it refuse?
    RESOLVE = "resolve"  # ask ICA for the data of lookups
    CHOOSE = "choose"  # one of several candidates, by a rule
    GATHER = "gather"  # what a folder of ICA holds


ASKING = frozenset({ChoreKind.CHECK, ChoreKind.RESOLVE, ChoreKind.GATHER})  # these call ICA


class Blocked(StrEnum):
    """Why a batch can't go on until somebody does something."""

    NO = ""
    SIGN_IN = "sign in"
    MAY_NOT_WRITE = "may not write"
    MAY_NOT_READ = "may not read"
    DEADLY = "deadly"  # workers died of it: somebody has to find out why
    STUCK = "stuck"  # ICA has answered many times in a way that leads no further


class AccountTrouble(StrEnum):
    """What trouble an account had with ICA in its last calls."""

    NONE = ""
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"


class AuditAction(StrEnum):
    """What somebody did, as the audit trail calls it."""

    START = "start"  # of the program, with its settings
    RESTORE = "restore"  # of a copy of the database
    SIGN_IN = "sign in"
    SIGN_IN_FAILED = "sign in failed"
    SIGN_OUT = "sign out"
    SESSION_END = "session end"  # of another session, or by ICA's refusals
    UPLOAD = "upload"
    DISCARD = "discard"
    SUBMIT = "submit"
    STOP = "stop"
    RETRY = "retry"
    TRY_AGAIN = "try again"  # to hear of ICA what is stuck
    UNDO = "undo"
    EXPORT = "export"
    RENAME = "rename"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"
    ADOPT = "adopt"
    RECIPIENTS = "recipients"  # who is told when it has ended
    LEAVE_OUT = "leave out"
    TAKE_BACK = "take back"
    CHECK = "check"  # with ICA
    RESOLVE = "resolve"  # go on asking ICA for the data of lookups
    CHOOSE = "choose"  # what lookups are to mean
    GATHER = "gather"  # a list of what a folder of ICA holds
    ASK = "ask"  # where ids are
    SHARE = "share"  # a question, that is, a query
    UNSHARE = "unshare"


class ErrorCode(StrEnum):
    """What an error was that is kept of a batch or of a chore."""

    UNREACHABLE = "unreachable"  # no answer of ICA
    MALFORMED_RESPONSE = "malformed_response"
    SERVER_ERROR = "server_error"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    TOO_LARGE = "too_large"
    REFUSED = "refused"  # for another reason
    NO_KEY = "no_key"  # ICA can't be asked before somebody signs in again
    NO_ROOM = "no_room"  # all that the account keeps here would take more than it may
    STOPPED = "stopped"  # no error: whoever made the draft wanted it so
    UNEXPECTED = "unexpected"  # of our own


PRIORITY = {  # smaller goes first
    Task.CLOSE: 0,
    Task.SEND: 1,
    Task.FIND: 1,
    Task.REFRESH: 4,
    Task.WALK: 3,
    Task.NONE: 9,
}
WATCHED_PRIORITY = 2  # priority of a refresh that somebody is waiting for
