"""What `linkboard check` reports: one finding, good or bad, for each thing that can be wrong."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from webapp import data_folder, serve
from webapp.ica.auth import Credential
from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError, IcaProblem, ServerError
from webapp.network import deadlines
from webapp.notify import email, webhook
from webapp.notify.errors import Unsent
from webapp.notify.recipients import Recipients
from webapp.settings import Settings, SettingsError, demand_safe, unknown_names
from webapp.store import Store, accounts, database_size, metrics, workers
from webapp.store import clock as clock_of_store
from webapp.vault import VaultError, secret_key_for, vault_for
from webapp.web.core.formatting import bytes_size, plural
from webapp.work import clock

REACH_SECONDS = 10.0  # for each of those who may be told


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one thing is right, and a sentence about it."""

    ok: bool
    sentence: str


def findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Check one thing after the other; nothing more if the settings can't be used."""
    try:
        settings = Settings.from_environment(environ)
        demand_safe(settings)
        if settings.data_dir.exists():  # nothing is made here
            secret_key_for(settings)
    except SettingsError as error:
        yield Finding(False, str(error))
        return
    unknown = unknown_names(environ)
    for name in unknown:
        yield Finding(False, f"{name} is set, but there is no such setting.")
    if not unknown:
        yield Finding(True, "The settings can be used.")
    yield from _data_folder(settings)
    yield from _database(settings)
    yield from _web_server(settings)
    yield from _ica(settings)
    yield from _recipients(settings)


def _data_folder(settings: Settings) -> Iterator[Finding]:
    for path in data_folder.exposed(settings):
        fix = f"chmod {'700' if path.is_dir() else '600'} {path}"
        yield Finding(False, f"{path} can be read by others on this machine: {fix}")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with serve.opened_store(settings) as store:
            store.probe()
            yield Finding(True, "The database answers, is up to date, and can be written to.")
            yield _database_size(store)
            yield _worker(store)
            yield from _keys(store, settings)
            yield from _waiting(store)
            yield from _clocks(store)
    except SettingsError as error:
        yield Finding(False, str(error))


def _database_size(store: Store) -> Finding:
    """How large the database is, and what fills it, the largest kind first."""
    with store.read() as connection:
        found = database_size.measure(connection)
    about = "" if found.is_measured else "about "
    kinds = sorted(found.kinds.items(), key=lambda kind: kind[1], reverse=True)
    listed = ", ".join(f"{kind} {about}{bytes_size(size)}" for kind, size in kinds if size)
    return Finding(True, f"The database has {bytes_size(found.total)}; of these, {listed}.")


def _keys(store: Store, settings: Settings) -> Iterator[Finding]:
    """Whether the users' keys can be opened by the secret key that is set."""
    with store.read() as connection:
        sealed = accounts.sealed_keys(connection)
    vault, closed = vault_for(settings), 0
    for key in sealed.values():
        try:
            vault.open(key)
        except VaultError:
            closed += 1
    if closed:
        yield Finding(
            False,
            f"The keys of {plural(closed, 'account')} can't be opened: LINKBOARD_SECRET_KEY is "
            "another one than they were sealed with. Their work waits until they sign in again.",
        )


def _waiting(store: Store) -> Iterator[Finding]:
    """What waits for somebody, and whom ICA has asked to call less."""
    with store.read() as connection:
        blocked = metrics.blocked_batches(connection)
        paused = metrics.paused_accounts(connection, clock_of_store.now(connection))
    for reason, count in blocked.items():
        said = f"{plural(count, 'batch', 'batches')} can't go on ({reason}): see their pages."
        yield Finding(False, said)
    if paused:
        yield Finding(True, f"ICA asked for fewer calls of {plural(paused, 'account')}.")


def _clocks(store: Store) -> Iterator[Finding]:
    """Those of this machine, of the workers' machines and of ICA, against the database's."""
    here = clock.Clock(store)
    here.synchronize()
    with store.read() as connection:
        beats = workers.living(connection, here())
    wrong = [*filter(None, [here.difference()]), *clock.differences(beats)]
    if abs(here.machine_ahead) > clock.TOLERATED_SECONDS:
        wrong.append(clock.difference("This machine's clock", here.machine_ahead))
    for sentence in wrong:
        yield Finding(False, sentence)
    if not wrong:
        yield Finding(True, "The clocks of the database and of all machines agree.")


def _worker(store: Store) -> Finding:
    now = store.now()
    with store.read() as connection:
        beat_at = workers.last_beat(connection)
    if beat_at is None:
        return Finding(False, "No worker runs: start `linkboard serve` or `linkboard work`.")
    age = round(now - beat_at)
    if workers.is_silent(beat_at, now):
        return Finding(False, f"No worker was heard of for {age} s: start `linkboard work`.")
    return Finding(True, f"A worker was heard of {age} s ago.")


def _web_server(settings: Settings) -> Iterator[Finding]:
    """What the running one knows: it may have opened a file that was replaced since."""
    status, text = serve.ask(settings, "/readyz")
    if status == 503:
        for line in text.splitlines():
            yield Finding(False, f"The web server that runs says: {line}")


def _ica(settings: Settings) -> Iterator[Finding]:
    """Whether ICA can be reached, and by how much its clock differs from that of this machine."""
    client = IcaClient(settings.ica_url, Credential("linkboard-check"))
    yield _answer(client, f"ICA at {settings.ica_url}")
    ahead = client.clock_offset or 0.0
    if abs(ahead) > clock.TOLERATED_SECONDS:
        how = "ahead of" if ahead > 0 else "behind"
        yield Finding(False, f"ICA's clock is {abs(ahead):.0f} s {how} that of this machine.")


def _recipients(settings: Settings) -> Iterator[Finding]:
    """Whether those can be reached who may be told; no message is sent, and no address shown."""
    recipients = Recipients(settings)
    for hook in recipients.webhooks.values():
        who = f"The webhook {hook.name} ({hook.kind})"
        yield _reached(who, "answers", partial(webhook.reach, hook))
    if settings.smtp_host:
        yield _reached("The mail server", "takes e-mails", partial(email.reach, settings))
    if recipients.any and not settings.public_url:
        yield Finding(True, "Messages will have no link: LINKBOARD_PUBLIC_URL is not set.")


def _reached(who: str, does: str, reach: Callable[[], None]) -> Finding:
    try:
        with deadlines.one_call(REACH_SECONDS):
            reach()
    except Unsent as error:
        return Finding(False, f"{who} can't be reached: {error}.")
    return Finding(True, f"{who} {does}.")


def _answer(client: IcaClient, where: str) -> Finding:
    """Ask ICA without a valid key: its answer 401 shows that it can be reached."""
    try:
        client.search_projects(page_size=1)
    except ServerError as error:
        return Finding(False, f"{where} is down: {error}")
    except IcaProblem as error:
        if error.status in (401, 403):
            return Finding(True, f"{where} answers.")
        return Finding(False, f"{where} does not look like ICA: {error}")
    except IcaError as error:
        return Finding(False, f"{where} does not answer: {error} LINKBOARD_ICA_URL names it.")
    return Finding(False, f"{where} lets anybody in, so it can't be ICA.")
