"""What of a repository's settings does not fit together; no message repeats a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roles.backup.destination import Destination, destination, goes_readable
from roles.backup.values import URL_VARIABLE

if TYPE_CHECKING:
    from roles.backup.repository import RepositorySettings

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def faults_of(one: RepositorySettings) -> Iterator[str]:
    """Yield what does not fit together in a repository's settings."""
    given = [one.url, one.server, one.environment.get(URL_VARIABLE)]
    if sum(value is not None for value in given) != 1:
        yield f"give one of url, server and environment's {URL_VARIABLE}"
        return
    secret_fault = _fault_of_secret_url(one)
    if secret_fault is not None:
        yield secret_fault
        return
    yield from _faults_of_reach(one, one.destination)
    if one.maximum_age_hours <= one.period_hours:
        yield "maximum_age_hours must be above period_hours, or every backup is too old"


def _fault_of_secret_url(one: RepositorySettings) -> str | None:
    secret = one.environment.get(URL_VARIABLE)
    if secret is None:
        return None
    try:
        where = destination(secret.get_secret_value())
    except ValueError as error:
        return f"{URL_VARIABLE}: {error}"
    if _BAD_ESCAPE.search(secret.get_secret_value()):
        # restic 0.14 prints a URL that it cannot read, password and all.
        return f"{URL_VARIABLE}: a % that begins no %XX: write it as %25"
    if not where.uses_tls:
        return f"{URL_VARIABLE} is for rest: and s3:; give another URL as url"
    if goes_readable(secret.get_secret_value()):
        return "the password would go over the network readable: use https"
    return None


def _faults_of_reach(one: RepositorySettings, where: Destination | None) -> Iterator[str]:
    """Yield what is missing, or of no use, to get there; None is a server, reached over SSH."""
    kind = "server" if where is None else where.kind
    uses_ssh = where is None or where.uses_ssh
    for name in ("ssh_key", "host_key"):
        is_given = getattr(one, name) is not None
        if uses_ssh and not is_given:
            yield f"{kind} needs {name}: whose key, and which machine, is never guessed"
        elif is_given and not uses_ssh:
            yield f"{name} is of no use: {kind} is not reached over SSH"
    if one.ca_certificate is not None and (where is None or not where.uses_tls):
        yield f"ca_certificate is of no use: {kind} is not reached over TLS"
    if kind == "rclone+ssh" and one.prune == "here":
        yield "through rclone+ssh nothing can be deleted: prune is 'elsewhere'"
