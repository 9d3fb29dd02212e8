"""Debian's Python and the libraries it needs, through the machine's own apt.

The controller must be Debian 12 on x86_64: its packages need glibc 2.36 and so run on
Debian 12 and 13 and on Ubuntu 24.04 hosts.
"""

from __future__ import annotations

from pathlib import Path

from .stages import Stages
from .tools import BuildFailed, run

PYTHON_DEBS = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")
# Everything that Python's extension modules link to, except glibc itself: a minimal
# host has none of it.
LIBRARY_DEBS = (
    "libbz2-1.0", "libcrypt1", "libdb5.3", "libexpat1", "libffi8", "liblzma5",
    "libncursesw6", "libreadline8", "libsqlite3-0", "libssl3", "libtinfo6", "libuuid1",
    "zlib1g",
)  # fmt: skip


def get_debs(stages: Stages) -> Path:
    """Return a directory with the .deb files, downloading them on first use."""

    def make(into: Path) -> None:
        if "bookworm" not in Path("/etc/os-release").read_text(encoding="utf-8"):
            raise BuildFailed("the test channel is built from Debian 12: this is another system")
        # The sandbox user of apt may not enter the cache below a private home directory.
        run(
            "apt-get",
            "download",
            "-o",
            "APT::Sandbox::User=root",
            *PYTHON_DEBS,
            *LIBRARY_DEBS,
            cwd=into,
        )

    return stages.get("debs", [PYTHON_DEBS, LIBRARY_DEBS], make)


def unpack(debs: Path, into: Path) -> None:
    """Unpack every .deb of a directory over one tree."""
    for deb in sorted(debs.glob("*.deb")):
        run("dpkg-deb", "-x", deb, into)


def version_of(debs: Path, package: str) -> str:
    """Return the Debian version of a downloaded package."""
    (deb,) = debs.glob(f"{package}_*.deb")
    return run("dpkg-deb", "-f", deb, "Version").strip()
