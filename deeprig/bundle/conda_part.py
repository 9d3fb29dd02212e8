"""conda's part of a bundle: the installer, and every package of the environments' locks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.downloading import Wanted
from deeprig.bundle.licences import conda_licence
from deeprig.bundle.pip_part import ShownPages, add_pip_lock
from deeprig.bundle.store import Store
from deeprig.errors import UsageProblem
from deeprig.fetch import published_sha256

#: A line of an explicit list (conda's documented form), as roles.conda.locks accepts it.
_LINE = re.compile(r"^(?P<url>https?://[^#\s]+)#(sha256:)?(?P<digest>[0-9a-f]{32,64})$")
_ALGORITHM = {32: "md5", 64: "sha256"}


def check_locked(hosts: tuple[HostNeeds, ...]) -> None:
    """Raise UsageProblem for an environment without a lock: nobody knows what it would choose."""
    for host in hosts:
        if "conda" not in host.roles:
            continue
        settings: Any = host.declared.role_settings["conda"]
        for environment in settings.environments:
            if environment.conda_lock is None:
                raise UsageProblem(
                    "it has no lock, so that what it needs is decided on the host",
                    place=f"{host.name}: conda environment {environment.name}",
                    remedy=f"'deeprig lock {environment.name}' writes one; name it (lock = ...)",
                )
            if environment.pip.packages and environment.pip_lock is None:
                raise UsageProblem(
                    "its lock has nothing of pip's, and it declares packages for pip",
                    place=f"{host.name}: conda environment {environment.name}",
                    remedy=f"'deeprig lock {environment.name}' writes both",
                )


def add_conda(
    store: Store, pages: ShownPages, host: HostNeeds, note: Callable[[str], None]
) -> None:
    """Add what a host's conda role needs. Raise DeeprigError where something cannot be had."""
    settings: Any = host.declared.role_settings["conda"]
    _add_installer(store, settings, host)
    for environment in settings.environments:
        lines = environment.conda_lock.text.splitlines()
        packages = [match for line in lines if (match := _LINE.match(line.strip()))]
        note(f"conda: environment {environment.name} of {host.name}, {len(packages)} packages")
        for match in packages:
            digest = match["digest"]
            wanted = Wanted(match["url"], digest, _ALGORITHM[len(digest)])
            file = store.fetch("conda-package", wanted, host=host.name)
            licence = conda_licence(store.path(file))
            if licence is not None:
                store.note_licence(file, licence)
        if environment.pip_lock is not None:
            note(f"pip: environment {environment.name} of {host.name}")
            lock = environment.pip_lock.text
            add_pip_lock(store, pages, host.name, lock, settings, environment)


def _add_installer(store: Store, settings: Any, host: HostNeeds) -> None:
    """Add the installer, and beside it the checksum where the inventory states none."""
    url = settings.installer.url_for(host.facts.machine)
    sha256 = settings.installer.sha256
    if sha256 is None:
        sha256 = published_sha256(url)
        text = f"{sha256}  {PurePosixPath(urlsplit(url).path).name}\n".encode()
        store.write(
            "page",
            "installer.sha256",
            text,
            host=host.name,
            urls=(f"{url}.sha256",),
            media_type="text/plain; charset=utf-8",
        )
    store.fetch("installer", Wanted(url, sha256), host=host.name)
