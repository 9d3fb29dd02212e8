"""apt's part of a bundle: the sources' own signed lists, and every .deb that hosts may ask for.

Nothing is signed anew: what a host checks, with the bundle as without, is the distribution's (or
NVIDIA's) own signature. So the bundle cannot bring a package that its publisher did not sign.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deeprig.bundle.apt_options import COMPRESSIONS
from deeprig.bundle.apt_root import AptRoot, Archive, Index
from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.downloading import NotThere, Wanted
from deeprig.bundle.nvidia_packages import installed_driver, nvidia_packages
from deeprig.bundle.room import check_room, shown_size
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError

Note = Callable[[str], None]
_SHA256_PART = re.compile(r"^SHA256:\n((?: .*\n?)+)", re.MULTILINE)
#: Debian and Ubuntu sort packages by licence: main, contrib, non-free, restricted ...
_COMPONENT = re.compile(r"/pool/(?:updates/)?([a-z][a-z-]{2,})/")
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class AptRequest:
    """What is wanted besides the roles' own words. ``programs`` is the directory of our programs
    for hosts; ``upgrades`` takes the newest of everything that is installed."""

    programs: Path
    packages: tuple[str, ...] = ()
    upgrades: bool = False


def add_apt(store: Store, hosts: tuple[HostNeeds, ...], request: AptRequest, note: Note) -> None:
    """Add what hosts with the same sources need. Raise DeeprigError where it cannot be had."""
    first = hosts[0]
    with tempfile.TemporaryDirectory(prefix="deeprig-apt-") as directory:
        root = AptRoot(Path(directory), first.facts.architecture, first.apt_files)
        system = f"{first.facts.distribution} {first.facts.release} {first.facts.architecture}"
        note(f"apt: reading the package lists of {system}")
        root.update()
        for index in root.indexes():
            for host in hosts:
                _add_index(store, index, host.name)
        wanted = {host.name: _archives(root, host, request, note) for host in hosts}
    _add_archives(store, wanted, note, system)


def _archives(
    root: AptRoot, host: HostNeeds, request: AptRequest, note: Note
) -> frozenset[Archive]:
    """Return what a bare machine would need, and what this very host needs besides.

    On a host with other packages apt may choose another of several ways: both are taken along.
    """
    nvidia = nvidia_packages(root, host, request.programs, note, update=request.upgrades)
    packages = tuple(dict.fromkeys((*host.packages, *request.packages, *nvidia)))
    found = set(installed_driver(root, host, note))
    try:
        if packages:
            found.update(root.closure(packages, None), root.closure(packages, host.installed))
        if request.upgrades:
            found.update(root.closure((), host.installed, upgrade=True))
    except DeeprigError as error:
        problem = error.problems[0]
        raise DeeprigError(problem.reason, place=host.name, remedy=problem.remedy) from error
    return frozenset(found)


def _add_archives(
    store: Store, wanted: dict[str, frozenset[Archive]], note: Note, system: str
) -> None:
    archives = sorted({a for host in wanted.values() for a in host}, key=lambda a: a.url)
    size = sum(archive.size_bytes for archive in archives)
    note(f"apt: {len(archives)} packages, {shown_size(size)}, for {system}")
    check_room(store.directory, size)
    for archive in archives:
        for host in (name for name, of_host in wanted.items() if archive in of_host):
            file = store.fetch("deb", Wanted(archive.url, archive.sha256), host=host)
            component = _COMPONENT.search(archive.url)
            if component is not None:
                store.note_licence(file, f"as in the distribution's component {component[1]}")


def _add_index(store: Store, index: Index, host: str) -> None:
    release = index.release.read_bytes()
    name = index.release.name.rpartition("_")[2]
    urls = (index.base + name,)
    store.write("apt-index", name, release, host=host, urls=urls, media_type=_TEXT)
    if name == "Release":  # an older repository: the signature lies beside it
        signature = index.release.with_name(index.release.name + ".gpg").read_bytes()
        store.write("apt-index", "Release.gpg", signature, host=host, urls=(f"{urls[0]}.gpg",))
    for wanted, others in _ways(index, release.decode("utf-8", errors="replace")):
        try:
            store.fetch("apt-index", wanted, host=host, urls=others)
        except NotThere:
            continue
        return
    raise DeeprigError(f"{index.key} is listed, and cannot be had", place=index.base)


def _ways(index: Index, release: str) -> Iterator[tuple[Wanted, tuple[str, ...]]]:
    """Yield where the list is, and the other URLs under which a host asks for the same file."""
    digests = _digests(release)
    for ending in COMPRESSIONS:
        sha256 = digests.get(index.key + ending)
        if sha256 is None:
            continue
        plain = index.base + index.key + ending
        hashed = plain.rpartition("/")[0] + f"/by-hash/SHA256/{sha256}"
        yield Wanted(hashed, sha256), (plain,)
        yield Wanted(plain, sha256), (hashed,)


def _digests(release: str) -> dict[str, str]:
    """Return the SHA-256 of each file that a Release file lists (Debian's RepositoryFormat)."""
    part = _SHA256_PART.search(release)
    if part is None:
        raise DeeprigError("a Release file lists no SHA-256")
    rows = (line.split() for line in part[1].splitlines())
    return {row[2]: row[0] for row in rows if len(row) == 3}
