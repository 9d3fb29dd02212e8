"""What lands on a host: read by the programs it is for, and by nobody who must not."""

import json
import re
from pathlib import Path

import pytest
import yaml
from deeprig_host.alerts.config import parse_config
from deeprig_host.machine.commands import Machine
from jinja2 import Environment, StrictUndefined

from deeprig.content import Content
from deeprig.inventory.trial import TRIAL_FACTS
from deeprig.masking import Masker
from deeprig.role import NetworkAccess, RoleContext
from roles.monitoring import notifier
from roles.monitoring.exporter import drop_in
from roles.monitoring.notifier import CONFIGURATION, ENVIRONMENT
from roles.monitoring.server import (
    ALERTMANAGER_FILE,
    DIRECTORY,
    alertmanager_file,
    prometheus_files,
    targets_text,
)
from roles.monitoring.server import (
    CONFIGURATION as PROMETHEUS_FILE,
)
from roles.monitoring.settings import MonitoringSettings
from roles.monitoring.watched import Watched

ROOT = Path(__file__).parents[4]
WORD = 'qu"ote: #{%'
MAIL = {"to": ["ada@example.org", "bob@example.org"], "sender": "rig@example.org"}
SMTP = MAIL | {"smtp_host": "mail.example.org", "username": "lab", "password": WORD}
FULL = {
    "interval_seconds": 5,
    "notify": {
        "minimum_severity": "critical",
        "repeat_hours": 1.5,
        "off": ["DiskFull"],
        "mail": SMTP,
        "webhook": {"url": "https://chat.example.org/x", "form": "text", "token": "tok-hook"},
        "ntfy": {"url": "https://ntfy.example.org/lab", "token": "tok-ntfy"},
        "heartbeat_url": "https://beat.example.org/1",
    },
    "server": {
        "listen": "192.0.2.1",
        "alertmanager": {
            "mail": SMTP,
            "webhook": {"url": "http://127.0.0.1:5001/", "token": "tok-server"},
        },
    },
}


def context(**data):
    return RoleContext(
        role="monitoring",
        settings=MonitoringSettings.model_validate(data),
        host_name="rig1",
        facts=TRIAL_FACTS,
        content=Content.of(ROOT),
        lab_directory=ROOT,
        network=NetworkAccess(),
    )


def rendered(path, **data):
    source = Content.of(ROOT).template("monitoring", path).read_text()
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    found = context(**data)
    return template.from_string(source).render(
        settings=found.settings, host_name="rig1", network=found.network
    )


@pytest.mark.parametrize("data", [{}, FULL, {"server": {}}])
def test_every_template_can_be_rendered_and_says_who_manages_it(data):
    for path in Content.of(ROOT).templates("monitoring"):
        text = rendered(path, **data)
        assert text.startswith("# Managed by deeprig (role monitoring)")
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


@pytest.mark.parametrize(
    ("listen", "argument"),
    [
        (None, "127.0.0.1:9100"),
        ("0.0.0.0", ":9100"),  # noqa: S104 - rendered, not bound to
        ("::", ":9100"),
        ("192.0.2.1", "192.0.2.1:9100"),
        ("2001:db8::1", "[2001:db8::1]:9100"),
    ],
)
def test_the_exporter_is_told_where_to_listen(listen, argument):
    unit = "prometheus-node-exporter.service"
    text = rendered(drop_in(unit), exporter={"listen": listen})
    assert f"--web.listen-address={argument} " in text


def test_the_notifiers_own_reader_takes_what_was_declared():
    config = parse_config(Machine(Path("/")), CONFIGURATION, rendered(CONFIGURATION, **FULL))
    assert config.host == "rig1"
    assert config.least_severity == "critical"
    assert config.repeat_seconds == 5400
    assert config.off == ("DiskFull",)
    assert config.mail.recipients == ("ada@example.org", "bob@example.org")
    assert (config.mail.server, config.mail.port) == ("mail.example.org", 587)
    assert (config.mail.user, config.mail.password) == ("lab", WORD)
    assert (config.webhook.url, config.webhook.format) == ("https://chat.example.org/x", "text")
    assert (config.webhook.token, config.ntfy.token) == ("tok-hook", "tok-ntfy")
    assert config.heartbeat == "https://beat.example.org/1"


def test_the_notifiers_own_reader_takes_the_defaults_and_tells_nobody():
    config = parse_config(Machine(Path("/")), CONFIGURATION, rendered(CONFIGURATION))
    assert (config.mail, config.webhook, config.ntfy, config.heartbeat) == (None, None, None, "")


def test_prometheus_watches_what_the_targets_say_and_tells_its_alertmanager():
    files = {file.path: file for file in prometheus_files(context(**FULL))}
    told = yaml.safe_load(files[PROMETHEUS_FILE].text)
    assert told["global"]["scrape_interval"] == "5s"
    assert told["global"]["scrape_timeout"] == "5s"
    assert told["rule_files"] == ["rules/*.yml"]
    (job, own, _) = told["scrape_configs"]
    assert job["file_sd_configs"] == [{"files": ["targets/deeprig.json"]}]
    assert own["static_configs"][0]["targets"] == ["192.0.2.1:9090"]
    (group,) = json.loads(targets_text((Watched("rig2", "rig2.lab:9100"),)))
    assert group == {"targets": ["rig2.lab:9100"], "labels": {"instance": "rig2"}}


def test_alertmanagers_file_has_its_secrets_and_nobody_else_reads_it():
    file = alertmanager_file(context(**FULL))
    assert (file.path, file.mode, file.group) == (ALERTMANAGER_FILE, "640", "prometheus")
    told = yaml.safe_load(file.text)
    assert told["global"]["smtp_smarthost"] == "mail.example.org:587"
    assert told["global"]["smtp_auth_password"] == WORD
    (receiver,) = told["receivers"]
    assert [one["to"] for one in receiver["email_configs"]] == FULL["notify"]["mail"]["to"]
    (hook,) = receiver["webhook_configs"]
    assert hook["url"] == "http://127.0.0.1:5001/"
    assert hook["http_config"] == {"authorization": {"credentials": "tok-server"}}


@pytest.mark.parametrize(
    "secret",
    ["plain-word", 'with "two', "with 'one", "a\\b-word", "<&>;#", "${x} {{ y }}", "é✓ü-word"],
)
def test_a_secret_is_written_so_that_what_masks_finds_it(secret):
    mail = SMTP | {"password": secret}
    hook = {"url": f"https://chat.example.org/{secret.replace(' ', '')}", "token": secret}
    found = context(server={"alertmanager": {"mail": mail, "webhook": hook}})
    text = alertmanager_file(found).text
    told = yaml.safe_load(text)
    assert told["global"]["smtp_auth_password"] == secret
    (receiver,) = told["receivers"]
    assert receiver["webhook_configs"][0]["url"] == hook["url"]
    masked = Masker.of(found.settings)(text)
    # Nothing of them is left, in no other spelling either.
    lines = [line.strip("- ") for line in masked.splitlines()]
    held = [one for one in lines if re.match("smtp_auth_password|url|credentials", one)]
    assert len(held) == 3
    for line in held:
        assert re.fullmatch(r"\w+: ['\"]?\*{8}['\"]?", line)


def test_without_anybody_to_tell_alertmanager_has_a_receiver_that_tells_nobody():
    told = yaml.safe_load(alertmanager_file(context(server={})).text)
    assert told["receivers"] == [{"name": "deeprig"}]
    assert told["route"]["receiver"] == "deeprig"


def test_a_server_is_not_started_before_it_has_its_configuration():
    for unit, file in (
        ("prometheus.service", PROMETHEUS_FILE),
        ("prometheus-alertmanager.service", ALERTMANAGER_FILE),
    ):
        text = rendered(drop_in(unit), server={})
        assert f"ConditionPathExists={DIRECTORY}/{file}\n" in text
        assert "=127.0.0.1:" in text


def rendered_for(network, path):
    source = Content.of(ROOT).template("monitoring", path)
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return environment.from_string(source.read_text()).render(network=network)


def test_the_notifier_goes_through_the_declared_proxy():
    proxy = NetworkAccess(https_proxy='http://user:p%40s\\s"@proxy.lab:3128')
    # systemd.exec(5), EnvironmentFile=: backslash and quote are escaped; a percent sign is itself.
    line = 'https_proxy="http://user:p%40s\\\\s\\"@proxy.lab:3128"\n'
    assert rendered_for(proxy, ENVIRONMENT).endswith(f"\n{line}")
    assert "proxy=" not in rendered_for(NetworkAccess(), ENVIRONMENT)


def test_the_proxys_password_is_not_in_the_unit_which_everybody_can_read():
    proxy = NetworkAccess(https_proxy="http://user:never@proxy.lab:3128")
    unit = rendered_for(proxy, "/etc/systemd/system/deeprig-alerts.service")
    assert f"EnvironmentFile={ENVIRONMENT}\n" in unit
    assert "never" not in unit


def test_nobody_else_reads_the_proxys_password(monkeypatch):
    placed = {}

    def place(_context, lands_at, *, mode="644", **_named):
        placed[lands_at] = mode

    monkeypatch.setattr(notifier, "place_template", place)
    for other in ("rendered", "checked_files", "run_as_placed", "changed"):
        monkeypatch.setattr(notifier, other, lambda *_, **__: None)
    notifier.place_notifier(None)
    assert placed[ENVIRONMENT] == "600"
