"""The one reader of ``/etc/deeprig/backup_server/server.conf``."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from deeprig_host.backup.values import path
from deeprig_host.backup_server.declared import Client, Keep, Server
from deeprig_host.backup_server.places import CONFIG_FILE
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration, Ini, Section, declared_text, read_ini
from deeprig_host.machine.values import Parse, number, values_of, whole

_NAME = re.compile(r"[a-z][a-z0-9-]{0,22}")
_KEEP_KEYS: dict[str, Parse] = {
    "within_days": whole(7, 3660, "days"),
    **{f"keep_{kind}": whole(0, 10_000, "snapshots") for kind in ("daily", "weekly", "monthly")},
    "longest_hours": number(1, 24 * 14, "hours"),
    "smallest_percent": whole(0, 99, "%"),
}
_CLIENT_KEYS: dict[str, Parse] = _KEEP_KEYS | {
    "user": str,
    "repository": path,
    "password_file": path,
}
_SERVER_KEYS: dict[str, Parse] = {"directory": path, "rest_url": str}


def read_server(machine: Machine, place: str = CONFIG_FILE) -> Server:
    """Return what the machine keeps for others. Raise BadConfiguration."""
    remedy = "the role backup_server places this file: `deeprig apply --role backup_server`"
    text = declared_text(machine.path(place), place, remedy)
    return parse_server(text, place)


def parse_server(text: str, file: str) -> Server:
    """Return what a text declares; ``file`` names it. Raise BadConfiguration."""
    ini = read_ini(text, file)
    server: dict[str, Any] = {}
    clients: dict[str, Client] = {}
    for section in ini.sections:
        word, _, name = section.name.partition(" ")
        if section.name == "server":
            server = values_of(ini, section, _SERVER_KEYS)
        elif word == "client" and _NAME.fullmatch(name) and name not in clients:
            clients[name] = _client(ini, section, name)
        else:
            remedy = "sections are [server] and [client NAME], each once"
            ini.refuse(section.line, f"there can be no section [{section.name}]", remedy)
    if ini.problems:
        raise BadConfiguration(tuple(ini.problems))
    return Server(tuple(clients.values()), server.get("rest_url", ""))


def _client(ini: Ini, section: Section, name: str) -> Client:
    values = values_of(ini, section, _CLIENT_KEYS)
    for key in ("user", "repository"):
        if key not in values:
            ini.refuse(section.line, f"[{section.name}] has no {key}", f"give {key} = ...")
    kept = {field.name for field in fields(Keep)}
    keep = Keep(**{key: value for key, value in values.items() if key in kept})
    rest = {key: value for key, value in values.items() if key not in kept}
    return Client(name, rest.pop("user", ""), rest.pop("repository", ""), keep=keep, **rest)
