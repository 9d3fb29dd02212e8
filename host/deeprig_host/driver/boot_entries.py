"""What GRUB will boot: /etc/default/grub(.d), grubenv and the entries of grub.cfg.

Source: GRUB manual, "Simple configuration handling" and the scripts of grub-mkconfig.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from deeprig_host.machine.commands import Machine

GRUB_CFG = "/boot/grub/grub.cfg"
_ENTRY = re.compile(r"^(\s*)(menuentry|submenu)\s+(.*)\{\s*$")
_LINUX = re.compile(r"^\s*linux\s+\S*?vmlinuz-(\S+)")


@dataclass(frozen=True, slots=True)
class BootEntry:
    """A menu entry. ``identity`` is how GRUB_DEFAULT names it: ids joined by ``>``."""

    identity: str
    title: str
    index: str
    release: str

    @property
    def is_recovery(self) -> bool:
        """Say whether it boots to the recovery shell."""
        return "recovery" in self.identity or "recovery" in self.title


def read_entries(machine: Machine) -> tuple[BootEntry, ...]:
    """Return the entries of grub.cfg that boot a Linux kernel, in the menu's order."""
    found: list[BootEntry] = []
    stack: list[tuple[int, str, str, str]] = []
    counts: dict[int, int] = {}
    for line in (machine.text(GRUB_CFG) or "").splitlines():
        opened = _ENTRY.match(line)
        if opened:
            depth = 1 if stack and opened[1] else 0
            stack = stack[:depth]
            number = counts.get(depth, 0)
            counts[depth] = number + 1
            counts[depth + 1] = 0
            title, identity = _names(opened[3])
            stack.append((depth, identity, title, str(number)))
        kernel = _LINUX.match(line)
        if kernel and stack:
            found.append(_entry(stack, kernel[1]))
    return tuple(found)


def next_entry_release(machine: Machine, releases: tuple[str, ...], ignore: str = "") -> str | None:
    """Return the installed release that GRUB boots next, None where GRUB does not say.

    ``ignore`` is a file of /etc/default/grub.d to be taken as not there.
    """
    entries = read_entries(machine)
    wanted = default_entry(machine, ignore)
    if wanted is None and not entries:
        return None
    wanted = wanted or "0"
    for entry in entries:
        if wanted in (entry.identity, entry.title, entry.index):
            return entry.release if entry.release in releases else None
    named = [release for release in releases if _names_release(wanted, release)]
    if named:
        return max(named, key=len)
    first = next((entry.release for entry in entries), None)
    return first if wanted == "0" and first in releases else None


def default_entry(machine: Machine, ignore: str = "") -> str | None:
    """Return the entry that boots next, as GRUB names it; None without a GRUB configuration."""
    environment = _grub_environment(machine)
    once = environment.get("next_entry")
    if once:
        return once
    declared = declared_default(machine, ignore)
    if declared == "saved":
        return environment.get("saved_entry") or "0"
    return declared


def declared_default(machine: Machine, ignore: str = "") -> str | None:
    """Return GRUB_DEFAULT: the last of /etc/default/grub and /etc/default/grub.d/*.cfg."""
    files = ["/etc/default/grub"]
    directory = machine.path("/etc/default/grub.d")
    files += [f"/etc/default/grub.d/{file.name}" for file in sorted(directory.glob("*.cfg"))]
    found = None
    for file in (name for name in files if name != ignore):
        for line in (machine.text(file) or "").splitlines():
            name, equals, value = line.strip().partition("=")
            if name == "GRUB_DEFAULT" and equals:
                found = _unquote(value)
    return found


def _grub_environment(machine: Machine) -> dict[str, str]:
    lines = (machine.text("/boot/grub/grubenv") or "").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def _names(words: str) -> tuple[str, str]:
    """Return title and id of a menu line: ``'Title' --class x $menuentry_id_option 'id'``."""
    parts = shlex.split(words, comments=False)
    title = parts[0] if parts else ""
    markers = ("$menuentry_id_option", "--id")
    place = next((number for number, word in enumerate(parts) if word in markers), None)
    has_id = place is not None and place + 1 < len(parts)
    return title, parts[place + 1] if has_id and place is not None else title


def _entry(stack: list[tuple[int, str, str, str]], release: str) -> BootEntry:
    return BootEntry(
        identity=">".join(identity for _, identity, _, _ in stack),
        title=">".join(title for _, _, title, _ in stack),
        index=">".join(number for _, _, _, number in stack),
        release=release,
    )


def _names_release(entry: str, release: str) -> bool:
    """Say whether an entry's name has the release as a whole (6.1.0-2 is not in 6.1.0-28)."""
    return re.search(rf"(?<![\w.]){re.escape(release)}(?![\w.])", entry) is not None


def _unquote(value: str) -> str:
    try:
        return "".join(shlex.split(value, comments=True))
    except ValueError:
        return value.strip()
