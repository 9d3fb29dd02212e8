"""A repository's index: ``Packages`` stanzas and ``Release`` (DebianRepository format)."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from tests.sim.repository.deb import BUILD_TIME, deb_bytes
from tests.sim.repository.package import Package


@dataclass(frozen=True, slots=True)
class Indexed:
    """A package with its .deb's place, below the repository's root, and content."""

    package: Package
    path: str
    content: bytes

    def stanza(self) -> str:
        """Return its entry of a ``Packages`` file."""
        return self.package.control() + (
            f"Filename: {self.path}\n"
            f"Size: {len(self.content)}\n"
            f"SHA256: {hashlib.sha256(self.content).hexdigest()}\n"
        )


def indexed(package: Package, directory: str) -> Indexed:
    """Return a package with its .deb, to lie in a directory below the repository's root."""
    return Indexed(package, f"{directory}/{package.file_name}", deb_bytes(package))


def write_debs(root: Path, packages: Iterable[Indexed]) -> None:
    """Write the .debs below the repository's root."""
    for entry in packages:
        target = root / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(entry.content)


def write_packages(directory: Path, packages: Iterable[Indexed]) -> None:
    """Write ``Packages`` and ``Packages.gz``."""
    directory.mkdir(parents=True, exist_ok=True)
    write_text(directory, "\n".join(entry.stanza() for entry in packages))


def write_text(directory: Path, stanzas: str) -> None:
    """Write ``Packages`` and ``Packages.gz`` of given text."""
    text = stanzas.encode()
    (directory / "Packages").write_bytes(text)
    (directory / "Packages.gz").write_bytes(gzip.compress(text, compresslevel=1, mtime=0))


def write_release(directory: Path, fields: dict[str, str]) -> Path:
    """Write the ``Release`` of a directory over its ``Packages`` files, and return it."""
    when = datetime.fromtimestamp(BUILD_TIME, tz=timezone.utc)
    lines = [f"{name}: {value}" for name, value in fields.items()]
    lines += [f"Date: {when:%a, %d %b %Y %H:%M:%S} UTC", "SHA256:"]
    for file in sorted(directory.rglob("Packages*")):
        content = file.read_bytes()
        place = file.relative_to(directory)
        lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content):>16} {place}")
    release = directory / "Release"
    release.write_text("\n".join([*lines, ""]), encoding="ascii")
    return release
