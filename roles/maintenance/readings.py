"""What programs of the host print, read: apt-config, systemd-analyze cat-config, logrotate."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPTION = re.compile(r'^(?P<key>\S+) "(?P<value>.*)";$')
#: logrotate.c, rotateLogSet(): the paths as their file has them, when, and the rest of a sentence
#: that 3.22 puts into another order than 3.21.
_PATTERN = re.compile(r"^rotating pattern: ", re.MULTILINE)
_WHEN = re.compile(r"\s(hourly|after -?\d+ days|weekly|monthly|yearly|\d+ bytes)\s")
_BY_SIZE = re.compile(r"\s(?P<bytes>\d+) bytes (\(|empty)")
_EARLIER = re.compile(r"log files >= (?P<bytes>\d+) are rotated earlier")
_UNITS = {"M": 1 << 20, "G": 1 << 30}

#: Asks the program itself: its own reading of apt's configuration, its own substitutions. Nothing
#: is locked or fetched, as --dry-run would. Bytecode would be left beside the program.
ORIGINS = """
import importlib.machinery, importlib.util, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("program", "/usr/bin/unattended-upgrade")
program = importlib.util.module_from_spec(importlib.util.spec_from_loader("program", loader))
loader.exec_module(program)
program.apt_pkg.init_config()
print("\\n".join(program.get_allowed_origins()))
"""
#: needrestart evaluates its configuration as Perl, which reads conf.d; so does this.
NEEDRESTART = (
    "our %nrconf = (verbosity => 0); "
    'open my $file, "<", "/etc/needrestart/needrestart.conf" or die $!; '
    "eval do { local $/; <$file> }; die $@ if $@; "
    "print $nrconf{restart} // q(), qq(\\n), $nrconf{kernelhints} // q()"
)


def apt_options(dump: str) -> dict[str, str]:
    """Return scalar options of ``apt-config dump``; the last one counts, as in apt."""
    found = (_OPTION.match(line) for line in dump.splitlines())
    return {m["key"]: m["value"] for m in found if m}


def journal_options(text: str) -> dict[str, str]:
    """Return the options of ``[Journal]`` that ``systemd-analyze cat-config`` shows in effect."""
    section, found = "", dict[str, str]()
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("["):
            section = line
        elif section == "[Journal]" and "=" in line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            found[key.strip()] = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class Rotation:
    """Log files, and how large they may become before they are rotated; None: any size."""

    paths: str
    limit_bytes: int | None


def rotations(text: str) -> tuple[Rotation, ...]:
    """Return what ``logrotate -d`` says of every pattern."""
    return tuple(_rotation(part) for part in _PATTERN.split(text)[1:])


def _rotation(part: str) -> Rotation:
    sentence = part.split("\nconsidering log", 1)[0]
    limit = _BY_SIZE.search(sentence) or _EARLIER.search(sentence)
    paths = _WHEN.split(sentence, maxsplit=1)[0]
    return Rotation(" ".join(paths.split()), int(limit["bytes"]) if limit else None)


def bytes_of(size: str) -> int:
    """Return a declared size, such as ``200M``, in bytes."""
    return int(size[:-1]) * _UNITS[size[-1]]


def security_origin(distribution: str, codename: str) -> str:
    """Return the origin of security updates as unattended-upgrades resolves it."""
    if distribution == "ubuntu":
        return f"origin=Ubuntu,archive={codename}-security"
    return f"origin=Debian,codename={codename}-security,label=Debian-Security"


def has_security_archive(policy: str, distribution: str, codename: str) -> bool:
    """Say whether ``apt-cache policy`` shows the distribution's security archive."""
    wanted = (
        {"o=Ubuntu", f"a={codename}-security"}
        if distribution == "ubuntu"
        else {"l=Debian-Security", f"n={codename}-security"}
    )
    releases = (line.strip() for line in policy.splitlines())
    return any(
        wanted <= set(line.removeprefix("release ").split(","))
        for line in releases
        if line.startswith("release ")
    )
