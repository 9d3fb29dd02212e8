"""Which of the declared repositories is meant."""

from __future__ import annotations

from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.machine.refusal import Refused


def repository_of(backup: Backup, name: str | None) -> Repository:
    """Return the repository of a name; without one the first. Raise Refused where there is none."""
    found = backup.repository(name) if name else next(iter(backup.repositories), None)
    if found is None:
        names = ", ".join(one.name for one in backup.repositories) or "none"
        raise Refused(
            f"no repository {name or ''} is declared".replace("  ", " "),
            evidence=(f"declared: {names}",),
            remedy="name one of them with --repository",
        )
    return found
