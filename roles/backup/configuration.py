"""What ``/etc/deeprig/backup.conf`` says for declared settings: sections, in their order."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from deeprig.tasks.ini_sections import Section, options
from roles.backup import places

if TYPE_CHECKING:
    from roles.backup.repository import RepositorySettings
    from roles.backup.settings import BackupSettings

#: The ``url`` that says: in the environment file, since it holds a password.
_FROM_ENVIRONMENT = "environment"
_HOURS_OF_DAY = 24
_SAME_NAME = (
    *("check_subset", "maximum_age_hours", "period_hours", "at", "jitter_minutes"),
    *("retry_minutes", "lock_wait_minutes", "longest_hours", "limit_upload_kib"),
)


def sections(settings: BackupSettings, host: str) -> tuple[Section, ...]:
    """Return the sections for the settings of a host; its name is that of its snapshots."""
    found = [Section("backup", _texts({"tag": host, **_of_host(settings)}))]
    found += [
        Section(f"repository {name}", _texts(_of_repository(name, one)))
        for name, one in settings.repositories.items()
    ]
    return tuple(found)


def _of_host(settings: BackupSettings) -> Mapping[str, object]:
    return {
        "sources": _words(settings.sources),
        "mounts": _words(settings.mounts),
        "may_be_empty": _words(settings.may_be_empty),
        "exclude": _words(settings.exclude),
        "exclude_datasets": settings.exclude_datasets,
        "keep_checkpoints": settings.keep_checkpoints,
        "conda": _words(settings.conda_prefixes or ()),
        "nice": settings.nice,
        "io_class": settings.io_class,
    }


def _of_repository(name: str, one: RepositorySettings) -> Mapping[str, object]:
    where = one.destination
    uses_ssh = where is not None and where.uses_ssh
    return {
        "url": one.url or _FROM_ENVIRONMENT,
        "password_file": places.password(name),
        "environment_file": places.environment(name),
        "ssh_key_file": places.ssh_key(name) if uses_ssh else None,
        "known_hosts_file": places.known_hosts(name) if uses_ssh else None,
        "ca_file": places.ca(name) if one.ca_certificate is not None else None,
        "create": one.create,
        "mounts": _words(one.mounts),
        **{key: getattr(one, key) for key in _SAME_NAME},
        **{f"keep_{kind}": number for kind, number in one.keep},
        "prune": "here" if one.prunes_here else "elsewhere",
        "check_period_hours": one.check_period_days * _HOURS_OF_DAY,
        "drill_period_hours": one.drill_period_days * _HOURS_OF_DAY,
    }


def _words(texts: Iterable[str]) -> str | None:
    return shlex.join(texts) or None


def _texts(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return options({key: _text(value) for key, value in values.items()})


def _text(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else value
