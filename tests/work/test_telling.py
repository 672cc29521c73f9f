"""Messages: each attempt's end is told, at least once, under one key, and nothing of the data."""

import itertools
import json
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from traceback import format_exception

import pytest

from tests.dashboard import data_ids, open_dashboard, text
from tests.databases import make_sqlite
from tests.ica.fake_server import DROPPED, Answer, fake_ica
from tests.ica.test_deadlines import dripping, serving
from tests.ica.test_network_errors import signed_by_nobody
from tests.mail_server import mail_server, to_mail
from tests.web.confirmation import confirm
from tests.work.observation import settle
from webapp.notify import email
from webapp.notify.errors import Unsent
from webapp.settings import Settings
from webapp.store import messages
from webapp.store.leases import LEASE_SECONDS, MAX_DEATHS
from webapp.work import telling
from webapp.work.clock import Clock

README = Path(__file__).parents[2] / "README.md"
SECRET = "a secret that signs messages, for tests"
NAME = "Run <7> @channel *x*"
ADDRESS = "lab@example.org"
DAY = 90_000  # seconds, and some more
OK = Answer(status=200)


def hooks(hook, **kinds):
    """Settings by which these may be told, each at a path of its own: name -> kind."""
    root = hook.url.removesuffix("/ica/rest")
    words = tuple(f"{name}={kind}:{root}/{name}" for name, kind in kinds.items())
    return {"webhooks": words, "webhook_secret": SECRET, "public_url": "https://board.example/"}


@contextmanager
def telling_dashboard(database_url, folder, answer=OK, **kinds):
    """A dashboard, and the receiver of its messages, which answers so."""
    with (
        fake_ica(answer) as hook,
        open_dashboard(database_url, folder, **hooks(hook, **kinds)) as dashboard,
    ):
        yield dashboard, hook


def submitted(visitor, ids, *recipients, name=NAME, typed=""):
    """A list that is submitted, with these to be told at its end."""
    place = visitor.draft(ids, name=name)
    chosen = {"telling": "1", "recipient": [*recipients], "recipients_typed": typed}
    assert visitor.post(f"{place}/submit", chosen).status_code == 303
    return place


def rows(dashboard, place):
    with dashboard.store.read() as connection:
        return messages.of_submission(connection, int(place.rsplit("/", 1)[1]))


def checked_as_readme_says(request):
    """The body of a request, by README's own lines for receivers."""
    code = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)[1]
    found = {}
    exec(code, found)
    return found["body_of"](request.headers, request.body, SECRET)


@pytest.mark.slow
def test_each_attempts_end_is_told_once_with_its_numbers(database_url, tmp_path):
    ids = [*data_ids(3), *data_ids(2, ending="01")]
    kinds = {"lims": "json", "lab": "slack", "team": "teams", "mm": "mattermost"}
    with telling_dashboard(database_url, tmp_path, **kinds) as (dashboard, hook):
        visitor = dashboard.visitor()
        place = submitted(visitor, ids, *kinds)
        visitor.submit(data_ids(2, start=50))  # of whose end nobody is told
        assert not hook.asked
        settle(dashboard, place)
        dashboard.work(30)
        assert sorted(one.path for one in hook.asked) == ["/lab", "/lims", "/mm", "/team"]
        by_path = {one.path: one for one in hook.asked}
        told = checked_as_readme_says(by_path["/lims"])
        assert told["submission"]["name"] == NAME
        assert (told["items"], told["done"], told["failed"]) == (5, 3, 2)
        assert told["counts"] == {"FAILED": 2, "LINKED": 3}
        assert [reason["count"] for reason in told["reasons"]] == [2]
        assert told["link"] == f"https://board.example{place}"
        said = b"".join(one.body for one in hook.asked).decode()
        assert not [one for one in ids if one in said]
        slack, mattermost = (json.loads(by_path[path].body)["text"] for path in ("/lab", "/mm"))
        assert "Run &lt;7&gt;" in slack
        assert r"Run \<7\>" in mattermost
        assert told["reasons"][0]["text"].endswith("in the owning project …")
        assert "@channel" not in slack + mattermost  # that would call everybody
        assert "3 of 5 linked, 2 not" in by_path["/team"].body.decode()

        hook.asked.clear()
        confirm(visitor, f"{place}/retry?status=FAILED")
        settle(dashboard, place)
        confirm(visitor, f"{place}/undo")
        settle(dashboard, place)
        dashboard.work(30)
        later = [json.loads(one.body) for one in hook.asked if one.path == "/lims"]
        attempts = [(one["attempt"]["number"], one["attempt"]["kind"]) for one in later]
        assert attempts == [(2, "link"), (3, "unlink")]
        assert later[1]["counts"] == {"UNLINKED": 3}
        assert len({one.headers["webhook-id"] for one in hook.asked} | {told["key"]}) == 9
        assert "Attempt 3, lims: told" in text(visitor.get(place))
        dashboard.work(DAY, step=3600.0)
        assert len(hook.asked) == 8


def test_what_fails_is_sent_again_under_the_same_key(tmp_path):
    database = make_sqlite(tmp_path / "linkboard.db")
    answers = iter(
        [
            Answer(status=500),
            Answer(status=429, headers={"Retry-After": "600"}),
            Answer(status=302, headers={"Location": "/elsewhere"}),
            DROPPED,
            Answer(status=304),  # it leads nowhere, and is no yes
        ]
    )
    times = []

    def answer(_request):
        times.append(dashboard.clock.now)
        return next(answers, OK)

    with telling_dashboard(database, tmp_path, answer, lims="json") as (dashboard, hook):
        visitor = dashboard.visitor()
        place = submitted(visitor, data_ids(2), "lims")
        settle(dashboard, place)
        dashboard.work(1)
        said = "lims: was not sent yet: it answered with the status 500."
        assert said in text(visitor.get(place))
        dashboard.work(3000, step=20.0)
        assert [one.path for one in hook.asked] == ["/lims"] * 6
        assert len({one.headers["webhook-id"] for one in hook.asked}) == 1
        waited = [later - before for before, later in itertools.pairwise(times)]
        assert 30 <= waited[0] < waited[2] < waited[3]
        assert waited[1] >= 600
        (row,) = rows(dashboard, place)
        assert (row.problem, row.due_at, row.failures, row.sent_at) == (None, None, 5, times[-1])
        dashboard.work(DAY, step=3600.0)
        assert len(hook.asked) == 6


class Died(BaseException):
    """A worker is killed: nothing that it does catches this."""


@pytest.mark.parametrize("deaths", [MAX_DEATHS - 1, MAX_DEATHS])
def test_who_dies_between_sending_and_recording_sends_it_again(database_url, tmp_path, deaths):
    """And after three deaths nobody does."""
    answers, died = iter([Answer(status=500)]), 0

    def answer(_request):
        return next(answers, OK)

    def dies_once_it_is_sent():
        if len(hook.asked) > died:
            raise Died
        return dashboard.clock()

    with telling_dashboard(database_url, tmp_path, answer, lims="json") as (dashboard, hook):
        visitor = dashboard.visitor()
        place = submitted(visitor, data_ids(2), "lims")
        settle(dashboard, place)
        dashboard.work(1)
        assert rows(dashboard, place)[0].failures == 1
        dashboard.clock.advance(30)
        mortal = replace(dashboard.context, clock=Clock.alone(dies_once_it_is_sent))
        while died < deaths:
            died += 1
            with dashboard.store.write() as connection:
                row = messages.claim(connection, "one that dies", dashboard.clock.now)
            with pytest.raises(Died):
                telling.perform(mortal, row)
            dashboard.clock.advance(LEASE_SECONDS)
        dashboard.work(1)
        assert len(hook.asked) == 1 + MAX_DEATHS
        assert len({one.headers["webhook-id"] for one in hook.asked}) == 1
        page = text(visitor.get(place))
        given_up = "lims: was not sent, and is not tried any more: Linkboard failed" in page
        assert given_up is (deaths == MAX_DEATHS)
        assert (rows(dashboard, place)[0].sent_at is None) is given_up


@pytest.mark.long
def test_who_can_not_be_reached_is_given_up_after_a_day(tmp_path):
    database = make_sqlite(tmp_path / "linkboard.db")
    with fake_ica(Answer(status=404)) as hook, mail_server() as mail:
        mail.answers["RCPT"] = "550 no such user Smith"
        settings = {**hooks(hook, lims="json"), **to_mail(mail)}
        with open_dashboard(database, tmp_path, **settings) as dashboard:
            visitor = dashboard.visitor()
            place = submitted(visitor, data_ids(2), "lims", typed="smith@uni.example")
            settle(dashboard, place)
            dashboard.work(60)
            page = text(visitor.get(place))
            gone = "was not sent, and is not tried any more: "
            assert f"smith@uni.example: {gone}the mail server does not take this address" in page
            assert "no such user" not in page
            dashboard.work(DAY, step=600.0)
            tries = len(hook.asked)
            assert 20 < tries < 50
            visitor.sign_in()
            page = text(visitor.get(place))
            assert f"lims: {gone}it answered with the status 404." in page
            assert "Not everybody could be told that it has ended." in page
            dashboard.work(DAY, step=3600.0)
            assert len(hook.asked) == tries
            metrics = visitor.get("/metrics").get_data(as_text=True)
            assert 'linkboard_messages{state="given up"} 2.0' in metrics


def test_nothing_goes_to_whom_the_operator_allows_no_more(tmp_path):
    database = make_sqlite(tmp_path / "linkboard.db")
    with telling_dashboard(database, tmp_path, lims="json") as (dashboard, hook):
        visitor = dashboard.visitor()
        place = submitted(visitor, data_ids(2), "lims")
        settings = replace(dashboard.settings, webhooks=())
        object.__setattr__(dashboard.context, "settings", settings)
        settle(dashboard, place)
        dashboard.work(60)
        assert not hook.asked
        assert "do not allow this recipient any more" in text(visitor.get(place))
        gone = submitted(visitor, data_ids(2, start=9), "lims")
        settle(dashboard, gone)
        (held,) = rows(dashboard, gone)  # by one that is about to send it
        assert visitor.post(f"{gone}/delete").status_code == 303
        dashboard.work(60)
        assert not rows(dashboard, gone)
        telling.perform(dashboard.context, held)
        assert not hook.asked


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_an_e_mail_tells_the_same(tmp_path, monkeypatch, security):
    database, (context, certificate) = make_sqlite(tmp_path / "a.db"), signed_by_nobody(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(**{security: context} if security != "none" else {}) as mail:
        mail.answers["."] = ""  # it takes the letter, and drops the connection
        signed_in = {"smtp_user": "linkboard", "smtp_password": "a password"}
        settings = to_mail(mail, smtp_security=security, **signed_in)
        with open_dashboard(database, tmp_path, **settings) as dashboard:
            visitor, ids = dashboard.visitor(), [*data_ids(1), *data_ids(2, ending="00")]
            place = submitted(visitor, ids, ADDRESS, name="Lauf Ä: \u202e7", typed="a@uni.example")
            settle(dashboard, place)
            dashboard.work(5)
            mail.answers = {"DATA": "451 later"}
            dashboard.work(60)
            mail.answers = {}
            dashboard.work(300)
    assert Counter(address for address, _ in mail.letters) == {ADDRESS: 2, "a@uni.example": 2}
    assert len({letter["Message-ID"] for _, letter in mail.letters}) == 2
    letter = next(letter for address, letter in mail.letters if address == ADDRESS)
    assert letter["Subject"] == "Lauf Ä: 7: 1 of 3 linked, 2 not"
    assert (letter["From"], letter["To"]) == ("linkboard@example.org", ADDRESS)
    words = letter.get_content()
    assert words.startswith("Linking “Lauf Ä: 7” into ")
    assert "2 Failed" in words
    assert "2 items: " in words
    assert "http" not in words  # the settings have no address of the dashboard
    assert not [one for one in ids if one in words]
    assert set(mail.logins) == {("linkboard", "a password")}


@pytest.mark.parametrize(
    ("password", "ways", "why"),
    [
        ("a password", "XOAUTH2", "the mail server has no way to sign in that Linkboard knows"),
        ("Paßwort", "PLAIN", "user or password has letters that can't be sent"),
    ],
)
def test_it_is_told_why_nobody_could_sign_in(password, ways, why):
    with mail_server() as mail:
        mail.answers["EHLO"] = f"250-mail.example.org\r\n250 AUTH {ways}"
        signed_in = {"smtp_user": "linkboard", "smtp_password": password}
        settings = Settings(**to_mail(mail, **signed_in))
        with pytest.raises(Unsent, match=why) as raised:
            email.reach(settings)
        assert password not in "".join(format_exception(raised.value))


@pytest.mark.parametrize("recipient", ["lab", ADDRESS])
def test_who_takes_it_too_slowly_holds_up_nothing(tmp_path, monkeypatch, recipient):
    """Each piece comes in time, and all of them never would."""
    monkeypatch.setattr(telling, "CALL_SECONDS", 0.3)
    database = make_sqlite(tmp_path / "linkboard.db")
    with serving(dripping(b"")) as port:
        settings = {"webhooks": (f"lab=slack:http://127.0.0.1:{port}/x",), "mail_to": (ADDRESS,)}
        settings |= {"smtp_host": "127.0.0.1", "smtp_port": port, "mail_from": ADDRESS}
        with open_dashboard(database, tmp_path, **settings) as dashboard:
            visitor = dashboard.visitor()
            place = submitted(visitor, data_ids(2), recipient)
            settle(dashboard, place)
            dashboard.work(1)
            assert "too slow" in text(visitor.get(place))
