"""Who may sign in, with which key, and the tokens they get for it."""

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass

from webapp.simulator.problems import unauthorized

# Known to everybody who reads this: a token must outlive a restart, and guards nothing.
_SIGNING_KEY = b"the simulator keeps no secrets"
_NAMESPACE = uuid.UUID("5e1f0000-0000-4000-8000-000000000000")

TENANT = "linkboard-demo"
TENANT_ID = str(uuid.uuid5(_NAMESPACE, TENANT))


@dataclass(frozen=True, slots=True)
class User:
    """One person with an API key."""

    login: str
    first_name: str
    last_name: str

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, self.login))

    @property
    def key(self) -> str:
        return f"{self.login}-key"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def email(self) -> str:
        return f"{self.login}@example.org"


class People:
    """The three users; finds one by key, by token, or by id."""

    def __init__(self, token_seconds: float) -> None:
        self._token_seconds = token_seconds
        users = (
            User("demo", "Dana", "Demo"),
            User("colleague", "Carol", "Colleague"),
            User("stranger", "Sam", "Stranger"),
        )
        self._by_key = {user.key: user for user in users}
        self._by_id = {user.id: user for user in users}

    def with_id(self, user_id: str) -> User:
        return self._by_id[user_id]

    def with_key(self, key: str) -> User:
        """The owner of an API key. Raises Problem 401."""
        if key not in self._by_key:
            raise unauthorized()
        return self._by_key[key]

    def with_token(self, token: str, now: float) -> User:
        """The subject of a JWT of ours that has not run out. Raises Problem 401."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), _sign(signed).encode()):
            raise unauthorized()
        claims = json.loads(_decode(signed.partition(".")[2]))
        if claims["exp"] <= now:
            raise unauthorized("The token has expired")
        return self._by_id[claims["sub"]]

    def token_for(self, user: User, now: float) -> str:
        """A JWT for a user, valid from now on for as long as the options say."""
        header = {"alg": "HS256", "typ": "JWT"}
        signed = f"{_encode(header)}.{_encode(self._claims(user, now))}"
        return f"{signed}.{_sign(signed)}"

    def _claims(self, user: User, now: float) -> dict[str, object]:
        return {
            "iss": "https://platform.login.illumina.com",
            "aud": "ica",
            "sub": user.id,
            "iat": int(now),
            "exp": int(now + self._token_seconds),
            "jti": str(uuid.uuid4()),
            "tenant": TENANT,
            "tid": TENANT_ID,
            "preferred_username": user.email,
            "email": user.email,
            "name": user.name,
            "given_name": user.first_name,
            "family_name": user.last_name,
        }


def _encode(part: dict[str, object] | dict[str, str]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _sign(signed: str) -> str:
    return _base64(hmac.digest(_SIGNING_KEY, signed.encode(), hashlib.sha256))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
