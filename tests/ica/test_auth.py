"""Keys, tokens and claims: minted when needed, once, and never shown."""

import base64
import logging
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ica.fake_server import Answer, Request, fake_ica, jwt
from webapp.ica.auth import RENEWAL_MARGIN_SECONDS, Claims, Credential, looks_like_jwt, read_claims
from webapp.ica.client import IcaClient
from webapp.ica.errors import IcaError, MalformedResponse, ServerError, Unauthorized

JOB = {"id": "j", "status": "RUNNING"}
NOON = 1795435200.0
DATE = {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}
REFUSED = Answer({"title": "ICA_SEC_002", "status": 401}, status=401)


class Minting:
    """ICA as far as tokens go: the nth minted is `sub` n, and only those in `good` are taken."""

    def __init__(self, life: float | None = 600.0, key: str = "the-key") -> None:
        self.life = life
        self.key = key
        self.minted = 0
        self.good: set[str] = set()

    def __call__(self, asked: Request) -> Answer:
        if asked.path.endswith("/tokens"):
            return self.mint() if asked.headers["x-api-key"] == self.key else REFUSED
        taken = asked.headers["authorization"].removeprefix("Bearer ") in self.good
        return Answer(JOB | {"items": []}, headers=DATE) if taken else REFUSED

    def mint(self) -> Answer:
        self.minted += 1
        ends = {"exp": NOON + self.life} if self.life is not None else {}
        token = jwt(sub=str(self.minted), **ends)
        self.good.add(token)
        return Answer({"token": token}, headers=DATE)


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_key_is_minted_once_for_many_calls():
    respond = Minting()
    with fake_ica(respond) as ica:
        client = IcaClient(ica.url, Credential("the-key"))
        for _ in range(3):
            client.job("j")
    assert respond.minted == 1


@pytest.mark.parametrize(
    ("life", "passed", "minted"),
    [
        (600, 600 - RENEWAL_MARGIN_SECONDS - 1, 1),
        (600, 600 - RENEWAL_MARGIN_SECONDS, 2),
        (20, 9, 1),
        (20, 10, 2),
        (None, 10**9, 1),
        (-5, 10**9, 1),
    ],
)
def test_a_token_is_renewed_before_it_runs_out(life, passed, minted):
    respond, clock = Minting(life), Clock()
    with fake_ica(respond) as ica:
        client = IcaClient(ica.url, Credential("the-key"), clock=clock)
        client.job("j")
        clock.now += passed
        client.job("j")
    assert respond.minted == minted


@pytest.mark.parametrize("astray", [-7200, 7200])
def test_a_clock_that_goes_wrong_does_not_mint_with_every_call(astray):
    respond, clock = Minting(life=600), Clock(NOON + astray)
    with fake_ica(respond) as ica:
        credential = Credential("the-key")
        for _ in range(3):
            IcaClient(ica.url, credential, clock=clock).job("j")
        assert respond.minted == 1
        clock.now += 600 - RENEWAL_MARGIN_SECONDS
        IcaClient(ica.url, credential, clock=clock).job("j")
    assert respond.minted == 2


def test_a_token_that_ica_refuses_is_minted_anew_once():
    respond = Minting()
    with fake_ica(respond) as ica:
        client = IcaClient(ica.url, Credential("the-key"))
        client.job("j")
        respond.good.clear()
        assert client.job("j").id == "j"
    assert [asked.method for asked in ica.asked] == ["POST", "GET", "GET", "POST", "GET"]


def test_a_batch_refused_for_its_token_is_sent_once_more():
    respond = Minting()
    with fake_ica(respond) as ica:
        client = IcaClient(ica.url, Credential("the-key"))
        client.job("j")
        respond.good.clear()
        client.create_batch("p", ["fil.1"])
    sent = [asked.body for asked in ica.asked if asked.path.endswith("Batch")]
    assert len(sent) == 2
    assert sent[0] == sent[1] != b""


def test_a_user_whom_ica_refuses_is_not_asked_for_ever():
    def respond(asked: Request) -> Answer:
        return Answer({"token": jwt(sub="u")}) if asked.method == "POST" else REFUSED

    with fake_ica(respond) as ica, pytest.raises(Unauthorized) as raised:
        IcaClient(ica.url, Credential("the-key")).job("j")
    assert [asked.method for asked in ica.asked] == ["POST", "GET", "POST", "GET"]
    assert (raised.value.status, raised.value.problem["title"]) == (401, "ICA_SEC_002")


def test_a_wrong_key_is_told_at_once():
    with fake_ica(Minting()) as ica, pytest.raises(Unauthorized) as raised:
        IcaClient(ica.url, Credential("another")).job("j")
    assert len(ica.asked) == 1
    assert not raised.value.worth_trying_again


@pytest.mark.parametrize("slip", ["", "e", '"', "title"])
def test_a_slip_for_a_key_leaves_icas_words_alone(slip):
    with fake_ica(REFUSED) as ica, pytest.raises(Unauthorized) as raised:
        IcaClient(ica.url, Credential(slip)).job("j")
    assert raised.value.problem["title"] == "ICA_SEC_002"


def test_a_failed_minting_made_no_batch():
    with fake_ica(Answer(status=503)) as ica, pytest.raises(ServerError) as raised:
        IcaClient(ica.url, Credential("the-key")).create_batch("p", ["fil.1"])
    assert len(ica.asked) == 1
    assert not raised.value.maybe_done


def test_a_given_token_is_used_as_it_is():
    respond = Minting()
    given = jwt(sub="someone", exp=NOON - 1000)
    respond.good.add(given)
    with fake_ica(respond) as ica:
        credential = Credential(given)
        assert not credential.mints
        IcaClient(ica.url, credential, clock=Clock()).job("j")
        respond.good.clear()
        with pytest.raises(Unauthorized):
            IcaClient(ica.url, credential, clock=Clock()).job("j")
    assert respond.minted == 0
    assert len(ica.asked) == 2


def test_threads_that_need_a_token_at_once_mint_one():
    respond = Minting()
    with fake_ica(respond) as ica:
        credential = Credential("the-key")
        start = threading.Barrier(8)

        def work() -> None:
            client = IcaClient(ica.url, credential)
            for _ in range(2):
                start.wait()
                client.job("j")
                start.wait()

        threads = [threading.Thread(target=work) for _ in range(7)]
        for thread in threads:
            thread.start()
        start.wait()
        start.wait()
        after_first = respond.minted
        respond.good.clear()
        start.wait()
        start.wait()
        for thread in threads:
            thread.join()
    assert (after_first, respond.minted) == (1, 2)


def test_claims_of_a_key_are_those_of_its_token():
    respond = Minting()
    with fake_ica(respond) as ica:
        claims = IcaClient(ica.url, Credential("the-key", "lab")).claims()
    assert claims == Claims(subject="1", tenant="lab", expires=NOON + 600)
    assert len(ica.asked) == 1


def test_a_token_that_somebody_wrote_is_nobodys():
    with fake_ica(Minting()) as ica, pytest.raises(Unauthorized):
        IcaClient(ica.url, Credential(jwt(sub="somebody else"))).claims()
    assert [asked.path for asked in ica.asked] == ["/ica/rest/api/projects"]


@pytest.mark.parametrize("token", ["opaque", jwt(aud="x"), "a.b.c", ""])
def test_a_token_that_names_nobody_is_nonsense(token):
    with (
        fake_ica(Answer({"token": token})) as ica,
        pytest.raises(MalformedResponse, match="whose it is"),
    ):
        IcaClient(ica.url, Credential("the-key")).claims()


@pytest.mark.parametrize(
    ("told", "claims"),
    [
        (
            {"sub": "s", "tns": "lab", "name": "N", "email": "e@x", "exp": 5},
            Claims("s", "lab", "N", "e@x", 5.0),
        ),
        ({"username": "u"}, Claims("u", name="u")),
        ({"email": "e@x"}, Claims("e@x", email="e@x")),
        ({"sub": 7, "tenant": None, "name": ["x"], "exp": True, "email": {}}, Claims("")),
        ({"sub": "s", "exp": "soon"}, Claims("s")),
        ({}, Claims("")),
    ],
)
def test_claims_are_read_from_what_there_is(told, claims):
    assert read_claims(jwt(**told)) == claims


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (jwt(sub="u"), True),
        (jwt(sub="u").rsplit(".", 1)[0] + ".", True),
        ("", False),
        ("a-key", False),
        ("a.b.c", False),
        (jwt(sub="u") + "\n", False),
        (jwt(sub="u") + ".more", False),
        ("eyJhbGciOiJub25lIn0.e30.x", False),
    ],
)
def test_a_token_is_told_from_a_key(text, is_one):
    assert looks_like_jwt(text) is is_one


@given(st.text(alphabet="eyJ09_-.=ä\n") | st.text())
def test_reading_a_token_never_fails(text):
    assert isinstance(looks_like_jwt(text), bool)
    assert isinstance(read_claims(text), Claims)


def test_a_token_as_deep_as_a_well_is_none():
    deep = base64.urlsafe_b64encode(b'{"x":' + b"[" * 100_000).rstrip(b"=").decode()
    assert not looks_like_jwt(f"{deep}.{deep}.")


SECRETS = [
    "k3y-that-nobody-may-see",
    "k3y with\nlines and spaces",
    "schlüssel-k3y-😀",
    "k3y%20\x00",
    jwt(sub="u", name="k3y"),
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("fault", ["refused", "quoted", "html", "nonsense", "dropped", "no-server"])
def test_no_secret_is_ever_shown(secret, fault, caplog):
    """Not by an error, its traceback, what hangs on it, a log line or any repr on the way."""
    caplog.set_level(logging.DEBUG)
    answers = {
        "refused": REFUSED,
        "quoted": lambda asked: Answer({"detail": f"bad: {carried(asked)}"}, status=400),
        "html": lambda asked: Answer(f"<p>{carried(asked)}</p>".encode(), status=502),
        "nonsense": lambda asked: Answer(b"what? " + carried(asked).encode()),
        "dropped": lambda asked: Answer(b"{", length=9),
    }
    credential = Credential(secret)
    with fake_ica(answers.get(fault, REFUSED)) as ica:
        url = "http://127.0.0.1:1/ica/rest" if fault == "no-server" else ica.url
        client = IcaClient(url, credential)
        with pytest.raises(IcaError) as raised:
            client.project("p")
    shown = "\n".join(
        [
            *traceback.format_exception(raised.value),
            repr(vars(raised.value)),
            repr(credential),
            repr(client),
            str(vars(credential).get("_token")),
            caplog.text,
        ]
    )
    parts = [secret, *[carried(asked) for asked in ica.asked]]
    assert not [part for part in parts if part in shown]
    assert "k3y" not in shown


def carried(asked: Request) -> str:
    """The secret as it stood in the request."""
    headers = asked.headers
    return headers.get("x-api-key") or headers["authorization"].removeprefix("Bearer ")
