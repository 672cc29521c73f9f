"""Settings come from the environment, and a wrong one is told in a sentence."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from webapp.settings import Settings, SettingsError, demand_safe, unknown_names


def read(**settings):
    return Settings.from_environment({f"LINKBOARD_{k.upper()}": v for k, v in settings.items()})


def test_everything_has_a_default():
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.ica_url == "https://ica.illumina.com/ica/rest"
    assert settings.database == f"sqlite:///{Path.home()}/.local/share/linkboard/linkboard.db"


def test_values_are_read():
    settings = read(port="80", trusted_hosts="a.example, b.example", calls_per_second="2.5")
    assert (settings.port, settings.calls_per_second) == (80, 2.5)
    assert settings.trusted_hosts == ("a.example", "b.example")


def test_an_empty_value_is_as_good_as_none():
    assert read(port=" ", secret_key="", data_dir="") == Settings()


def test_a_value_may_lie_in_a_file(tmp_path):
    file = tmp_path / "key"
    file.write_text("s" * 40 + "\n")
    assert read(secret_key_file=str(file)).secret_key == "s" * 40


def test_a_value_wins_over_a_file(tmp_path):
    assert read(port="80", port_file="/nowhere").port == 80


def test_a_slash_at_the_end_of_icas_address_means_nothing():
    assert read(ica_url="https://ica.example/ica/rest/").ica_url == "https://ica.example/ica/rest"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("port", "http", "LINKBOARD_PORT must be a whole number, but it is 'http'."),
        ("port", "0", "LINKBOARD_PORT must be 1 or more, but it is 0."),
        ("port", "70000", "LINKBOARD_PORT must be 65535 or less, but it is 70000."),
        (
            "ica_plain_http",
            "maybe",
            "LINKBOARD_ICA_PLAIN_HTTP must be yes or no, but it is 'maybe'.",
        ),
        ("calls_per_second", "nan", "LINKBOARD_CALLS_PER_SECOND must be 0.1 or more"),
        ("ica_url", "ica.example", "LINKBOARD_ICA_URL must begin with https:// or http://"),
        ("ica_version", "v5", "LINKBOARD_ICA_VERSION must be v4 or v3, but it is 'v5'."),
        ("log_level", "LOUD", "LINKBOARD_LOG_LEVEL must be DEBUG or INFO or WARNING or ERROR"),
        ("secret_key", "short", "LINKBOARD_SECRET_KEY must have 32 characters or more; it has 5."),
        ("secret_key_file", "/nowhere", "LINKBOARD_SECRET_KEY_FILE can't be read"),
        ("public_url", "board.example", "LINKBOARD_PUBLIC_URL must begin with https://"),
        ("webhooks", "lab=slack:http://chat.example/s3cret", "LINKBOARD_WEBHOOKS must have https:"),
        (
            "webhooks",
            "lab=irc:https://chat.example/s3cret",
            "LINKBOARD_WEBHOOKS must have words",
        ),
        (
            "webhooks",
            "a=slack:https://u:s3cret@x.example/",
            "LINKBOARD_WEBHOOKS must have words",
        ),
        (
            "webhooks",
            "a=slack:https://x.example/s3cret\na=teams:https://x.example/s3cret",
            "LINKBOARD_WEBHOOKS has two webhooks of the same name.",
        ),
        ("webhooks", "a=json:https://x.example/s3cret", "LINKBOARD_WEBHOOKS has one of the kind"),
        ("webhook_secret", "s3cret", "LINKBOARD_WEBHOOK_SECRET must have 32 characters or more"),
        ("mail_to", "lab", "LINKBOARD_MAIL_TO must have e-mail addresses, and domains as"),
        ("mail_to", "@lab.example", "LINKBOARD_MAIL_TO, LINKBOARD_MAIL_FROM and LINKBOARD_SMTP"),
        ("mail_from", "a@b\n@c", "LINKBOARD_MAIL_FROM must be an e-mail address"),
        ("smtp_password", "s3cret", "LINKBOARD_SMTP_USER and LINKBOARD_SMTP_PASSWORD go together"),
        ("database_url", "mysql://u:s3cret@host/db", "LINKBOARD_DATABASE_URL must look like"),
        ("database_url", "postgresql://u:s3cret@host:x/db", "LINKBOARD_DATABASE_URL must look"),
    ],
)
def test_a_wrong_value_is_told(name, text, sentence):
    with pytest.raises(SettingsError) as told:
        read(**{name: text})
    assert str(told.value).startswith(sentence)
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@host:5432/name",
        "postgresql+psycopg:///name?host=/run/postgresql",
        "postgresql://u@[::1]/name",
        "sqlite:////tmp/x.db",
    ],
)
def test_database_urls_that_are_taken(url):
    assert read(database_url=url).database == url


def test_a_password_is_not_sent_unencrypted_over_the_network():
    mail = {"smtp_user": "u", "smtp_password": "s3cret", "smtp_security": "none"}
    mail |= {"mail_to": "@lab.example", "mail_from": "a@lab.example"}
    with pytest.raises(SettingsError, match="the password would cross the network unencrypted"):
        read(smtp_host="mail.lab.example", **mail)
    assert read(smtp_host="127.0.0.1", **mail).to_record()["smtp_password"] == "set"


def test_a_chats_address_is_not_told():
    hooks = "lab=slack:https://chat.example/s3cret,\n lims=json:http://lims.example:8080/in"
    settings = read(webhooks=hooks, webhook_secret="s" * 32)
    assert len(settings.webhooks) == 2
    assert settings.to_record()["webhooks"] == "set"


@pytest.mark.parametrize(("text", "meant"), [("yes", True), ("No", False), ("1", True)])
def test_yes_and_no_are_read(text, meant):
    assert read(ica_plain_http=text).ica_plain_http is meant


def test_a_remote_ica_by_plain_http_is_refused_unless_it_is_wanted():
    url = "http://ica.example/ica/rest"
    with pytest.raises(SettingsError, match="keys would cross the network unencrypted"):
        read(ica_url=url)
    assert read(ica_url=url, ica_plain_http="yes").ica_url == url


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost", "[::1]:8001"])
def test_an_ica_on_this_machine_may_speak_plain_http(host):
    assert read(ica_url=f"http://{host}/ica/rest").ica_url == f"http://{host}/ica/rest"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_on_loopback_nothing_more_is_needed(host):
    demand_safe(Settings(host=host))


def test_beyond_loopback_hosts_and_key_are_needed():
    with pytest.raises(SettingsError, match="TRUSTED_HOSTS and LINKBOARD_SECRET_KEY must be set"):
        demand_safe(Settings(host="0.0.0.0"))
    demand_safe(Settings(host="0.0.0.0", trusted_hosts=("a",), secret_key="s" * 32))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "dashboard.example"])
def test_beyond_loopback_nobody_is_let_in_by_one_click(host):
    safe = Settings(host=host, trusted_hosts=("a",), secret_key="s" * 32)
    demand_safe(safe)
    with pytest.raises(SettingsError, match="LINKBOARD_DEMO_KEY would let everybody in"):
        demand_safe(replace(safe, demo_key="demo-key"))
    demand_safe(Settings(demo_key="demo-key"))


def test_names_that_nothing_reads_are_found():
    environ = {"LINKBOARD_PROT": "1", "LINKBOARD_PORT": "1", "LINKBOARD_SECRET_KEY_FILE": "f"}
    assert unknown_names(environ) == ["LINKBOARD_PROT"]


def test_the_readme_tells_of_every_setting():
    rows = ["| Variable | Default | What it is |", "|---|---|---|"]
    for setting in fields(Settings):
        default = f"`{setting.default}`" if setting.default not in ("", ()) else "none"
        default = {"`False`": "`no`", "`True`": "`yes`"}.get(default, default)
        name = f"LINKBOARD_{setting.name.upper()}"
        rows.append(f"| `{name}` | {default} | {setting.metadata['help']} |")
    readme = Path(__file__).parents[1] / "README.md"
    assert "\n".join(rows) in readme.read_text(encoding="utf-8")


def test_the_record_of_the_settings_has_no_secret():
    secret = "a secret that nobody is to read at all"
    names = {"SECRET_KEY": secret, "FORMER_SECRET_KEY": secret, "DEMO_KEY": secret}
    names |= {"DATABASE_URL": f"postgresql://me:{secret.replace(' ', '-')}@db/linkboard"}
    names |= {"ICA_URL": "https://ica.example.org/ica/rest", "TRUSTED_HOSTS": "a,b"}
    environ = {f"LINKBOARD_{name}": value for name, value in names.items()}
    told = Settings.from_environment(environ).to_record()
    assert (told["secret_key"], told["database_url"], told["trusted_hosts"]) == (
        "set",
        "set",
        "a,b",
    )
    assert told["ica_url"] == "https://ica.example.org/ica/rest"
    assert "nobody" not in repr(told)
    assert Settings.from_environment({}).to_record()["secret_key"] == ""
