"""Solve and link with py-rattler: the real part of the stand-in."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rattler  # type: ignore[import-not-found]  # lives in the installer's base environment
from rattler.exceptions import (  # type: ignore[import-not-found]
    InstallerError,
    InvalidMatchSpecError,
    SolverError,
)

from .channels import SUBDIRS, channel_name, channel_urls
from .errors import CondaError, packages_not_found
from .explicit import Pinned, checksums
from .history import package_name
from .prefixes import Session
from .transport import Transport
from .tree import all_or_nothing, set_modes

_ARCHIVE_SUFFIXES = (".conda", ".tar.bz2")


@dataclass(frozen=True, slots=True)
class Installed:
    """What conda-meta says of one package of an environment."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    pinned: Pinned

    @property
    def dist(self) -> str:
        return f"{self.name}-{self.version}-{self.build}"


def records_in(prefix: Path) -> list[Any]:
    """Return rattler's records of an environment's packages; none for a new prefix."""
    meta = sorted((prefix / "conda-meta").glob("*.json"))
    return [rattler.PrefixRecord.from_path(path) for path in meta]


def installed(prefix: Path) -> tuple[Installed, ...]:
    """Return an environment's packages, sorted by name."""
    found = []
    for record in records_in(prefix):
        hashes = {"md5": _hex(record.md5), "sha256": _hex(record.sha256)}
        found.append(
            Installed(
                record.name.normalized,
                str(record.version),
                str(record.build),
                str(record.channel or ""),
                str(record.subdir),
                Pinned(str(record.url), **hashes),
            )
        )
    return tuple(sorted(found, key=lambda package: package.name))


def virtual_packages(environ: dict[str, str]) -> list[Any]:
    """Return `__glibc` and its kin for this host; conda's CONDA_OVERRIDE_* replace what is seen."""
    told = {
        "__unix": "0",
        "__linux": platform.release().split("-")[0],
        "__glibc": environ.get("CONDA_OVERRIDE_GLIBC", platform.libc_ver()[1]),
        # Unset: no host of the tests has a driver that could tell.
        "__cuda": environ.get("CONDA_OVERRIDE_CUDA", ""),
    }
    return [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.BuildString("0")
        )
        for name, version in told.items()
        if version  # an empty override says that the host has none
    ]


def solve(
    session: Session, specs: Sequence[str], channels: Iterable[str], locked: Sequence[Any] = ()
) -> list[Any]:
    """Return records that satisfy the specs.

    Raises:
        CondaError: InvalidMatchSpec, PackagesNotFoundError or LibMambaUnsatisfiableError.
    """
    wanted = [_match_spec(spec) for spec in specs]
    urls = channel_urls(channels, session.condarc)
    transport = Transport(session.condarc, session.package_cache)
    repodata = [
        rattler.SparseRepoData(rattler.Channel(url), subdir, transport.repodata(url, subdir))
        for url in urls
        for subdir in SUBDIRS
    ]
    known = {name for data in repodata for name in data.package_names()}
    missing = [spec for spec in specs if package_name(spec) not in known]
    if missing:
        raise packages_not_found(missing, urls)
    solving = rattler.solve_with_sparse_repodata(
        wanted,
        repodata,
        locked_packages=locked,
        virtual_packages=virtual_packages(dict(session.environ)),
    )
    try:
        return list(asyncio.run(_awaited(solving)))
    except SolverError as error:
        raise CondaError(
            "LibMambaUnsatisfiableError",
            f"Encountered problems while solving:\n{error}\n\n"
            f"channels: {', '.join(channel_name(url, session.condarc) for url in urls)}\n",
        ) from error


def records_of(session: Session, packages: Iterable[Pinned]) -> list[Any]:
    """Return records of explicit packages, each fetched and verified; nothing is solved."""
    transport = Transport(session.condarc, session.package_cache)
    records = []
    for package in packages:
        path = transport.fetch(package)
        # Both, whatever the line named: a lock written from the new environment needs them.
        md5, sha256 = checksums(path.read_bytes())
        record = rattler.PackageRecord.from_index_json(
            _index_of(path), size=path.stat().st_size, sha256=sha256, md5=md5
        )
        name = package.file_name
        records.append(rattler.RepoDataRecord(record, name, package.url, package.channel))
    return records


def _match_spec(spec: str) -> Any:
    try:
        return rattler.MatchSpec(spec)
    except InvalidMatchSpecError as error:
        raise CondaError("InvalidMatchSpec", f"Invalid spec '{spec}': {error}\n") from error


def link(session: Session, prefix: Path, records: Sequence[Any]) -> tuple[Path, ...]:
    """Make the environment hold exactly these packages, and return the files fetched for it.

    Every package is fetched and verified before the prefix is touched: rattler itself links
    what it gets without looking at the checksum.

    Raises:
        CondaError: CondaLinkError; a prefix that was no environment before is none after.
    """
    transport = Transport(session.condarc, session.package_cache)
    fetched = tuple(
        transport.fetch(Pinned(str(r.url), md5=_hex(r.md5), sha256=_hex(r.sha256))) for r in records
    )
    had_tag = (prefix / "CACHEDIR.TAG").exists()
    with all_or_nothing(prefix):
        _install(records, prefix, session.package_cache / "rattler")
        if not had_tag:
            (prefix / "CACHEDIR.TAG").unlink(missing_ok=True)  # an environment is no cache
        set_modes(prefix)
    return fetched


def _install(records: Sequence[Any], prefix: Path, cache: Path) -> None:
    installing = rattler.install(
        records, str(prefix.absolute()), cache_dir=cache, show_progress=False
    )
    try:
        asyncio.run(_awaited(installing))
    except InstallerError as error:
        raise CondaError("CondaLinkError", f"cannot link into {prefix}: {error}\n") from error


def dist_of(record: Any) -> str:
    """Return channel/subdir::name-version-build, as conda's history has it."""
    base = str(record.url).rsplit("/", 2)[0]
    return f"{base}/{record.subdir}::{strip_suffix(str(record.file_name))}"


def strip_suffix(name: str) -> str:
    """Return a package file's name without its suffix."""
    for suffix in _ARCHIVE_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _index_of(archive: Path) -> Path:
    """Extract a package beside the cache and return its info/index.json."""
    from rattler.package_streaming import extract  # type: ignore[import-not-found]

    folder = archive.parent / "explicit" / strip_suffix(archive.name)
    if not (folder / "info/index.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        extract(archive, folder)
    return folder / "info/index.json"


def _hex(digest: object) -> str | None:
    if digest is None:
        return None
    return digest.hex() if isinstance(digest, bytes) else str(digest)


async def _awaited(coroutine: Any) -> Any:
    return await coroutine
