"""What a backup server keeps for others, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keep:
    """What pruning leaves, and what makes it refuse (roles/backup_server/client.py)."""

    within_days: int = 30
    keep_daily: int = 0
    keep_weekly: int = 0
    keep_monthly: int = 0
    longest_hours: float = 48.0
    smallest_percent: int = 50


@dataclass(frozen=True, slots=True)
class Client:
    """A machine whose repository lies here; without ``password_file`` nothing is pruned."""

    name: str
    user: str
    repository: str
    password_file: str = ""
    keep: Keep = Keep()


@dataclass(frozen=True, slots=True)
class Server:
    """The whole of ``server.conf``; ``rest_url`` is empty where there is no REST server."""

    clients: tuple[Client, ...] = ()
    rest_url: str = ""

    @property
    def pruned(self) -> tuple[Client, ...]:
        """Return the clients that are pruned here."""
        return tuple(client for client in self.clients if client.password_file)
