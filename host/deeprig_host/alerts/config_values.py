"""Read the values of a configuration one by one, each with its rule; gather every problem."""

from __future__ import annotations

import ipaddress
import re
from typing import TypeVar
from urllib.parse import urlsplit

from deeprig_host.alerts.rules import ALERTS, alert_named
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.ini import BadConfiguration, Entry, Ini, Problem

Choice = TypeVar("Choice", bound=str)

SECTIONS = ("alerts", "mail", "webhook", "ntfy", "heartbeat")
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+|[A-Za-z_][\w.-]*")
_SERVER = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?")


class Reader:
    """Reads values; what is wrong is kept, and told by ``finish``."""

    def __init__(self, machine: Machine, ini: Ini) -> None:
        """Begin with nothing read; sections that there cannot be are noted."""
        self._machine = machine
        self._ini = ini
        self._sections: dict[str, int] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        for section in ini.sections:
            if section.name not in SECTIONS:
                remedy = f"one of: {', '.join(SECTIONS)}"
                ini.refuse(section.line, f"there is no section [{section.name}]", remedy)
            elif section.name in self._sections:
                first = self._sections[section.name]
                reason = f"[{section.name}] stands twice, first in line {first}"
                ini.refuse(section.line, reason, "put its values into one")
            else:
                self._sections[section.name] = section.line
                self._entries |= {(section.name, key): e for key, e in section.entries.items()}
        self._unread = dict(self._entries)

    def has(self, section: str) -> bool:
        """Say whether a section is there, be it empty."""
        return section in self._sections

    def text(self, section: str, key: str, default: str = "") -> str:
        """Return a value as written."""
        entry = self._entry(section, key)
        return entry.text if entry else default

    def number(self, section: str, key: str, default: float, least: float, most: float) -> float:
        """Return a number within limits."""
        told = self.text(section, key)
        if not told:
            return default
        try:
            value = float(told)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            remedy = f"give a number from {least:g} to {most:g}"
            self.refuse(section, key, f"{key} is {told!r}", remedy)
            return default
        return value

    def choice(self, section: str, key: str, values: tuple[Choice, ...]) -> Choice:
        """Return one of the values; the first one is the default."""
        told = self.text(section, key, values[0])
        for value in values:
            if value == told:
                return value
        self.refuse(section, key, f"{key} is {told!r}", f"give one of {', '.join(values)}")
        return values[0]

    def alert_names(self, section: str, key: str) -> tuple[str, ...]:
        """Return names of the table, separated by commas or blanks."""
        found = tuple(re.split(r"[\s,]+", self.text(section, key).strip(" ,")))
        found = tuple(name for name in found if name)
        for name in found:
            if alert_named(name) is None:
                known = ", ".join(alert.name for alert in ALERTS)
                self.refuse(section, key, f"there is no alert {name!r}", f"one of: {known}")
        return found

    def addresses(self, section: str, key: str) -> tuple[str, ...]:
        """Return mail addresses, at least one."""
        found = tuple(part.strip() for part in self.text(section, key).split(",") if part.strip())
        if not found:
            self.refuse(section, key, "nobody is told", f"give {key} = someone@example.org")
        return tuple(self._address(section, key, one) for one in found)

    def one_address(self, section: str, key: str) -> str:
        """Return a mail address, empty where none is given."""
        told = self.text(section, key)
        return self._address(section, key, told) if told else ""

    def address(self, section: str, key: str) -> tuple[str, int]:
        """Return a server and its port, empty and 0 where not given."""
        told = self.text(section, key)
        found = _SERVER.fullmatch(told)
        if not told:
            return "", 0
        if not found or int(found["port"] or 1) not in range(1, 65536):
            self.refuse(section, key, f"{told!r} is no server", "give HOST or HOST:PORT")
            return "", 0
        return found["host"].strip("[]"), int(found["port"] or 0)

    def secret(self, section: str, key: str) -> str:
        """Return a secret: ``key``, or the first line of the file that ``key_file`` names."""
        here = self.text(section, key)
        place = self.text(section, f"{key}_file")
        if here and place:
            self.refuse(section, key, f"{key} and {key}_file are both given", "keep one of them")
        return self._first_line(section, f"{key}_file", place) if place else here

    def url(self, section: str, key: str, *, carries_token: bool) -> str:
        """Return an HTTP address (a secret, it may let anyone in), from a file if so told."""
        told = self.secret(section, key)
        if not told and self.text(section, f"{key}_file"):
            return ""  # its file is refused already
        try:
            parts = urlsplit(told)
            is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_good = False
        if not is_good or not told.isascii() or re.search(r"\s", told):
            self.refuse(section, key, f"{key} is no address of the web", "give https://HOST/...")
            return ""
        if parts.username or parts.password:
            self.refuse(section, key, f"{key} holds a user name", "give a token instead")
        if carries_token and parts.scheme == "http" and not self.is_loopback(parts.hostname or ""):
            self.refuse(section, key, "a token would cross the network in clear", "use https")
        return told

    @staticmethod
    def is_loopback(host: str) -> bool:
        """Say whether a host is this machine."""
        if host in ("", "localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def refuse(self, section: str, key: str, reason: str, remedy: str) -> None:
        """Keep a problem at the line of a value, of its section where the value is missing."""
        entry = self._entries.get((section, key)) or self._entries.get((section, f"{key}_file"))
        self._ini.refuse(entry.line if entry else self._sections[section], reason, remedy)

    def finish(self) -> None:
        """Raise BadConfiguration where there was any problem, or a value that nobody reads."""
        for section, key in self._unread:
            remedy = "docs/alerts.md lists the values"
            self.refuse(section, key, f"[{section}] has no {key!r}", remedy)
        if self._ini.problems:
            raise BadConfiguration(tuple(sorted(self._ini.problems, key=_line)))

    def _entry(self, section: str, key: str) -> Entry | None:
        self._unread.pop((section, key), None)
        return self._entries.get((section, key))

    def _address(self, section: str, key: str, told: str) -> str:
        if not told.isascii() or not _ADDRESS.fullmatch(told):
            self.refuse(section, key, f"{told!r} is no mail address", "give user@host or a user")
        return told

    def _first_line(self, section: str, key: str, place: str) -> str:
        """Return a secret's file's first line."""
        if not place.startswith("/"):
            self.refuse(section, key, f"{place!r} is no absolute path", "give /path/to/file")
            return ""
        try:
            lines = self._machine.path(place).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self.refuse(section, key, f"{place} cannot be read: {error}", "place it")
            return ""
        if not lines or not lines[0].strip():
            self.refuse(section, key, f"{place} is empty", "write the secret into it")
            return ""
        return lines[0].strip()


def _line(problem: Problem) -> int:
    return int(problem.place.rpartition(":")[2])
