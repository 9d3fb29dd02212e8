"""The one reader of ``/etc/deeprig/backup.conf``: what is declared, or every problem in it.

::

    [backup]
    sources = /home /etc
    exclude = *.iso
    [repository disk]
    url = /backup/restic
    password_file = /etc/deeprig/backup/disk.password
    keep_daily = 14
"""

from __future__ import annotations

import re
from typing import Any

from deeprig_host.backup.declared import (
    FROM_ENVIRONMENT,
    MAXIMUM_AGE_HOURS,
    PERIOD_HOURS,
    Backup,
    Repository,
    Retention,
)
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.reach import uses_ssh
from deeprig_host.backup.values import BACKUP_KEYS, REPOSITORY_KEYS, RETENTION_KEYS
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import (
    BadConfiguration,
    Ini,
    Problem,
    Section,
    declared_text,
    read_ini,
)
from deeprig_host.machine.values import values_of

#: It becomes a file name, and stands in a metric.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
#: The names of other files in the directory of the states.
_TAKEN = ("canary", "excludes", "state")
_KEYS_OF = {"at": "at_minutes"}


def read_configuration(machine: Machine, place: str = CONFIG_FILE) -> Backup:
    """Return what a file of the machine declares. Raise BadConfiguration."""
    remedy = "the role backup places this file: run `deeprig apply --role backup`"
    text = declared_text(machine.path(place), place, remedy)
    return parse_configuration(text, place)


def parse_configuration(text: str, file: str) -> Backup:
    """Return what a text declares; ``file`` names it. Raise BadConfiguration."""
    ini = read_ini(text, file)
    backup: dict[str, Any] = {}
    repositories: dict[str, Repository] = {}
    for section in _known(ini):
        if section.name == "backup":
            backup = values_of(ini, section, BACKUP_KEYS)
            _check_sources(ini, section, backup)
        else:
            name = section.name.partition(" ")[2]
            repositories[name] = _repository(ini, section, name)
    _need_all(ini, backup, repositories)
    if ini.problems:
        raise BadConfiguration(tuple(sorted(ini.problems, key=_line)))
    return Backup(repositories=tuple(repositories.values()), **backup)


def _known(ini: Ini) -> list[Section]:
    """Return the sections that there are; others, and second ones, are noted."""
    found: dict[str, Section] = {}
    for section in ini.sections:
        word, _, name = section.name.partition(" ")
        is_known = section.name == "backup" or (word == "repository" and _NAME.fullmatch(name))
        if not is_known or name in _TAKEN:
            remedy = "sections are [backup] and [repository NAME], NAME of a-z, 0-9, _ and -"
            remedy += f", not {', '.join(_TAKEN)}"
            ini.refuse(section.line, f"there can be no section [{section.name}]", remedy)
        elif section.name in found:
            first = found[section.name].line
            reason = f"[{section.name}] stands twice, first in line {first}"
            ini.refuse(section.line, reason, "put its settings into one section")
        else:
            found[section.name] = section
    return list(found.values())


def _repository(ini: Ini, section: Section, name: str) -> Repository:
    told = values_of(ini, section, REPOSITORY_KEYS)
    values = {_KEYS_OF.get(key, key): value for key, value in told.items()}
    for key in ("url", "password_file"):
        if key not in values:
            ini.refuse(section.line, f"[{section.name}] has no {key}", f"give {key} = ...")
    if values.get("url") == FROM_ENVIRONMENT and "environment_file" not in values:
        reason = "url is environment, and there is no environment_file"
        ini.refuse(section.line, reason, "name the file with RESTIC_REPOSITORY=URL")
    _check_reach(ini, section, values)
    _check_ages(ini, section, values)
    keeps = {key: values.pop(key) for key in RETENTION_KEYS if key in values}
    retention = Retention(**keeps)
    if values.get("prune", "here") == "here" and retention.is_nothing:
        remedy = "give keep_daily = 14 or another, or prune = elsewhere where another host forgets"
        ini.refuse(section.line, f"[{section.name}] says nothing of what is kept", remedy)
    required = {key: values.pop(key, "") for key in ("url", "password_file")}
    return Repository(name, retention=retention, **required, **values)


def _check_reach(ini: Ini, section: Section, values: dict[str, Any]) -> None:
    """Note what is missing to reach a server, and what would be silently of no use."""
    url = values.get("url") or ""
    for key in ("ssh_key_file", "known_hosts_file"):
        if uses_ssh(url) and key not in values:
            remedy = f"give {key} = ...: whose key it is, and which server, is never guessed"
            ini.refuse(section.line, f"[{section.name}] has no {key}", remedy)
        elif url and not uses_ssh(url) and key in values:
            reason = f"{key} is of no use: {url} is not reached over SSH"
            ini.refuse(section.entries[key].line, reason, "leave it out")
    if "ca_file" in values and url and not url.startswith(("rest:", "s3:", FROM_ENVIRONMENT)):
        reason = f"ca_file is of no use: {url} is not reached over TLS"
        ini.refuse(section.entries["ca_file"].line, reason, "leave it out")


def _check_ages(ini: Ini, section: Section, values: dict[str, Any]) -> None:
    """Note an age at which every backup would be too old before the next one is due."""
    age = values.get("maximum_age_hours", MAXIMUM_AGE_HOURS)
    period = values.get("period_hours", PERIOD_HOURS)
    if age is not None and period is not None and age <= period:
        reason = f"a backup may be {age:g} h old, and there is one every {period:g} h"
        ini.refuse(section.line, reason, "have maximum_age_hours above period_hours")


def _check_sources(ini: Ini, section: Section, backup: dict[str, Any]) -> None:
    """Note exceptions for what is no source: a slip of the pen would be silent."""
    sources = backup.get("sources") or ()
    for path in backup.get("may_be_empty") or ():
        if path not in sources:
            line = section.entries["may_be_empty"].line
            ini.refuse(line, f"may_be_empty: {path} is no source", "name one of sources")


def _need_all(ini: Ini, backup: dict[str, Any], repositories: dict[str, Repository]) -> None:
    if backup.get("sources", ()) == ():
        ini.refuse(1, "nothing is to be backed up", "give sources = /home /etc in [backup]")
    if not repositories:
        ini.refuse(1, "there is no repository", "add [repository NAME] with url and password_file")


def _line(problem: Problem) -> int:
    return int(problem.place.rpartition(":")[2])
