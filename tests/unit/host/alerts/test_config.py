"""The notifier's configuration: every problem with its line and remedy, and no secret told."""

from pathlib import Path

import pytest
from deeprig_host.alerts.config import Mail, parse_config, read_config, readable_by_others
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration

WHOLE = """\
# whom to tell
[alerts]
host = rig
repeat_hours = 0.5
severity = critical
off = UpdatesStale, VerifyTooOld

[mail]
to = ada@example.org, root
from = rig@example.org
smtp = mail.example.org:2525
smtp_user = rig
smtp_password = pass # word = ;x

[webhook]
url = https://hooks.example.org/T0/SECRET
format = text

[ntfy]
url_file = /etc/deeprig/topic
token = tk_SECRET
[heartbeat]
url = https://ping.example.org/SECRET
"""


@pytest.fixture
def machine(tmp_path):
    place = tmp_path / "etc/deeprig"
    place.mkdir(parents=True)
    (place / "topic").write_text("https://ntfy.example.org/SECRET-topic\nsecond line\n")
    (place / "empty").write_text("\n")
    return Machine(tmp_path)


def problems(machine, text):
    with pytest.raises(BadConfiguration) as bad:
        parse_config(machine, "f", text)
    return [f"{one.place}: {one.reason}; {one.remedy}" for one in bad.value.problems]


def test_all_of_it_is_read(machine):
    config = parse_config(machine, "f", WHOLE)
    assert (config.host, config.repeat_seconds, config.least_severity) == ("rig", 1800, "critical")
    assert config.off == ("UpdatesStale", "VerifyTooOld")
    assert config.mail == Mail(
        ("ada@example.org", "root"),
        "rig@example.org",
        "mail.example.org",
        2525,
        "starttls",
        "rig",
        "pass # word = ;x",
    )
    assert (config.webhook.url, config.webhook.format) == (
        "https://hooks.example.org/T0/SECRET",
        "text",
    )
    assert (config.ntfy.url, config.ntfy.token) == (
        "https://ntfy.example.org/SECRET-topic",
        "tk_SECRET",
    )
    assert config.heartbeat == "https://ping.example.org/SECRET"


def test_a_shown_configuration_has_no_secret(machine):
    shown = repr(parse_config(machine, "f", WHOLE))
    assert "SECRET" not in shown
    assert "pass" not in shown.replace("password", "")


def test_an_empty_file_tells_nobody(machine):
    config = parse_config(machine, "f", "")
    assert (config.mail, config.webhook, config.ntfy, config.heartbeat) == (None, None, None, "")
    assert config.repeat_seconds == 12 * 3600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[alerts]\nrepeat_hours = soon",
            "f:2: repeat_hours is 'soon'; give a number from 0.1",
        ),
        (
            "[alerts]\nrepeat_hours = 0",
            "f:2: repeat_hours is '0'; give a number from 0.1 to 2160",
        ),
        ("[alerts]\nrepeat_hours = nan", "f:2: repeat_hours is 'nan'"),
        (
            "[alerts]\nseverity = info",
            "f:2: severity is 'info'; give one of warning, critical",
        ),
        (
            "[alerts]\noff = GpuLots",
            "f:2: there is no alert 'GpuLots'; one of: GpuXidCritical",
        ),
        ("[alerts]\n\nrepeat = 3", "f:3: [alerts] has no 'repeat'; docs/alerts.md"),
        ("[alert]\nx = 1", "f:1: there is no section [alert]; one of: alerts, mail"),
        (
            "[alerts]\nhost = a\n[mail]\nto=a\n[alerts]",
            "f:5: [alerts] stands twice, first in line 1",
        ),
        (
            "[alerts]\nhost = a\nhost = b",
            "f:3: host stands twice in [alerts], first in line 2; keep one",
        ),
        ("[alerts]\nhost", "f:2: the line is no setting; write KEY = VALUE"),
        ("host = a", "f:1: host stands before any section; put it below its [SECTION]"),
        ("[alerts", "f:1: the line is no setting"),
        ("\n[mail]", "f:2: nobody is told; give to = someone@example.org"),
        ("[mail]\nto = a b@c", "f:2: 'a b@c' is no mail address"),
        (
            "[mail]\nto = a@b\nsmtp = x:99999",
            "f:3: 'x:99999' is no server; give HOST or HOST:PORT",
        ),
        ("[mail]\nto = a@b\nsmtp = x y", "f:3: 'x y' is no server"),
        (
            "[mail]\nto=a@b\nsmtp=mx.org\nsmtp_security = none\nsmtp_user = u",
            "f:5: a password would cross the network in clear; use starttls",
        ),
        (
            "[mail]\nto=a@b\nsmtp_security = ssl",
            "f:3: smtp_security is 'ssl'; give one of starttls",
        ),
        ("[webhook]", "f:1: url is no address of the web; give https://HOST/..."),
        ("[webhook]\nurl = file:///etc/passwd", "f:2: url is no address of the web"),
        ("[webhook]\nurl = https:///x", "f:2: url is no address of the web"),
        ("[webhook]\nurl = https://a:b/", "f:2: url is no address of the web"),
        ("[webhook]\nurl = https://u:p@a.org/", "f:2: url holds a user name"),
        ("[webhook]\nurl = https://a.org/\nformat = xml", "f:3: format is 'xml'"),
        (
            "[ntfy]\nurl = http://ntfy.org/t\ntoken = x",
            "f:2: a token would cross the network in clear; use https",
        ),
        ("[ntfy]\nurl_file = /nowhere", "f:2: /nowhere cannot be read"),
        ("[ntfy]\nurl_file = topic", "f:2: 'topic' is no absolute path"),
        ("[ntfy]\nurl_file = /etc/deeprig/empty", "f:2: /etc/deeprig/empty is empty"),
        (
            "[ntfy]\nurl = https://a.org/t\nurl_file = /etc/deeprig/topic",
            "f:2: url and url_file are both given; keep one of them",
        ),
        ("[heartbeat]\nurl = ping", "f:2: url is no address of the web"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(machine, text, expected):
    told = problems(machine, text)
    assert len(told) == 1, told
    assert told[0].startswith(expected)


def test_all_problems_are_told_at_once_in_the_order_of_lines(machine):
    told = problems(machine, "[nosuch]\n[alerts]\nseverity = x\n[ntfy]\nurl = y\nfoo = 1")
    assert [line.split(":")[1] for line in told] == ["1", "3", "5", "6"]


def test_no_problem_repeats_a_secret(machine):
    text = "[webhook]\nurl = ftp://x/SECRET\ntoken = SECRET\n[mail]\nto = a\nsmtp_password = SECRET"
    text += "\nSECRET\n9SECRET = x\nsmtp_password_file = /x\n[heartbeat]\nurl = http://u:SECRET@x/"
    assert "SECRET" not in "\n".join(problems(machine, text))


def test_a_token_may_go_in_clear_to_this_machine_itself(machine):
    text = "[ntfy]\nurl = http://127.0.0.1:2586/t\ntoken = x"
    assert parse_config(machine, "f", text).ntfy.token


def test_ports_follow_the_security(machine):
    for security, port in (("starttls", 587), ("tls", 465), ("none", 25)):
        text = f"[mail]\nto = a@b\nsmtp = [::1]\nsmtp_security = {security}"
        mail = parse_config(machine, "f", text).mail
        assert (mail.server, mail.port) == ("::1", port)


def test_a_file_that_is_not_there_is_a_problem_of_the_file(machine):
    with pytest.raises(BadConfiguration, match=r"^/etc/deeprig/alerts.conf: cannot be read"):
        read_config(machine)


def test_a_file_that_others_can_read_is_told(machine):
    path = machine.path("/etc/deeprig/alerts.conf")
    path.write_text("")
    path.chmod(0o640)
    assert "chmod 600" in str(readable_by_others(machine)[0])
    path.chmod(0o600)
    assert readable_by_others(machine) == ()


def test_what_the_role_renders_for_a_host_is_read(machine):
    """The role's template and this reader agree: roles/monitoring's own tests render it."""
    template = Path(__file__).parents[4] / "templates/monitoring/etc/deeprig/alerts.conf"
    keys = {line.split(" = ")[0] for line in template.read_text().splitlines() if " = " in line}
    known = {"host", "metrics", "severity", "repeat_hours", "off", "to", "from", "smtp"}
    known |= {"smtp_security", "smtp_user", "smtp_password", "url", "format", "token"}
    assert {key for key in keys if not key.startswith("{%")} <= known
