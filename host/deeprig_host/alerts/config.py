"""The notifier's configuration, ``/etc/deeprig/alerts.conf``: whom to tell, how, and how often."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deeprig_host.alerts.config_values import Reader
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration, Problem, read_ini

PATH = "/etc/deeprig/alerts.conf"
METRICS = "/var/lib/prometheus/node-exporter/deeprig.prom"
_HOUR_SECONDS = 3600.0

Security = Literal["none", "starttls", "tls"]
Format = Literal["deeprig", "text"]
_SECURITIES: tuple[Security, ...] = ("starttls", "tls", "none")
_FORMATS: tuple[Format, ...] = ("deeprig", "text")
_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Mail:
    """Mail: through this machine's own ``sendmail``, or through an SMTP server."""

    recipients: tuple[str, ...]
    sender: str
    server: str = ""
    port: int = 0
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A JSON document that is sent to a URL; ``text`` is what Slack and Mattermost take."""

    url: str = field(repr=False)
    format: Format = "deeprig"
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ntfy:
    """A topic of an ntfy server: the text is the body, title and priority are headers."""

    url: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """All of it. ``heartbeat`` is a URL that is fetched after each good run, empty for none."""

    host: str = ""
    metrics: str = METRICS
    repeat_seconds: float = 12 * _HOUR_SECONDS
    least_severity: str = "warning"
    off: tuple[str, ...] = ()
    mail: Mail | None = None
    webhook: Webhook | None = None
    ntfy: Ntfy | None = None
    heartbeat: str = field(default="", repr=False)


def read_config(machine: Machine, place: str = PATH) -> Config:
    """Return the configuration at a path of the machine. Raise BadConfiguration."""
    path = machine.path(place)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(place, f"cannot be read: {error}", "`deeprig apply` places it")
        raise BadConfiguration((problem,)) from error
    return parse_config(machine, place, text)


def parse_config(machine: Machine, place: str, text: str) -> Config:
    """Return the configuration that a text tells. Raise BadConfiguration with all its problems."""
    reader = Reader(machine, read_ini(text, place, holds_secrets=True))
    config = Config(
        host=reader.text("alerts", "host"),
        metrics=reader.text("alerts", "metrics", METRICS),
        repeat_seconds=_HOUR_SECONDS * reader.number("alerts", "repeat_hours", 12.0, 0.1, 24 * 90),
        least_severity=reader.choice("alerts", "severity", ("warning", "critical")),
        off=reader.alert_names("alerts", "off"),
        mail=_mail(reader) if reader.has("mail") else None,
        webhook=_webhook(reader) if reader.has("webhook") else None,
        ntfy=_ntfy(reader) if reader.has("ntfy") else None,
        heartbeat=_heartbeat(reader) if reader.has("heartbeat") else "",
    )
    reader.finish()
    return config


def readable_by_others(machine: Machine, place: str = PATH) -> tuple[Problem, ...]:
    """Return a problem where others than the owner can read the file: it may hold secrets."""
    mode = machine.path(place).stat().st_mode & 0o777
    if not mode & 0o077:
        return ()
    reason = f"others than its owner can use it (mode {mode:o}), and it may hold secrets"
    return (Problem(place, reason, f"chmod 600 {Path(place)}"),)


def _mail(reader: Reader) -> Mail:
    server, port = reader.address("mail", "smtp")
    security = reader.choice("mail", "smtp_security", _SECURITIES)
    user = reader.text("mail", "smtp_user")
    password = reader.secret("mail", "smtp_password")
    if user and security == "none" and not reader.is_loopback(server):
        reader.refuse(
            "mail", "smtp_user", "a password would cross the network in clear", "use starttls"
        )
    return Mail(
        recipients=reader.addresses("mail", "to"),
        sender=reader.one_address("mail", "from"),
        server=server,
        port=port or _PORTS[security],
        security=security,
        user=user,
        password=password,
    )


def _webhook(reader: Reader) -> Webhook:
    token = reader.secret("webhook", "token")
    url = reader.url("webhook", "url", carries_token=bool(token))
    return Webhook(url, reader.choice("webhook", "format", _FORMATS), token)


def _ntfy(reader: Reader) -> Ntfy:
    token = reader.secret("ntfy", "token")
    return Ntfy(reader.url("ntfy", "url", carries_token=bool(token)), token)


def _heartbeat(reader: Reader) -> str:
    return reader.url("heartbeat", "url", carries_token=False)
