"""The simulator's users, their API keys, and the tokens made from those."""

import hashlib
import json
import uuid
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from webapp.simulator.problems import Problem

# Signs JWTs. The key is public: tokens protect nothing, and must be valid after a restart.
_SIGNER = Signer(
    "the simulator keeps no secrets", key_derivation="none", digest_method=hashlib.sha256
)
_HEADER = base64_encode(json.dumps({"alg": "HS256", "typ": "JWT"}))
_NAMESPACE = uuid.UUID("5e1f0000-0000-4000-8000-000000000000")

TENANT = "linkboard-demo"
TENANT_ID = str(uuid.uuid5(_NAMESPACE, TENANT))


@dataclass(frozen=True, slots=True)
class User:
    """One user."""

    login: str
    first_name: str
    last_name: str

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, self.login))

    @property
    def email(self) -> str:
        return f"{self.login}@example.org"


_USERS_BY_KEY = {
    "demo-key": User("demo", "Dana", "Demo"),
    "colleague-key": User("colleague", "Carol", "Colleague"),
    "stranger-key": User("stranger", "Sam", "Stranger"),
}
USERS = {user.id: user for user in _USERS_BY_KEY.values()}


def user_of_key(key: str) -> User:
    """The user of an API key. Raises Problem 401."""
    if key not in _USERS_BY_KEY:
        raise Problem(401, "Unauthorized")
    return _USERS_BY_KEY[key]


def user_of_token(token: str, now: float) -> User:
    """The user of a JWT that token_for() made and that has not expired. Raises Problem 401."""
    try:
        signed = _SIGNER.unsign(token)
    except BadSignature:
        raise Problem(401, "Unauthorized") from None
    claims = json.loads(base64_decode(signed.partition(b".")[2]))
    if claims["exp"] <= now:
        raise Problem(401, "The token has expired")
    return USERS[claims["sub"]]


def token_for(user: User, now: float, seconds: float) -> str:
    """A JWT for a user; it expires after so many seconds."""
    claims = {
        "iss": "https://platform.login.illumina.com",
        "aud": "ica",
        "sub": user.id,
        "iat": int(now),
        "exp": int(now + seconds),
        "jti": str(uuid.uuid4()),
        "tenant": TENANT,
        "tid": TENANT_ID,
        "preferred_username": user.email,
        "email": user.email,
        "name": f"{user.first_name} {user.last_name}",
        "given_name": user.first_name,
        "family_name": user.last_name,
    }
    return _SIGNER.sign(_HEADER + b"." + base64_encode(json.dumps(claims))).decode()
