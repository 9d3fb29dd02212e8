"""What was declared for the host under test, as the role's tasks take it."""

from __future__ import annotations

from typing import Any

import pytest

from deeprig.verify.plugin import lab_of
from roles.backup.resolving import resolved
from roles.backup.settings import BackupSettings


def declared_backup(declared: Any, request: pytest.FixtureRequest) -> BackupSettings:
    """Return the settings with what other hosts' decide. Skip where no backup is declared."""
    settings: BackupSettings = declared.role_settings["backup"]
    if not settings.repositories:
        pytest.skip("no repository is declared: nothing of this machine is backed up")
    hosts = lab_of(request.config).hosts
    servers = tuple(host for host in hosts if "backup_server" in host.role_settings)
    return resolved(settings, declared.name, declared.role_settings, servers)
