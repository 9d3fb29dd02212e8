"""Repositories that are broken on purpose, and ones that change: always in a copy.

``copy_of`` makes the copy (hard links: instant); everything else changes what it is given. All
take the directory that holds ``Release`` of a flat repository, such as
``nvidia_directory("ubuntu2404")``; the signature faults also a suite's (``dists/<suite>``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.sim.repository import index, nvidia_extras
from tests.sim.repository.compiled import Programs
from tests.sim.repository.deb import deb_bytes
from tests.sim.repository.index import indexed
from tests.sim.repository.nvidia_repository import RELEASE_FIELDS, ubuntu_packaging
from tests.sim.repository.package import Package
from tests.sim.repository.pinning import pinning_packages
from tests.sim.repository.signing import Key, make_key, sign
from tests.sim.repository.ubuntu_driver import driver_packages

FAILING_POSTINST = """\
#!/bin/sh
echo "simulated: this package's postinst fails" >&2
exit 1
"""


def copy_of(root: Path, into: Path) -> Path:
    """Return a copy of a repository's tree, which may be changed without changing the original."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)

    shutil.copytree(root, into, copy_function=link)
    return into


def _rewrite(file: Path, content: bytes) -> None:
    """Give a file new content, and not the original that it may be a link to."""
    file.unlink()
    file.write_bytes(content)


def _debs(directory: Path, pattern: str) -> tuple[Path, ...]:
    found = tuple(sorted(directory.glob(pattern)))
    if not found:
        raise ValueError(f"{directory} has no {pattern}")
    return found


def truncate_debs(directory: Path, pattern: str) -> None:
    """Cut .debs to half: what a broken transfer leaves. Raise ValueError when there is none."""
    for deb in _debs(directory, pattern):
        content = deb.read_bytes()
        _rewrite(deb, content[: len(content) // 2])


def damage_debs(directory: Path, pattern: str) -> None:
    """Change a byte of .debs: same size, wrong hash. Raise ValueError when there is none."""
    for deb in _debs(directory, pattern):
        content = bytearray(deb.read_bytes())
        content[-1] ^= 0xFF
        _rewrite(deb, bytes(content))


def remove_debs(directory: Path, pattern: str) -> None:
    """Take .debs away that the index names: 404. Raise ValueError when there is none."""
    for deb in _debs(directory, pattern):
        deb.unlink()


def remove_signatures(directory: Path) -> None:
    """Leave only the bare ``Release``: an unsigned repository."""
    for name in ("InRelease", "Release.gpg"):
        (directory / name).unlink()


def sign_as_stranger(directory: Path) -> str:
    """Sign with a key that nobody trusts, and return its fingerprint."""
    with TemporaryDirectory(prefix="deeprig-stranger-") as place:
        stranger = make_key(Path(place), "stranger <stranger@deeprig.invalid>")
        sign_again(directory, stranger)
        return stranger.fingerprint


def sign_again(directory: Path, key: Key) -> None:
    """Sign the ``Release`` as it is now."""
    for name in ("InRelease", "Release.gpg"):
        (directory / name).unlink(missing_ok=True)
    sign((directory / "Release",), key)


def add_packages(directory: Path, packages: Iterable[Package], key: Key) -> None:
    """Add packages to a flat repository and sign it anew: what a new release looks like."""
    entries = tuple(indexed(package, ".") for package in packages)
    index.write_debs(directory, entries)
    old = (directory / "Packages").read_text(encoding="utf-8")
    _reindex(directory, [old, *(entry.stanza() for entry in entries)], key)


def withdraw_packages(directory: Path, pattern: str, key: Key) -> None:
    """Take .debs out of a flat repository and its index: a version that vanished."""
    gone = {f"Filename: ./{deb.name}" for deb in _debs(directory, pattern)}
    remove_debs(directory, pattern)
    stanzas = (directory / "Packages").read_text(encoding="utf-8").split("\n\n")
    _reindex(directory, [s for s in stanzas if gone.isdisjoint(s.splitlines())], key)


def _reindex(directory: Path, stanzas: list[str], key: Key) -> None:
    for name in ("Packages", "Packages.gz", "Release"):
        (directory / name).unlink()
    index.write_text(directory, "\n\n".join(s.strip() for s in stanzas) + "\n")
    index.write_release(directory, RELEASE_FIELDS)
    sign_again(directory, key)


def new_driver(
    version: str,
    programs: Programs,
    *,
    has_broken_module: bool = False,
    failing_postinst_of: str = "",
) -> tuple[Package, ...]:
    """Return the packages of a further driver version, for ``add_packages`` (Ubuntu's packaging).

    ``has_broken_module``: DKMS cannot build it. ``failing_postinst_of``: a package's role, such as
    ``nvidia-utils``, whose postinst fails.
    """
    packaging = ubuntu_packaging(version, is_broken=has_broken_module)
    packages = (
        *driver_packages(packaging, programs),
        *nvidia_extras.ubuntu_metapackages(version, packaging.package_version),
        *nvidia_extras.floating_packages(version, packaging.package_version, programs),
        *nvidia_extras.fabric_packages(version, programs),
        *(p for p in pinning_packages((version,)) if p.name.endswith(version)),
    )
    failing = packaging.name(failing_postinst_of) if failing_postinst_of else ""
    if failing and failing not in {package.name for package in packages}:
        raise ValueError(f"there is no package {failing}")
    return tuple(
        replace(p, scripts={"postinst": FAILING_POSTINST}) if p.name == failing else p
        for p in packages
    )


def foreign_package(into: Path, name: str, version: str, **relations: tuple[str, ...]) -> Path:
    """Write a .deb from no repository, to be installed and held on a host; return its file."""
    package = Package(
        name,
        version,
        maintainer="somebody else <else@deeprig.invalid>",
        **relations,  # type: ignore[arg-type]
    )
    into.mkdir(parents=True, exist_ok=True)
    file = into / package.file_name
    file.write_bytes(deb_bytes(package))
    return file
