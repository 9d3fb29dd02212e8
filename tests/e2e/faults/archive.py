"""A Debian archive of real packages under a key of our own, so that a test can break every part.

The .debs are the distribution's, downloaded once by a throwaway host and kept; the index and its
signatures are made here. ``broken`` copies have one fault each.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.sim.repository import faults, index
from tests.sim.repository.signing import Key, sign

CODENAME = "bookworm"
#: Directory below the root, suite, label: as Debian's own mirrors lay them out.
_SUITES = (
    ("debian", CODENAME, "Debian"),
    ("debian", f"{CODENAME}-updates", "Debian"),
    ("debian-security", f"{CODENAME}-security", "Debian-Security"),
)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
#: Longer than any test run, shorter than a wrong clock's year.
_FRESH_FOR = timedelta(days=90)
_DATE = "%a, %d %b %Y %H:%M:%S UTC"


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive below ``root``: ``debian`` with the packages, ``debian-security`` with none."""

    root: Path
    key: Key

    def releases(self) -> tuple[Path, ...]:
        """Return the directories that hold a ``Release``."""
        return tuple(self.root / top / "dists" / suite for top, suite, _ in _SUITES)

    @property
    def pool(self) -> Path:
        """Return where the .debs lie."""
        return self.root / "debian" / "pool"

    def packages_file(self) -> Path:
        """Return the compressed index of the packages."""
        return self.releases()[0] / "main" / "binary-amd64" / "Packages.gz"


def make(root: Path, debs: Path, key: Key) -> Archive:
    """Make the archive of all .debs of a directory."""
    archive = Archive(root, key)
    archive.pool.mkdir(parents=True)
    found = sorted(debs.glob("*.deb"))
    for deb in found:
        shutil.copy2(deb, archive.pool / deb.name)
    # apt-cache policy shows no suite that is empty: the security archive has one package again.
    security = root / "debian-security" / "pool" / found[0].name
    security.parent.mkdir(parents=True)
    shutil.copy2(found[0], security)
    contents = (found, [], found[:1])
    for (_, suite, label), directory, content in zip(
        _SUITES, archive.releases(), contents, strict=True
    ):
        binary = directory / "main" / "binary-amd64"
        binary.mkdir(parents=True)
        index.write_text(binary, "\n".join(_stanza(deb) for deb in content))
        index.write_release(directory, _fields(suite, label))
    sign(tuple(directory / "Release" for directory in archive.releases()), key)
    return archive


def replace_by_copy(whole: Archive, at: Path) -> Archive:
    """Make ``at`` a copy of an archive: whole again, whatever was done to it."""
    shutil.rmtree(at, ignore_errors=True)
    return Archive(faults.copy_of(whole.root, at), whole.key)


def expire(archive: Archive) -> None:
    """Let the signed promise of freshness run out years ago (``Valid-Until``)."""
    expired = f"Valid-Until: {_LONG_AGO:{_DATE}}"
    for directory in archive.releases():
        release = directory / "Release"
        text = release.read_text(encoding="ascii")
        release.unlink()  # it may be a link to the whole archive's
        release.write_text(re.sub("Valid-Until: .*", expired, text), encoding="ascii")
        faults.sign_again(directory, archive.key)


def sign_anew(archive: Archive, key: Key) -> None:
    """Sign with another key, such as one that has expired or that nobody knows."""
    for directory in archive.releases():
        faults.sign_again(directory, key)


def damage_index(archive: Archive) -> None:
    """Change the last bytes of the index: its checksum is not the one that was signed."""
    _damage(archive.packages_file(), lambda content: content[:-4] + b"\0\0\0\0")


def damage_package(archive: Archive, name: str) -> None:
    """Change a byte of a .deb: same size, wrong checksum."""
    faults.damage_debs(archive.pool, f"{name}_*.deb")


def remove_package(archive: Archive, name: str) -> None:
    """Take away a .deb that the index names."""
    faults.remove_debs(archive.pool, f"{name}_*.deb")


def _damage(file: Path, change: Callable[[bytes], bytes]) -> None:
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(change(content))
    # apt would take the uncompressed one instead.
    file.with_suffix("").unlink()


def _stanza(deb: Path) -> str:
    control = subprocess.run(
        ["dpkg-deb", "--field", str(deb)], capture_output=True, text=True, check=True
    ).stdout
    content = deb.read_bytes()
    return (
        f"{control}Filename: pool/{deb.name}\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
    )


def _fields(suite: str, label: str) -> dict[str, str]:
    return {
        "Origin": "Debian",
        "Label": label,
        "Suite": suite.replace(CODENAME, "stable"),
        "Codename": suite,
        "Architectures": "amd64",
        "Components": "main",
        "Valid-Until": f"{datetime.now(timezone.utc) + _FRESH_FOR:{_DATE}}",
    }
