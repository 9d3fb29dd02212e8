"""Settings of the monitoring role: what is refused, and that its secrets are kept."""

import pytest
from pydantic import ValidationError

from deeprig.errors import InventoryProblem
from deeprig.masking import Masker
from roles.monitoring.settings import MonitoringSettings


def settings(lab=None, **data):
    return MonitoringSettings.model_validate(data, context={"lab_directory": lab} if lab else None)


def refusal(**data):
    with pytest.raises(ValidationError) as refused:
        settings(**data)
    return str(refused.value)


def test_without_a_word_a_host_is_watched_and_tells_nobody():
    told = settings()
    assert told.exporter.listen is None
    assert told.server is None
    assert not told.notify.has_channel


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


@pytest.mark.parametrize(
    "path",
    [
        "relative",
        "/",
        "/a b",
        "/x%n",
        "/srv/metrics\nExecStartPre=/bin/true",
        "/srv/metrics\n",
        "/srv/../etc",
        "/srv/-metrics",
    ],
)
def test_a_directory_of_metrics_that_a_unit_would_misread_is_refused(path):
    assert "an absolute path of letters" in refusal(textfile_directory=path)


@pytest.mark.parametrize("path", ["/home/ada", "/root", "/run/user/0", "/tmp/m", "/var/tmp"])
def test_a_directory_of_metrics_that_the_collector_does_not_see_is_refused(path):
    assert "the collector cannot see" in refusal(textfile_directory=path)


@pytest.mark.parametrize("path", ["/srv/metrics", "/homes/x_1", "/var/lib/node_exporter.d/"])
def test_another_directory_of_metrics_is_taken(path):
    assert str(settings(textfile_directory=path).textfile_directory) == path.rstrip("/")
