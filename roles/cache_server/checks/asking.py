"""Ask the cache from its own machine, by a request of the exact form that is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from roles.cache_server.settings import CacheServerSettings

#: bash's own connection: no HTTP client asks for what should be refused as it stands here.
_ASK = r"""
timeout 30 bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 1
printf "%s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$2" "$3" >&3
head -c 4096 <&3' {address} {port} "{method} {target}" {host} | tr -d '\0'
"""
_OUTSIDE = re.compile(r"^x-deeprig-upstream:", re.IGNORECASE | re.MULTILINE)
_STALE = re.compile(r"^x-deeprig-cache: *stale", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"^HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request was answered; ``went_out`` says that an upstream was asked for it.

    ``is_stale`` says that the upstream failed, and that the cache gave out what it had last.
    """

    status: int
    went_out: bool
    is_stale: bool = False

    @property
    def is_refusal(self) -> bool:
        """Say whether the cache itself refused it."""
        return 400 <= self.status < 500 and not self.went_out

    def __str__(self) -> str:
        """Return it for people."""
        if self.is_stale:
            return "the upstream failed; given out was what it had said last"
        return f"status {self.status}{', from the upstream' if self.went_out else ''}"


def ask(
    host: Any, settings: CacheServerSettings, target: str, *, method: str = "GET", name: str = "x"
) -> Answer | None:
    """Return how the cache answers, or None where it does not.

    ``target`` is a path, or a URL as a proxy is asked; ``name`` is the Host field.
    """
    address = settings.asked_at.strip("[]")
    command = _ASK.format(
        address=address, port=settings.port, method=method, target=target, host=name
    )
    told = host.run(command).stdout
    status = _STATUS.match(told)
    if status is None:
        return None
    return Answer(int(status[1]), bool(_OUTSIDE.search(told)), bool(_STALE.search(told)))
