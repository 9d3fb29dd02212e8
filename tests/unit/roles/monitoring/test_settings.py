"""Settings of the monitoring role: what is refused, and where secrets come from."""

import pytest
from pydantic import SecretStr, ValidationError

from deeprig.errors import InventoryProblem
from deeprig.masking import Masker
from roles.monitoring.settings import MonitoringSettings


def settings(lab=None, **data):
    return MonitoringSettings.model_validate(data, context={"lab_directory": lab} if lab else None)


def ntfy(url, lab=None, **more):
    return settings(lab, notify={"ntfy": {"url": url, **more}}).notify.ntfy


def refusal(**data):
    with pytest.raises(ValidationError) as refused:
        settings(**data)
    return str(refused.value)


def test_without_a_word_a_host_is_watched_and_tells_nobody():
    told = settings()
    assert told.exporter.listen is None
    assert told.server is None
    assert not told.notify.has_channel


def test_a_secret_is_written_down_or_had_from_a_file_the_environment_or_a_command(
    tmp_path, monkeypatch
):
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("LAB_TOKEN", "from-the-environment")
    command = ["sh", "-c", "echo from-a-command"]
    for form, value in {
        "written": "written",
        "file": "from-a-file",
        "env": "from-the-environment",
        "command": "from-a-command",
    }.items():
        source = {"file": "token", "env": "LAB_TOKEN", "command": command}.get(form)
        declared = {form: source} if source else value
        found = ntfy("https://ntfy.example.org/lab", tmp_path, token=declared)
        assert isinstance(found.token, SecretStr)
        assert found.token.get_secret_value() == value
        assert value not in repr(found)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ({"file": "no-such-file"}, "cannot be read"),
        ({"env": "NO_SUCH_VARIABLE_HERE"}, "is not set"),
        ({"command": ["false"]}, "failed: exit 1"),
        ({"command": ["no-such-program-here"]}, "is not there"),
        ({"command": "pass show x"}, "is a list"),
        ({"vault": "x"}, "a secret is a text"),
        ({"file": "a", "env": "b"}, "a secret is a text"),
        (17, "a secret is a text"),
        ("abc", "at least 4 printable"),
        ("two\nlines", "one line"),
        (" padded ", "one line"),
    ],
)
def test_a_secret_that_cannot_be_had_is_refused_with_the_reason(tmp_path, secret, reason):
    with pytest.raises(ValidationError) as refused:
        ntfy("https://ntfy.example.org/lab", tmp_path, token=secret)
    assert reason in refused.value.errors()[0]["msg"]


def test_a_commands_arguments_and_output_are_never_told(tmp_path):
    command = ["sh", "-c", "echo hunter2hunter2 >&2; echo hunter2hunter2; exit 3"]
    with pytest.raises(ValidationError) as refused:
        ntfy("https://ntfy.example.org/lab", tmp_path, token={"command": command})
    assert "hunter2" not in str(refused.value.errors(include_input=False))
    assert "hunter2" not in str(refused.value)


def test_every_secret_is_known_to_what_masks():
    told = settings(
        notify={
            "mail": {
                "to": ["ada@example.org"],
                "smtp_host": "mail.example.org",
                "username": "lab",
                "password": "mail-password",
            },
            "webhook": {"url": "https://chat.example.org/hooks/a-secret-path", "token": "tok-hook"},
            "ntfy": {"url": "https://ntfy.example.org/secret-topic", "token": "tok-ntfy"},
            "heartbeat_url": "https://beat.example.org/secret-ping",
        },
        server={"alertmanager": {"webhook": {"url": "https://chat.example.org/of-the-server"}}},
    )
    masked = Masker.of(told)
    for word in ("mail-password", "tok-hook", "tok-ntfy"):
        assert word not in masked(f"it is {word} here")
    for url in (
        "https://chat.example.org/hooks/a-secret-path",
        "https://ntfy.example.org/secret-topic",
        "https://beat.example.org/secret-ping",
        "https://chat.example.org/of-the-server",
    ):
        assert url not in masked(f"it is {url} here")


@pytest.mark.parametrize(
    ("notify", "reason"),
    [
        ({"mail": {"to": []}}, "at least 1 item"),
        ({"mail": {"to": ["nobody"]}}, "match pattern"),
        ({"mail": {"to": ["a@b.c"], "username": "x"}}, "belong together"),
        ({"mail": {"to": ["a@b.c"], "username": "x", "password": "pass"}}, "set smtp_host"),
        (
            {
                "mail": {
                    "to": ["a@b.c"],
                    "smtp_host": "m",
                    "username": "x",
                    "password": "pass",
                    "security": "none",
                }
            },
            "readable",
        ),
        ({"webhook": {"url": "ftp://x.example.org/"}}, "no http or https URL"),
        ({"webhook": {"url": "https://user:word@x.example.org/"}}, "use a token"),
        ({"ntfy": {"url": "http://ntfy.example.org/x", "token": "tok-en"}}, "use https"),
        ({"repeat_hours": 0}, "greater than or equal"),
        ({"off": ["no alert; at all"]}, "match pattern"),
    ],
)
def test_what_could_not_be_told_is_refused(notify, reason):
    assert reason in refusal(notify=notify)


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ({"listen": "everywhere"}, "not a valid"),
        ({"retention_size": "20"}, "match pattern"),
        ({"alertmanager": {"mail": {"to": ["a@b.c"]}}}, "needs smtp_host and sender"),
        (
            {"alertmanager": {"webhook": {"url": "https://x.example.org/", "form": "text"}}},
            "a form of its own",
        ),
        (
            {
                "alertmanager": {
                    "mail": {
                        "to": ["a@b.c"],
                        "smtp_host": "m",
                        "sender": "d@b.c",
                        "security": "tls",
                        "smtp_port": 587,
                    }
                }
            },
            "port 465",
        ),
        (
            {"alertmanager": {"webhook": {"url": "https://x.example.org/'\""}}},
            "cannot hold '",
        ),
        ({"grafana": {"repository": "https://x.example.org", "key": "no.asc"}}, "cannot be read"),
        ({"grafana": {"repository": "apt", "key": "no.asc"}}, "match pattern"),
    ],
)
def test_a_server_that_could_not_work_is_refused(server, reason):
    assert reason in refusal(server=server)


def test_a_file_that_is_no_key_is_refused(tmp_path):
    (tmp_path / "key.asc").write_text("hello")
    grafana = {"repository": "https://x.example.org", "key": "key.asc"}
    with pytest.raises(ValidationError, match="no OpenPGP public key"):
        settings(tmp_path, server={"grafana": grafana})


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_a_mail_servers_port_follows_from_its_security(security, port):
    mail = {"to": ["a@b.c"], "smtp_host": "m", "security": security}
    assert settings(notify={"mail": mail}).notify.mail.port == port


@pytest.mark.parametrize(
    "notify",
    [
        {"webhook": {"url": "htps://hooks.example.org/hunter2hunter2"}},
        {"mail": {"to": ["a@b.c"], "password": "hunter2hunter2"}},
        {"ntfy": {"url": "http://ntfy.example.org/x", "token": "hunter2hunter2"}},
        {"heartbeat_url": "hunter2hunter2", "mail": {"password": "hunter2hunter2"}},
    ],
)
def test_a_mistake_beside_a_secret_is_told_without_it(lab, notify):
    lab.data(f"monitoring = {{'notify': {notify!r}}}\n")
    with pytest.raises(InventoryProblem) as refused:
        lab.load()
    told = refused.value.format_message()
    assert "rig1: monitoring.notify" in told
    assert "hunter2" not in told
