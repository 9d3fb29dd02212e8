"""Debian packages of the tests' own, on a host: one whose installation waits for a file.

With it an apt transaction is under way for exactly as long as a test wants.
"""

from __future__ import annotations

import base64
import hashlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.running import LabDirectory

BOUND_SECONDS = 180
WAITING, QUICK = "deeprig-waits", "deeprig-quick"
BEGUN, GO = "/run/deeprig-waits.begun", "/run/deeprig-waits.go"
_PLACE = "/var/cache/deeprig-tests"
_KEPT = "/var/cache/deeprig-tests.kept"
_SOURCE = "/etc/apt/sources.list.d/deeprig-tests.list"
_POSTINST = f"""#!/bin/sh
[ "$1" = configure ] || exit 0
touch {BEGUN}
until [ -e {GO} ]; do sleep 0.05; done
"""


def wait_until(what: Callable[[], bool], told: str) -> None:
    """Wait for a condition. Fail, telling what it was, when it does not come about."""
    deadline = time.monotonic() + BOUND_SECONDS
    while not what():
        assert time.monotonic() < deadline, told
        time.sleep(0.1)


class PackageHost:
    """A host whose only package source has the two packages."""

    def __init__(self, lab: LabDirectory, name: str, directory: Path) -> None:
        self.lab, self.name = lab, name
        # Which of the two places an image has its sources in is its maker's choice.
        self.shell(f"mkdir -p {_PLACE} {_KEPT}")
        self.shell(f"cd /etc/apt; touch sources.list; mv sources.list sources.list.d {_KEPT}/")
        self.shell("mkdir /etc/apt/sources.list.d")
        index = "".join(
            self._add(_build(directory, name, postinst))
            for name, postinst in ((WAITING, _POSTINST), (QUICK, None))
        )
        self.write(f"{_PLACE}/Packages", index.encode())
        self.write(_SOURCE, f"deb [trusted=yes] file:{_PLACE} ./\n".encode())

    def shell(self, command: str, code: int | None = 0) -> str:
        done = self.lab.ssh(self.name, command)
        assert code is None or done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, data: bytes) -> None:
        self.shell(f"echo {base64.b64encode(data).decode()} | base64 -d >{path}")

    def is_true(self, command: str) -> bool:
        return self.lab.ssh(self.name, command).returncode == 0

    def wait_until(self, command: str) -> None:
        wait_until(lambda: self.is_true(command), f"never true on {self.name}: {command}")

    def wait_until_installing(self) -> None:
        """Wait until an apt transaction is in the middle of the waiting package."""
        self.wait_until(f"test -e {BEGUN}")

    def go(self) -> None:
        """Let the waiting package's installation go on."""
        self.shell(f"touch {GO}")

    def units(self) -> tuple[str, ...]:
        """Return the units of work of ours that run."""
        listed = self.shell("systemctl list-units --plain --no-legend 'deeprig-steady-*'")
        return tuple(line.split()[0].removesuffix(".service") for line in listed.splitlines())

    def is_installed(self, package: str) -> bool:
        query = "dpkg-query -W -f='${Status}' " + package
        return self.lab.ssh(self.name, query).stdout == "install ok installed"

    def is_whole(self) -> bool:
        return self.shell("dpkg --audit; ls /var/lib/dpkg/updates") == ""

    def clean(self) -> None:
        """End whatever still installs, and take everything back."""
        self.go()
        self.shell("systemctl kill --signal=KILL 'deeprig-*'; dpkg --configure -a", code=None)
        self.shell(f"dpkg --purge {WAITING} {QUICK}", code=None)
        self.shell(f"rm -rf {_PLACE} {BEGUN} {GO} /etc/apt/sources.list.d /run/deeprig/steady/*/")
        self.shell(f"mv {_KEPT}/* /etc/apt/; rmdir {_KEPT}")
        self.shell("rm -f /etc/apt/apt.conf.d/99deeprig-tests")

    def _add(self, package: Path) -> str:
        """Place a package in the source and return its entry in the index."""
        data = package.read_bytes()
        self.write(f"{_PLACE}/{package.name}", data)
        control = subprocess.run(
            ("dpkg-deb", "--field", package), check=True, capture_output=True, text=True
        ).stdout
        digest = hashlib.sha256(data).hexdigest()
        return f"{control}Filename: ./{package.name}\nSize: {len(data)}\nSHA256: {digest}\n\n"


def _build(directory: Path, name: str, postinst: str | None) -> Path:
    control = directory / name / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text(
        f"Package: {name}\nVersion: 1.0\nArchitecture: all\n"
        "Maintainer: tests <tests@deeprig.invalid>\nDescription: a package of deeprig's tests\n"
    )
    if postinst is not None:
        (control / "postinst").write_text(postinst)
        (control / "postinst").chmod(0o755)
    built = directory / f"{name}.deb"
    command = ("dpkg-deb", "--root-owner-group", "--build", directory / name, built)
    subprocess.run(command, check=True, capture_output=True)
    return built
