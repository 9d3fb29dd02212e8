"""Settings of the base role."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from deeprig.role import RoleSettings
from roles.base.certificates import certificates_of

#: useradd(8), adduser.conf(5): what Debian accepts as a login name.
_LOGIN = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
#: deb-control(5) package name, optionally ":arch" and "=version".
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?")
_KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(_[A-Z]{2})?(\.UTF-8)(@\w+)?")
_URL = re.compile(r"https?://\S+")


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError(f"this is no {what}")
        return value

    return AfterValidator(check)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())  # it opens 600 files: not for each host


def _known_time_zone(value: str) -> str:
    if value not in _time_zones():
        raise ValueError("this is no time zone (Region/City, as in 'timedatectl list-timezones')")
    return value


LoginName = Annotated[str, _matching(_LOGIN, "login name (lower-case letters, digits, - and _)")]
PackageName = Annotated[str, _matching(_PACKAGE, "package name (name, name:arch or name=version)")]
PublicKey = Annotated[
    str,
    BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value),  # a file's
    _matching(_KEY, "SSH public key (one line: type, key, comment)"),
]
LocaleName = Annotated[str, _matching(_LOCALE, "UTF-8 locale (such as en_US.UTF-8)")]
TimeZone = Annotated[str, AfterValidator(_known_time_zone)]
HttpUrl = Annotated[str, _matching(_URL, "http or https URL")]


class UserSettings(RoleSettings):
    """A person who works on the machine."""

    name: LoginName = Field(description="Login name.")
    present: bool = Field(True, description="False removes the login; the home directory stays.")
    keys: tuple[PublicKey, ...] = Field((), description="SSH public keys, one line each.")
    only_these_keys: bool = Field(False, description="Remove every other key of this user.")
    sudo: Literal["none", "password", "nopasswd"] = Field(
        "none", description="Whether the user may become root, and whether a password is asked."
    )
    groups: tuple[LoginName, ...] = Field((), description="Further groups, added to the present.")
    shell: str = Field("/bin/bash", pattern=r"^/\S+$", description="Login shell.")


class AptSettings(RoleSettings):
    """Where packages come from, and how long to wait for another package manager."""

    proxy: HttpUrl | None = Field(None, description="Proxy for apt; may hold user:password@.")
    mirror: HttpUrl | None = Field(
        None, description="Replaces the distribution's archive, such as http://mirror/debian."
    )
    security_mirror: HttpUrl | None = Field(
        None,
        description="Replaces the security archive; default: the mirror itself for .../ubuntu, "
        "and .../debian-security beside .../debian, as mirrors lay them out.",
    )
    components: tuple[str, ...] | None = Field(
        None, description="Archive components; default: all of the distribution's."
    )
    lock_timeout_seconds: int = Field(
        600, ge=0, description="How long apt waits for another holder of the dpkg lock."
    )

    @model_validator(mode="after")
    def _security_updates_stay(self) -> AptSettings:
        if self.mirror and not self.security_archive:
            raise ValueError(
                "set security_mirror too: where this mirror keeps security updates is unknown"
            )
        return self

    @property
    def security_archive(self) -> str | None:
        """Return where security updates come from when ``mirror`` is set, or None if unknown."""
        if self.security_mirror or self.mirror is None:
            return self.security_mirror
        mirror = self.mirror.rstrip("/")
        if mirror.endswith("/ubuntu"):
            return mirror
        return f"{mirror}-security" if mirror.endswith("/debian") else None


class LimitSettings(RoleSettings):
    """Limits of login sessions, as in limits.conf(5). Data loaders open many files."""

    nofile: int = Field(1_048_576, ge=1024, description="Open files.")
    memlock: int | Literal["unlimited"] = Field(
        "unlimited", description="Locked memory in KiB; pinned host memory counts."
    )
    nproc: int | Literal["unlimited"] | None = Field(None, description="Processes of one user.")


class BaseRoleSettings(RoleSettings):
    """Settings under ``base`` in the inventory."""

    packages: tuple[PackageName, ...] = Field(
        ("curl", "git", "htop", "rsync", "tmux"),
        description="Ubuntu or Debian packages, installed in one transaction.",
    )
    timezone: TimeZone | None = Field(None, description="Time zone; default: as it is.")
    locale: LocaleName | None = Field(None, description="System locale; default: as it is.")
    users: tuple[UserSettings, ...] = Field((), description="People who work on the machine.")
    ca_certificates: tuple[Path, ...] = Field(
        (),
        description="PEM files on the controller with further CAs the machine trusts; "
        "relative paths start at the lab directory.",
    )
    apt: AptSettings = Field(AptSettings(), description="Package sources.")
    limits: LimitSettings = Field(LimitSettings(), description="Limits of login sessions.")
    login_message: bool = Field(True, description="Say at login what manages the machine.")

    @field_validator("ca_certificates")
    @classmethod
    def _readable(cls, paths: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        lab = (info.context or {}).get("lab_directory", Path())
        for path in paths:
            certificates_of(lab / path)
        return paths

    @field_validator("users")
    @classmethod
    def _named_once(cls, users: tuple[UserSettings, ...]) -> tuple[UserSettings, ...]:
        names = [user.name for user in users]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a user is listed twice: {', '.join(twice)}")
        return users
