"""Settings of one repository: where it is, who may come in, how long snapshots are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from deeprig.role import RoleSettings
from deeprig.secrets import Secret
from roles.backup.destination import Destination, destination
from roles.backup.fitting import faults_of
from roles.backup.keys import public_key_of
from roles.backup.values import (
    URL_VARIABLE,
    Clock,
    HostKey,
    Paths,
    PrivateKey,
    Snapshots,
    Subset,
    Url,
    Variable,
    is_misplaced_secret,
)
from roles.base.certificates import certificates_of

#: Settings that are secrets: BackupSettings wraps them before anything is validated.
SECRETS = ("password", "environment", "ssh_key")
_WHERE = "or where it is: {'file': path}, {'env': NAME}, {'command': [program, argument]}"
_HOURS_OF_YEAR = 24 * 366


class Retention(RoleSettings):
    """How many snapshots are kept; restic keeps what any one of them asks for."""

    last: Snapshots = Field(0, description="The newest, whenever they were made.")
    daily: Snapshots = Field(14, description="The newest of a day, for so many days.")
    weekly: Snapshots = Field(8, description="The newest of a week, for so many weeks.")
    monthly: Snapshots = Field(12, description="The newest of a month, for so many months.")

    @model_validator(mode="after")
    def _keeps_something(self) -> Retention:
        if not any((self.last, self.daily, self.weekly, self.monthly)):
            raise ValueError("no snapshot would be kept")
        return self


class RepositorySettings(RoleSettings):
    """One place that backups go to."""

    url: Url | None = Field(
        None,
        description="/path, sftp://user@host[:port]//path, rclone+ssh://user@host[:port] (nothing "
        "can be deleted through it), rest:https://host:port/path/ or s3:https://host/bucket/path.",
    )
    server: str | None = Field(
        None,
        description="In place of url: the host of this inventory, with the role backup_server, "
        "that keeps this repository.",
    )
    password: Secret = Field(
        description=f"The repository's password, {_WHERE}. Without it the backups are lost."
    )
    environment: dict[Variable, Secret] = Field(
        {},
        description=f"What restic needs to come in, such as AWS_SECRET_ACCESS_KEY: secrets, "
        f"{_WHERE}. {URL_VARIABLE} is a URL with a password, in place of url.",
    )
    ssh_key: PrivateKey | None = Field(
        None, description=f"Private key for sftp and rclone+ssh, without passphrase, {_WHERE}."
    )
    host_key: HostKey | None = Field(
        None, description="The server's public key, as /etc/ssh/ssh_host_ed25519_key.pub has it."
    )
    ca_certificate: Path | None = Field(
        None,
        description="PEM file on the controller: who signs the certificate of rest: or s3:, where "
        "the system trusts it not; a relative path starts at the lab directory.",
    )
    create: bool = Field(
        False,
        description="It is new: the first backup makes it. One that was used once is never made "
        "anew, so that a disk that is not mounted is told, and not filled beside.",
    )
    mounts: Paths = Field((), description="What must be mounted before this repository is used.")
    limit_upload_kib: int = Field(
        0, ge=0, le=100_000_000, description="The most that it sends, in KiB a second; 0: no limit."
    )
    keep: Retention = Field(Retention(), description="Which snapshots are kept.")
    prune: Literal["here", "elsewhere"] | None = Field(
        None,
        description="Who forgets and prunes: this host, or another one where this one may only "
        "append. Default: 'elsewhere' for rclone+ssh and for a server to which this host may only "
        "append, 'here' for others.",
    )
    check_subset: Subset = Field(
        "5%", description="How much of the data a check reads: 5%, 1/12 or 500M."
    )
    maximum_age_hours: float = Field(
        48, ge=1, le=_HOURS_OF_YEAR, description="An older newest snapshot is a failure."
    )
    period_hours: float = Field(
        24, ge=0.25, le=_HOURS_OF_YEAR, description="How often a backup is made."
    )
    at: Clock = Field("01:00", description="From when on, by the host's clock.")
    jitter_minutes: int = Field(
        120,
        ge=0,
        le=24 * 60,
        description="Hosts begin at different times within this window, each always at its own.",
    )
    retry_minutes: int = Field(
        60, ge=1, le=24 * 60, description="When a failed one is tried again."
    )
    lock_wait_minutes: float = Field(
        10, ge=0, le=24 * 60, description="How long it waits for whoever has the repository."
    )
    longest_hours: float = Field(
        48, ge=0.01, le=24 * 14, description="A run that takes longer is ended, and told."
    )
    check_period_days: float = Field(
        7, ge=0, le=366, description="How often the repository is checked; 0: never."
    )
    drill_period_days: float = Field(
        30, ge=0, le=366, description="How often a restore is tried and compared; 0: never."
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        """Wrap secrets that stand in the wrong place; the others are wrapped by then (SECRETS)."""
        if not isinstance(data, dict):
            return data
        misplaced = (name for name, value in data.items() if is_misplaced_secret(name, value))
        return data | {name: SecretStr(data[name]) for name in misplaced}

    @field_validator("ca_certificate")
    @classmethod
    def _is_certificate(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            certificates_of((info.context or {}).get("lab_directory", Path()) / path)
        return path

    @model_validator(mode="after")
    def _whole(self) -> RepositorySettings:
        if self.faults:
            raise ValueError("; ".join(self.faults))
        return self

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what does not fit together."""
        return tuple(faults_of(self))

    @property
    def destination(self) -> Destination | None:
        """Return where it is; None where a server of the inventory has it."""
        secret = self.environment.get(URL_VARIABLE)
        url = self.url if secret is None else secret.get_secret_value()
        return destination(url) if url is not None else None

    @property
    def prunes_here(self) -> bool:
        """Say whether this host forgets and prunes.

        On a server by default not: what it allows is known when its URL is (resolving.py).
        """
        may_only_append = self.server is not None or (
            self.destination is not None and self.destination.kind == "rclone+ssh"
        )
        return self.prune == "here" or (self.prune is None and not may_only_append)

    @property
    def public_key(self) -> str | None:
        """Return the public key that belongs to ``ssh_key``, as ``TYPE BASE64``."""
        return None if self.ssh_key is None else public_key_of(self.ssh_key.get_secret_value())
