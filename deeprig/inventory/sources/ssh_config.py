"""Read the hosts of an OpenSSH client configuration: its aliases, no patterns.

How each is reached stays written there: pyinfra and ssh(1) are given the file, and look the alias
up in it (jump hosts, certificates and agents too). Only the user is read here, since root needs
no sudo.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from paramiko.ssh_exception import ConfigParseError
from pyinfra.connectors.sshuserclient.config import SSHConfig

from deeprig.engine.match_exec import answer_match_exec
from deeprig.errors import InventoryProblem
from deeprig.inventory.merge import Level
from deeprig.inventory.sources.gathered import Gathered, GatheredHost, Note, refuse
from deeprig.inventory.sources.reading import text_of

_KEYWORD = re.compile(r"^\s*(Host|Include)(?:\s+|\s*=\s*)(.+?)\s*$", re.IGNORECASE)
_PATTERN = frozenset("*?!")


@dataclass(frozen=True, slots=True)
class _Alias:
    name: str
    place: str


def read_ssh_config(file: Path, patterns: tuple[str, ...] = ("*",)) -> Gathered:
    """Return a host per ``Host`` line that names one, when it matches one of ``patterns``.

    Of several names in one line the first is the host's. Raise InventoryProblem.
    """
    notes: list[Note] = []
    chosen = [
        alias
        for alias in _aliases(file, (), notes)
        if any(fnmatchcase(alias.name, pattern) for pattern in patterns)
    ]
    if not chosen:
        reason = f"no Host line names one that matches {' or '.join(patterns)}"
        raise refuse(file, reason, "a line such as 'Host rig1' names one, 'Host *' does not")
    configuration = _parsed(file)
    hosts: dict[str, GatheredHost] = {}
    for alias in chosen:
        if alias.name not in hosts:  # a second block of the same name adds to the first
            hosts[alias.name] = _host(alias, file, configuration)
    return Gathered(tuple(hosts.values()), tuple(notes))


def _host(alias: _Alias, file: Path, configuration: SSHConfig) -> GatheredHost:
    data = {"ssh_config_file": str(file.resolve())}
    try:
        user = configuration.lookup(alias.name).get("user")
    except ConfigParseError as error:
        raise refuse(alias.place, f"paramiko cannot resolve this host: {error}") from error
    if user:
        data["ssh_user"] = user
    return GatheredHost(alias.name, (), (Level(alias.place, data),))


def _aliases(file: Path, above: tuple[Path, ...], notes: list[Note]) -> Iterator[_Alias]:
    if file.resolve() in above:
        raise refuse(file, "it includes itself", "take the Include away")
    for number, line in enumerate(text_of(file).splitlines(), 1):
        place = f"{file}:{number}"
        match = _KEYWORD.match(line)
        if match is None:
            continue
        words = _words(match[2], place)
        if match[1].lower() == "include":
            for word in words:
                for included in _included(word, file, place):
                    yield from _aliases(included, (*above, file.resolve()), notes)
            continue
        names = [word for word in words if not _PATTERN.intersection(word)]
        if names:
            yield _Alias(names[0], place)
        if len(names) > 1:
            text = f"{', '.join(names[1:])}: further names of {names[0]!r}, no hosts of their own"
            notes.append(Note(place, text, is_detail=True))


def _words(text: str, place: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError as error:
        raise refuse(place, f"this line cannot be understood: {error}") from error


def _included(pattern: str, file: Path, place: str) -> tuple[Path, ...]:
    """Return the files of an Include, as both pyinfra and ssh(1) find them."""
    path = Path(pattern).expanduser()
    home = Path("~/.ssh").expanduser()
    if not path.is_absolute():
        if file.resolve().parent != home.resolve():
            reason = f"Include {pattern} starts at ~/.ssh for ssh, and beside this file for pyinfra"
            raise refuse(place, reason, "write the whole path")
        path = home / path
    root = Path(path.anchor)
    return tuple(p for p in sorted(root.glob(str(path.relative_to(root)))) if p.is_file())


def _parsed(file: Path) -> SSHConfig:
    answer_match_exec()
    configuration = SSHConfig()
    try:
        with file.open(encoding="utf-8") as text:
            configuration.parse(text)
    except InventoryProblem:
        raise
    except Exception as error:  # pyinfra raises a plain Exception, paramiko several of its own
        raise refuse(file, f"pyinfra cannot read it: {error}") from error
    return configuration
