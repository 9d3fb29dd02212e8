"""Ask the hosts of a lab that have backups, several at once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from deeprig import __version__
from deeprig.audit.moment import now
from deeprig.backup.answer import BackupReport
from deeprig.backup.asking import Asking, Progress
from deeprig.backup.request import Request
from deeprig.engine.side_by_side import side_by_side
from deeprig.errors import UsageProblem
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.selection import Selection

#: The controller only waits; what limits is what the repositories' servers bear.
DEFAULT_PARALLEL = 20
ROLE = "backup"


def hosts_with_backups(lab: Lab, selection: Selection) -> tuple[DeclaredHost, ...]:
    """Return the selected hosts that declare a repository. Raise UsageProblem where none does."""
    hosts = tuple(host for host in selection.hosts_of(lab) if has_backups(host))
    if not hosts:
        raise UsageProblem(
            "no selected host is backed up",
            place=str(lab.path),
            remedy="declare repositories of the role backup, then: deeprig apply --role backup",
        )
    return hosts


def chosen_hosts(lab: Lab, limit: tuple[str, ...], name: str | None) -> tuple[DeclaredHost, ...]:
    """Return the hosts to ask; with a ``name`` that very host, never a pattern's.

    Raise UsageProblem where there is none.
    """
    if name is None:
        return hosts_with_backups(lab, Selection(limit))
    if name not in [host.name for host in lab.hosts]:
        raise UsageProblem(
            f"{lab.path} names no host {name!r}",
            place="HOST",
            remedy=f"its hosts: {', '.join(host.name for host in lab.hosts[:10])}",
        )
    host = lab.host(name)
    if not has_backups(host):
        raise UsageProblem(
            f"{name} is not backed up", remedy="declare its repositories: role backup"
        )
    return (host,)


def has_backups(host: DeclaredHost) -> bool:
    """Say whether a host declares a repository, and has the role."""
    settings = host.role_settings.get(ROLE)
    has_role = host.roles is None or ROLE in host.roles
    return has_role and bool(getattr(settings, "repositories", None))


def ask_hosts(
    lab: Lab,
    hosts: Sequence[DeclaredHost],
    request: Request,
    progress: Progress,
    *,
    name: str | None = None,
    parallel: int = DEFAULT_PARALLEL,
    sudo_password: str | None = None,
) -> BackupReport:
    """Ask the hosts and return what they answered; ``name`` is the command's, for people."""
    started, clock = now(), time.monotonic()
    asked = [Asking(host, lab.directory, request, progress, sudo_password) for host in hosts]
    was_interrupted = side_by_side((one.run for one in asked), parallel)
    return BackupReport(
        command=name or request.command,
        started=started,
        finished=now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=str(lab.path),
        hosts=tuple(one.finish() for one in asked),
        was_interrupted=was_interrupted,
    )
