"""How a base image is made: what a stock server has, from the mirror the controller uses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from deeprig.lab.commands import run
from deeprig.lab.state import LOGIN_USER

#: lab's name of an operating system to the release that mmdebstrap makes.
RELEASES: dict[str, str] = {"debian12": "bookworm", "debian13": "trixie"}
#: What a stock server has; nothing of deeprig's.
_PACKAGES = (
    *("systemd", "systemd-sysv", "udev", "dbus", "openssh-server", "sudo", "cron", "python3"),
    *("iproute2", "ca-certificates", "apt-utils", "less"),
)
#: A frozen mirror is out of date by design: its users say so to apt, and so must the hosts.
_DATE_CHECKS = "Acquire::Check-"
_CUSTOMIZE = rf"""set -e
useradd --root "$1" -m -s /bin/bash {LOGIN_USER}
echo '{LOGIN_USER} ALL=(ALL:ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/lab"
chmod 440 "$1/etc/sudoers.d/lab"
printf 'UseDNS no\nMaxStartups 100:30:200\nMaxSessions 100\n' > "$1/etc/ssh/sshd_config.d/lab.conf"
rm -f "$1"/etc/ssh/ssh_host_*
: > "$1/etc/machine-id"
: > "$1/etc/resolv.conf"
chroot "$1" systemctl enable systemd-networkd ssh >/dev/null 2>&1
chroot "$1" systemctl mask systemd-networkd-wait-online.service >/dev/null 2>&1
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what is in an image.

    ``sources`` are lines of sources.list, or a mirror's URL; without any, mmdebstrap knows one.
    """

    release: str
    sources: tuple[str, ...] = ()
    apt_options: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return what tells this recipe from every other."""
        parts = (self.release, *_PACKAGES, _CUSTOMIZE, *self.sources, *self.apt_options)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    def command(self, root: Path) -> tuple[str, ...]:
        """Return the command that makes the image at ``root``. It leaves no proxy in there."""
        options = (
            "--quiet",
            "--variant=minbase",
            f"--include={','.join(_PACKAGES)}",
            *(f"--aptopt={line.rstrip(';')}" for line in self.apt_options),
            f"--customize-hook={_CUSTOMIZE}",
        )
        return ("mmdebstrap", *options, self.release, str(root), *self.sources)


def recipe_of(os_name: str, mirror: str | None = None) -> Recipe:
    """Return the recipe of an operating system on this controller, or from a mirror's URL."""
    release = RELEASES[os_name]
    dump = run(("apt-config", "dump"), what="reading apt's configuration")
    if mirror is not None:
        return Recipe(release, (mirror,), date_checks(dump))
    line = "$(CREATED_BY)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    targets = run(("apt-get", "indextargets", "--format", line), what="listing apt's sources")
    return Recipe(release, sources_for(release, targets), date_checks(dump))


def sources_for(release: str, targets: str) -> tuple[str, ...]:
    """Return the controller's own sources of a Debian release, from `apt-get indextargets`.

    Empty when the controller has none of the release itself, or none that hosts could reach.
    """
    suites = (release, f"{release}-updates", f"{release}-security")
    lines: set[str] = set()
    for target in targets.splitlines():
        creator, _, line = target.partition("|")
        words = line.split()
        if creator != "Packages" or len(words) != 4 or words[3] != "main":
            continue
        if words[2] in suites and words[1].startswith(("http://", "https://")):
            lines.add(line)
    ordered = sorted(lines, key=lambda line: (suites.index(line.split()[2]), line))
    return tuple(ordered) if ordered and ordered[0].split()[2] == release else ()


def date_checks(dump: str) -> tuple[str, ...]:
    """Return the controller's settings on dates, from `apt-config dump`."""
    return tuple(line for line in dump.splitlines() if line.startswith(_DATE_CHECKS))
