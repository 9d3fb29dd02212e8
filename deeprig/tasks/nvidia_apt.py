"""Set up NVIDIA's network repository on a host: the key, one source, nothing old beside it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator
from io import BytesIO, StringIO

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.api.exceptions import FactProcessError, OperationError
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import ctx_host
from pyinfra.operations import files

from deeprig.engine.operations import Step, changed
from deeprig.engine.remarks import explain
from deeprig.errors import DeeprigError
from deeprig.facts import HostFacts
from deeprig.fetch import fetch
from deeprig.tasks.nvidia_repository import (
    SOURCE_FILE,
    ChosenRepository,
    NvidiaRepositorySettings,
    choose_repository,
)
from deeprig.tasks.nvidia_sources import AptFile, Rewritten, without_nvidia, without_old_keys
from deeprig.tasks.openpgp_keys import binary, fingerprints
from deeprig.tasks.package_lists import unread
from deeprig.tasks.packages import APT_ENVIRONMENT, refresh_package_lists
from deeprig.tasks.steady import steadily

Commands = Generator[object, None, None]
SOURCE_PATTERNS = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
)
KEYRING_PATTERNS = (
    "/etc/apt/trusted.gpg",
    "/etc/apt/trusted.gpg.d/*.gpg",
    "/etc/apt/trusted.gpg.d/*.asc",
)
_UPLOADED = "/var/tmp/deeprig-cuda-keyring.deb"  # noqa: S108 - uploaded as root, mode 600
_KEY_BYTES_AT_MOST = 1 << 20
_CHUNK_BYTES = 1 << 16
_CHECK_URL = "check key_url and base_url"
_TIMEOUT_SECONDS = (10, 60)
_READ = """
for f in "$@"; do if [ -f "$f" ]; then echo "=$(base64 -w0 "$f") $f"; fi; done
"""
#: The package brings a source of its own, which would be a second one beside ours.
_REMOVE_ITS_SOURCES = """set -e
for f in $(dpkg-query -L "$(dpkg-deb -f "$1" Package)"); do
case $f in /etc/apt/sources.list.d/?*) rm -f "$f";; esac; done
"""


class AptFiles(FactBase[tuple[AptFile, ...]]):
    """Files that apt reads, whole. Only root could change them, everybody may read them."""

    def command(self, patterns: tuple[str, ...]) -> StringCommand:
        """Return the command; ``patterns`` are paths with the shell's wildcards."""
        # The patterns are constants of this module, left to the shell to expand.
        return StringCommand("sh", "-c", QuoteString(_READ), "sh", *patterns)

    @staticmethod
    def default() -> tuple[AptFile, ...]:
        """Return that none is there."""
        return ()

    def process(self, output: list[str]) -> tuple[AptFile, ...]:
        """Decode the files. Raise FactProcessError for a line that is none."""
        found = []
        for line in output:
            packed, separator, path = line.removeprefix("=").partition(" ")
            try:
                found.append((path, base64.b64decode(packed, validate=True)))
            except binascii.Error as error:
                raise FactProcessError(f"a file came damaged: {error}: {line[:80]}") from error
            if not separator:
                raise FactProcessError(f"a file came without its path: {line[:80]}")
        return tuple(found)


def configure_nvidia_repository(settings: NvidiaRepositorySettings, facts: HostFacts) -> None:
    """Have NVIDIA's repository, and no other source or key of it. Roles may call it twice.

    Raise DeeprigError where no repository is known, or nothing would prove it genuine.
    """
    repository = choose_repository(settings, facts)
    # In this order: with two sources that contradict each other apt installs nothing at all.
    cleaned = only_source(name="Remove old sources and keys of NVIDIA", repository=repository)
    keyed: OperationMeta = trusted_key(name="Trust NVIDIA's signing key", repository=repository)
    proven_key(name="Check NVIDIA's signing key", repository=repository)
    placed = files.put(
        name="Set NVIDIA's package source",
        src=StringIO(repository.source(facts.architecture)),
        dest=SOURCE_FILE,
        user="root",
        group="root",
        mode="644",
    )
    moved, is_unread = changed(keyed, cleaned, placed), unread(repository.url)
    # Or a run was cut before it got here.
    refresh_package_lists(when=lambda: moved() or is_unread())


@operation()
def trusted_key(repository: ChosenRepository) -> Commands:
    """Have the signing key, proven by checksum or by fingerprint, where the source looks for it."""
    host: Host = ctx_host.get()
    problem = _problem_of_key(repository)
    if problem is None:
        host.noop("the key is there")
        return
    explain(problem)
    yield from _packaged_key(repository) if repository.is_packaged else _bare_key(repository)


@operation()
def proven_key(repository: ChosenRepository) -> Commands:
    """Check the key that lies on the host. Raise OperationError where it is another."""
    host: Host = ctx_host.get()
    problem = _problem_of_key(repository)
    if problem is not None:
        raise OperationError(f"{problem}: keyring_sha256 and fingerprint contradict each other")
    host.noop("the key is the declared one")
    yield from ()


@operation()
def only_source(repository: ChosenRepository) -> Commands:
    """Remove every other source of NVIDIA's repositories, and keys trusted for everything."""
    host: Host = ctx_host.get()
    sources = host.get_fact(AptFiles, patterns=SOURCE_PATTERNS)
    keyrings = host.get_fact(AptFiles, patterns=KEYRING_PATTERNS)
    found, unread = without_old_keys(keyrings)
    found = (*without_nvidia(sources, repository.url, SOURCE_FILE), *found)
    if unread:
        explain(*(f"not read: {text}" for text in unread))
    if not found:
        host.noop("no other source or key of NVIDIA's is there")
        return
    for path, data in found:
        yield from _rewrite((path, data))


def _problem_of_key(repository: ChosenRepository) -> str | None:
    """Return what is wrong with the key on the host, or None."""
    host: Host = ctx_host.get()
    there = host.get_fact(AptFiles, patterns=(repository.key_path,))
    if not there:
        return f"{repository.key_path} is not there"
    try:
        found = fingerprints(there[0][1])
    except ValueError as error:
        return f"{repository.key_path} is no keyring: {error}"
    wanted = repository.fingerprint
    if wanted is None or found == {wanted}:
        return None
    return f"{repository.key_path} holds {', '.join(sorted(found)) or 'no key'}, not {wanted}"


def _packaged_key(repository: ChosenRepository) -> Commands:
    host: Host = ctx_host.get()

    def upload() -> None:
        """Fetch the keyring package, verify its checksum, and upload it."""
        path = fetch(repository.keyring_url, repository.keyring_sha256)
        if not host.put_file(str(path), _UPLOADED, _sudo=host.data.get("_sudo", False)):
            raise OperationError(f"the keyring package could not be uploaded to {_UPLOADED}")

    yield Step(upload)
    variables = (f"{name}={value}" for name, value in APT_ENVIRONMENT.items())
    install = ("apt-get", "install", "-y", "--reinstall", _UPLOADED)
    yield from steadily([StringCommand("env", *variables, *install)], "keyring", apt=True)
    yield StringCommand("sh", "-c", QuoteString(_REMOVE_ITS_SOURCES), "sh", _UPLOADED)
    yield StringCommand("rm", "-f", _UPLOADED)


def _bare_key(repository: ChosenRepository) -> Commands:
    host: Host = ctx_host.get()

    def upload() -> None:
        """Fetch the key, verify its fingerprint, and upload it."""
        key = fetch_key(repository.key_url, repository.fingerprint or "")
        if not host.put_file(
            BytesIO(key), repository.key_path, _sudo=host.data.get("_sudo", False)
        ):
            raise OperationError(f"the key could not be uploaded to {repository.key_path}")

    yield StringCommand("install", "-d", "-m", "755", "/etc/apt/keyrings")
    yield Step(upload)
    yield StringCommand("chown", "root:root", repository.key_path)
    # apt reads it as user _apt.
    yield StringCommand("chmod", "644", repository.key_path)


def fetch_key(url: str, fingerprint: str) -> bytes:
    """Return the key at a URL, binary. Raise DeeprigError when it is not the one declared."""
    import requests  # only who downloads holds it in memory

    try:
        with requests.get(url, stream=True, timeout=_TIMEOUT_SECONDS) as answer:
            answer.raise_for_status()
            data = b""
            for chunk in answer.iter_content(_CHUNK_BYTES):
                data += chunk
                if len(data) > _KEY_BYTES_AT_MOST:
                    raise DeeprigError("this is too long for a key", place=url, remedy=_CHECK_URL)
    except requests.RequestException as error:
        raise DeeprigError(
            f"it cannot be fetched: {error}", place=url, remedy="check the URL and the network"
        ) from error
    try:
        found, key = fingerprints(data), binary(data)
    except ValueError as error:
        raise DeeprigError(f"this is no key: {error}", place=url, remedy=_CHECK_URL) from error
    if found != {fingerprint}:
        raise DeeprigError(
            f"it holds {', '.join(sorted(found)) or 'no key'}, expected {fingerprint}",
            place=url,
            remedy="compare with NVIDIA's installation guide; a proxy may have changed the file",
        )
    return key


def _rewrite(file: Rewritten) -> Commands:
    path, data = file
    if data is None:
        yield StringCommand("rm", "-f", QuoteString(path))
    else:
        yield from files.put._inner(src=BytesIO(data), dest=path, mode="644")
