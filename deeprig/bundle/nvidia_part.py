"""NVIDIA's repository in a bundle: its key, proven on the controller as an apply does it."""

from __future__ import annotations

import subprocess
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.downloading import Wanted
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError
from deeprig.tasks.nvidia_apt import fetch_key
from deeprig.tasks.nvidia_repository import (
    SOURCE_FILE,
    ChosenRepository,
    NvidiaRepositorySettings,
    choose_repository,
)


def with_nvidia_key(store: Store, host: HostNeeds) -> HostNeeds:
    """Return the host with the key of NVIDIA's repository, where it has that as a source.

    Raise DeeprigError where the key is not the declared one.
    """
    if SOURCE_FILE.lstrip("/") not in host.apt_files:
        return host
    repository = choose_repository(_settings(host), host.facts)
    key = (
        _packaged(store, host, repository)
        if repository.is_packaged
        else _bare(store, host, repository)
    )
    return replace(host, apt_files=host.apt_files | {repository.key_path.lstrip("/"): key})


def _settings(host: HostNeeds) -> NvidiaRepositorySettings:
    """Return the declared repository: cuda's own, or else the driver's, as role cuda has it."""
    for role in ("cuda", "nvidia_driver"):
        declared = getattr(host.declared.role_settings.get(role), "nvidia_repository", None)
        if isinstance(declared, NvidiaRepositorySettings):
            return declared
    raise DeeprigError(f"{SOURCE_FILE} is there, and no role of it", place=host.name)


def _bare(store: Store, host: HostNeeds, repository: ChosenRepository) -> bytes:
    key = fetch_key(repository.key_url, repository.fingerprint or "")
    name = Path(repository.key_path).name
    store.write("key", name, key, host=host.name, urls=(repository.key_url,))
    return key


def _packaged(store: Store, host: HostNeeds, repository: ChosenRepository) -> bytes:
    wanted = Wanted(repository.keyring_url, repository.keyring_sha256 or "")
    package = store.path(store.fetch("key", wanted, host=host.name))
    done = subprocess.run(
        ("dpkg-deb", "--fsys-tarfile", str(package)), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise DeeprigError(f"it is no package: {done.stderr!r}", place=repository.keyring_url)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as tar:
        for entry in tar:
            if entry.name.lstrip("./") == repository.key_path.lstrip("/"):
                file = tar.extractfile(entry)
                if file is not None:
                    return file.read()
    raise DeeprigError(f"{repository.key_path} is not in it", place=repository.keyring_url)
