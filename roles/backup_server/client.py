"""Settings of one client of a backup server: how it comes in, and what the server prunes for it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, model_validator

from deeprig.role import RoleSettings
from deeprig.secrets import Secret, covered
from roles.backup_server.keys import public_key
from roles.backup_server.places import Access

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_WHERE = "or where it is: {'file': path}, {'env': NAME}, {'command': [program, argument]}"


def _bcrypt(value: SecretStr) -> SecretStr:
    if not _BCRYPT.fullmatch(value.get_secret_value()):
        raise ValueError("this is no bcrypt hash: take what `mkpasswd -m bcrypt` prints")
    return value


PublicKey = Annotated[str, AfterValidator(public_key)]
PasswordHash = Annotated[Secret, AfterValidator(_bcrypt)]
Snapshots = Annotated[int, Field(ge=0, le=10_000)]


class PruneSettings(RoleSettings):
    """What the server keeps of a client that may only append; the server can read that data."""

    password: Secret = Field(description=f"The repository's password, {_WHERE}.")
    within_days: int = Field(
        30,
        ge=7,
        le=3660,
        description="No snapshot is removed that is younger: as long a forged one can be noticed.",
    )
    daily: Snapshots = Field(30, description="The newest of a day, for so many days.")
    weekly: Snapshots = Field(12, description="The newest of a week, for so many weeks.")
    monthly: Snapshots = Field(12, description="The newest of a month, for so many months.")
    longest_hours: float = Field(
        48,
        ge=1,
        le=24 * 14,
        description="How long a backup takes at most: a snapshot that arrives later after the "
        "time it claims is taken for forged.",
    )
    smallest_percent: int = Field(
        50,
        ge=0,
        le=99,
        description="Nothing is removed while the newest snapshot holds less of what the middle "
        "of the earlier ones holds: it may be an attacker's. 0: whatever it holds.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        """Wrap secrets first: a mistake beside one is told with what was given."""
        return covered(data, ("password",))


class ClientSettings(RoleSettings):
    """One machine that keeps a repository here."""

    access: Access = Field(
        "append",
        description="'append': rclone over SSH, which adds and reads, and deletes nothing. 'rest': "
        "the same over HTTPS. 'sftp': its own directory, in which it can delete: NOT protected "
        "against the client.",
    )
    public_key: PublicKey | None = Field(
        None, description="For 'append' and 'sftp': the client's public key, ssh-ed25519 AAAA..."
    )
    password_hash: PasswordHash | None = Field(
        None,
        description=f"For 'rest': bcrypt hash of its HTTP password (mkpasswd -m bcrypt), {_WHERE}.",
    )
    prune: PruneSettings | None = Field(
        None, description="The server forgets and prunes. Default: nothing is ever removed."
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_secrets(cls, data: Any) -> Any:
        return covered(data, ("password_hash", "password"))

    @model_validator(mode="after")
    def _fits(self) -> ClientSettings:
        wanted = {"password_hash"} if self.access == "rest" else {"public_key"}
        for name in ("public_key", "password_hash"):
            is_given = getattr(self, name) is not None
            if name in wanted and not is_given:
                raise ValueError(f"access {self.access!r} needs {name}")
            if is_given and name not in wanted:
                raise ValueError(f"{name} is of no use with access {self.access!r}")
        if self.access == "sftp" and self.prune is not None:
            raise ValueError(
                "an sftp client prunes itself: it can set the times by which a forged snapshot "
                "would be known"
            )
        return self

    @property
    def uses_ssh(self) -> bool:
        """Say whether it comes in over SSH."""
        return self.access != "rest"

    @property
    def is_protected(self) -> bool:
        """Say whether the client, with all its secrets, can delete nothing of its backups."""
        return self.access != "sftp"
