"""`linkboard rekey`: what the former secret key sealed is sealed by the one that is set now."""

from webapp.serve import opened_store
from webapp.settings import Settings
from webapp.store import accounts
from webapp.vault import VaultError, vault_for


def carry_out(settings: Settings) -> tuple[bool, str]:
    """Seal every key anew, all in one transaction; whether all could be, and a sentence.

    Keys that neither secret key opens stay as they are. Raises SettingsError.
    """
    vault, sealed_anew, closed = vault_for(settings), 0, 0
    with opened_store(settings) as store, store.write() as connection:
        for account_id, sealed in accounts.sealed_keys(connection).items():
            try:
                anew = vault.seal(vault.open(sealed))
                accounts.keep_key(connection, account_id, sealed, anew)
                sealed_anew += 1
            except VaultError:
                closed += 1
    if closed:
        return False, (
            f"{closed} keys can't be opened by either secret key, and stay as they are: their "
            "owners sign in again, or LINKBOARD_FORMER_SECRET_KEY is set to the key before. "
            f"{sealed_anew} were sealed anew."
        )
    return True, (
        f"{sealed_anew} keys are sealed by LINKBOARD_SECRET_KEY now. Leave the former one set for "
        "LINKBOARD_SESSION_DAYS: the cookies of those who are signed in may be signed by it."
    )
