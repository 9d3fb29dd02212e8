"""Settings of the monitoring role."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from deeprig.masking import secrets_in
from deeprig.role import RoleSettings
from deeprig.secrets import Secret, SecretUrl, covered, refuse_readable_token
from deeprig.tasks.openpgp_keys import fingerprints

Address = IPv4Address | IPv6Address
Port = Annotated[int, Field(ge=1, le=65535)]
#: A host name, or an IPv4 or IPv6 address.
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$")]
MailAddress = Annotated[str, Field(pattern=r"^[^@\s<>,;:\"]+@[A-Za-z0-9.-]+$")]
#: One of docs/alerts.md; the host's notifier refuses a name that it does not know.
AlertName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]+$")]
Severity = Literal["warning", "critical"]
#: As Prometheus' --storage.tsdb.retention.size reads it: powers of 1024.
Size = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}(MB|GB|TB)$")]

LOOPBACK = IPv4Address("127.0.0.1")
#: What stands in a unit as it is: no blank, no specifier, no line of its own, no way up.
_PLAIN_DIRECTORY = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
#: systemd.exec(5), ProtectHome= and PrivateTmp=: the collector does not see the host's own ones.
_HIDDEN = tuple(Path(path) for path in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"))  # noqa: S108
#: Settings of this role that are secrets, wherever they stand.
_SECRETS = ("password", "token", "url", "heartbeat_url")


class ExporterSettings(RoleSettings):
    """Where a host's numbers can be had: node_exporter."""

    listen: Address | None = Field(
        None,
        description="Address that node_exporter listens on. Default: 127.0.0.1, or all addresses "
        "where a lab server elsewhere watches this host; whom a firewall lets in is not this "
        "role's.",
    )
    port: Port = Field(9100, description="Its port.")
    address: HostName | None = Field(
        None,
        description="Name or address at which the lab server finds it; default: as deeprig does.",
    )


class MailSettings(RoleSettings):
    """Mail."""

    to: tuple[MailAddress, ...] = Field(min_length=1, description="Who gets it.")
    sender: MailAddress | None = Field(
        None, description="From whom; default: deeprig at the host's name."
    )
    smtp_host: HostName | None = Field(
        None, description="Mail server. Default: the host's own sendmail; a lab server needs one."
    )
    smtp_port: Port | None = Field(
        None, description="Its port; default: 587 for starttls, 465 for tls, 25 for none."
    )
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is encrypted. 'none' sends no password."
    )
    username: str | None = Field(None, pattern=r"^\S+$", description="Who logs in there.")
    password: Secret | None = Field(
        None,
        description="The password, or where it is: {'file': path}, {'env': NAME}, "
        "{'command': [program, argument]}, each on the controller.",
    )

    @model_validator(mode="after")
    def _whole(self) -> MailSettings:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.password is not None and self.smtp_host is None:
            raise ValueError("a password is for a mail server: set smtp_host")
        if self.password is not None and self.security == "none":
            raise ValueError("the password would go over the network readable: set security")
        return self

    @property
    def port(self) -> int:
        """Return the mail server's port."""
        return self.smtp_port or {"starttls": 587, "tls": 465, "none": 25}[self.security]


class WebhookSettings(RoleSettings):
    """An HTTP POST with JSON."""

    url: SecretUrl = Field(description="Where to; a secret as a whole, and written as one.")
    form: Literal["deeprig", "text"] = Field(
        "deeprig",
        description="'deeprig': all that is known of each alert. 'text': as Slack and Mattermost "
        "read it. A lab server's Alertmanager has a form of its own.",
    )
    token: Secret | None = Field(None, description="Sent as 'Authorization: Bearer ...'.")

    @model_validator(mode="after")
    def _kept(self) -> WebhookSettings:
        refuse_readable_token(self.url, self.token)
        return self


class NtfySettings(RoleSettings):
    """A push message as ntfy takes it."""

    url: SecretUrl = Field(description="The topic's URL; who knows it can read it.")
    token: Secret | None = Field(None, description="Access token, where the topic needs one.")

    @model_validator(mode="after")
    def _kept(self) -> NtfySettings:
        refuse_readable_token(self.url, self.token)
        return self


class NotifySettings(RoleSettings):
    """Whom a host tells by itself, without any server."""

    minimum_severity: Severity = Field("warning", description="What is less severe is not told.")
    off: tuple[AlertName, ...] = Field((), description="Alerts that are not told, by name.")
    repeat_hours: float = Field(
        12, ge=0.1, le=2160, description="What lasts is told again after so long."
    )
    mail: MailSettings | None = Field(None, description="By mail.")
    webhook: WebhookSettings | None = Field(None, description="By an HTTP POST.")
    ntfy: NtfySettings | None = Field(None, description="By a push message.")
    heartbeat_url: SecretUrl | None = Field(
        None,
        description="Asked for every few minutes while the host is alive, so that a service "
        "elsewhere notices when it is not.",
    )

    @property
    def has_channel(self) -> bool:
        """Say whether anybody is told."""
        return any((self.mail, self.webhook, self.ntfy))


class AlertmanagerSettings(RoleSettings):
    """Whom the lab server tells."""

    mail: MailSettings | None = Field(None, description="By mail; needs smtp_host and sender.")
    webhook: WebhookSettings | None = Field(
        None, description="By an HTTP POST in Alertmanager's own form."
    )
    repeat_hours: int = Field(12, ge=1, le=720, description="What lasts is told again.")
    group_wait_seconds: int = Field(
        30, ge=0, le=600, description="How long it waits for more of the same host."
    )
    port: Port = Field(9093, description="Its port on 127.0.0.1.")

    @model_validator(mode="after")
    def _can_be_written(self) -> AlertmanagerSettings:
        """Refuse what YAML could hold only in another spelling, which nothing would mask."""
        for secret in secrets_in(self):
            if "'" in secret and ('"' in secret or "\\" in secret):
                raise ValueError("a secret of Alertmanager's cannot hold ' beside \" or \\")
        return self

    @model_validator(mode="after")
    def _whole(self) -> AlertmanagerSettings:
        if self.mail is not None and not (self.mail.smtp_host and self.mail.sender):
            raise ValueError("a lab server's mail needs smtp_host and sender")
        if self.webhook is not None and self.webhook.form != "deeprig":
            raise ValueError(
                "Alertmanager's webhook has a form of its own; a chat that wants a text is told by "
                "each host's notify"
            )
        # Alertmanager encrypts from the start on this port, and on no other.
        if self.mail is not None and (self.mail.security == "tls") != (self.mail.port == 465):
            raise ValueError("Alertmanager speaks tls on port 465, and only there")
        return self


class GrafanaSettings(RoleSettings):
    """Grafana, from a package repository that is declared: the distributions have none."""

    repository: str = Field(
        pattern=r"^https?://\S+$", description="URL of an apt repository with its package."
    )
    suite: str = Field("stable", pattern=r"^[A-Za-z0-9./-]+$", description="Its suite.")
    component: str = Field("main", pattern=r"^[A-Za-z0-9-]+$", description="Its component.")
    key: Path = Field(
        description="The repository's OpenPGP key in ASCII armour, a file on the controller; "
        "a relative path starts at the lab directory."
    )
    listen: Address = Field(LOOPBACK, description="Address that Grafana listens on.")
    port: Port = Field(3000, description="Its port.")

    @field_validator("key")
    @classmethod
    def _is_key(cls, path: Path, info: ValidationInfo) -> Path:
        file = (info.context or {}).get("lab_directory", Path()) / path
        try:
            data = file.read_bytes()
        except OSError as error:
            raise ValueError(f"{file} cannot be read: {error.strerror}") from None
        if not data.startswith(b"-----BEGIN PGP") or not fingerprints(data):
            raise ValueError(f"{file} is no OpenPGP public key in ASCII armour")
        return path


class ServerSettings(RoleSettings):
    """A lab server: Prometheus and Alertmanager, for all hosts of the inventory."""

    listen: Address = Field(
        LOOPBACK, description="Address that Prometheus listens on. It asks nobody for a password."
    )
    port: Port = Field(9090, description="Its port.")
    retention_days: int = Field(90, ge=1, le=3650, description="How long numbers are kept.")
    retention_size: Size = Field("20GB", description="The most that they take.")
    alertmanager: AlertmanagerSettings = Field(
        AlertmanagerSettings(), description="Whom it tells; nobody, where nothing is set."
    )
    grafana: GrafanaSettings | None = Field(
        None,
        description="Install Grafana too. Its files are placed anyway, for one that is there.",
    )


class MonitoringSettings(RoleSettings):
    """What a machine says of its health, and to whom."""

    exporter: ExporterSettings = Field(ExporterSettings(), description="Where the numbers are had.")
    interval_seconds: int = Field(
        15, ge=5, le=300, description="How often the GPUs and the rest are asked."
    )
    textfile_directory: Path = Field(
        Path("/var/lib/prometheus/node-exporter"),
        description="Where node_exporter reads what the collector writes.",
    )
    notify: NotifySettings = Field(NotifySettings(), description="Whom the host tells by itself.")
    server: ServerSettings | None = Field(
        None, description="Make this host the lab's server; {} takes the defaults."
    )

    @field_validator("textfile_directory")
    @classmethod
    def _can_be_written_to(cls, path: Path) -> Path:
        if not _PLAIN_DIRECTORY.fullmatch(str(path)):
            raise ValueError("an absolute path of letters, digits and . _ - is needed")
        hidden = next((above for above in _HIDDEN if path.is_relative_to(above)), None)
        if hidden is not None:
            raise ValueError(f"the collector cannot see {hidden}: take a directory elsewhere")
        return path

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        """Wrap secrets first: a mistake beside one is told with what was given."""
        return covered(data, _SECRETS)
