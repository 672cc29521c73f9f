"""Accounts: one ICA user as this dashboard knows them, with their sealed key."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select, update

from webapp.store import sql
from webapp.store.enums import AccountTrouble, AttemptState
from webapp.store.sql import NOW
from webapp.store.tables import Account as Account
from webapp.store.tables import accounts, attempts, sessions, submissions

NO_TROUBLE = {"trouble": AccountTrouble.NONE, "trouble_since": None, "trouble_until": None}
NO_REFUSAL: dict[str, Any] = {"refusals": 0, "refused_since": None}
MOST_REFUSALS = 3  # in a row, over at least so many seconds: then ICA means it
REFUSED_SECONDS = 60.0
LEAST_PACE, RECOVERY_SECONDS = 1 / 32, 600.0  # from nothing to the whole pace
MAY_ASK = (accounts.c.ask_at <= NOW) & (accounts.c.paused_until <= NOW)  # as may_ask()
_BY_ID = select(accounts).where(accounts.c.id == sql.ACCOUNT)
_NEEDS_KEY = attempts.c.state.in_([AttemptState.GATHERING, AttemptState.ACTIVE])
_WORKS = exists().where(attempts.c.account_id == accounts.c.id, _NEEDS_KEY)
_VISITS = exists().where(sessions.c.account_id == accounts.c.id, sessions.c.expires_at > NOW)
_NOTE = update(accounts).where(
    accounts.c.id == sql.ACCOUNT, accounts.c.trouble != bindparam("other_than")
)
IDLE = select(accounts.c.id).where(accounts.c.sealed_key.is_not(None), ~_WORKS, ~_VISITS)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who ICA says somebody is, and the key they came with, sealed."""

    ica_url: str
    tenant: str
    subject: str
    name: str
    asked_tenant: str
    sealed_key: str


def sign_in(connection: Connection, who: Identity, now: float) -> int:
    """Make or renew the account and return its id."""
    values = asdict(who) | {"name": who.name[:255]}
    statement = sql.insert(connection, accounts).values(values | {"created_at": now})
    kept = statement.on_conflict_do_update(
        index_elements=["ica_url", "tenant", "subject"],
        set_=values | NO_TROUBLE | NO_REFUSAL | {"ask_at": 0.0},
    )
    return connection.execute(kept.returning(accounts.c.id)).scalar_one()


def get(connection: Connection, account_id: int) -> Account:
    """The account. Raises sqlalchemy.exc.NoResultFound when there is none."""
    found = connection.execute(_BY_ID, {"account": account_id})
    return Account(**found.mappings().one())


def pace(account: Account, now: float) -> float:
    """The share of the calls a second that ICA takes from the account: less after each 429, and
    slowly more again.
    """
    since = max(now - (account.paced_at or now), 0.0)
    return min(1.0, account.pace + since / RECOVERY_SECONDS)


def slow_down(connection: Connection, account_id: int, until: float, now: float) -> float:
    """ICA asks for no more calls of the account until then; returns the pace after that, half of
    the one before. Calls that were under way when the first was answered so do not halve it again.
    """
    locked = select(accounts).where(accounts.c.id == account_id).with_for_update()
    account = Account(**connection.execute(locked).mappings().one())
    slower = pace(account, now)
    if account.paused_until <= now:
        slower = max(slower / 2, LEAST_PACE)
    until = max(until, account.paused_until)
    values = {"pace": slower, "paced_at": until, "paused_until": until}
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
    return slower


def note_trouble(
    connection: Connection, account_id: int, trouble: AccountTrouble, until: float, now: float
) -> None:
    """Record what trouble the last calls of ICA met. Writes only if it is new."""
    met = {"trouble": trouble, "trouble_since": now, "trouble_until": until}
    _note(connection, account_id, met)


def clear_trouble(connection: Connection, account_id: int) -> None:
    """ICA answers this account again."""
    _note(connection, account_id, NO_TROUBLE)


def _note(connection: Connection, account_id: int, values: dict[str, Any]) -> None:
    given = {"account": account_id, "other_than": values["trouble"]}
    connection.execute(_NOTE, given | values)


def count_refusal(connection: Connection, account: Account, now: float) -> bool:
    """ICA does not take the account's key, or there is none; whether that ends its access.

    Nothing counts if its user has signed in with another key since the account was read.
    """
    same_key = accounts.c.sealed_key.is_not_distinct_from(account.sealed_key)
    since = func.coalesce(accounts.c.refused_since, now)
    statement = (
        update(accounts)
        .where(accounts.c.id == account.id, same_key)
        .values(refusals=accounts.c.refusals + 1, refused_since=since)
        .returning(accounts.c.refusals, accounts.c.refused_since)
    )
    row = connection.execute(statement).one_or_none()
    if row is None or account.sealed_key is None:
        return row is not None
    return row.refusals >= MOST_REFUSALS and now - row.refused_since >= REFUSED_SECONDS


def clear_refusals(connection: Connection, account_id: int) -> None:
    """ICA takes the account's key."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(NO_REFUSAL))


def ask_no_sooner(connection: Connection, account_id: int, ask_at: float) -> None:
    """ICA gave no answer about the account's access: it is asked again at `ask_at`; 0: at once."""
    other = (accounts.c.id == account_id) & (accounts.c.ask_at != ask_at)
    connection.execute(update(accounts).where(other).values(ask_at=ask_at))


def may_ask(account: Account, now: float) -> bool:
    """Whether ICA may be asked about the account's access: it answered last, and wants no rest."""
    return now >= max(account.ask_at, account.paused_until)


def unsettled_work(connection: Connection, account_id: int) -> list[str]:
    """Names of the submissions with attempts that still need the account's key, oldest first."""
    statement = (
        select(submissions.c.name)
        .join(attempts, attempts.c.submission_id == submissions.c.id)
        .where(attempts.c.account_id == account_id, _NEEDS_KEY)
        .group_by(submissions.c.id, submissions.c.name)
        .order_by(submissions.c.id)
    )
    return list(connection.execute(statement).scalars())


def forget_key(connection: Connection, account_id: int) -> None:
    """Erase the key. What still needs it is blocked until the next sign-in."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(sealed_key=None))


def sealed_keys(connection: Connection) -> dict[int, str]:
    """The sealed keys that are kept, by their accounts."""
    kept = select(accounts.c.id, accounts.c.sealed_key).where(accounts.c.sealed_key.is_not(None))
    return {row.id: row.sealed_key for row in connection.execute(kept)}


def keep_key(connection: Connection, account_id: int, before: str, sealed: str) -> None:
    """Keep the account's key sealed in another way, unless it has another one meanwhile."""
    same = (accounts.c.id == account_id) & (accounts.c.sealed_key == before)
    connection.execute(update(accounts).where(same).values(sealed_key=sealed))


def forget_idle_keys(connection: Connection, now: float) -> int:
    """Erase the keys of accounts without an unsettled attempt and without a live session."""
    locked = IDLE.order_by(accounts.c.id).with_for_update(key_share=True)
    found = connection.execute(locked, {"now": now}).scalars().all()
    if not found:
        return 0
    # Asked anew once they are locked: PostgreSQL did not see the session of who signed in just now
    still = accounts.c.id.in_(IDLE.where(accounts.c.id.in_(found)))
    erased = update(accounts).where(still).values(sealed_key=None)
    return connection.execute(erased, {"now": now}).rowcount
