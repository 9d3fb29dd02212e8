"""What restic has to know to come in: from files that only their owner can read."""

from __future__ import annotations

import re

from deeprig_host.backup.closed_files import check_closed
from deeprig_host.backup.declared import FROM_ENVIRONMENT, Repository
from deeprig_host.backup.reach import restic_url
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def credentials(machine: Machine, repository: Repository) -> dict[str, str]:
    """Return restic's environment for a repository. Raise Refused, never telling a secret."""
    check_closed(machine, repository.password_file)
    told = {}
    if repository.environment_file:
        told = environment_file(machine, repository.environment_file)
    if repository.url != FROM_ENVIRONMENT:
        told["RESTIC_REPOSITORY"] = place_of(machine, repository)
    elif not told.get("RESTIC_REPOSITORY"):
        raise Refused(
            f"repository {repository.name}: {repository.environment_file or 'its environment file'}"
            " has no RESTIC_REPOSITORY",
            remedy="write RESTIC_REPOSITORY=URL into it, or give url in backup.conf",
        )
    told["RESTIC_PASSWORD_FILE"] = str(machine.path(repository.password_file))
    return told


def read_password(machine: Machine, repository: Repository) -> str:
    """Return a repository's password as restic reads it from its file: without the line's end."""
    check_closed(machine, repository.password_file)
    text = machine.path(repository.password_file).read_text(encoding="utf-8")
    return text.strip()


def place_of(machine: Machine, repository: Repository) -> str:
    """Return a repository's URL as restic has it, a local one as the path on this machine."""
    local = local_path(repository)
    return str(machine.path(local)) if local else restic_url(repository.url)


def local_path(repository: Repository) -> str:
    """Return the path of a repository on this machine, empty where it is elsewhere."""
    path = repository.url.removeprefix("local:")
    return path if path.startswith("/") else ""


def environment_file(machine: Machine, place: str) -> dict[str, str]:
    """Return the ``NAME=VALUE`` lines of a file that only its owner can read. Raise Refused."""
    check_closed(machine, place)
    found = {}
    lines = machine.path(place).read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if not match:
            # The line is not shown: it may be a secret.
            raise Refused(f"{place}:{number}: this is no NAME=VALUE", remedy="write NAME=VALUE")
        found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value
